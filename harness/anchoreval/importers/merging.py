"""Runs brought together: repeated, conflicting and partial ones, and models under two names.

Everything here is a function of runs and policies, and every change is told in a plain sentence. In this order: items
are matched by their documents (`anchoreval.importers.item_matching`); runs of one model on one task are joined where
they agree, and settled by policy where they do not; runs that differ by seed, epoch or time become rows of their own,
`<model>@<replicate>`, or their mean (`anchoreval.importers.replicates`); models that answered a part are kept with
missing answers, dropped or refused; models with equal scores are reported. A missing answer never becomes a score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from anchoreval.counts import counted
from anchoreval.errors import ConfigurationError
from anchoreval.importers.completeness import settle_partial
from anchoreval.importers.imported import ImportedRun
from anchoreval.importers.item_matching import match_items
from anchoreval.importers.repeated_runs import join_runs
from anchoreval.importers.replicates import settle_replicates
from anchoreval.importers.twins import twins

CHOICES = {
    "on_conflict": ("refuse", "first", "last", "replicates"),
    "replicates": ("rows", "mean"),
    "partial": ("keep", "drop", "refuse"),
    "changed_items": ("refuse", "separate"),
}


@dataclass(frozen=True)
class Policies:
    """What to do where runs do not simply fit together.

    Attributes:
        on_conflict: one model's runs of one task that differ on the same item: `refuse`, keep the `first` or the
            `last` in order of reading, or keep all as `replicates`.
        replicates: runs with another seed, epoch or time: `rows` of their own, or one row with their `mean`.
        partial: models that did not answer every item: `keep` them with missing answers, `drop` or `refuse`.
        changed_items: one key with two documents: `refuse`, or two items (`separate`).

    Raises:
        ConfigurationError: a policy is none of these.
    """

    on_conflict: str = "refuse"
    replicates: str = "rows"
    partial: str = "keep"
    changed_items: str = "refuse"

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            if (given := getattr(self, name)) not in known:
                raise ConfigurationError(f"reading.{name}={given} is not one of {', '.join(known)}")


def merged(runs: Sequence[ImportedRun], policies: Policies | None = None) -> tuple[list[ImportedRun], list[str]]:
    """At most one run a model and task, and what was done, a sentence each.

    Args:
        runs: in the order of reading.
        policies: what to do where they do not fit together; by default refuse what contradicts, keep the rest.

    Raises:
        ResponseDataError: runs contradict each other, and the policy is to refuse that; names the sources.
    """
    chosen = policies or Policies()
    notes: list[str] = []
    together = match_items(list(runs), chosen.changed_items, notes)
    together = join_runs(together, chosen.on_conflict, notes)
    together = settle_replicates(together, chosen.replicates, notes)
    together = settle_partial(together, chosen.partial, notes)
    notes.extend(_twin_sentences(together))
    notes.extend(_metric_sentences(together))
    return together, notes


def _twin_sentences(runs: Sequence[ImportedRun]) -> Iterator[str]:
    for names, answers in twins(runs):
        who = ", ".join(map(repr, names))
        yield f"models {who} have the same {counted(answers, 'score')}: one model under several names?"


def _metric_sentences(runs: Sequence[ImportedRun]) -> Iterator[str]:
    metrics: dict[str, set[str]] = {}
    for run in runs:
        metrics.setdefault(run.task, set()).add(run.metric)
    for task, names in metrics.items():
        if len(names) > 1:
            yield f"task {task!r}: models are scored by different metrics ({', '.join(sorted(names))})"
