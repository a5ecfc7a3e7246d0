"""`job=transfer`: measure in-context transferability between a benchmark's subjects, for `selector=bento`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig

from anchoreval.arrays import Float64Array
from anchoreval.atomic import write_text
from anchoreval.contract import generator
from anchoreval.errors import NotApplicableError
from anchoreval.jobs import output
from anchoreval.jobs.request import benchmark, refuse_import_keys, resolved_yaml
from anchoreval.jobs.transfer_source import TransferSource, transfer_source
from anchoreval.numerics.source_variation import SourceVariation, source_variation, without_own
from anchoreval.protocol.digests import content_digest
from anchoreval.reporting.tables import markdown_table, points, text_table
from anchoreval.responses import ResponseMatrix
from anchoreval.runs import Outcome, Run
from anchoreval.scoring.transfer_matrix import TransferMatrix
from anchoreval.versions import installed_versions

TABLE = "transfer.csv"


def run(config: DictConfig) -> Outcome:
    """Measure, unless this very measurement is complete: then show it again.

    Writes `transfer.csv` (mean over draws), `transfer.json` (every draw) and `report.md`.

    Raises:
        RequestError: the request was wrong; nothing was written.
        ScoringError: the model failed.
    """
    refuse_import_keys(config)
    matrix = benchmark(config)
    if not matrix.subjects:
        raise NotApplicableError(f"job=transfer needs subjects (items.subject); benchmark {matrix.name} has none")
    source = transfer_source(config, matrix)
    work = Run(Path(config.results), "transfer", matrix.name, _identity(config, matrix, source))
    changed = not work.is_complete()
    if changed:
        with work.timed("measure"):
            measured = source.measure(matrix, seed=config.seed, **_how(config))
        with work.writing(resolved_yaml(config)) as folder:
            measured.save(folder / TABLE)
            write_text(folder / "report.md", markdown_report(measured))
    measured = TransferMatrix.load(work.folder / TABLE)
    closing = f"{'written to' if changed else 'was complete:'} {work.folder / TABLE}"
    output.page(terminal_report(measured), closing)
    return Outcome(work.folder, changed)


def markdown_report(measured: TransferMatrix) -> str:
    """The measurement as Markdown."""
    header, rows = _table(measured)
    paragraphs = summary(measured).replace("\n", "\n\n")
    return f"# Transferability\n\n{paragraphs}\n\n{markdown_table(header, rows)}\n"


def terminal_report(measured: TransferMatrix) -> str:
    """The measurement in fixed width."""
    return f"{summary(measured)}\n\n{text_table(*_table(measured))}"


def variation(draws: Float64Array) -> SourceVariation | None:
    """Whether sources differ beyond their draws, (draws, subjects, subjects); None where there is a single draw."""
    return source_variation(draws, generator(0, "transfer variation")) if len(draws) > 1 else None


def _how(config: DictConfig) -> dict[str, Any]:
    asked = config.transfer
    return {name: asked[name] for name in ("shots", "draws", "items_per_subject", "apart")}


def _identity(config: DictConfig, matrix: ResponseMatrix, source: TransferSource) -> dict[str, Any]:
    return {
        "job": "transfer",
        "benchmark": {"name": matrix.name, "content": content_digest(matrix)},
        "source": source.identity(),
        **_how(config),
        "seed": config.seed,
        "anchoreval": installed_versions()["anchoreval"],
    }


def summary(measured: TransferMatrix) -> str:
    """What was measured, and whether sources differ beyond their draws, a line each."""
    told, counts = measured.described, measured.counts
    lines = [
        f"{told['model']}: {len(measured.subjects)} subjects, {told['shots']} exemplars, {len(measured.draws)} draws, "
        f"{counts.min()} to {counts.max()} items a subject"
    ]
    if len(measured.subjects) == 1:
        return lines[0]
    own, others = _own_and_others(measured)
    lines.append(f"mean score with exemplars of the same subject {points(own)}, of another {points(others)}")
    if (every := variation(measured.draws)) is not None and (other := variation(without_own(measured.draws))):
        lines += [f"all sources: {_worded(every)}", f"sources other than the target: {_worded(other)}"]
    return "\n".join(lines)


def _own_and_others(measured: TransferMatrix) -> tuple[float, float]:
    values = measured.mean.to_numpy(dtype=np.float64)
    own = np.eye(len(values), dtype=np.bool_)
    return float(values[own].mean()), float(values[~own].mean())


def _worded(found: SourceVariation) -> str:
    return (
        f"standard deviation between them {points(np.sqrt(found.between))} points, between draws of one "
        f"{points(np.sqrt(found.draw))}; F = {found.f:.2f}, p = {found.p_value:.4f} by permutation"
    )


def _table(measured: TransferMatrix) -> tuple[list[str], list[list[str]]]:
    mean = measured.mean
    rows = [[name, *map(points, row)] for name, row in zip(mean.index, mean.to_numpy().tolist(), strict=True)]
    return ["exemplars of", *mean.columns], rows
