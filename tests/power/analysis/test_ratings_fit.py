from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import MissingExtraError, ResponseDataError
from anchoreval.power.analysis import ratings_fit
from anchoreval.power.analysis.balanced_ratings import TwoWaySquares, maximum_likelihood, two_way_squares
from anchoreval.power.analysis.ratings import HIGH_VARIANCE, RatingDeviations
from anchoreval.power.analysis.ratings_fit import fit_ratings

from .rating_studies import as_table, drawn_ratings


@pytest.mark.parametrize(("deviations", "seed"), [(RatingDeviations(0.1, 0.2, 0.3, 0.4, 0.2), 3), (HIGH_VARIANCE, 1)])
def test_a_balanced_study_is_fitted_as_by_its_sums_of_squares(deviations: RatingDeviations, seed: int) -> None:
    workers, items = 4, 12
    ratings = drawn_ratings(deviations, workers, items, 0.2, np.random.default_rng(seed))
    centre, squares = two_way_squares(np.stack([(ratings[1] - ratings[0]) / 2, (ratings[1] + ratings[0]) / 2]))
    tables = [TwoWaySquares(*(values[[n]] for values in vars(squares).values())) for n in (0, 1)]
    gaps, levels = maximum_likelihood(tables, workers, items)
    found = fit_ratings(as_table(ratings))

    assert found.systems == ("a", "b")
    assert found.difference == pytest.approx(2 * centre[0], abs=1e-8)
    assert found.standard_error == pytest.approx(2 * np.sqrt(gaps.centre.item() / (workers * items)), rel=1e-3)
    expected = {
        "worker_level": (levels.workers - levels.errors).item() / items,
        "worker_difference": 4 * (gaps.workers - gaps.errors).item() / items,
        "item_level": (levels.items - levels.errors).item() / workers,
        "item_difference": 4 * (gaps.items - gaps.errors).item() / workers,
        "residual": 2 * gaps.errors.item(),
    }
    for name, variance in expected.items():
        assert getattr(found.deviations, name) == pytest.approx(np.sqrt(variance), abs=2e-3), name


def test_an_unbalanced_study_has_its_deviations() -> None:
    deviations = RatingDeviations(0.2, 0.1, 0.1, 0.3, 0.1)
    rng = np.random.default_rng(5)
    table = as_table(drawn_ratings(deviations, 8, 16, 0.4, rng))
    table = table[rng.random(len(table)) < 0.8]
    table.loc[table.index[:3], "rating"] = np.nan
    found = fit_ratings(table)
    assert found.difference == pytest.approx(0.4, abs=3 * found.standard_error)
    assert found.deviations.residual == pytest.approx(0.1, rel=0.25)
    assert found.deviations.item_difference == pytest.approx(0.3, rel=0.5)


def test_a_missing_extra_names_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(ratings_fit, "import_module", missing)
    table = as_table(drawn_ratings(HIGH_VARIANCE, 3, 4, 0.2, np.random.default_rng(0)))
    with pytest.raises(MissingExtraError, match=r"pip install 'anchoreval\[ratings\]'"):
        fit_ratings(table)


def test_wrong_tables_are_refused() -> None:
    table = as_table(drawn_ratings(HIGH_VARIANCE, 3, 4, 0.2, np.random.default_rng(0)))
    for wrong, reason in (
        (table.drop(columns="item"), "no column 'item'"),
        (table[table["system"] == "a"], "of 1"),
        (table[table["worker"] == 0], "at least two workers"),
        (table[table["item"] == 0], "at least two items"),
        (table.assign(rating=1.0), "equal"),
        (table.assign(rating="good"), "'good' is not a number"),
    ):
        with pytest.raises(ResponseDataError, match=reason):
            fit_ratings(pd.DataFrame(wrong))
