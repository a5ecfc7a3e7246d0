"""Rows of lm-eval's samples, one a document and filter, gathered filter by filter.

Every row is looked at once and only what is kept of it stays in memory, because sample logs come by the gigabyte. A row
whose document stands in the same filter already is refused: logs are opened for appending, so that a second run may
have been written behind the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from anchoreval.errors import ResponseDataError
from anchoreval.importers.lm_eval_items import continuations, document_hash, options_of, subject_of, text_of
from anchoreval.importers.lm_eval_metrics import chosen_metric, listed, metric_names, score, shortened
from anchoreval.importers.lm_eval_options import log_likelihoods
from anchoreval.schema import one_line

USUAL_FILTER = "none"
LARGEST_NUMBER = 1 << 53


@dataclass(eq=False)
class FilterAnswers:
    """What the rows of one filter say, in their order; one entry a document.

    Attributes:
        filter_name: None where the rows do not say.
        metric: that is the score; None where the rows hold none that could be.
        metrics: of the first row.
        places: by document, where its row stands.
        scores: NaN where a document was not judged.
        hashes: of the documents.
        texts: what is asked.
        options: None where there are none by name.
        subjects: None where the document names none.
        log_likelihoods: None where there are none.
        lengths: of the options in characters, where these are wanted.
    """

    filter_name: str | None
    metric: str | None
    metrics: list[str]
    places: dict[int, int] = field(default_factory=dict)
    scores: list[float] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    options: list[list[str] | None] = field(default_factory=list)
    subjects: list[str | None] = field(default_factory=list)
    log_likelihoods: list[list[float] | None] = field(default_factory=list)
    lengths: list[list[int] | None] = field(default_factory=list)


@dataclass(frozen=True)
class RowReader:
    """How rows are read.

    Attributes:
        where: of a row by its number, for messages.
        metric: that the user wants; None for the usual one.
        filter_name: that the user wants where there are several; None for the usual one.
        with_lengths: whether the options' lengths are wanted.
    """

    where: Callable[[int], str]
    metric: str | None = None
    filter_name: str | None = None
    with_lengths: bool = False

    def read(self, rows: Iterable[tuple[int, Any]], source: str) -> FilterAnswers:
        """The answers of the filter that counts: the only one; of several the user's, or else `none`.

        Raises:
            ResponseDataError: naming the row that is damaged, or listing the filters there are.
        """
        found: dict[str | None, FilterAnswers] = {}
        for number, row in rows:
            name = self._filter_of(row, number)
            if name not in found:
                found[name] = self._begin(name, row, number)
            self._add(found[name], row, number)
        return self._chosen(found, source)

    def _filter_of(self, row: Any, number: int) -> str | None:
        if not isinstance(row, dict):
            self._refuse(number, "is not a sample but " + shortened(row))
        name = row.get("filter")
        if name is not None and not isinstance(name, str):
            self._refuse(number, f"filter {shortened(name)} is not a name")
        return name

    def _begin(self, name: str | None, row: dict[str, Any], number: int) -> FilterAnswers:
        metric = chosen_metric(row, self.metric, self.where(number))
        return FilterAnswers(name, metric, metric_names(row))

    def _add(self, answers: FilterAnswers, row: dict[str, Any], number: int) -> None:
        doc_id = self._document(answers, row, number)
        if answers.metric is None:
            return
        answers.places[doc_id] = number
        answers.scores.append(self._score(answers.metric, row, number))
        doc, arguments = row.get("doc"), row.get("arguments")
        answers.hashes.append(self._hash(row, number))
        answers.texts.append(text_of(doc, arguments))
        answers.subjects.append(subject_of(doc))
        try:
            values = log_likelihoods(row)
        except ValueError as error:
            self._refuse(number, str(error))
        answers.log_likelihoods.append(values)
        answers.options.append(options_of(doc, arguments, len(values) if values else None))
        if self.with_lengths:
            answers.lengths.append(_lengths(arguments, values))

    def _document(self, answers: FilterAnswers, row: dict[str, Any], number: int) -> int:
        doc_id = row.get("doc_id")
        if type(doc_id) is not int or not 0 <= doc_id < LARGEST_NUMBER:
            reason = f"doc_id {shortened(doc_id)} is no number of a document" if "doc_id" in row else "has no doc_id"
            self._refuse(number, reason)
        if doc_id in answers.places:
            before = self.where(answers.places[doc_id])
            self._refuse(number, f"doc_id {doc_id} stands twice, first at {before} (of two runs or filters?)")
        return doc_id

    def _score(self, metric: str, row: dict[str, Any], number: int) -> float:
        value = row.get(metric, self)
        if type(value) is float and 0.0 <= value <= 1.0:
            return value
        if value is self:
            self._refuse(number, f"has no metric {shortened(metric)}")
        try:
            return score(value)
        except ValueError as error:
            self._refuse(number, f"{shortened(metric)} {error}")

    def _hash(self, row: dict[str, Any], number: int) -> str:
        known = row.get("doc_hash")
        if known is None:
            return self._hash_of(row, number)
        if not isinstance(known, str) or len(known) > 128 or not known.isalnum() or not known.isascii():
            self._refuse(number, f"doc_hash {shortened(known)} is not a hash")
        return known

    def _hash_of(self, row: dict[str, Any], number: int) -> str:
        if "doc" not in row:
            self._refuse(number, "has neither doc nor doc_hash")
        try:
            return document_hash(row["doc"])
        except (TypeError, ValueError, RecursionError) as error:
            self._refuse(number, f"doc cannot be hashed: {one_line(error)}")

    def _chosen(self, found: dict[str | None, FilterAnswers], source: str) -> FilterAnswers:
        if not found:
            raise ResponseDataError(f"{source}: holds no samples")
        if len(found) == 1:
            return next(iter(found.values()))
        if None in found:
            first = min(found[None].places.values(), default=1)
            raise ResponseDataError(f"{self.where(first)}: has no filter, other rows have")
        wanted = USUAL_FILTER if self.filter_name is None else self.filter_name
        if wanted in found:
            return found[wanted]
        names = listed(sorted(name for name in found if name is not None))
        if self.filter_name is None:
            raise ResponseDataError(f"{source}: has several filters, name the one that counts: {names}")
        raise ResponseDataError(f"{source}: has no filter {self.filter_name!r} (it has {names})")

    def _refuse(self, number: int, reason: str) -> NoReturn:
        raise ResponseDataError(f"{self.where(number)}: {reason}")


def _lengths(arguments: Any, values: list[float] | None) -> list[int] | None:
    """Of the options, where every one has its own continuation."""
    texts = continuations(arguments, len(values)) if values else None
    return [len(text) for text in texts] if texts is not None and len(set(texts)) == len(texts) else None
