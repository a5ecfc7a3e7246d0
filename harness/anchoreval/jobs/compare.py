"""`job=compare`: measure selectors and estimators against each other on held-out models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import DictConfig, OmegaConf

from anchoreval.atomic import write_json, write_text
from anchoreval.errors import ConfigurationError, MethodError, NotApplicableError
from anchoreval.instantiate import estimator, selector
from anchoreval.jobs import output
from anchoreval.jobs.request import benchmark, check_level, refuse_import_keys, resolved_yaml
from anchoreval.protocol.compare import compare
from anchoreval.protocol.digests import content_digest, content_of
from anchoreval.registry import estimators, method_name, method_options, provider, selectors
from anchoreval.reporting.compare_report import markdown_report, page, terminal_report
from anchoreval.reporting.figure_compare import REFERENCE, error_by_budget
from anchoreval.reporting.page import write_page
from anchoreval.responses import ResponseMatrix
from anchoreval.runs import Outcome, Run
from anchoreval.versions import installed_versions

Methods = dict[str, Any]
"""Methods by the label that tables give them."""


def run(config: DictConfig) -> Outcome:
    """Do the job, unless this very comparison is complete: then show it again.

    Raises:
        RequestError: the request was wrong, or no method is applicable; nothing was written.
        MethodError: every combination failed.
    """
    refuse_import_keys(config)
    check_level(config.level)
    chosen = {kind: _methods(kind, config.compare[f"{kind}s"]) for kind in ("selector", "estimator")}
    matrix = benchmark(config)
    work = Run(Path(config.results), "compare", matrix.name, _identity(config, matrix, chosen))
    changed = not work.is_complete()
    if changed:
        with work.timed("compare"):
            cells = _measured(config, matrix, chosen)
        _write(work, cells, config)
    cells = pd.read_parquet(work.folder / "cells.parquet")
    closing = f"{'written to' if changed else 'was complete:'} {work.folder}"
    output.page(terminal_report(cells), closing)
    return Outcome(work.folder, changed)


def _methods(kind: str, given: Any) -> Methods:
    """Methods by label: all registered ones by default, and random among the selectors always."""
    registered = selectors() if kind == "selector" else estimators()
    nodes = list(registered) if given is None else OmegaConf.to_container(given, resolve=True)
    if not isinstance(nodes, list) or not nodes:
        raise ConfigurationError(f"compare.{kind}s is empty")
    if kind == "selector" and REFERENCE not in [n if isinstance(n, str) else n.get("name") for n in nodes]:
        nodes = [REFERENCE, *nodes]
    made: Methods = {}
    for node in nodes:
        plain = {"name": node} if isinstance(node, str) else node
        if not isinstance(plain, Mapping):
            raise ConfigurationError(f"compare.{kind}s: {node!r} is neither a name nor {{name: ..., option: ...}}")
        method = selector(plain) if kind == "selector" else estimator(plain)
        label = _label(plain)
        if label in made:
            raise ConfigurationError(f"compare.{kind}s: {label} is named twice")
        made[label] = method
    return made


def _share(config: DictConfig) -> float:
    if isinstance(config.calibration, int | float):
        return float(config.calibration)
    raise ConfigurationError("job=compare draws new targets in every repeat: calibration= must be a share, not names")


def _label(node: Mapping[str, Any]) -> str:
    options = ", ".join(f"{key}={value}" for key, value in node.items() if key != "name")
    return f"{node['name']}({options})" if options else str(node["name"])


def _identity(config: DictConfig, matrix: ResponseMatrix, chosen: Mapping[str, Methods]) -> dict[str, Any]:
    methods = {
        kind: {label: [_by_content(method), provider(kind, method_name(method))] for label, method in methods.items()}
        for kind, methods in chosen.items()
    }
    grid = OmegaConf.to_container(config.compare, resolve=True)
    rest = {key: grid[key] for key in ("k", "splits", "repeats")} if isinstance(grid, dict) else {}
    return {
        "job": "compare",
        "benchmark": {"name": matrix.name, "content": content_digest(matrix)},
        "methods": methods,
        **rest,
        "seed": config.seed,
        "level": config.level,
        "calibration": _share(config),
        "missing": config.missing,
        "anchoreval": installed_versions()["anchoreval"],
    }


def _by_content(method: object) -> dict[str, Any]:
    """A method's options; files that they name count by their content."""
    return {option: content_of(value) for option, value in method_options(method).items()}


def _measured(config: DictConfig, matrix: ResponseMatrix, chosen: Mapping[str, Methods]) -> pd.DataFrame:
    cells = compare(
        matrix,
        selectors=chosen["selector"],
        estimators=chosen["estimator"],
        k=list(config.compare.k),
        splits=list(config.compare.splits),
        repeats=config.compare.repeats,
        seed=config.seed,
        level=config.level,
        calibration=_share(config),
        missing=config.missing,
        progress=True,
    )
    if (cells["status"] == "ok").any():
        return cells
    if (cells["status"] == "failed").any():
        raise MethodError(f"every combination failed: {cells.loc[cells['status'] == 'failed', 'reason'].iloc[0]}")
    raise NotApplicableError(f"no combination is applicable: {cells['reason'].iloc[0]}")


def _write(work: Run, cells: pd.DataFrame, config: DictConfig) -> None:
    with work.writing(resolved_yaml(config)) as folder:
        cells.to_parquet(folder / "cells.parquet", index=False)
        write_text(folder / "cells.csv", cells.to_csv(index=False, lineterminator="\n"))
        caption = error_by_budget(folder / "figures" / "error_by_budget.png", cells)
        figures = {"figures/error_by_budget.png": caption}
        write_text(folder / "report.md", markdown_report(cells, figures))
        write_page(folder / "report.html", page(cells, folder, figures))
        counts = {str(status): int(n) for status, n in cells["status"].value_counts().items()}
        write_json(folder / "result.json", {"cells": len(cells), "status": counts})
