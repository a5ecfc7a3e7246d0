"""Sweeping a comparison: what is kept is read, the rest is worked off, and all of it becomes rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pandas as pd

from anchoreval.protocol.cell_store import CellStore
from anchoreval.protocol.cells import Keys, Request, Unit, Workplace
from anchoreval.protocol.comparison import COLUMNS, Comparison
from anchoreval.protocol.records import COUNTS, OK, Int16Array, ReadingRecord, Record, SelectionRecord, TrialRecord
from anchoreval.protocol.workers import work_off


@dataclass(frozen=True)
class Grid:
    """Budgets, kinds of split and number of repeats of a comparison."""

    budgets: Sequence[int]
    splits: Sequence[str]
    repeats: int


@dataclass
class Sweep:
    """A comparison under way.

    Attributes:
        request: benchmarks, methods and conditions.
        grid: what they are tried on.
        store: of finished cells, or None.
        trials: divisions of the models by key, those read and those made; so are `selections` and `readings`.
    """

    request: Request
    grid: Grid
    store: CellStore | None
    trials: dict[str, TrialRecord] = field(default_factory=dict)
    selections: dict[str, SelectionRecord] = field(default_factory=dict)
    readings: dict[str, ReadingRecord] = field(default_factory=dict)

    def run(self, workers: int, progress: bool) -> Comparison:
        """Work off what is not kept, and put everything together."""
        units = list(self.units())
        if self.store is not None:
            self._read(self.store, units)
        missing = [self._rest(unit) for unit in units]
        todo = [unit for unit in missing if unit is not None]
        cells = len(self.request.estimators)
        with (
            _bar(cells * len(units), cells * (len(units) - len(todo)), progress) as bar,
            closing(work_off(Workplace(self.request, self.store), todo, workers)) as work,
        ):
            for done in work:
                self._take(done.selected, *done.readings.values(), *([done.trial] if done.trial else []))
                bar.update(cells)
        if self.store is not None:
            self._keep_refused(self.store, todo)
        return self._comparison(units)

    def units(self) -> Iterator[Unit]:
        """Every unit, those of one division of the models together."""
        keys = Keys.of(self.request, digests=self.store is not None)
        for name, split, repeat in product(self.request.benchmarks, self.grid.splits, range(self.grid.repeats)):
            trial = keys.trial(name, split, repeat)
            for selector, k in product(range(len(self.request.selectors)), self.grid.budgets):
                selection = keys.selection(trial, selector, k)
                readings = {n: keys.reading(selection, n) for n in range(len(self.request.estimators))}
                yield Unit(name, split, repeat, selector, k, trial, selection, readings)

    def _read(self, store: CellStore, units: Sequence[Unit]) -> None:
        wanted: dict[str, dict[str, str]] = {name: {} for name in self.request.benchmarks}
        for unit in units:
            own = {unit.trial: unit.trial, unit.selection: unit.selection}
            wanted[unit.benchmark] |= own | dict.fromkeys(unit.readings.values(), unit.selection)
        for name, keys in wanted.items():
            self._take(*store.find(name, keys).values())

    def _rest(self, unit: Unit) -> Unit | None:
        """What is left to do of a unit; None where nothing is."""
        if (selected := self.selections.get(unit.selection)) is None:
            return unit
        missing = {n: key for n, key in unit.readings.items() if key not in self.readings}
        if selected.selection is None or (not missing and unit.trial in self.trials):
            return None
        return dataclasses.replace(unit, readings=missing, selected=selected)

    def _take(self, *records: Record) -> None:
        for record in records:
            if isinstance(record, TrialRecord):
                self.trials[record.key] = record
            elif isinstance(record, SelectionRecord):
                self.selections[record.key] = record
            else:
                self.readings[record.key] = record

    def _keep_refused(self, store: CellStore, worked: Sequence[Unit]) -> None:
        """Keep what is not applicable in a file a benchmark, unless nothing is: such a request leaves nothing."""
        if not any(reading.status == OK for reading in self.readings.values()):
            return
        for name in self.request.benchmarks:
            found = {unit.selection: self.selections[unit.selection] for unit in worked if unit.benchmark == name}
            store.put(name, [one for one in found.values() if one.selection is None], {})

    def _comparison(self, units: Sequence[Unit]) -> Comparison:
        found = [pair for unit in units for pair in self._rows(unit)]
        named = {(unit.benchmark, unit.split, unit.repeat): unit.trial for unit in units}
        return Comparison(
            table=pd.DataFrame([row for row, _ in found]).reindex(columns=list(COLUMNS)),
            errors=tuple(errors for _, errors in found),
            targets={name: self.trials[key] for name, key in named.items() if key in self.trials},
            keys=frozenset({*self.trials, *self.selections, *self.readings} if self.store is not None else ()),
        )

    def _rows(self, unit: Unit) -> Iterator[tuple[dict[str, Any], Int16Array | None]]:
        """A row for every estimator, and the errors behind it."""
        selected = self.selections[unit.selection]
        keys = {"benchmark": unit.benchmark, "split": unit.split, "repeat": unit.repeat, "k": unit.k}
        keys |= {"selector": self.request.selectors[unit.selector].label, "select_seconds": selected.seconds}
        for n, key in unit.readings.items():
            row = {**keys, "estimator": self.request.estimators[n].label}
            if (reading := self.readings.get(key)) is None:
                yield {**row, "status": selected.status, "reason": selected.reason}, None
                continue
            counts = {name: int(reading.figures[name]) for name in COUNTS if name in reading.figures}
            figures = {**reading.figures, **counts, "fit_seconds": reading.seconds}
            yield {**row, "status": reading.status, "reason": reading.reason, **figures}, reading.errors


class _NoBar:
    """Stands where no bar is wanted."""

    def __enter__(self) -> _NoBar:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, n: int) -> None:
        """Show nothing."""


def _bar(total: int, initial: int, progress: bool) -> Any:
    if not progress:
        return _NoBar()
    from tqdm import tqdm

    return tqdm(total=total, initial=initial, desc="cells", unit="cell", disable=None, leave=False)
