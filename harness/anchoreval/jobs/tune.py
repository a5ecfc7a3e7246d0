"""`job=tune`: the error of a selector with an estimator inside the source models, for sweepers that minimise it.

`anchoreval -m hydra/sweeper=tune job=tune selector=disco 'k=range(25,101)'` looks for the options with the smallest
one. Neither targets nor calibration models are looked at, so that the intervals of a `job=run` with the options that
were found keep their level. With `calibration=cross` (and with `auto` below 60 groups of models) none is set aside, and
all sources are looked at: sizing errors on the same models afterwards is a little too hopeful, which a share, as in
`calibration=0.3`, avoids.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from anchoreval.atomic import write_json
from anchoreval.errors import ConfigurationError
from anchoreval.jobs import output
from anchoreval.jobs.request import refuse_import_keys, resolved_yaml
from anchoreval.jobs.run_plan import Plan
from anchoreval.protocol.roles import assign_roles, with_full_scores
from anchoreval.protocol.source_error import SourceError, source_error
from anchoreval.reconstruction import SELECT
from anchoreval.registry import method_name, method_options
from anchoreval.responses import ResponseMatrix
from anchoreval.runs import Outcome, Run
from anchoreval.schema import plain

POINTS = 100.0


def run(config: DictConfig) -> Outcome:
    """Do the job, unless this very run is complete: then read what it found.

    Raises:
        RequestError: the request was wrong; nothing was written.
    """
    refuse_import_keys(config)
    plan = Plan.from_config(config)
    if plan.saved is not None:
        raise ConfigurationError("job=tune chooses anchors anew in every division: anchors= has no place in it")
    sources = _choosing(plan)
    work = Run(Path(config.results), "tune", plan.matrix.name, _identity(config, plan))
    if changed := not work.is_complete():
        with work.timed("tune"):
            found = _found(config, plan, sources)
        _write(work, config, plan, found)
    result = json.loads((work.folder / "result.json").read_text(encoding="utf-8"))
    closing = f"{'written to' if changed else 'was complete:'} {work.folder}"
    output.page(_page(result), f"{result['error']:.2f} points, {closing}" if output.in_sweep() else closing)
    return Outcome(work.folder, changed, float(result["error"]))


def _choosing(plan: Plan) -> ResponseMatrix:
    """The models that may choose anchors."""
    roles = assign_roles(plan.sources, plan.calibration, plan.seed, plan.missing)
    known = plan.sources if plan.missing == "refuse" else with_full_scores(plan.sources)
    return known.subset(models=roles.index[roles == SELECT])


def _identity(config: DictConfig, plan: Plan) -> dict[str, Any]:
    """That of `job=run`, which draws the same roles, without what only its intervals and its power report depend on."""
    rest = {key: value for key, value in plan.identity().items() if key not in ("job", "level", "power", "intervals")}
    return {"job": "tune", **rest, "tune": {"divisions": config.tune.divisions, "resemble": config.tune.resemble}}


def _found(config: DictConfig, plan: Plan, sources: ResponseMatrix) -> SourceError:
    return source_error(
        sources,
        plan.selector,
        plan.estimator,
        plan.k,
        seed=plan.seed,
        divisions=config.tune.divisions,
        resemble=config.tune.resemble,
    )


def _write(work: Run, config: DictConfig, plan: Plan, found: SourceError) -> None:
    with work.writing(resolved_yaml(config)) as folder:
        table = (POINTS * found.errors).to_frame().assign(group=found.groups).rename_axis("model").reset_index()
        table.to_parquet(folder / "errors.parquet", index=False)
        write_json(folder / "result.json", _result(config, plan, found))


def _result(config: DictConfig, plan: Plan, found: SourceError) -> dict[str, Any]:
    """Plain data; errors in percentage points."""
    result = {
        "benchmark": plan.matrix.name,
        "selector": method_name(plan.selector),
        "selector_options": method_options(plan.selector),
        "estimator": method_name(plan.estimator),
        "estimator_options": method_options(plan.estimator),
        "k": plan.k,
        "seed": plan.seed,
        "split": config.tune.resemble,
        "divisions": found.divisions,
        "models": len(found.errors),
        "groups": int(found.groups.nunique()),
        "error": POINTS * found.mean,
        "standard_error": POINTS * found.standard_error,
    }
    return {key: plain(value, key) for key, value in result.items()}


def _page(result: dict[str, Any]) -> str:
    spread = result["standard_error"]
    return (
        f"{result['selector']} with {result['estimator']}, k = {result['k']}: mean absolute error inside the sources "
        f"{result['error']:.2f}{'' if spread is None else f' (standard error {spread:.2f})'} points,\n"
        f"on {result['models']} held-out models of {result['divisions']} divisions; no calibration model and no target "
        "was looked at"
    )
