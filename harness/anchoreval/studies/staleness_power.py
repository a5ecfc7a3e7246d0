"""Whether judgements of staleness are right: alarms among fresh targets, and drift that is found or missed.

Run `python -m anchoreval.studies.staleness_power --data <folder>`. Writes `staleness.md`. On every split anchors are
selected and a reconstruction is made once; targets are then drawn among the models held out, as they are or with
something planted into their answers (`anchoreval.studies.planted_drift`). Controls are the first 5 of 5 targets and 10
of more. Verdicts with and without controls come from the same signals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.atomic import write_text
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.protocol.splits import split
from anchoreval.reconstruction import Reconstruction
from anchoreval.reporting.tables import markdown_table
from anchoreval.responses import ResponseMatrix
from anchoreval.staleness import FRESH, RESELECT, UNKNOWN, judge_staleness
from anchoreval.staleness.signal import Signal, verdict_of, with_states
from anchoreval.store.reading import load_benchmark
from anchoreval.studies.kept_cells import cell_arguments, kept_benchmark
from anchoreval.studies.planted_drift import PLANTS, planted
from anchoreval.studies.task_pool import pooled_tables

BENCHMARKS = ("arc", "musr", "ifeval", "openllm_large_truthfulqa", "pocket")
BUDGET, ALPHA = 50, 0.05
SIZES, PLANTED_SIZES, CONTROLS = (5, 20, 50), (5, 20), 10
FRESH_SPLITS, PLANTED_SPLITS = 40, 10
SHIFTED = ("gap", "family")
FROM_CONTROLS = ("residual drift", "coverage")
SIGNALS = ("person-fit", "anchor drift", "reach", "room at the top", *FROM_CONTROLS)
KEYS = ("benchmark", "split", "repeat")
CAPTION = """# Staleness: false alarms and drift found

Shares in per cent of judgements, in brackets standard errors over splits. k = {k} (`optimal`, read by `auto`), 30 % of
the sources calibrate, alpha = 5 %: of fresh targets at most 5 % may lead to *re-select*, at most 10 % to that or
*watch*. *nothing judged*: so few targets that no signal could have shown a large effect; the verdict is then *watch*,
which the share under *watch* does not count. Controls: 5 of 5 targets, 10 of more;
pocket holds 40 targets, not 50.
Regenerate with `python -m anchoreval.studies.staleness_power --data <folder>`.
"""
DETECTION = """Pooled over the benchmarks. *gap*: the targets are the best fifth of the models; *family*: whole families
left out; the rest is planted into the answers of held-out models: anchors learnt (a wrong answer becomes right with
90 %), keys exchanged, right answers lost with 15 %, targets that answer at random with one of four, targets that answer
the anchors like a model a fifth of the table better and everything else as before.
"""
SEEN = """Share of judgements in which each signal says *watch* or *re-select*, {size} targets with controls.
"""
BY_BENCHMARK = """Share of judgements that say *re-select*, {size} targets with controls, by benchmark.
"""
LIMITS = """## What it does not see

- Drift of the answers that looks like ability (*answers of better models*) hardly shows without controls: the
  patterns are honest ones.
- Five targets without controls say little by their answers alone: mostly nothing could be judged, which is said.
- What befell only some of the targets is found less often than what befell all of them.
- Where models differ little and answers are noisy (musr), answers lost or keys exchanged look much like noise.
- A family left out is a change of population, not always of what the anchors measure; not finding it is no error where
  estimates stay right.
