"""The shipped response matrix: four Parquet files that carry a schema version and a digest of their content.

`items` and `models` are tables with a row each. `scores` (booleans) and `probabilities` (float16) have a column a
model; their rows are the items, and each item's options in turn. Scores stand beside the probabilities because
float16 alone ties options that differ and would change 0.7 % of the answers.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import StoreError
from anchoreval.pocket.items import N_OPTIONS, SUBJECTS, all_items
from anchoreval.pocket.spec import ModelSpec
from anchoreval.pocket.tasks import doc_hash
from anchoreval.responses import ResponseMatrix

SCHEMA = "anchoreval-pocket/1"
FILES = ("items", "models", "scores", "probabilities")

_SCHEMA_KEY, _DIGEST_KEY = b"anchoreval.schema", b"anchoreval.digest"


def load(folder: str | Path | None = None) -> ResponseMatrix:
    """The response matrix of the population on all items.

    Args:
        folder: where `save` wrote one; None: the one that ships with the package.

    Raises:
        StoreError: naming a file that is missing, damaged or of an unknown schema.
    """
    place = Path(str(resources.files("anchoreval.pocket").joinpath("data"))) if folder is None else Path(folder)
    items, models, scores, probabilities = (_read(place / f"{name}.parquet") for name in FILES)
    items["options"] = [[str(option) for option in options] for options in items["options"]]
    chances = np.stack([probabilities[model].to_numpy(dtype=np.float16) for model in models["model"]])
    return ResponseMatrix.from_arrays(
        scores[list(models["model"])].to_numpy(dtype=np.float32).T,
        models=models.set_index("model"),
        items=items.set_index("item"),
        probabilities=chances.reshape(len(models), len(items), N_OPTIONS),
        name="pocket",
        provenance={"source": "anchoreval.pocket.build: n-gram models scored through lm-eval", "schema": SCHEMA},
    )


def save(folder: str | Path, specs: tuple[ModelSpec, ...], scores: Any, probabilities: Any) -> None:
    """Write the four files.

    Args:
        folder: made where it does not exist.
        specs: the models, in the order of the arrays.
        scores: (models, items) 0 or 1.
        probabilities: (models, items, options).
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    names = [spec.name for spec in specs]
    answers = pd.DataFrame(np.asarray(scores).T.astype(np.bool_), columns=names)
    chances = pd.DataFrame(np.asarray(probabilities, dtype=np.float16).reshape(len(names), -1).T, columns=names)
    for name, table in zip(FILES, (item_table(), model_table(specs), answers, chances), strict=True):
        _write(place / f"{name}.parquet", table)


def item_table() -> pd.DataFrame:
    """One row an item: id, position, task, doc_id, subject, fact, text, options, answer, doc_hash."""
    rows = [
        {
            "item": item.id,
            "position": position,
            "task": item.task,
            "doc_id": item.doc_id,
            "subject": item.subject,
            "fact": item.fact,
            "text": item.prompt,
            "options": list(item.options),
            "answer": item.gold,
            "doc_hash": doc_hash(item),
        }
        for position, item in enumerate(all_items())
    ]
    return pd.DataFrame(rows)


def model_table(specs: tuple[ModelSpec, ...]) -> pd.DataFrame:
    """One row a model: the traits of its recipe that are plain numbers or words."""
    traits = ("base_model", "family", "released", "unit", "size", "order", "smoothing", "credulity", "cache")
    rows = [
        {"model": spec.name, **{trait: getattr(spec, trait) for trait in traits}, "specialty": specialty(spec)}
        for spec in specs
    ]
    return pd.DataFrame(rows)


def specialty(spec: ModelSpec) -> str:
    """The subjects that a specialist read most of at last, joined by `+`; empty for a general model."""
    mixture = spec.tuned or spec.mixture
    chosen = [subject for subject, part in zip(SUBJECTS, mixture, strict=True) if 2 * part > max(mixture)]
    others = [part for part in mixture if 2 * part <= max(mixture)]
    return "+".join(chosen) if others and max(mixture) >= 20 * max(others) else ""


def _write(path: Path, table: pd.DataFrame) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(table, preserve_index=False)
    arrow = arrow.replace_schema_metadata({_SCHEMA_KEY: SCHEMA, _DIGEST_KEY: _digest(table)})
    halves = [name for name, kind in zip(arrow.column_names, arrow.schema.types, strict=True) if kind == pa.float16()]
    pq.write_table(
        arrow,
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=not halves,
        column_encoding=dict.fromkeys(halves, "BYTE_STREAM_SPLIT") or None,
        write_statistics=False,
    )


def _read(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise StoreError(f"{path}: no such file; pocket's data are incomplete")
    try:
        arrow = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"{path}: not a readable Parquet file ({str(error).splitlines()[0]})") from error
    known = arrow.schema.metadata or {}
    if known.get(_SCHEMA_KEY) != SCHEMA.encode():
        raise StoreError(f"{path}: schema {known.get(_SCHEMA_KEY, b'none').decode()} is not {SCHEMA}")
    table: pd.DataFrame = arrow.to_pandas()
    if known.get(_DIGEST_KEY) != _digest(table).encode():
        raise StoreError(f"{path}: the content does not match its digest; the file is damaged")
    return table


def _digest(table: pd.DataFrame) -> str:
    """SHA-256 of names and values, whatever the encoding."""
    digest = hashlib.sha256("\x1f".join(map(str, table.columns)).encode())
    for column in table.columns:
        values = table[column].to_numpy()
        plain = values.dtype.kind in "bif"
        text = values.tobytes() if plain else repr([_plain(value) for value in values]).encode()
        digest.update(hashlib.sha256(text).digest())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    return [str(part) for part in value] if isinstance(value, list | np.ndarray) else str(value)
