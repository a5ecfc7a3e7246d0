"""`job=sources`: how the error falls with the number of source models, for a fixed number of anchors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import DictConfig, OmegaConf

from anchoreval.atomic import write_text
from anchoreval.contract import check_budget
from anchoreval.errors import ConfigurationError, NotApplicableError
from anchoreval.instantiate import estimator, selector
from anchoreval.jobs import output
from anchoreval.jobs.request import benchmark, refuse_import_keys, resolved_yaml
from anchoreval.jobs.sources_work import SourceWork
from anchoreval.protocol.digests import content_digest, method_identity
from anchoreval.protocol.method_specs import Labelled, labelled_estimators, labelled_selectors
from anchoreval.protocol.splits import check_kind
from anchoreval.reporting.figure_sources import error_by_sources
from anchoreval.reporting.tables import markdown_table, text_table
from anchoreval.responses import ResponseMatrix
from anchoreval.runs import Outcome, Run
from anchoreval.versions import installed_versions

REFERENCE = "random"
"""The selector that stands beside all others."""
DEFAULT = (REFERENCE, "random_search", "optimal")
FIGURE = "figures/source_curve.png"
CAPTION = (
    "Mean absolute error (percentage points) on held-out models, k = {k}, anchors read by {estimator}, mean over "
    "{repeats} repeats; n is the number of source models, which choose the anchors and fit the reading."
)


def run(config: DictConfig) -> Outcome:
    """Measure, unless this very measurement is complete: then show it again.

    Writes `sources.parquet` and `sources.csv` (a row per selector, repeat and number of sources), `report.md` and a
    figure.

    Raises:
        RequestError: the request was wrong, or no method is applicable; no run was written.
    """
    refuse_import_keys(config)
    asked = _work(config, benchmark(config))
    work = Run(Path(config.results), "sources", asked.matrix.name, _identity(asked))
    changed = not work.is_complete()
    if changed:
        with work.timed("sources"):
            found = _measured(asked)
        _write(work, asked, found, config)
    found = pd.read_parquet(work.folder / "sources.parquet")
    closing = f"{'written to' if changed else 'was complete:'} {work.folder}"
    output.page(f"{_caption(asked)}\n\n{text_table(*_table(found))}", closing)
    return Outcome(work.folder, changed)


def _work(config: DictConfig, matrix: ResponseMatrix) -> SourceWork:
    """What is to be measured, everything made and checked before any work is done."""
    sizes, repeats = sorted(set(config.sources.sizes)), config.sources.repeats
    if repeats < 1 or not sizes or sizes[0] < 1:
        raise ConfigurationError("sources.repeats and every one of sources.sizes must be at least 1")
    check_budget(config.k, matrix)
    return SourceWork(
        matrix=matrix,
        selectors=_selectors(config.sources.selectors),
        estimator=labelled_estimators([estimator(config.estimator)])[0],
        k=config.k,
        split=check_kind(config.split.kind),
        test_share=config.split.test_share,
        sizes=sizes,
        repeats=repeats,
        seed=config.seed,
        missing=config.missing,
    )


def _selectors(given: Any) -> list[Labelled[Any]]:
    nodes: Any = list(DEFAULT) if given is None else OmegaConf.to_container(given, resolve=True)
    plain = [{"name": node} if isinstance(node, str) else node for node in nodes]
    if not plain or not all(isinstance(node, dict) for node in plain):
        raise ConfigurationError("sources.selectors is not a list of names or {name: ..., option: ...}")
    reference = {"name": REFERENCE}
    return labelled_selectors([selector(node) for node in [reference, *(n for n in plain if n != reference)]])


def _identity(asked: SourceWork) -> dict[str, Any]:
    return {
        "job": "sources",
        "benchmark": {"name": asked.matrix.name, "content": content_digest(asked.matrix)},
        "selectors": {one.label: method_identity("selector", one.method) for one in asked.selectors},
        "estimator": method_identity("estimator", asked.estimator.method),
        "split": {"kind": asked.split, "test_share": asked.test_share},
        **{name: getattr(asked, name) for name in ("k", "sizes", "repeats", "seed", "missing")},
        "anchoreval": installed_versions()["anchoreval"],
    }


def _measured(asked: SourceWork) -> pd.DataFrame:
    found = asked.measure()
    if found.empty:
        raise NotApplicableError(
            f"job=sources: benchmark {asked.matrix.name} has fewer than {asked.sizes[0]} models beside the targets"
        )
    if found["mae"].isna().all():
        raise NotApplicableError(f"no combination is applicable: {found['reason'].iloc[0]}")
    return found


def _write(work: Run, asked: SourceWork, found: pd.DataFrame, config: DictConfig) -> None:
    with work.writing(resolved_yaml(config)) as folder:
        found.to_parquet(folder / "sources.parquet", index=False)
        write_text(folder / "sources.csv", found.to_csv(index=False, lineterminator="\n"))
        error_by_sources(folder / FIGURE, found, [one.label for one in asked.selectors])
        picture = f"![Error against the number of source models]({FIGURE})"
        parts = ["# Error against the number of source models", _caption(asked), picture]
        write_text(folder / "report.md", "\n\n".join([*parts, markdown_table(*_table(found))]) + "\n")


def _caption(asked: SourceWork) -> str:
    return CAPTION.format(k=asked.k, estimator=asked.estimator.label, repeats=asked.repeats)


def _table(found: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    means = found.groupby(["selector", "n"], sort=False)["mae"].mean().unstack("n").sort_index(axis=1)
    rows = [[str(name), *("-" if pd.isna(mae) else f"{mae:.2f}" for mae in row)] for name, row in means.iterrows()]
    return ["selector", *(f"n = {n}" for n in means.columns)], rows
