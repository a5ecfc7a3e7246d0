"""A place to refresh a leaderboard in, made once and copied."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .places import Place, make_place


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return make_place(tmp_path_factory.mktemp("place"))


@pytest.fixture
def place(pristine: Place, tmp_path: Path) -> Place:
    shutil.copytree(pristine.folder, tmp_path / "place")
    return Place(tmp_path / "place")
