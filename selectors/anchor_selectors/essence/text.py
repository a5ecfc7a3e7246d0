"""Items' texts as vectors of length 1, whose products are cosine similarities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from anchoreval.errors import MissingExtraError


def text_vectors(texts: Sequence[str], embeddings: str | None) -> Any:
    """Vectors of texts: TF-IDF of their words, or embeddings by a language model.

    Words are any runs of letters and digits, single ones included, so that texts without a word in common with others
    still have a direction of their own. A text without any word is at a right angle to all.

    Args:
        texts: one an item.
        embeddings: name or path of a model for sentence-transformers; None: TF-IDF.

    Returns:
        (items, features): a sparse matrix for TF-IDF, a float32 array for embeddings; rows have length 1, or 0 where
        the text is empty.

    Raises:
        MissingExtraError: embeddings are wanted and sentence-transformers is not installed.
    """
    return _tf_idf(texts) if embeddings is None else _embedded(texts, embeddings)


def _tf_idf(texts: Sequence[str]) -> Any:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not any(character.isalnum() for text in texts for character in text):
        return csr_matrix(np.zeros((len(texts), 1), dtype=np.float32))  # the vectorizer refuses an empty vocabulary
    return TfidfVectorizer(token_pattern=r"(?u)\w+", dtype=np.float32).fit_transform(texts)


def _embedded(texts: Sequence[str], name: str) -> Any:
    try:
        from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found, unused-ignore]
    except ImportError as missing:
        raise MissingExtraError(
            f"selector essence with embeddings={name!r} needs sentence-transformers, which is not installed: "
            "pip install 'anchoreval[embeddings]'"
        ) from missing
    model = SentenceTransformer(name)
    vectors = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)
