"""Tables of a comparison: figures, marks that say what is resolved, and both forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anchoreval.errors import ConfigurationError, NotApplicableError
from anchoreval.reporting.paper.part import Part
from anchoreval.reporting.paper.table_forms import escaped, latex, markdown
from anchoreval.reporting.paper.tables import TABLES, PaperTable

from .conftest import put


def made(part: Part, **options: Any) -> PaperTable:
    return TABLES["methods"].made(part, options)


def rows_of(text: str) -> dict[str, list[str]]:
    """Cells by the first word of each row."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return {line[0]: line[1:] for line in lines[2:]}


def test_means_with_their_standard_errors_and_the_resolved_best_in_bold(comparison: Any) -> None:
    rows = rows_of(markdown(made(comparison(), k=[10, 30])))
    error = 0.1 / np.sqrt(3)
    assert rows["random"] == [f"**4.00** ± {error:.2f}", f"**{4 / 3**0.5:.2f}** ± {error:.2f}"]
    assert rows["optimal"][0] == f"5.00 ± {error:.2f}"


def test_what_is_not_resolved_from_the_best_is_marked_and_so_is_the_best(comparison: Any) -> None:
    rows = rows_of(markdown(made(comparison(peers=("optimal",)), k=10)))
    assert rows["random"] == ["4.00 ± 0.06 ≈"]
    assert rows["optimal"] == ["5.00 ± 0.06 ≈"]
    assert rows["disco"] == ["6.00 ± 0.06"]


def test_a_peer_that_is_not_shown_still_keeps_the_best_from_being_bold(comparison: Any) -> None:
    rows = rows_of(markdown(made(comparison(peers=("optimal",)), k=10, selectors=["random", "disco"])))
    assert rows["random"] == ["4.00 ± 0.06 ≈"]


def test_other_figures_carry_no_marks_and_three_digits(comparison: Any) -> None:
    table = made(comparison(repeats=1), metric="spearman", k=[100])
    assert rows_of(markdown(table))["random"] == ["0.940"]
    assert "Bold" not in table.caption


def test_a_method_without_figures_says_why_or_has_no_row(comparison: Any) -> None:
    part = comparison()
    cells = part.cells
    gone = (cells["selector"] == "disco") | ((cells["selector"] == "optimal") & (cells["k"] == 10))
    broken = (cells["selector"] == "optimal") & (cells["k"] == 30)
    put(part, cells=cells.assign(status=np.where(gone, "not applicable", np.where(broken, "failed", "ok"))))
    rows = rows_of(markdown(made(part)))
    assert "disco" not in rows
    assert rows["optimal"][:2] == ["n/a", "failed"]


def test_heads_have_a_level_for_everything_that_differs(comparison: Any) -> None:
    part = comparison(splits=("iid", "gap"), estimators=("auto", "mean"), budgets=(10, 30))
    table = made(part)
    assert table.levels == ("split", "k")
    assert table.row_heads == ("selector", "estimator")
    text = latex(table, "main")
    assert r"\multicolumn{2}{c}{iid} & \multicolumn{2}{c}{gap} \\" in text
    assert r"\cmidrule(lr){3-4} \cmidrule(lr){5-6}" in text
    assert r"selector & estimator & $k = 10$ & $k = 30$ & $k = 10$ & $k = 30$ \\" in text
    assert "| selector | estimator | iid, k = 10 |" in markdown(table)


def test_latex_has_the_same_marks_and_is_complete(comparison: Any) -> None:
    text = latex(made(comparison(peers=("optimal",))), "errors")
    assert r"random & $4.00 \pm 0.06^{\approx}$" in text
    assert text.count(r"\begin{") == text.count(r"\end{") == 2
    assert r"\label{tab:errors}" in text
    for line in text.splitlines():
        if line.endswith(r"\\"):
            assert line.count(" & ") == 3, "a column a budget and one of names"
    assert r"$\mathbf{4.00} \pm 0.06$" in latex(made(comparison()), "errors")


def test_names_are_no_latex_and_no_markdown(comparison: Any) -> None:
    name = r"a_b & 50% $x^2$ {~#} \end|*y*"
    table = made(comparison(selectors=("random", name)))
    line = next(line for line in latex(table, "x").splitlines() if line.startswith("a"))
    assert line.startswith(
        r"a\_b \& 50\% \$x\textasciicircum{}2\$ \{\textasciitilde{}\#\} \textbackslash{}end\textbar{}*y* & $5.00"
    )
    assert r"\*y\*" in markdown(table)
    assert "a_b" in markdown(table), "an underscore inside a word is none of Markdown's"
    assert escaped("two\nlines") == "two lines"


def test_what_cannot_be_tabled_is_refused(comparison: Any, of_run: Part) -> None:
    with pytest.raises(NotApplicableError, match=r"table methods needs a run folder of job=compare; .*job=run"):
        made(of_run)
    with pytest.raises(ConfigurationError, match="table methods: there is no option 'size'"):
        made(comparison(), size=1)
    part = comparison()
    put(part, cells=part.cells.assign(status="failed"))
    with pytest.raises(NotApplicableError, match="has no mae"):
        made(part)


def test_a_table_says_for_whom_k_counts_something_else(comparison: Any) -> None:
    part = comparison()
    assert "count items" not in made(part).caption
    subjects = part.cells["selector"] == "disco"
    put(part, cells=part.cells.assign(n_anchors=part.cells["k"].where(~subjects, 7 * part.cells["k"])))
    assert made(part).caption.endswith("k does not count items for all selectors: disco has 70 to 700 anchors.")
