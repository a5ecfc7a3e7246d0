"""The study of cost: laws found where they are known, cells resumed and left out, and a page that cannot go stale."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anchoreval import registry
from anchoreval.contract import choose, unmet_need
from anchoreval.errors import ResponseDataError
from anchoreval.registry import make_estimator, make_selector
from anchoreval.studies import scaling, scaling_cell
from anchoreval.studies.scaling import COLUMNS, LEFT_OUT, bases, expected, methods, read_cells, run
from anchoreval.studies.scaling_cell import OK, REFUSED, TOO_LARGE, TOO_LONG, Measured, prepared
from anchoreval.studies.scaling_data import Size, anchors_for, generated
from anchoreval.studies.scaling_laws import growth, law
from anchoreval.studies.scaling_page import document_with, measured_part, page

from ..conftest import ROOT

PUBLISHED, DOCS = ROOT / "results" / "published" / "scaling.md", ROOT / "docs" / "scaling.md"


def cost(size: Size) -> float:
    """Seconds of a method whose exponents are 1, 2 and a half."""
    return 1e-9 * size.models * size.items**2 * size.k**0.5


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Size]:
    """Sizes in the order of their measuring, by a clock that is a formula."""
    asked: list[Size] = []

    def formula(kind: str, method: str, size: Size, limit: float, memory: int) -> Measured:
        asked.append(size)
        return Measured(cost(size), 1e-5 * size.models * size.items, 3, OK)

    monkeypatch.setattr(scaling, "measure", formula)
    monkeypatch.setattr(scaling, "methods", lambda: [("selector", "optimal"), ("estimator", "signature")])
    return asked


def test_a_power_law_is_found_with_its_error() -> None:
    sizes = np.array([100.0, 200.0, 400.0, 800.0])
    one = growth(sizes[::-1], 3e-6 * sizes[::-1] ** 1.7)
    assert one.exponent == pytest.approx(1.7)
    assert one.error == pytest.approx(0.0, abs=1e-9)
    assert one.at(1600.0) == pytest.approx(3e-6 * 1600.0**1.7)
    noisy = growth(sizes, 3e-6 * sizes**1.7 * np.exp(np.array([0.1, -0.1, 0.1, -0.1])))
    x = np.log(sizes) - np.log(sizes).mean()
    residual = np.array([0.1, -0.1, 0.1, -0.1]) - x * (x @ np.array([0.1, -0.1, 0.1, -0.1])) / (x @ x)
    assert noisy.error == pytest.approx(np.sqrt(residual @ residual / 2 / (x @ x)))


def test_beyond_the_measured_sizes_the_fixed_part_stays_and_the_power_goes_on() -> None:
    sizes = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    one = growth(sizes, 3.0 + 0.1 * sizes**2)
    assert one.exponent < 1.0 < 1.5 < one.power
    assert one.at(64.0) == pytest.approx(3.0 + 0.1 * 64.0**2, rel=0.3)
    assert one.growing(1.0) < 0.1 < 0.8 < one.growing(16.0)
    assert growth(sizes, np.sqrt(sizes), least=1.0).power >= 1.0


def test_a_law_multiplies_its_dimensions() -> None:
    base = Size(100, 1000, 10)
    sizes = [base] + [
        dataclasses.replace(base, **{name: getattr(base, name) * f})
        for name in ("models", "items", "k")
        for f in (2, 4)
    ]
    cells = pd.DataFrame([{**dataclasses.asdict(size), "seconds": cost(size)} for size in sizes])
    found = law(cells, base, "seconds")
    assert found is not None
    assert found.predict(Size(900, 500, 77)) == pytest.approx(cost(Size(900, 500, 77)))
    assert found.most("items", base, 600.0) == pytest.approx((600.0 / (1e-9 * 100 * 10**0.5)) ** 0.5, rel=1e-3)
    assert found.most("items", base, 1e-12) == 0.0
    assert law(cells[cells["items"] == 1000], base, "seconds") is None


def test_what_grows_in_two_dimensions_is_taken_to_grow_with_both() -> None:
    base = Size(100, 1000, 10)
    sizes = [base] + [
        dataclasses.replace(base, **{name: getattr(base, name) * f})
        for name in ("models", "items", "k")
        for f in (2, 4, 8)
    ]
    cells = pd.DataFrame(
        [{**dataclasses.asdict(size), "seconds": 3.0 + 1e-5 * size.models * size.items} for size in sizes]
    )
    found = law(cells, base, "seconds")
    assert found is not None
    assert found.predict(Size(10_000, 100_000, 10)) == pytest.approx(3.0 + 1e-5 * 1e9, rel=0.1)
    assert found.most("k", base, 100.0) == np.inf


def test_cells_are_measured_once_and_too_long_ones_left_out(tmp_path: Path, measured: list[Size]) -> None:
    path = tmp_path / "scaling.csv"
    cells = run(read_cells(path), path, 60.0, np.inf)
    assert list(cells.columns) == COLUMNS
    assert max(map(cost, measured)) <= 60.0
    assert len(set(measured)) * 2 == len(measured)
    left = cells[cells["status"] == LEFT_OUT]
    assert set(left["items"]) == {8000, scaling.FAR.items}
    again = len(measured)
    run(read_cells(path), path, 60.0, np.inf)
    assert len(measured) == again
    run(read_cells(path), path, 1e6, np.inf)
    assert len(measured) == again + len(left), "with another limit they are tried"


def test_a_run_that_is_out_of_time_keeps_what_it_has(tmp_path: Path, measured: list[Size]) -> None:
    run(read_cells(tmp_path / "x.csv"), tmp_path / "x.csv", 60.0, 0.0)
    assert not measured
    assert not (tmp_path / "x.csv").exists()


def test_nothing_is_tried_beyond_a_cell_that_failed(measured: list[Size]) -> None:
    base = bases()["selector", "optimal"]
    cells = pd.DataFrame(
        [
            {
                **dict(zip(COLUMNS[:2], ("selector", "optimal"), strict=True)),
                **dataclasses.asdict(base),
                "seconds": 1.0,
            },
            {"kind": "selector", "method": "optimal", **dataclasses.asdict(base), "models": 500, "status": TOO_LONG},
        ]
    ).fillna({"status": OK})
    assert expected(cells, "selector", "optimal", dataclasses.replace(base, models=1000)) == np.inf
    assert expected(cells, "selector", "optimal", dataclasses.replace(base, items=4000)) == pytest.approx(2.0)
    assert expected(cells, "selector", "optimal", dataclasses.replace(base, k=16)) == 0.0


@pytest.mark.parametrize(("kind", "method"), methods())
def test_every_method_can_be_given_generated_data(kind: str, method: str) -> None:
    size = Size(30, 80, 4)
    benchmark = generated(method, size)
    assert (benchmark.n_models, benchmark.n_items) == (30, 80)
    if kind == "selector":
        assert unmet_need(make_selector(method).needs, benchmark) is None
    else:
        anchors = anchors_for(method, benchmark, size.k)
        assert unmet_need(make_estimator(method).needs, benchmark, anchors) is None


def test_data_are_the_same_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = generated("disco", Size(40, 100, 5))
    assert whole.probabilities is not None
    assert whole.probabilities.dtype == np.float16
    assert 0.3 < whole.scores.mean() < 0.7
    assert np.corrcoef(whole.scores.mean(axis=1), whole.probabilities[:, :, 0].mean(axis=1))[0, 1] > 0.9


def test_what_is_timed_does_the_work() -> None:
    assert len(prepared("selector", "random", Size(30, 80, 4))().items) == 4  # type: ignore[attr-defined]
    assert len(prepared("estimator", "signature", Size(30, 80, 4))()) == 30  # type: ignore[arg-type]
    selection = choose(make_selector("bento"), generated("bento", Size(30, 80, 4)), 4)
    assert len(selection.items) == 40


def test_a_cell_of_its_own_process_has_seconds_and_memory() -> None:
    small = scaling_cell.measure("selector", "random", Size(50, 400, 8), 30.0, 12 << 30)
    large = scaling_cell.measure("selector", "random", Size(1000, 8000, 8), 30.0, 12 << 30)
    assert small.status == large.status == OK
    assert small.runs == 3
    assert 0.0 < small.seconds < large.seconds
    data = 4 * 1000 * 8000 / 2**20
    assert data <= large.mebibytes < 8 * data


def test_limits_end_a_cell() -> None:
    assert scaling_cell.measure("selector", "random", Size(2000, 20000, 8), 30.0, 1 << 20).status == TOO_LARGE
    at_once = -scaling_cell.REPEATS * scaling_cell.SHORT
    assert scaling_cell.measure("selector", "essence", Size(250, 1000, 24), at_once, 12 << 30).status == TOO_LONG
    assert scaling_cell.measure("selector", "no_such", Size(50, 400, 8), 30.0, 12 << 30).status == REFUSED


def test_the_page_has_every_method_and_what_was_left_out(tmp_path: Path, measured: list[Size]) -> None:
    cells = run(read_cells(tmp_path / "c.csv"), tmp_path / "c.csv", 60.0, np.inf)
    text = page(cells, bases(), scaling.REFERENCE, 60.0)
    row = next(line for line in text.splitlines() if line.startswith("| `optimal` |"))
    assert "1.00 ± 0.00 → 1.0 | 2.00 ± 0.00 → 2.0 | 0.50 ± 0.00 → 0.5" in row
    assert f"| {cost(scaling.REFERENCE):.2f} |" in row
    assert "(time)" in row
    assert "Left out" in text
    document = f"Before.\n\n{measured_part(text)}\n\nAfter."
    assert document_with(document.replace("2.00", "9.99"), text) == document
    with pytest.raises(ResponseDataError, match="marks"):
        document_with("no marks", text)


def test_the_figure_is_written(tmp_path: Path, measured: list[Size]) -> None:
    cells = run(read_cells(tmp_path / "c.csv"), tmp_path / "c.csv", 60.0, np.inf)
    docs = tmp_path / "docs.md"
    docs.write_text("<!-- measured: begin -->\n<!-- measured: end -->\n")
    scaling.write_pages(cells, tmp_path, docs, 60.0)
    assert (tmp_path / "scaling.png").stat().st_size > 10_000
    assert measured_part(docs.read_text()) == measured_part((tmp_path / "scaling.md").read_text())


def test_published_figures_are_those_of_the_documentation() -> None:
    assert measured_part(DOCS.read_text(encoding="utf-8")) == measured_part(PUBLISHED.read_text(encoding="utf-8"))


def test_every_registered_method_is_published() -> None:
    text = PUBLISHED.read_text(encoding="utf-8")
    for name in {*registry.selectors(), *registry.estimators()} - {"published"}:
        assert f"`{name}`" in text, name
