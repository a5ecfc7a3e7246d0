"""Digests tell apart what differs, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.protocol.digests import canonical, content_digest, digest_of, method_identity
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix


def test_content_digest_sees_every_part_of_a_matrix(synthetic: Callable[..., ResponseMatrix]) -> None:
    matrix = synthetic(8, 30, n_subjects=3, options=4)
    assert matrix.probabilities is not None
    scores, probabilities = matrix.scores.copy(), matrix.probabilities.copy()
    scores[3, 4] = 1 - scores[3, 4]
    probabilities[2, 5] = probabilities[2, 5][::-1]
    changed = [
        replace(matrix, scores=scores),
        replace(matrix, probabilities=probabilities),
        replace(matrix, models=matrix.models.assign(base_model="one")),
        replace(matrix, items=matrix.items.assign(subject="s")),
        matrix.subset(models=matrix.models.index[1:]),
        replace(matrix, weights=matrix.weights[::-1] * 0.5 + np.r_[0.5, np.zeros(29)]),
        replace(matrix, coverage={"score": 0.5}),
    ]
    digests = [content_digest(m) for m in [matrix, *changed]]
    assert len(set(digests)) == len(digests)
    assert content_digest(matrix) == content_digest(synthetic(8, 30, n_subjects=3, options=4))


@dataclass
class Unregistered:
    """A method of nobody's."""

    path: str = "nowhere"
    table: Any = field(default_factory=lambda: np.arange(5000))


def test_a_method_is_its_name_its_package_and_its_options(tmp_path: Path) -> None:
    plain, other = make_selector("random_search"), make_selector("random_search", candidates=7)
    assert canonical(method_identity("selector", plain)) == canonical(
        method_identity("selector", make_selector("random_search"))
    )
    assert canonical(method_identity("selector", plain)) != canonical(method_identity("selector", other))
    assert method_identity("selector", plain)["by"].startswith("anchoreval ")
    assert method_identity("selector", Unregistered())["by"].endswith(":Unregistered")


def test_an_option_that_names_a_file_counts_by_its_content(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text("c" if name == "c" else "same", encoding="utf-8")
    found = [digest_of(method_identity("selector", Unregistered(str(tmp_path / name)))) for name in ("a", "b", "c")]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    "one, other",
    [
        (np.arange(5000), np.r_[np.arange(2500), 0, np.arange(2501, 5000)]),  # their repr is the same
        ({"a": {1, 2}}, {"a": {1, 3}}),
        (1, 1.5),
        ("1", 1),
        (Unregistered("x"), Unregistered("y")),
    ],
)
def test_values_that_differ_have_other_digests(one: Any, other: Any) -> None:
    assert digest_of(one) != digest_of(other)
    assert digest_of(one) == digest_of(one)


def test_the_order_of_keys_and_the_kind_of_number_do_not_matter() -> None:
    assert digest_of({"b": 1, "a": np.int64(2)}) == digest_of({"a": 2, "b": 1})
