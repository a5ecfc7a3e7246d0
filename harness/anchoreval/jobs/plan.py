"""`job=plan`: which selector and how many anchors find a wanted difference between two models, and at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from anchoreval.atomic import write_json, write_text
from anchoreval.errors import BudgetError, ConfigurationError, StoreError
from anchoreval.groups import model_groups
from anchoreval.instantiate import estimator, selector
from anchoreval.jobs import output
from anchoreval.jobs.plan_work import HoldOut, Work, item_costs
from anchoreval.jobs.request import benchmark, check_level, processes, refuse_import_keys, resolved_yaml
from anchoreval.methods import Selector
from anchoreval.power.law.difference_law import FEWEST_GROUPS
from anchoreval.power.plans.plan_document import from_document, to_document
from anchoreval.power.plans.plan_points import Aim, Measured
from anchoreval.power.plans.planning import Plan, Prices, Subject, make_plan
from anchoreval.protocol.cell_store import CellStore
from anchoreval.protocol.digests import content_digest, method_identity
from anchoreval.protocol.method_specs import Labelled, labelled_estimators, labelled_selectors
from anchoreval.protocol.roles import full_scores, with_full_scores
from anchoreval.reporting.figure_frontier import frontier_figure
from anchoreval.reporting.plan_report import markdown_report, terminal_report
from anchoreval.responses import ResponseMatrix
from anchoreval.runs import Outcome, Run
from anchoreval.schema import read_document
from anchoreval.versions import installed_versions

REFERENCE = "random"
"""The selector that stands beside all others."""
DEFAULT = (REFERENCE, "stratified_difficulty", "optimal")
FIGURE = "figures/frontier.png"


def run(config: DictConfig) -> Outcome:
    """Plan, unless this very plan is complete: then show it again.

    Writes `plan.json` (schema: `anchoreval/schemas/plan.json`), `plan.csv`, `plan.md` and the figure of the frontier.

    Raises:
        RequestError: the request was wrong, or no method is applicable; no run was written.
        MethodError: every combination failed.
    """
    refuse_import_keys(config)
    check_level(config.level)
    aim, matrix = _aim(config), benchmark(config)
    asked = _work(config, matrix)
    work = Run(Path(config.results), "plan", matrix.name, _identity(config, asked))
    changed = not work.is_complete()
    if changed:
        with work.timed("plan"):
            plan = _planned(config, aim, asked)
        _write(work, plan, config)
    plan = from_document(read_document(work.folder / "plan.json", "plan", StoreError))
    output.page(terminal_report(plan), f"{'written to' if changed else 'was complete:'} {work.folder}")
    return Outcome(work.folder, changed)


def _aim(config: DictConfig) -> Aim:
    if config.plan.wanted is None:
        raise ConfigurationError("job=plan needs plan.wanted=<percentage points>: the smallest gap that shall be found")
    return Aim(config.plan.wanted / 100.0, config.power.power, config.power.alpha)


def _work(config: DictConfig, matrix: ResponseMatrix) -> Work:
    """What is to be measured, everything made and checked before any work is done."""
    asked = config.plan
    if asked.repeats < 1 or asked.models < 1:
        raise ConfigurationError("plan.repeats and plan.models must be at least 1")
    return Work(
        matrix=matrix,
        selectors=_selectors(asked.selectors),
        estimator=labelled_estimators([estimator(config.estimator)])[0],
        budgets=_budgets(list(asked.k), matrix),
        repeats=asked.repeats,
        hold_out=HoldOut.of(matrix, config.calibration, config.missing),
        costs=item_costs(matrix, asked.price)[0],
        seed=config.seed,
        level=config.level,
        missing=config.missing,
    )


def _selectors(given: Any) -> list[Labelled[Selector]]:
    """Selectors with labels, random anchors first."""
    nodes = list(DEFAULT) if given is None else OmegaConf.to_container(given, resolve=True)
    if not isinstance(nodes, list) or not nodes:
        raise ConfigurationError("plan.selectors is empty")
    plain = [{"name": node} if isinstance(node, str) else node for node in nodes]
    for node in plain:
        if not isinstance(node, Mapping):
            raise ConfigurationError(f"plan.selectors: {node!r} is neither a name nor {{name: ..., option: ...}}")
    reference = {"name": REFERENCE}
    return labelled_selectors([selector(node) for node in [reference, *(n for n in plain if n != reference)]])


def _budgets(asked: list[int], matrix: ResponseMatrix) -> list[int]:
    """Distinct budgets below the number of items, in order."""
    if wrong := [k for k in asked if k < 1]:
        raise BudgetError(f"plan.k: {wrong[0]} is not a number of anchors")
    if not (budgets := sorted({k for k in asked if k < matrix.n_items})):
        raise BudgetError(f"plan.k: no budget is below the {matrix.n_items} items of benchmark {matrix.name}")
    return budgets


def _identity(config: DictConfig, asked: Work) -> dict[str, Any]:
    return {
        "job": "plan",
        "benchmark": {"name": asked.matrix.name, "content": content_digest(asked.matrix)},
        "selectors": {one.label: method_identity("selector", one.method) for one in asked.selectors},
        "estimator": method_identity("estimator", asked.estimator.method),
        "k": list(asked.budgets),
        "repeats": asked.repeats,
        "hold_out": asked.hold_out,
        **{name: config.plan[name] for name in ("wanted", "price", "models")},
        "power": OmegaConf.to_container(config.power),
        "seed": config.seed,
        "level": config.level,
        "missing": config.missing,
        "anchoreval": installed_versions()["anchoreval"],
    }


def _planned(config: DictConfig, aim: Aim, asked: Work) -> Plan:
    matrix = asked.matrix
    scored = full_scores(matrix, asked.missing).notna()
    groups = model_groups(matrix)[scored].nunique()
    measured: list[Measured] = []
    left_out = [f"k = {k}: not below the {matrix.n_items} items" for k in _too_large(config, matrix)]
    if groups >= FEWEST_GROUPS:
        cells = CellStore.at(list(config.plan.cells or [Path(config.results) / "cells"]))
        measured, refused = asked.measure(processes(config.plan.workers), cells, progress=True)
        left_out += refused
    return make_plan(
        matrix if asked.missing == "refuse" else with_full_scores(matrix),
        Subject(matrix.name, matrix.n_items, int(scored.sum()), groups, asked.estimator.label),
        aim,
        Prices(item_costs(matrix, config.plan.price)[1], float(asked.costs.sum()), config.plan.models),
        measured,
        asked.budgets,
        left_out,
    )


def _too_large(config: DictConfig, matrix: ResponseMatrix) -> list[int]:
    return sorted({k for k in config.plan.k if k >= matrix.n_items})


def _write(work: Run, plan: Plan, config: DictConfig) -> None:
    with work.writing(resolved_yaml(config)) as folder:
        write_json(folder / "plan.json", to_document(plan))
        write_text(folder / "plan.csv", plan.points.to_csv(index=False, lineterminator="\n"))
        caption = frontier_figure(folder / FIGURE, plan)
        write_text(folder / "plan.md", markdown_report(plan, {FIGURE: caption}))
