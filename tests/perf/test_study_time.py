"""Every named study on pocket with two worker processes: in under ten minutes, with every figure that it lists."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest

from anchoreval.cli import main
from anchoreval.errors import StoreError
from anchoreval.schema import read_document

pytestmark = [pytest.mark.long, pytest.mark.slow]

MOST_SECONDS = 600
STUDIES = ("main", "disco", "essencebench", "metabench", "bento", "power")


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_takes_minutes_and_makes_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    begin = perf_counter()
    assert main([f"experiment={name}", "compare.workers=2", "plan.workers=2"]) == 0
    assert main([f"experiment={name}", "job=figures"]) == 0
    assert perf_counter() - begin < MOST_SECONDS
    (folder,) = (tmp_path / "results" / "runs").glob("study-*")
    study = read_document(folder / "study.json", "study", StoreError)
    assert not study["left_out"]
    drawn = tmp_path / "results" / "figures" / f"{name}-pocket"
    for suffix in ("pdf", "png"):
        assert len(list(drawn.glob(f"*.{suffix}"))) == len(study["figures"])
    for suffix in ("md", "tex"):
        assert len(set(drawn.glob(f"*.{suffix}")) - {drawn / "captions.md"}) == len(study["tables"])
