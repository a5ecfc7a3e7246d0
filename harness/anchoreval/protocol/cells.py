"""The unit of work of a comparison: one selection in one division of the models, read by every estimator.

A unit depends on nothing but itself: who is held out follows from the seed, the kind of split and the number of the
repeat, and every method gets a generator of its own. So units may be worked off in any order and by any process, and
what one gives may be kept under a digest of all that decides it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from anchoreval.contract import generator
from anchoreval.errors import BudgetError, NotApplicableError, TooFewModelsError
from anchoreval.methods import Estimator, Selection, Selector
from anchoreval.protocol.cell_store import CellStore
from anchoreval.protocol.digests import canonical, content_digest, digest_of, method_identity
from anchoreval.protocol.method_specs import Labelled
from anchoreval.protocol.records import (
    FAILED,
    NOT_APPLICABLE,
    OK,
    ReadingRecord,
    Refusal,
    SelectionRecord,
    TrialRecord,
    packed,
)
from anchoreval.protocol.trial import Conditions, Trial
from anchoreval.responses import ResponseMatrix
from anchoreval.versions import installed_versions

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """What a comparison is made of; methods are known by their place in it."""

    benchmarks: Mapping[str, ResponseMatrix]
    selectors: Sequence[Labelled[Selector]]
    estimators: Sequence[Labelled[Estimator]]
    conditions: Conditions
    seed: int

    def trial_seed(self, split: str, repeat: int) -> int:
        """The seed of everything random in one repeat."""
        return int(generator(self.seed, "compare", split, repeat).integers(2**62))


@dataclass(frozen=True)
class Keys:
    """Digests of all that decides a division of the models, a selection and a reading: data, methods, seed, version."""

    request: Request
    benchmarks: Mapping[str, str]
    selectors: tuple[str, ...]
    estimators: tuple[str, ...]

    @classmethod
    def of(cls, request: Request, digests: bool = True) -> Keys:
        """Keys of everything in a request, for which every benchmark is read once.

        Without `digests`, names stand for what they name: enough to tell cells apart inside one comparison.
        """
        if not digests:
            labels = [tuple(one.label for one in methods) for methods in (request.selectors, request.estimators)]
            return cls(request, {name: name for name in request.benchmarks}, *labels)
        version, level = installed_versions()["anchoreval"], request.conditions.level
        contents = {name: digest_of(name, content_digest(m), version) for name, m in request.benchmarks.items()}
        selectors = tuple(digest_of(method_identity("selector", one.method)) for one in request.selectors)
        estimators = tuple(digest_of(method_identity("estimator", one.method), level) for one in request.estimators)
        return cls(request, contents, selectors, estimators)

    def trial(self, benchmark: str, split: str, repeat: int) -> str:
        """Key of a division of the models."""
        shares = self.request.conditions
        drawn = (split, self.request.trial_seed(split, repeat), shares.calibration, shares.test_share, shares.missing)
        return digest_of(self.benchmarks[benchmark], drawn)

    def selection(self, trial: str, selector: int, k: int) -> str:
        """Key of a selection."""
        return digest_of(trial, self.selectors[selector], k)

    def reading(self, selection: str, estimator: int) -> str:
        """Key of a reading."""
        return digest_of(selection, self.estimators[estimator])


@dataclass(frozen=True)
class Unit:
    """One selection and the readings of it that are wanted.

    Attributes:
        benchmark: its name.
        split: kind of split.
        repeat: its number.
        selector: place of the selector in the request.
        k: budget.
        trial: key of the division of the models.
        selection: key of the selection.
        readings: by place of the estimator, the key of its reading.
        selected: the selection, where it is known.
    """

    benchmark: str
    split: str
    repeat: int
    selector: int
    k: int
    trial: str
    selection: str
    readings: Mapping[int, str]
    selected: SelectionRecord | None = None


@dataclass(frozen=True)
class Done:
    """What came of a unit; `trial` is None where the models could not be divided."""

    unit: Unit
    trial: TrialRecord | None
    selected: SelectionRecord
    readings: Mapping[int, ReadingRecord]


@dataclass
class Workplace:
    """Where units are worked off; every process has one of its own.

    Attributes:
        request: the comparison.
        store: where results are kept, or None.
    """

    request: Request
    store: CellStore | None = None
    _last: tuple[str, Trial | Refusal] | None = field(default=None, repr=False)
    _kept: str = field(default="", repr=False)

    def work(self, unit: Unit) -> Done:
        """Select, unless the selection is known, and read; what is finished is kept at once."""
        trial = self._trial(unit)
        if isinstance(trial, Refusal):
            return Done(unit, None, unit.selected or SelectionRecord(unit.selection, **trial.as_record()), {})
        held_out = _held_out(unit.trial, trial)
        selected = unit.selected or self._select(trial, unit)
        if selected.selection is None:
            return Done(unit, held_out, selected, {})
        if self._kept != unit.trial:
            self._keep(unit, held_out)
            self._kept = unit.trial
        readings = {n: self._read(trial, selected.selection, unit, n) for n in unit.readings}
        self._keep(unit, *readings.values())
        return Done(unit, held_out, selected, readings)

    def _trial(self, unit: Unit) -> Trial | Refusal:
        """The models divided; units of one division come one after another, so the last one is remembered."""
        name = f"{unit.benchmark}/{unit.split}/{unit.repeat}"
        if self._last is None or self._last[0] != name:
            seed = self.request.trial_seed(unit.split, unit.repeat)
            matrix, conditions = self.request.benchmarks[unit.benchmark], self.request.conditions
            self._last = (name, divided(matrix, unit.split, seed, conditions))
        return self._last[1]

    def _select(self, trial: Trial, unit: Unit) -> SelectionRecord:
        chosen = tried(trial.select, self.request.selectors[unit.selector].method, unit.k)
        if isinstance(chosen, Refusal):
            return SelectionRecord(unit.selection, **chosen.as_record())
        record = SelectionRecord(unit.selection, OK, "", chosen[1], chosen[0])
        self._keep(unit, record)
        return record

    def _read(self, trial: Trial, selection: Selection, unit: Unit, estimator: int) -> ReadingRecord:
        key = unit.readings[estimator]
        read = tried(trial.read, selection, self.request.estimators[estimator].method)
        if isinstance(read, Refusal):
            return ReadingRecord(key, unit.selection, **read.as_record())
        return ReadingRecord(key, unit.selection, OK, read.reason, read.seconds, read.figures, packed(read.errors))

    def _keep(self, unit: Unit, *records: TrialRecord | SelectionRecord | ReadingRecord) -> None:
        if self.store is not None:
            self.store.put(unit.benchmark, records, {record.key: self._about(unit, record) for record in records})

    def _about(self, unit: Unit, record: TrialRecord | SelectionRecord | ReadingRecord) -> str:
        """What a record is about, for people who read the file."""
        if isinstance(record, TrialRecord):
            return f"{unit.benchmark}, split {unit.split}, repeat {unit.repeat}, seed {self.request.seed}"
        if isinstance(record, SelectionRecord):
            return canonical([method_identity("selector", self.request.selectors[unit.selector].method), unit.k])
        estimator = next(n for n, key in unit.readings.items() if key == record.key)
        return canonical(method_identity("estimator", self.request.estimators[estimator].method))


def divided(matrix: ResponseMatrix, split: str, seed: int, conditions: Conditions) -> Trial | Refusal:
    """The models divided, or why this kind of split cannot be made of them."""
    try:
        return Trial.divide(matrix, split, seed, conditions)
    except (NotApplicableError, TooFewModelsError) as error:
        return Refusal(NOT_APPLICABLE, str(error))


def tried(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T | Refusal:
    """What the work returns, or why it did not; a plug-in may raise anything and the comparison goes on."""
    try:
        return work(*arguments, **options)
    except (NotApplicableError, BudgetError, TooFewModelsError) as error:
        return Refusal(NOT_APPLICABLE, " ".join(str(error).split()))
    except Exception as error:
        return Refusal(FAILED, " ".join(f"{type(error).__name__}: {error}".split()))


def _held_out(key: str, trial: Trial) -> TrialRecord:
    groups = tuple(map(str, trial.target_groups))
    return TrialRecord(key, tuple(map(str, trial.targets.models.index)), groups)
