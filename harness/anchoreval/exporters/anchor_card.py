"""An anchor card: what an anchor set is, from whom, what it can and cannot tell, as Markdown with a YAML head.

It is fit to be the README of a dataset page on a hosting site. Names of models, tasks and benchmarks are others' text
and are escaped. A license is stated only where the user gives one: the items are the benchmark's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anchoreval.anchors import AnchorSet
from anchoreval.atomic import write_text
from anchoreval.errors import AnchorEvalError
from anchoreval.exporters.guard import refuse_foreign_file, starts_with
from anchoreval.exporters.identity import anchors_digest, has_tasks
from anchoreval.exporters.markdown import code, escaped, one_line
from anchoreval.exporters.task_folder import group_name
from anchoreval.exporters.task_readme import raw_mean_caveat, reconstruct_command, run_command
from anchoreval.exporters.task_yaml import task_yaml
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.report.power_report import PowerReport
from anchoreval.power.report.resolution_table import resolution_table

BEGINNING = "---\ntags:\n- anchoreval\n"
SMALLER = 0.05
"""Share of a benchmark's weight below which a caveat says how small the part is."""
CAVEATS = (
    "Models that differ much from the source models, newer and better ones above all, are estimated with larger errors "
    "than the expected one: evaluate a few of them in full from time to time, and select again when errors drift.",
    "Near copies, such as checkpoints and fine-tunes of one model, are hard to tell apart: their gaps are small, and "
    "errors that they share do not show in an interval.",
    "Wrong labels of the benchmark are inherited: an anchor with a wrong key counts as it does in the full benchmark.",
    "Anchors that are published may find their way into training data, as any test items may.",
)


@dataclass(frozen=True)
class Resolution:
    """The smallest gap between two models that is found, in score units; None: none that was seen, or not known."""

    smallest: float | None
    alpha: float
    power: float
    known: bool = True


def anchor_card(
    anchors: AnchorSet,
    *,
    power: PowerReport | None = None,
    license: str | None = None,  # noqa: A002  # what hosting sites call it
    group: str | None = None,
) -> str:
    """The card as Markdown.

    Args:
        anchors: best with a fitted estimator attached, without which no error is known.
        power: the power report; None: what the anchors' own calibration models tell.
        license: an identifier as hosting sites list them; None: none is stated.
        group: name of the lm-eval group of the exported task folder.
    """
    parts = (
        _head(anchors, license),
        f"# {len(anchors.items)} anchors of {escaped(anchors.benchmark)}",
        _what(anchors),
        "## From whom\n\n" + _from_whom(anchors),
        "## How they were selected\n\n" + _selected(anchors),
        "## Expected error\n\n" + _expected_error(anchors),
        "## What they can tell apart\n\n" + told_apart(resolution(anchors, power)),
        "## How to run them\n\n" + _running(anchors, group or group_name(anchors)),
        "## Caveats\n\n" + _listed([raw_mean_caveat(anchors), *CAVEATS, *_own_caveats(anchors, power)]),
        "## Provenance\n\n" + _listed(list(_provenance(anchors))),
    )
    return "\n\n".join(parts) + "\n"


def write_anchor_card(anchors: AnchorSet, path: Path | str, card: str) -> bool:
    """Write a card that `anchor_card` made, replacing an earlier one; whether it is another.

    Raises:
        ConfigurationError: the file is there and is no card.
    """
    target = Path(path)
    refuse_foreign_file(target, lambda there: starts_with(there, BEGINNING))
    before = target.read_text(encoding="utf-8") if target.is_file() else None
    write_text(target, card)
    return before != card


def resolution(anchors: AnchorSet, power: PowerReport | None = None) -> Resolution:
    """The smallest gap that is found: from a power report, else from the anchor set's own calibration models."""
    if power is not None:
        found = power.smallest
        return Resolution(
            float(found) if np.isfinite(found) else None, power.alpha, power.power, power.slope is not None
        )
    alpha, wanted = 0.05, 0.8
    try:
        law = DifferenceLaw.learn(anchors.reconstruction().residuals)
    except AnchorEvalError:
        return Resolution(None, alpha, wanted, known=False)
    smallest = float(resolution_table(law, None, alpha, wanted)["smallest"].iloc[0])
    return Resolution(smallest if np.isfinite(smallest) else None, alpha, wanted)


