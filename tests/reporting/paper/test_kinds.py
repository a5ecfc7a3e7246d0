"""Every kind of figure at both widths: nothing cut off, words large enough, and what is lacking refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.text import Text

from anchoreval.errors import ConfigurationError, NotApplicableError
from anchoreval.reporting.paper.kind import NEEDS
from anchoreval.reporting.paper.kinds import KINDS
from anchoreval.reporting.paper.part import JOBS, Part
from anchoreval.reporting.paper.style import SMALLEST, TALLEST, WIDTHS, sheet

from ..test_figures import cut_off
from .folders import MANY


def part_of(kind: str, parts: dict[str, Part]) -> Part:
    """A part that meets the kind."""
    return next(part for part in parts.values() if KINDS[kind].is_met_by(part))


def too_small(figure: Any) -> set[str]:
    return {t.get_text() for t in figure.findobj(Text) if t.get_text() and t.get_fontsize() < SMALLEST}


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_fits_its_sheet_and_says_what_it_is(kind: str, columns: str, parts: dict[str, Part]) -> None:
    part = parts["run"] if kind == "redundancy_map" else part_of(kind, parts)
    with sheet(columns) as on:
        caption = KINDS[kind].drawn(part, {}, on)
        assert not cut_off(on.figure)
        assert not too_small(on.figure)
        assert on.figure.get_figwidth() == WIDTHS[columns]
        assert on.figure.get_figheight() <= TALLEST
    assert "bench" in caption.text
    assert caption.text.endswith(".")
    assert "nan" not in caption.text


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if "compare" in kind.needs])
def test_many_methods_with_long_names_fit_as_well(kind: str, columns: str, comparison: Any) -> None:
    part = comparison(selectors=MANY, budgets=(10, 25, 50, 75, 100, 250, 500, 1000), peers=("mrmr",))
    with sheet(columns) as on:
        KINDS[kind].drawn(part, {}, on)
        assert not cut_off(on.figure)
        assert not too_small(on.figure)


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_of_another_job_is_refused_by_name(kind: str, parts: dict[str, Part]) -> None:
    for part in parts.values():
        if not KINDS[kind].is_met_by(part):
            with sheet("one") as on, pytest.raises(NotApplicableError, match=rf"{kind} needs .*; .* job={part.job}"):
                KINDS[kind].drawn(part, {}, on)


@pytest.mark.parametrize("kind", KINDS)
def test_an_option_that_does_not_exist_is_refused(kind: str, parts: dict[str, Part]) -> None:
    with sheet("one") as on, pytest.raises(ConfigurationError, match=rf"{kind}: there is no option 'size'"):
        KINDS[kind].drawn(part_of(kind, parts), {"size": 3}, on)


def test_every_need_is_one_that_a_job_leaves_behind() -> None:
    assert set(NEEDS) == {*JOBS, "matrix"}
    assert all(kind.needs <= set(NEEDS) and kind.needs for kind in KINDS.values())
    assert all(name == kind.name for name, kind in KINDS.items())


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("error_curve", {"metric": "spearman"}, "option metric: there is no 'spearman'"),
        ("error_curve", {"selectors": ["essence"]}, r"option selectors: there is no 'essence' \(there are: random"),
        ("error_curve", {"k": []}, "option k is empty"),
        ("cost_frontier", {"cost": "euros"}, "option cost: there is no 'euros'"),
        ("rank_bump", {"most": 0}, "option most = 0 is not a number of at least 1"),
        ("transfer_matrix", {"k": 7}, "option k: there is no 7"),
    ],
)
def test_a_wrong_value_of_an_option_is_refused(
    kind: str, options: dict[str, Any], message: str, parts: dict[str, Part]
) -> None:
    with sheet("one") as on, pytest.raises(ConfigurationError, match=message):
        KINDS[kind].drawn(part_of(kind, parts), options, on)


def test_a_figure_taller_than_a_page_is_refused(comparison: Any) -> None:
    part = comparison(estimators=[f"estimator{n}" for n in range(6)])
    with sheet("one") as on, pytest.raises(ConfigurationError, match="does not fit a page of 9 in"):
        KINDS["error_curve"].drawn(part, {}, on)
    with sheet("one") as on:
        KINDS["error_curve"].drawn(part, {"estimators": ["estimator2", "estimator0"]}, on)
        assert [axes.get_title() for axes in on.figure.axes] == ["estimator2", "estimator0"]


def test_files_repeat_to_the_bit_and_carry_their_fonts(comparison: Any) -> None:
    part, found = comparison(), []
    for _ in range(2):
        with sheet("one") as on:
            KINDS["error_curve"].drawn(part, {}, on)
            found.append(on.saved())
    assert found[0] == found[1]
    pdf = found[0]["pdf"]
    assert b"/FontFile2" in pdf, "fonts are there as TrueType"
    assert b"/Type3" not in pdf
    assert b"/CreationDate" not in pdf
