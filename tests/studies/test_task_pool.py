"""Tables worked off by processes: what is kept is not computed again, and order does not matter."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pandas as pd
import pytest

from anchoreval.studies.task_pool import pooled_tables


def squares(data: str, name: str, number: int) -> pd.DataFrame:
    """A task; leaves a mark for every time it runs."""
    with Path(data).open("a") as marks:
        marks.write(f"{name}{number}\n")
    return pd.DataFrame({"name": [name], "number": [number], "square": [number**2]})


def test_finished_tasks_are_kept(tmp_path: Path) -> None:
    options = Namespace(data=tmp_path / "marks", into=tmp_path / "into", workers=2)
    keys = ("name", "number")
    first = pooled_tables(options, "squares", squares, [("a", 2), ("a", 1)], keys)
    assert sorted(first["square"]) == [1, 4]
    again = pooled_tables(options, "squares", squares, [("a", 1), ("b", 3), ("a", 2)], keys)
    assert sorted(again["square"]) == [1, 4, 9]
    assert sorted((tmp_path / "marks").read_text().split()) == ["a1", "a2", "b3"]
    kept = pd.read_parquet(tmp_path / "into" / "cells" / "by_target" / "squares.parquet")
    assert kept["square"].tolist() == [1, 4, 9]


def refuses(data: str, number: int) -> pd.DataFrame:
    """A task that fails."""
    raise ValueError(f"task {number}")


def test_a_task_that_fails_stops_the_study(tmp_path: Path) -> None:
    options = Namespace(data=tmp_path, into=tmp_path, workers=1)
    with pytest.raises(ValueError, match="task 7"):
        pooled_tables(options, "broken", refuses, [(7,)], ("number",))
