"""`job=export`: hand anchors to people who do not install anchoreval, and results to where others look."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.errors import ConfigurationError
from anchoreval.jobs import output
from anchoreval.jobs.export_estimates import read_estimates
from anchoreval.jobs.export_keys import plain_settings, refuse_other_keys, required
from anchoreval.runs import Outcome

POCKET = "pocket"
"""The embedded benchmark, whose tasks are at hand wherever anchoreval is."""


@dataclass(frozen=True)
class Export:
    """What is exported, where to, and what was asked."""

    anchors: AnchorSet
    into: Path
    config: DictConfig

    def place(self, name: str, suffix: str) -> Path:
        """The file to write: `into` where it has the suffix, else a file of that name inside."""
        return self.into if self.into.suffix == suffix else self.into / name


def run(config: DictConfig) -> Outcome:
    """Write the anchor set `anchors` in the form `export.kind` to `into`.

    Raises:
        RequestError: a key is missing or wrong, or something stands at the place that is no such export.
    """
    refuse_other_keys(config, used=("into", "path"))
    kind = str(config.export.kind)
    if kind not in KINDS:
        raise ConfigurationError(f"export.kind={kind}: there is no such kind (there are: {', '.join(KINDS)})")
    anchors = load_anchors(Path(required(config, "anchors", "folder of a saved anchor set", "export")))
    export = Export(anchors, Path(required(config, "into", "folder or file", "export")), config)
    written = KINDS[kind](export)
    lines = [f"{path}: {'written' if changed else 'unchanged'}" for path, changed in written.items()]
    output.page("\n".join(lines), f"{len(anchors.items)} anchors of {anchors.benchmark} exported")
    return Outcome(export.into, changed=any(written.values()))


def _samples(export: Export) -> Mapping[Path, bool]:
    from anchoreval.exporters.lm_eval_samples import write_samples

    path = export.place("samples.json", ".json")
    before = path.read_bytes() if path.is_file() else None
    write_samples(export.anchors, path)
    return {path: path.read_bytes() != before}


def _tasks(export: Export) -> Mapping[Path, bool]:
    return {export.into: _write_tasks(export, export.into)}


def _card(export: Export) -> Mapping[Path, bool]:
    from anchoreval.exporters.anchor_card import anchor_card, write_anchor_card

    asked = export.config.export
    path = export.place("README.md", ".md")
    card = anchor_card(export.anchors, power=_power(export), license=asked.license, group=asked.group)
    return {path: write_anchor_card(export.anchors, path, card)}


def _every_eval_ever(export: Export) -> Mapping[Path, bool]:
    return {export.into: _write_estimates(export, export.into)}


def _all(export: Export) -> Mapping[Path, bool]:
    """Card, samples and tasks under one folder; estimates too where they are given."""
    if export.into.suffix in (".json", ".md"):
        raise ConfigurationError(f"into={export.into}: export.kind=all writes a folder")
    written = {**_card(export), **_samples(export)}
    written[export.into / "tasks"] = _write_tasks(export, export.into / "tasks")
    if export.config.export.estimates:
        written[export.into / "every_eval_ever"] = _write_estimates(export, export.into / "every_eval_ever")
    return written


KINDS: Mapping[str, Callable[[Export], Mapping[Path, bool]]] = {
    "samples": _samples,
    "tasks": _tasks,
    "card": _card,
    "every_eval_ever": _every_eval_ever,
    "all": _all,
}
"""What each kind writes, by path: whether it is another than what stood there."""


def _write_tasks(export: Export, folder: Path) -> bool:
    from anchoreval.exporters.task_folder import write_task_folder

    asked = export.config.export
    with tempfile.TemporaryDirectory(prefix="anchoreval-export-") as scratch:
        return write_task_folder(
            export.anchors,
            folder,
            _task_specs(export, scratch),
            include_path=asked.include_path,
            metric=plain_settings(asked.metric) or "acc",
            filter_name=asked.filter_name,
            group=asked.group,
            **(plain_settings(asked.settings) or {}),
        )


def _task_specs(export: Export, scratch: str) -> list[Any]:
    if tasks := plain_settings(export.config.export.tasks):
        return list(tasks)
    if export.anchors.benchmark != POCKET:
        raise ConfigurationError("export.kind=tasks needs export.tasks=[<the benchmark's lm-eval tasks>]")
    from anchoreval.pocket import write_tasks

    return list(write_tasks(scratch))


def _write_estimates(export: Export, folder: Path) -> bool:
    from anchoreval.exporters.eval_record import Evaluator
    from anchoreval.exporters.every_eval_ever import write_every_eval_ever
    from anchoreval.exporters.logged_answers import read_logged_answers

    asked = export.config.export
    given = asked.estimates
    if not given:
        raise ConfigurationError("export.kind=every_eval_ever needs export.estimates=<folder of a run or leaderboard>")
    found = read_estimates(Path(given))
    logged = read_logged_answers([Path(export.config.path)], export.anchors) if export.config.path else None
    for failure in (logged.failures if logged else {}).values():
        output.note(f"answers left out: {failure}")
    return write_every_eval_ever(
        folder,
        export.anchors,
        found.table,
        Evaluator(str(asked.organization or ""), found.made, str(asked.relationship)),
        level=found.level if found.level is not None else float(export.config.level),
        logged=logged,
    )


def _power(export: Export) -> Any:
    """The power report where the anchors' own benchmark is given; None else."""
    from anchoreval.jobs.request import benchmark
    from anchoreval.power.report.power_report import power_report

    chosen, anchors = export.config.benchmark, export.anchors
    if not chosen.path and chosen.name != anchors.benchmark:
        return None
    matrix = benchmark(export.config)
    anchors.check_benchmark(matrix)
    asked = export.config.power
    made = anchors.reconstruction()
    if made.residuals.empty:
        return None
    return power_report(matrix, anchors, alpha=asked.alpha, power=asked.power, reconstruction=made)
