"""Unidimensional IRT by marginal maximum likelihood: EM over a fixed grid of abilities, accelerated, never falling.

Abilities are N(0, 1); the integral over them is a sum over equally spaced nodes. Item parameters maximise the marginal
log-likelihood plus the log priors of `Priors` (a penalised marginal likelihood; Bock and Aitkin 1981, Mislevy 1986).
Fractional scores in [0, 1] enter as y log P + (1 - y) log(1 - P). Missing cells contribute nothing.

Every second step extrapolates the last two (SQUAREM, Varadhan and Roland 2008) and is taken back where the penalised
log-likelihood fell. Slopes are positive: an item that better models fail more often ends with a slope near 0.

Cost: a few products of (models, items) by (items, nodes) a step, and memory beside the scores of about
4 x items x nodes doubles (and, with missing cells, the scores once more without gaps). With many items abilities are
known more finely than the nodes are apart; items are then fitted to abilities rounded to nodes (a spacing of 0.2 adds
an error of standard deviation 0.06).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from anchoreval.arrays import Float64Array, FloatArray
from anchoreval.errors import MethodOptionError
from anchoreval.numerics.irt.answers import Answers, expected_counts, log_likelihood
from anchoreval.numerics.irt.items_step import Counts, improve_items
from anchoreval.numerics.irt.parameters import ItemParameters
from anchoreval.numerics.irt.priors import FREE, Priors, parameters_of
from anchoreval.numerics.irt.standard_errors import item_errors
from anchoreval.numerics.irt.starting_point import starting_point

WIDEST = 6.0
"""Nodes reach from -6 to 6 standard deviations of ability."""
SCORING_STEPS = 2
LONGEST_LEAP = 64.0
LIMITS = np.array([[-6.0, -40.0, -12.0, -12.0], [4.0, 40.0, 12.0, 12.0]])
"""Working coordinates of an extrapolation stay inside, so that no exponential overflows."""


@dataclass(frozen=True)
class IRTFit:
    """Item parameters and how they were found.

    Attributes:
        parameters: with standard errors, unless they were not asked for.
        model: 1pl, 2pl, 3pl or 4pl.
        trace: (steps,) penalised marginal log-likelihood before each EM step and after the last; never falls.
        converged: whether the last step moved no working coordinate by more than the tolerance.
    """

    parameters: ItemParameters
    model: str
    trace: Float64Array
    converged: bool


@dataclass(frozen=True)
class _Problem:
    """What stays the same over the EM steps."""

    answers: Answers
    nodes: Float64Array
    log_density: Float64Array
    priors: Priors
    shared_slope: bool

    def expect(self, coordinates: Float64Array) -> tuple[float, Float64Array]:
        """Penalised marginal log-likelihood and (models, nodes) posterior."""
        joint = log_likelihood(self.answers, parameters_of(coordinates), self.nodes) + self.log_density
        marginal = logsumexp(joint, axis=1, keepdims=True)
        penalty = self.priors.value(coordinates, self.shared_slope).sum()
        return float(marginal.sum() + penalty), np.exp(joint - marginal)

    def counts(self, posterior: Float64Array) -> Counts:
        return Counts(self.nodes, *expected_counts(self.answers, posterior))

    def improve(self, coordinates: Float64Array, posterior: Float64Array) -> Float64Array:
        return improve_items(coordinates, self.counts(posterior), self.priors, self.shared_slope, SCORING_STEPS)


def fit_irt(
    scores: FloatArray,
    model: str = "2pl",
    priors: Priors | None = None,
    nodes: int = 61,
    tolerance: float = 5e-3,
    max_steps: int = 200,
    standard_errors: bool = True,
) -> IRTFit:
    """Fit a unidimensional logistic model.

    Args:
        scores: (models, items) in [0, 1]; NaN where a model did not answer.
        model: 1pl (one slope for all items), 2pl, 3pl (lower asymptotes) or 4pl (both asymptotes).
        priors: of the item parameters.
        nodes: number of abilities in the grid from -6 to 6.
        tolerance: converged when an EM step moves no log slope, intercept or logit asymptote by more; standard errors
            with a few hundred models are above 0.1.
        max_steps: most EM steps.
        standard_errors: work them out, which takes about a third of the time.

    Raises:
        MethodOptionError: an unknown model, or an option that makes no sense.
        ResponseDataError: scores are no table, empty, or outside [0, 1].
    """
    if model not in FREE:
        raise MethodOptionError(f"irt: model must be one of {', '.join(FREE)}, not {model!r}")
    if nodes < 5 or max_steps < 1 or not tolerance > 0:
        raise MethodOptionError("irt: nodes must be at least 5, max_steps at least 1, tolerance positive")
    grid = np.linspace(-WIDEST, WIDEST, nodes)
    log_density = -0.5 * grid**2
    log_density -= logsumexp(log_density)
    problem = _Problem(Answers.of(scores), grid, log_density, priors or Priors(), model == "1pl")
    start = starting_point(problem.answers, problem.priors, model)
    coordinates, posterior, trace, converged = _climb(problem, start, tolerance, max_steps)
    parameters = parameters_of(coordinates)
    if standard_errors:
        errors = item_errors(problem.answers, posterior, coordinates, problem.counts(posterior), problem.priors, model)
        parameters = replace(parameters, errors=errors)
    return IRTFit(parameters, model, np.array(trace), converged)


def _climb(
    problem: _Problem, start: Float64Array, tolerance: float, max_steps: int
) -> tuple[Float64Array, Float64Array, list[float], bool]:
    """EM steps with extrapolation. Returns coordinates, posterior there, the trace, and whether they settled."""
    here = start
    value, posterior = problem.expect(here)
    trace, before, leap, converged = [value], None, 1.0, False
    for _ in range(max_steps):
        there = problem.improve(here, posterior)
        value, posterior = problem.expect(there)
        trace.append(value)
        move = there - here
        if np.abs(move).max() < tolerance:
            here, converged = there, True
            break
        if before is None:
            here, before = there, move
            continue
        bend = move - before
        stretch = float(np.clip(np.linalg.norm(before) / (np.linalg.norm(bend) + 1e-300), 1.0, leap))
        far = (here - before) + 2 * stretch * before + stretch**2 * bend
        far = np.clip(far, *LIMITS[:, : far.shape[1]])
        far_value, far_posterior = problem.expect(far) if stretch > 1 else (-np.inf, posterior)
        if far_value >= value:
            here, value, posterior = far, far_value, far_posterior
            trace.append(value)
        else:
            here = there
        leap = min(4 * leap, LONGEST_LEAP) if far_value >= value or stretch == 1.0 else max(leap / 4, 4.0)
        before = None
    return here, posterior, trace, converged
