"""Splits of models into sources and targets: at random, by date, by family, or by score.

Whole groups of models (`anchoreval.groups.model_groups`) fall on one side, and models without a full score on neither:
there would be no truth to compare with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.contract import generator
from anchoreval.errors import MethodOptionError, NotApplicableError, TooFewModelsError
from anchoreval.groups import draw_groups, model_groups
from anchoreval.protocol.roles import full_scores
from anchoreval.responses import ResponseMatrix

FEWEST_SOURCES = 2
TEST_SHARE = {"iid": 0.25, "chronological": 0.25, "family": 0.25, "gap": 0.2}
"""Share of the models that become targets, by kind of split."""


@dataclass(frozen=True, eq=False)
class Split:
    """Ids of source and of target models, both in the benchmark's order."""

    kind: str
    sources: pd.Index[Any]
    targets: pd.Index[Any]


def split(
    matrix: ResponseMatrix,
    kind: str = "iid",
    seed: int = 0,
    test_share: float | None = None,
    missing: str = "refuse",
) -> Split:
    """Divide the models with a full score into sources and targets.

    * `iid`: groups drawn at random.
    * `chronological`: the groups whose latest member was released last; no source is younger than any target group.
      Equal dates are put in random order; groups of which no member has a date are left out.
    * `family`: whole families drawn at random; a group that spans families goes with the one that most of its members
      have (the first in alphabetical order if several), groups without a family are left out.
    * `gap`: the groups with the best members by full score; no source scores higher than the best of any target group.

    Args:
        matrix: models with their results.
        kind: one of the above.
        seed: of the random draws; permuting the models changes nothing.
        test_share: share of these models that become targets, as nearly as whole groups or families allow; None:
            25 %, for `gap` 20 %.
        missing: `allow` takes in models that miss more than 5 % of the weight.

    Raises:
        MethodOptionError: no such kind, or the share is not between 0 and 1.
        NotApplicableError: no release dates, or no families.
        TooFewModelsError: fewer than 2 sources or no target.
    """
    share = TEST_SHARE[check_kind(kind)] if test_share is None else test_share
    if not 0 < share < 1:
        raise MethodOptionError(f"test_share = {share!r} is not between 0 and 1")
    scores = full_scores(matrix, missing).dropna()
    models = matrix.models.loc[scores.index].assign(full_score=scores, group=model_groups(matrix)[scores.index])
    block = KINDS[kind](models, matrix.name, generator(seed, "split", kind)).dropna()
    targets = block.isin(_taken(block, share, kind, generator(seed, "split", kind, "draw")))
    sides = Split(kind, block.index[~targets], block.index[targets])
    if len(sides.sources) < FEWEST_SOURCES or not len(sides.targets):
        raise TooFewModelsError(
            f"benchmark {matrix.name}: split {kind} of {len(block)} models leaves {len(sides.sources)} sources and "
            f"{len(sides.targets)} targets, at least {FEWEST_SOURCES} and 1 are needed"
        )
    return sides


def check_kind(kind: str) -> str:
    """The same kind of split.

    Raises:
        MethodOptionError: there is none of that name.
    """
    if kind not in KINDS:
        raise MethodOptionError(f"split {kind!r} is not one of {', '.join(KINDS)}")
    return kind


def _taken(block: pd.Series[Any], share: float, kind: str, rng: np.random.Generator) -> list[Any]:
    """Which blocks become targets: drawn at random, or from the highest rank down."""
    count = max(1, round(share * len(block)))
    if kind in ("iid", "family"):
        return list(draw_groups(block, count, rng))
    sizes = block.value_counts().sort_index(ascending=False)
    before = sizes.cumsum() - sizes
    return list(sizes.index[(before + sizes - count).abs() < (count - before)]) or list(sizes.index[:1])


def _by_group(models: pd.DataFrame, name: str, rng: np.random.Generator) -> pd.Series[Any]:
    return models["group"]


def _by_date(models: pd.DataFrame, name: str, rng: np.random.Generator) -> pd.Series[Any]:
    """Rank of each model's group by its latest release, ties in random order; NaN without any date."""
    if "released" not in models or models["released"].isna().all():
        raise NotApplicableError(
            f"split chronological needs release dates (models.released); benchmark {name} has none"
        )
    latest = models.groupby("group")["released"].max().dropna()
    shuffled = latest.iloc[rng.permutation(len(latest))].sort_values(kind="stable")
    return _ranks(shuffled, models)


def _by_family(models: pd.DataFrame, name: str, rng: np.random.Generator) -> pd.Series[Any]:
    """The family that most members of each model's group have; None without any."""
    if "family" not in models or models["family"].isna().all():
        raise NotApplicableError(f"split family needs model families (models.family); benchmark {name} has none")
    known = models.dropna(subset="family")
    counts = known.groupby(["group", "family"]).size().reset_index(name="size")
    most = counts.sort_values(["size", "family"], ascending=[False, True]).drop_duplicates("group")
    return models["group"].map(dict(zip(most["group"], most["family"].astype(str), strict=True)))


def _by_score(models: pd.DataFrame, name: str, rng: np.random.Generator) -> pd.Series[Any]:
    """Rank of each model's group by its best full score; ties go by the group's label."""
    best = models.groupby("group")["full_score"].max()
    return _ranks(best.sort_values(kind="stable"), models)


def _ranks(ordered: pd.Series[Any], models: pd.DataFrame) -> pd.Series[Any]:
    return models["group"].map({group: rank for rank, group in enumerate(ordered.index)})


KINDS: dict[str, Callable[[pd.DataFrame, str, np.random.Generator], pd.Series[Any]]] = {
    "iid": _by_group,
    "chronological": _by_date,
    "family": _by_family,
    "gap": _by_score,
}
