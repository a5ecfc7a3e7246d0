"""How many abilities a suite of benchmarks measures: factor analysis of scores on random parts of each.

Two benchmarks give a single correlation, too little for a factor analysis. Each is therefore cut at random into three
parcels of items, and the factors are those of the parcels' scores: one factor if the suite measures one ability, one a
benchmark if each measures its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.numerics.factor_analysis import (
    Factors,
    ParallelAnalysis,
    correlations,
    factor_analysis,
    parallel_analysis,
)
from anchoreval.numerics.ranks import spearman
from anchoreval.suite import Suite

PARCELS = 3


@dataclass(frozen=True, eq=False)
class SuiteFactors:
    """Factors behind a suite.

    Attributes:
        parcels: names of the parcels, `<benchmark> 1` and so on.
        scores: correlations of the benchmarks' full scores.
        number: how many factors stand out of chance.
        one: the solution with one factor.
        several: the solution with one factor a benchmark.
        agreement: rank correlation of the one factor's scores with the mean full score.
    """

    parcels: list[str]
    scores: pd.DataFrame
    number: ParallelAnalysis
    one: Factors
    several: Factors
    agreement: float


def suite_factors(suite: Suite, rng: np.random.Generator) -> SuiteFactors:
    """Analyse the models that all benchmarks share.

    Args:
        suite: at least two benchmarks; gaps are filled in.
        rng: cuts the benchmarks into parcels and draws the data of the parallel analysis.
    """
    shared = suite.aligned()
    parcels = parcel_scores(shared, rng)
    values = parcels.to_numpy(dtype=np.float64)
    correlation = correlations(values)
    one = factor_analysis(correlation, 1)
    totals = shared.full_scores
    return SuiteFactors(
        parcels=list(parcels.columns),
        scores=totals.corr(),
        number=parallel_analysis(values, rng),
        one=one,
        several=factor_analysis(correlation, len(shared)),
        agreement=spearman(factor_scores(values, correlation, one), totals.mean(axis=1).to_numpy(dtype=np.float64)),
    )


def parcel_scores(suite: Suite, rng: np.random.Generator) -> pd.DataFrame:
    """(models, parcels) mean scores on random thirds of each benchmark's items."""
    columns = {}
    for name, matrix in suite.items():
        scores = matrix.completed().scores.astype(np.float64)
        for number, items in enumerate(np.array_split(rng.permutation(matrix.n_items), PARCELS), start=1):
            columns[f"{name} {number}"] = scores[:, items].mean(axis=1)
    return pd.DataFrame(columns, index=suite.models)


def factor_scores(values: Float64Array, correlation: Float64Array, factors: Factors) -> Float64Array:
    """(models,) the first factor by regression on the (models, variables) values."""
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    structure = factors.loadings @ factors.correlation
    return np.asarray(standard @ np.linalg.solve(correlation, structure[:, 0]), dtype=np.float64)
