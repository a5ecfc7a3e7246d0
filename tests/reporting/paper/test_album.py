"""Albums: files, captions and the document agree, and nothing is written where something is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anchoreval.errors import ConfigurationError, NotApplicableError
from anchoreval.reporting.paper.album import Wanted, album
from anchoreval.reporting.paper.part import Part


def test_figures_and_tables_with_captions_and_a_document(tmp_path: Path, comparison: Any) -> None:
    part = comparison()
    wanted = [Wanted("error_curve", part, {"k": [10, 30]}, "two"), Wanted("methods", part, columns=None)]
    made = album("bench", wanted)
    made.write(tmp_path / "out")
    there = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert there == ["captions.md", "error_curve.pdf", "error_curve.png", "figures.json", "methods.md", "methods.tex"]
    document = json.loads((tmp_path / "out" / "figures.json").read_text())
    (figure,) = document["figures"]
    assert figure["files"] == ["error_curve.pdf", "error_curve.png"]
    assert figure["columns"] == "two"
    assert figure["options"] == {"k": [10, 30]}
    captions = (tmp_path / "out" / "captions.md").read_text()
    assert figure["caption"] in captions
    assert "![error_curve](error_curve.png)" in captions
    assert "| selector |" in captions


def test_names_of_parts_and_numbers_keep_files_apart(comparison: Any) -> None:
    part = comparison()
    named = Part(part.folder, part.done, "errors")
    wanted = [Wanted("error_curve", named), Wanted("error_curve", named, {"k": [10, 30]}), Wanted("error_curve", part)]
    assert [one.name for one in album("x", wanted).made] == [
        "error_curve-errors",
        "error_curve-errors-2",
        "error_curve",
    ]


def test_what_results_do_not_allow_is_left_out_or_refused(comparison: Any, of_run: Part) -> None:
    wanted = [Wanted("error_curve", comparison()), Wanted("error_curve", of_run)]
    made = album("x", wanted)
    assert len(made.made) == 1
    assert "needs a run folder of job=compare" in made.left_out["error_curve-2"]
    assert "## Left out" in made.captions()
    with pytest.raises(NotApplicableError, match="needs a run folder of job=compare"):
        album("x", wanted, strict=True)
    with pytest.raises(NotApplicableError, match="needs a run folder"):
        album("x", wanted[1:])
    with pytest.raises(NotApplicableError, match="there is no figure to draw"):
        album("x", [])


def test_unknown_kinds_are_refused_with_those_that_there_are(comparison: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"no figure is called 'pie' \(there are: error_curve"):
        album("x", [Wanted("pie", comparison())])
    with pytest.raises(ConfigurationError, match=r"no table is called 'pie' \(there are: methods\)"):
        album("x", [Wanted("pie", comparison(), columns=None)])
