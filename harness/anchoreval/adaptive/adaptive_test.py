"""`AdaptiveTest`: learnt on a benchmark's models, then sat by targets, in replay or live."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from anchoreval.adaptive.auto_policy import Auto
from anchoreval.adaptive.course import NARROW, Ask, recorded
from anchoreval.adaptive.examiner import Examiner
from anchoreval.adaptive.rehearsal import Rehearsals, in_groups
from anchoreval.adaptive.sitting import Sitting, estimates_of
from anchoreval.errors import ConfigurationError, MethodOptionError
from anchoreval.groups import model_groups
from anchoreval.methods import Policy
from anchoreval.protocol.roles import AUTO, assign_roles, calibrates_across, with_full_scores
from anchoreval.reconstruction import CALIBRATE, SELECT, IntervalWarning
from anchoreval.registry import make_policy
from anchoreval.responses import ResponseMatrix


@dataclass(frozen=True, eq=False)
class AdaptiveTest:
    """Asks a target until its interval is narrow enough. Make it with `learn`.

    Attributes:
        examiner: fitted policy and reader; holds the budget.
        rehearsals: whole tests of the models that size the errors; may be empty.
        half_width: wanted, in score units; None: everybody is asked to the budget.
        level: of the intervals.
        factor: on the belief (see `anchoreval.adaptive.stopping`): infinite where too few groups size the errors for
            the level, NaN where none does.
        roles: of the sources, by model.
        crossed: whether the rehearsals are those of repetitions without a fold.
    """

    examiner: Examiner
    rehearsals: Rehearsals
    half_width: float | None
    level: float
    factor: float
    roles: pd.Series[str]
    crossed: bool

    @classmethod
    def learn(
        cls,
        sources: ResponseMatrix,
        policy: str | Policy | None = None,
        *,
        budget: int = 100,
        half_width: float | None = None,
        level: float = 0.95,
        calibration: float | str | Iterable[str] = AUTO,
        seed: int = 0,
        missing: str = "refuse",
        guarded: bool = True,
    ) -> Self:
        """Fit the policy on the selecting models; the calibration models sit the whole test and size its errors.

        Args:
            sources: a benchmark's models with their results; no target among them, nor a variant of one.
            policy: name or policy; None: `anchoreval.adaptive.auto_policy.Auto`. How many items it asks at a time is
                an option of its own (`batch`).
            budget: most answers of one target.
            half_width: of the interval that is wanted, in score units.
            level: probability with which an interval shall hold a new model's full score, in (0, 1).
            calibration: which models size the errors (see `anchoreval.protocol.roles.assign_roles`); with `auto` and
                fewer than 60 groups of models all do, in folds.
            seed: of roles, folds and policy.
            missing: `allow` takes in models that miss more than 5 % of the weight.
            guarded: whether the level is guaranteed (see `anchoreval.adaptive.stopping`); without the guard fewer items
                are asked, and the level held where it was measured.

        Warns:
            IntervalWarning: too few models size the errors, or none of them gets as narrow as wanted.

        Raises:
            ConfigurationError: the level is not between 0 and 1.
            MethodOptionError: the half-width is not between 0 and 1.
            BudgetError: the budget is not between 1 and the number of items.
            UnknownMethodError, NotApplicableError: no such policy, or a need of it is not met.
            TooFewModelsError: too few models to fit it.
        """
        _check(level, half_width)
        made = Auto() if policy is None else make_policy(policy)
        crossed = calibrates_across(sources, calibration, missing)
        roles, groups = assign_roles(sources, calibration, seed, missing), model_groups(sources)
        known = in_groups(sources if missing == "refuse" else with_full_scores(sources), groups)
        selecting = known.subset(models=roles.index[roles == SELECT])
        examiner = Examiner.fit(made, selecting, budget, seed)
        if crossed:
            rehearsals = Rehearsals.across(made, selecting, budget, seed, groups)
        elif (roles == CALIBRATE).any():
            rehearsals = Rehearsals.held(examiner, known.subset(models=roles.index[roles == CALIBRATE]), groups)
        else:
            rehearsals = Rehearsals.none()
        factor = rehearsals.factor(half_width, level, guarded=guarded)
        test = cls(examiner, rehearsals, half_width, level, factor, roles, crossed)
        if obstacle := test.obstacle:
            warnings.warn(obstacle, IntervalWarning, stacklevel=2)
        return test

    @property
    def obstacle(self) -> str:
        """Why intervals are not what was asked for; empty where they are."""
        if np.isnan(self.factor):
            return "no calibration models: intervals are unavailable (NaN)"
        if np.isinf(self.factor):
            groups = len(np.unique(self.rehearsals.groups))
            return (
                f"{groups} groups of calibration models allow intervals of at most "
                f"{self.rehearsals.attainable_level:.1%}, not {self.level:.1%}: intervals are 0 to 1"
            )
        if self.half_width is None or (self.rehearsed()["ended"] == NARROW).any():
            return ""
        return (
            f"no calibration model gets as narrow as {100 * self.half_width:.2f} points either way within "
            f"{self.examiner.budget} items; about {100 * self.rehearsals.narrowest(self.level):.2f} are attainable"
        )

    @property
    def expected_error(self) -> float:
        """Mean absolute error of the rehearsals where each stops, in score units; NaN without any."""
        table = self.rehearsed()
        return float((table["score"] - table["truth"]).abs().mean()) if len(table) else float("nan")

    def rehearsed(self) -> pd.DataFrame:
        """The rehearsals as sittings under the rule that they calibrate: as `estimates_of`, and `truth` and `group`."""
        sittings = {}
        for model, course in zip(self.rehearsals.models, self.rehearsals.courses, strict=True):
            narrow = [self._enough(belief) for belief in course.belief]
            stop = narrow.index(True) if any(narrow) else -1
            cut = course.broken_off(stop, NARROW) if any(narrow) else course
            sittings[str(model)] = Sitting.of(cut, self.factor, self.half_width)
        return estimates_of(sittings).assign(truth=self.rehearsals.truths, group=self.rehearsals.groups)

    def sit(self, ask: Ask, target: str = "") -> Sitting:
        """Test one target.

        Args:
            ask: gives its answers: item ids in, scores out, NaN for no answer.
            target: its id.

        Raises:
            MethodError: the policy broke its contract.
            Anything that `ask` raises.
        """
        return Sitting.of(self.examiner.course(ask, target, self._enough), self.factor, self.half_width)

    def sit_recorded(self, targets: ResponseMatrix) -> dict[str, Sitting]:
        """Test targets from the answers that a matrix holds; by model."""
        return {str(name): self.sit(recorded(targets, str(name)), str(name)) for name in targets.models.index}

    def _enough(self, belief: float) -> bool:
        return self.half_width is not None and self.factor * belief <= self.half_width


def _check(level: float, half_width: float | None) -> None:
    if not 0.0 < level < 1.0:
        raise ConfigurationError(f"level {level:g} is not between 0 and 1")
    if half_width is not None and not 0.0 < half_width < 1.0:
        raise MethodOptionError(f"half_width = {half_width!r} is not between 0 and 1 (score units)")
