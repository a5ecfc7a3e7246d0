"""Everything that runs measured, in one long table: a row is one number.

Jobs measure different things of different objects: `run` and `adaptive` many things of each target, `compare` many
things of each combination of methods, `tune` one error. A wide table of all of them would be mostly empty and would
change its columns with every new metric. In the long one `where metric = 'mae' group by selector, k` is all it takes;
`pivot` makes it wide. The columns are the same whatever was run:

* `run` (the folder's name, as in the table of runs) and `job`,
* `benchmark`, `split`, `repeat`, `selector`, `estimator`, `k`, `seed`: what was done, with options other than the
  method's own in its label, as in `disco(guide=true)`,
* `target`: the model that was estimated; empty where a row sums up many,
* `metric`, `value`. Scores are in [0, 1], errors and widths of intervals in percentage points.

Seconds are kept apart, in a table of the same form: they differ from one time to the next, all else does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd

from anchoreval.collecting.found import FoundRun
from anchoreval.errors import AnchorEvalError
from anchoreval.registry import make_estimator, make_selector, method_options
from anchoreval.schema import plain

KEYS = ("run", "job", "benchmark", "split", "repeat", "selector", "estimator", "k", "seed", "target")
COLUMNS = (*KEYS, "metric", "value")
WHOLE = ("repeat", "k", "seed")
"""Columns of whole numbers, of which some may be missing."""
POINTS = 100.0
SECONDS = "_seconds"
"""How the names of metrics end that are seconds."""
OF_A_TARGET = ("score", "lower", "upper", "standard_error", "truth", "anchors", "asked", "extrapolating")
"""Columns of a run's table of estimates that are taken up; scores by subject stay in the run's folder."""
OF_A_CELL = ("benchmark", "split", "repeat", "selector", "estimator", "k")
NOT_MEASURED = ("status", "reason")


def measures(run: FoundRun) -> pd.DataFrame:
    """The long table of a run, seconds included; without rows for a job that measures nothing of this kind.

    Raises:
        StoreError: a file is damaged.
    """
    reader = READERS.get(run.job)
    table = reader(run) if reader is not None else pd.DataFrame()
    return typed(table.assign(run=run.name, job=run.job)) if len(table) else empty()


def seconds(run: FoundRun) -> pd.DataFrame:
    """Seconds that the parts of a run took, in the same form."""
    rows = [
        {"run": run.name, "job": run.job, "benchmark": run.benchmark, "metric": part, "value": float(taken)}
        for part, taken in run.done.get("timings", {}).items()
    ]
    return typed(pd.DataFrame(rows)) if rows else empty()


def joined(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Several such tables as one, in the order of all their keys."""
    filled = [table for table in tables if len(table)]
    if not filled:
        return empty()
    return pd.concat(filled).sort_values([*KEYS, "metric"], kind="stable", na_position="first", ignore_index=True)


def empty() -> pd.DataFrame:
    """The table without rows."""
    return typed(pd.DataFrame(columns=list(COLUMNS)))


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """The columns in order and of the same types whatever is in them."""
    whole = table.reindex(columns=list(COLUMNS))
    types = {name: "Int64" if name in WHOLE else "string" for name in COLUMNS} | {"value": "float64"}
    return whole.astype(types)


def _estimates(run: FoundRun) -> pd.DataFrame:
    """A row for each target and metric of `job=run` and `job=adaptive`."""
    result = json.loads(run.file("result.json").read_text(encoding="utf-8"))
    table = pd.read_parquet(run.file("estimates.parquet"))
    wide = table[[name for name in OF_A_TARGET if name in table]].astype("float64")
    if {"score", "truth"} <= set(wide):
        wide["error"] = POINTS * (wide["score"] - wide["truth"])
        wide["absolute_error"] = wide["error"].abs()
    if {"lower", "upper", "truth"} <= set(wide):
        inside = (wide["truth"] >= wide["lower"]) & (wide["truth"] <= wide["upper"])
        wide["covered"] = inside.astype("float64").where(wide[["lower", "upper", "truth"]].notna().all(axis=1))
        wide["interval_width"] = POINTS * (wide["upper"] - wide["lower"])
    long = wide.rename_axis("target").reset_index().melt("target", var_name="metric", value_name="value")
    return long.dropna(subset="value").assign(**_done(run, result))


def _done(run: FoundRun, result: Mapping[str, Any]) -> dict[str, Any]:
    """What was done, of the document in which a run says what it found."""
    return {
        "benchmark": result.get("benchmark", run.benchmark),
        "split": result.get("split", _split(run)),
        "selector": _label("selector", result.get("selector"), result.get("selector_options", {})),
        "estimator": _label("estimator", result.get("estimator"), result.get("estimator_options", {})),
        "k": result.get("k"),
        "seed": result.get("seed"),
    }


def _split(run: FoundRun) -> str | None:
    """The kind of split, where recorded models were held out by it."""
    scorer = run.done["identity"].get("scorer", {})
    named = run.config.get("scorer", {}).get("models") is not None
    replayed = isinstance(scorer, Mapping) and scorer.get("scorer") == "replay" and not named
    return str(run.config["split"]["kind"]) if replayed and run.config.get("anchors") is None else None


def _label(kind: str, name: str | None, options: Mapping[str, Any]) -> str | None:
    """The method's name, with the options that are not those it has by itself."""
    if name is None:
        return None
    try:
        made: object = make_selector(name) if kind == "selector" else make_estimator(name)
        usual = method_options(made)
    except AnchorEvalError:  # of a plug-in that is not installed here
        usual = {}
    told = {key: value for key, value in options.items() if plain(usual.get(key), key) != value}
    return f"{name}({', '.join(f'{key}={_word(value)}' for key, value in sorted(told.items()))})" if told else name


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _cells(run: FoundRun) -> pd.DataFrame:
    """A row for each combination and metric of `job=compare`; what was not applicable or failed has none."""
    table = pd.read_parquet(run.file("cells.parquet")).drop(columns=list(NOT_MEASURED))
    long = table.melt(list(OF_A_CELL), var_name="metric", value_name="value").dropna(subset="value")
    return long.assign(seed=run.config.get("seed"))


def _inner_error(run: FoundRun) -> pd.DataFrame:
    """The error of `job=tune` and its standard error."""
    result = json.loads(run.file("result.json").read_text(encoding="utf-8"))
    rows = [{"metric": name, "value": result[name]} for name in ("error", "standard_error") if result[name] is not None]
    return pd.DataFrame(rows).assign(**_done(run, result))


READERS: Mapping[str, Callable[[FoundRun], pd.DataFrame]] = {
    "run": _estimates,
    "adaptive": _estimates,
    "compare": _cells,
    "tune": _inner_error,
}
"""How the numbers of a job are read; other jobs' runs are in the table of runs alone."""