def told_apart(found: Resolution) -> str:
    """A resolution in one sentence."""
    tested = f"with probability {found.power:.0%} (two-sided test at {found.alpha:g})"
    if found.smallest is not None:
        gap = f"{100 * found.smallest:.1f} percentage points"
        return f"Two models whose full scores are {gap} apart are told apart {tested}."
    if found.known:
        return f"No gap seen among the calibration models is found {tested}: do not rank models by these anchors."
    return "Not known: there are too few calibration models to say. Do not rank models by these anchors."


def _head(anchors: AnchorSet, license: str | None) -> str:  # noqa: A002
    pretty = one_line(f"{len(anchors.items)} anchors of {anchors.benchmark}")
    facts = {"tags": ["anchoreval", "lm-eval", "evaluation", "anchor-set"], "pretty_name": pretty}
    return f"---\n{task_yaml(facts if license is None else {**facts, 'license': str(license)})}---"


def _what(anchors: AnchorSet) -> str:
    share = float(anchors.table["share"].sum())
    small = f" They carry {share:.1%} of its weight." if share < 1.0 else ""
    return (
        f"A small set of items of the benchmark {escaped(anchors.benchmark)}: from a model's answers to them its score "
        f"on all items is reconstructed, with an interval.{small}"
    )


def _from_whom(anchors: AnchorSet) -> str:
    sources = anchors.sources
    if sources is None:
        return "The anchor set holds no source models: nothing can be reconstructed from it alone."
    groups = sources.n_models if anchors.groups is None else anchors.groups.nunique()
    lines = [
        f"{sources.n_models} source models that were evaluated in full, {groups} of them independent of each other."
    ]
    if anchors.roles is not None:
        chose, kept_out = ((anchors.roles == role).sum() for role in ("select", "calibrate"))
        lines.append(
            "None was set aside: errors were measured by repeating choice and fit without a fold of models."
            if anchors.crossed
            else f"{chose} chose and fitted, {kept_out} were kept out to measure errors."
        )
    if "family" in sources.models:
        names = sorted(set(sources.models["family"].dropna().astype(str)))
        shown = ", ".join(map(escaped, names[:12])) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
        lines.append(f"{len(names)} families: {shown}.")
    return " ".join(lines)


def _selected(anchors: AnchorSet) -> str:
    options = {name: value for name, value in anchors.selector_options.items() if value is not None}
    with_options = f" with {code(options)}" if options else ""
    design = "" if anchors.inclusion is None else " The design is random, with known probabilities of being drawn."
    return (
        f"Selector {code(anchors.selector)}{with_options}, k = {anchors.k} "
        f"{'subjects' if anchors.unit == 'subject' else 'items'}, seed {anchors.seed}.{design}"
    )


def _expected_error(anchors: AnchorSet) -> str:
    if anchors.expected_error is None:
        return "Not known: no estimator is attached, or no model measured its errors."
    on = (
        "on models in repetitions that left them out"
        if anchors.crossed
        else "on models that took no part in the choice"
    )
    error = f"{100 * anchors.expected_error:.1f} percentage points"
    return f"{error}: the mean absolute error of the estimator {code(anchors.estimator)} {on}."


def _running(anchors: AnchorSet, group: str) -> str:
    if not has_tasks(anchors):
        return "The items are not documents of lm-eval tasks: ask them with the tool that the benchmark comes with."
    return (
        f"With the exported task folder, lm-eval alone does it:\n\n```\n{run_command(group)}\n```\n\n"
        f"Full scores, with intervals, come from the answers:\n\n```\n{reconstruct_command()}\n```"
    )


def _own_caveats(anchors: AnchorSet, power: PowerReport | None) -> Iterator[str]:
    share = float(anchors.table["share"].sum())
    if share < SMALLER:
        yield f"Scores of subjects rest on few anchors each; the anchors are {share:.1%} of the benchmark."
    if power is not None:
        yield from map(escaped, power.caveats)


def _provenance(anchors: AnchorSet) -> Iterator[str]:
    yield f"anchors digest {code(anchors_digest(anchors))}"
    yield f"digest of the benchmark's items {code(anchors.items_digest)}"
    if has_tasks(anchors):
        tasks = anchors.table["task"].astype(str).value_counts(sort=False).sort_index()
        yield "lm-eval tasks: " + ", ".join(f"{code(task)} ({count})" for task, count in tasks.items())
    yield "versions: " + ", ".join(f"{escaped(name)} {escaped(number)}" for name, number in anchors.versions.items())


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