"""


def one_split(data: str, benchmark: str, kind: str, repeat: int) -> pd.DataFrame:
    """A row per kind of targets, their number, and controls or none: verdict and state of every signal."""
    matrix = load_benchmark("pocket") if benchmark == "pocket" else kept_benchmark(data, benchmark)
    sides = split(matrix, kind, 3000 + repeat)
    sources, targets = matrix.subset(models=sides.sources), matrix.subset(models=sides.targets)
    anchors = select(sources, "optimal", k=BUDGET, seed=repeat, calibration=0.3)
    made = reconstruct(sources, anchors, "auto", seed=repeat)
    rows = list(_judged(anchors, made, targets, kind, repeat))
    return pd.DataFrame(rows).assign(benchmark=benchmark, split=kind, repeat=repeat)


def _judged(
    anchors: AnchorSet, made: Reconstruction, targets: ResponseMatrix, kind: str, repeat: int
) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng([repeat, len(anchors.items)])
    for size in SIZES if kind == "iid" else PLANTED_SIZES:
        drawn = targets.subset(models=rng.permutation(targets.models.index.to_numpy(dtype=object))[:size])
        what = FRESH if kind == "iid" else kind
        yield from _verdicts(anchors, made, drawn, drawn.full_scores, size, what)
        if kind != "iid" or repeat >= PLANTED_SPLITS or size not in PLANTED_SIZES:
            continue
        for name, plant in PLANTS.items():
            changed, truth = planted(drawn, anchors.items, plant, rng)
            shuffled = rng.permutation(truth.index.to_numpy(dtype=object))  # controls are not chosen by what is planted
            yield from _verdicts(anchors, made, changed, truth[shuffled], size, name)


def _verdicts(
    anchors: AnchorSet,
    made: Reconstruction,
    targets: ResponseMatrix,
    truth: pd.Series[Any],
    size: int,
    what: str,
) -> Iterator[dict[str, Any]]:
    signals = judge_staleness(anchors, made, targets, truth.iloc[: min(size, CONTROLS)], ALPHA).signals
    for controls in (False, True):
        counted = [signal for signal in signals if controls or signal.name not in FROM_CONTROLS]
        yield {"what": what, "size": size, "controls": controls, **_outcome(with_states(counted, ALPHA))}


def _outcome(signals: Sequence[Signal]) -> dict[str, Any]:
    judged = any(signal.state != UNKNOWN for signal in signals)
    return {"verdict": verdict_of(signals) if judged else UNKNOWN} | {one.name: one.state for one in signals}


def report(rows: pd.DataFrame) -> str:
    """The page."""
    fresh = rows[rows["what"] == FRESH]
    others = rows[rows["what"] != FRESH]
    parts = [CAPTION.format(k=BUDGET), _alarms(fresh), f"## Drift\n\n{DETECTION}", _found(others)]
    size = PLANTED_SIZES[-1]
    seen = rows[(rows["size"] == size) & rows["controls"]]
    tables = [SEEN.format(size=size), _by_signal(seen), BY_BENCHMARK.format(size=size), _by_benchmark(seen)]
    return "\n\n".join([*parts, *tables, LIMITS])


def _alarms(fresh: pd.DataFrame) -> str:
    header = ["benchmark", "targets", "controls", "re-select", "watch", "nothing judged", "splits"]
    every = pd.concat([fresh, fresh.assign(benchmark="all")])
    lines = []
    for name, part in every.groupby(["benchmark", "size", "controls"], sort=False):
        benchmark, size, controls = name
        shares = [_share(part["verdict"] == verdict) for verdict in (RESELECT, "watch", UNKNOWN)]
        lines.append([str(benchmark), str(size), "yes" if controls else "no", *shares, str(len(part))])
    return f"## Fresh targets\n\n{markdown_table(header, lines)}"


def _found(others: pd.DataFrame) -> str:
    header = ["drift", "targets", "re-select", "or watch", "with controls: re-select", "or watch", "judgements"]
    lines = []
    for name, part in others.groupby(["what", "size"], sort=False):
        what, size = name
        cells = []
        for controls in (False, True):
            verdict = part.loc[part["controls"] == controls, "verdict"]
            cells += [_share(verdict == RESELECT), _share(verdict.isin([RESELECT, "watch"]))]
        lines.append([str(what), str(size), *cells, str(len(part) // 2)])
    return markdown_table(header, lines)


def _by_benchmark(rows: pd.DataFrame) -> str:
    lines = [
        [str(what), *(_share(part.loc[part["benchmark"] == name, "verdict"] == RESELECT) for name in BENCHMARKS)]
        for what, part in rows.groupby("what", sort=False)
    ]
    return markdown_table(["targets", *BENCHMARKS], lines)


def _by_signal(rows: pd.DataFrame) -> str:
    lines = [
        [str(what), *(f"{100 * part[name].isin([RESELECT, 'watch']).mean():.0f}" for name in SIGNALS)]
        for what, part in rows.groupby("what", sort=False)
    ]
    return markdown_table(["targets", *SIGNALS], lines)


def _share(found: pd.Series[bool]) -> str:
    mean = float(found.mean())
    error = float(np.sqrt(mean * (1.0 - mean) / max(len(found) - 1, 1)))
    return f"{100 * mean:.0f} ({100 * error:.0f})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing and write the table."""
    options = cell_arguments("False alarms and power of judgements of staleness.").parse_args(arguments)
    kinds = [("iid", FRESH_SPLITS), *((kind, PLANTED_SPLITS) for kind in SHIFTED)]
    tasks = [(name, kind, repeat) for name in BENCHMARKS for kind, count in kinds for repeat in range(count)]
    rows = pooled_tables(options, "staleness", one_split, tasks, KEYS)
    write_text(Path(options.into) / "staleness.md", report(rows))


if __name__ == "__main__":
    main()
