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
from anchoreval.jobs.request import benchmark, check_level, processes, refuse_import_keys, resolved_yaml
from anchoreval.protocol.compare import comparison
from anchoreval.protocol.comparison import Comparison
from anchoreval.protocol.digests import content_digest, method_identity
from anchoreval.protocol.marks import REFERENCE, marks
from anchoreval.protocol.resolution import DRAWS, LEVEL
from anchoreval.protocol.roles import AUTO, SHARE
from anchoreval.registry import estimators, selectors
from anchoreval.reporting.compare_report import markdown_report, page, terminal_report
from anchoreval.reporting.figure_compare import error_by_budget
from anchoreval.reporting.page import write_page
from anchoreval.responses import ResponseMatrix
from anchoreval.runs import Outcome, Run
from anchoreval.versions import installed_versions

Methods = dict[str, Any]
"""Methods by the label that tables give them."""
BASELINES = (REFERENCE, "random_search")
"""Selectors that stand beside all others: random anchors, and the best of many random subsets."""
PLAIN_BASELINES = tuple({"name": name} for name in BASELINES)


def run(config: DictConfig) -> Outcome:
    """Do the job, unless this very comparison is complete: then show it again.

    Finished cells are kept as they come, so that a comparison that was killed goes on, and a larger one begins with
    what it shares with those before it.

    Raises:
        RequestError: the request was wrong, or no method is applicable; no run was written.
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
            found = _measured(config, matrix, chosen)
        _write(work, found, config)
    cells, resolution = (pd.read_parquet(work.folder / f"{name}.parquet") for name in ("cells", "resolution"))
    closing = f"{'written to' if changed else 'was complete:'} {work.folder}"
    output.page(terminal_report(cells, resolution), closing)
    return Outcome(work.folder, changed)


def _methods(kind: str, given: Any) -> Methods:
    """Methods by label: all registered ones by default, and the baselines among the selectors always.

    A node may name its label, which tables and figures show (`label`); by default it is the name with the options.
    """
    registered = selectors() if kind == "selector" else estimators()
    nodes = list(registered) if given is None else OmegaConf.to_container(given, resolve=True)
    if not isinstance(nodes, list) or not nodes:
        raise ConfigurationError(f"compare.{kind}s is empty")
    if kind == "selector":
        nodes = [*BASELINES, *(node for node in nodes if node not in BASELINES and node not in PLAIN_BASELINES)]
    made: Methods = {}
    for node in nodes:
        if not isinstance(node, str | Mapping):
            raise ConfigurationError(f"compare.{kind}s: {node!r} is neither a name nor {{name: ..., option: ...}}")
        plain = {"name": node} if isinstance(node, str) else dict(node)
        given = plain.pop("label", None)
        method = selector(plain) if kind == "selector" else estimator(plain)
        label = _label(plain) if given is None else str(given)
        if label in made:
            raise ConfigurationError(f"compare.{kind}s: {label} is named twice")
        made[label] = method
    return made


def _share(config: DictConfig) -> float:
    if config.calibration == AUTO:
        return SHARE
    if isinstance(config.calibration, int | float):
        return float(config.calibration)
    raise ConfigurationError(
        f"job=compare draws new targets in every repeat: calibration must be a share, not {config.calibration!r}"
    )


def _label(node: Mapping[str, Any]) -> str:
    options = ", ".join(f"{key}={value}" for key, value in node.items() if key != "name")
    return f"{node['name']}({options})" if options else str(node["name"])


def _identity(config: DictConfig, matrix: ResponseMatrix, chosen: Mapping[str, Methods]) -> dict[str, Any]:
    methods = {
        kind: {label: method_identity(kind, method) for label, method in methods.items()}
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
        "resolution": {"draws": DRAWS, "level": LEVEL},
        "anchoreval": installed_versions()["anchoreval"],
    }


def _measured(config: DictConfig, matrix: ResponseMatrix, chosen: Mapping[str, Methods]) -> Comparison:
    found = comparison(
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
        workers=processes(config.compare.workers),
        cells=list(config.compare.cells or [Path(config.results) / "cells"]),
    )
    cells = found.table
    if (cells["status"] == "ok").any():
        return found
    if (cells["status"] == "failed").any():
        raise MethodError(f"every combination failed: {cells.loc[cells['status'] == 'failed', 'reason'].iloc[0]}")
    raise NotApplicableError(f"no combination is applicable: {cells['reason'].iloc[0]}")


def _write(work: Run, found: Comparison, config: DictConfig) -> None:
    cells, resolution = found.table, marks(found, seed=config.seed)
    with work.writing(resolved_yaml(config)) as folder:
        for name, table in (("cells", cells), ("resolution", resolution)):
            table.to_parquet(folder / f"{name}.parquet", index=False)
            write_text(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
        caption = error_by_budget(folder / "figures" / "error_by_budget.png", cells)
        figures = {"figures/error_by_budget.png": caption}
        write_text(folder / "report.md", markdown_report(cells, resolution, figures))
        write_page(folder / "report.html", page(cells, resolution, folder, figures))
        counts = {str(status): int(n) for status, n in cells["status"].value_counts().items()}
        write_json(folder / "result.json", {"cells": len(cells), "status": counts})
