"""Which of a HELM run's many metrics is its score, where the user names none.

HELM keeps the answer in the schemas of its leaderboards, which no run folder holds. What they say comes down to a
short order: a metric made for one kind of task first, wherever it is; then, for tasks that are graded by overlap, that
overlap; then a match with the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

SPECIAL = (
    "ifeval_strict_accuracy",
    "omni_math_accuracy",
    "wildbench_score_rescaled",
    "chain_of_thought_correctness",
    "final_number_exact_match",
    "exact_match_indicator",
    "math_equiv_chain_of_thought",
    "math_equiv",
    "test_avg",
    "RR@10",
)
"""Metrics that are computed only where they are the score."""
BY_GROUP = {
    "narrative_qa": "f1_score",
    "natural_qa": "f1_score",
    "quac": "f1_score",
    "summarization": "rouge_2",
    "wmt": "bleu_4",
}
"""The score of groups of scenarios, by how their name begins."""
CHOICE, OTHER = ("exact_match", "quasi_exact_match"), ("quasi_exact_match", "exact_match")
"""For multiple choice an exact match with the letter; else case, articles and punctuation do not count."""
LAST = ("prefix_exact_match", "quasi_prefix_exact_match", "f1_score", "accuracy")

USUAL = frozenset([*SPECIAL, *BY_GROUP.values(), *CHOICE, *LAST])


def usual_metric(names: Set[str], groups: Iterable[str], method: str) -> str | None:
    """The metric that is the score of a run; None where none of the usual ones is there.

    Args:
        names: metrics that the run has.
        groups: of scenarios that it belongs to.
        method: how it was asked (`multiple_choice_joint`, `generation`, ...).
    """
    of_groups = [metric for group in groups for start, metric in BY_GROUP.items() if group.startswith(start)]
    matches = CHOICE if method.startswith("multiple_choice") else OTHER
    return next((metric for metric in (*SPECIAL, *of_groups, *matches, *LAST) if metric in names), None)
