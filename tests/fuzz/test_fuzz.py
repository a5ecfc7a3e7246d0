"""Two thousand damaged inputs, the same ones each time, and all that longer runs have found (`make fuzz`)."""

from __future__ import annotations

import pkgutil
import time
from importlib import import_module
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import anchoreval.importers
from anchoreval.errors import AnchorEvalError

from .findings import kept
from .targets import Target, Workspace, targets

TARGETS = targets()
TRIALS = 100
"""Of each target."""


@pytest.fixture(scope="module")
def workspaces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Workspace]:
    return {}


def workspace(name: str, known: dict[str, Workspace], factory: pytest.TempPathFactory) -> Workspace:
    if name not in known:
        known[name] = Workspace(TARGETS[name], factory.mktemp("fuzz") / name)
    return known[name]


def test_every_importer_is_fuzzed() -> None:
    modules = [
        import_module(f"anchoreval.importers.{m.name}") for m in pkgutil.iter_modules(anchoreval.importers.__path__)
    ]
    names = {module.IMPORTER.name for module in modules if hasattr(module, "IMPORTER")}
    assert names <= set(TARGETS)
    assert len(TARGETS) * TRIALS >= 2_000


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_valid(name: str, tmp_path: Path) -> None:
    """A seed that is refused would be fuzzed in vain."""
    target: Target = TARGETS[name]
    target.make(tmp_path / "seed")
    told = getattr(target.read(tmp_path / "seed"), "lines", [])
    assert not [line for line in told if "damaged" in line or "skipped" in line]


@pytest.mark.parametrize("name", TARGETS)
def test_only_our_errors_escape(
    name: str, workspaces: dict[str, Workspace], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = workspace(name, workspaces, tmp_path_factory)

    @settings(max_examples=TRIALS, derandomize=True, database=None, deadline=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(seed=st.integers(0, 2**32))
    def run(seed: int) -> None:
        file, content = place.damaged(Random(seed))
        finding = place.trial(file, content)
        assert finding is None, f"{finding.target}, {finding.file}: {finding.problem}" if finding else ""

    run()


@pytest.mark.parametrize(("target", "file", "content"), list(kept()), ids=lambda value: str(value)[:40])
def test_what_was_found_once_is_mended(
    target: str, file: str, content: bytes, workspaces: dict[str, Workspace], tmp_path_factory: pytest.TempPathFactory
) -> None:
    finding = workspace(target, workspaces, tmp_path_factory).trial(file, content)
    assert finding is None, finding.problem if finding else ""


class TwoLinesError(AnchorEvalError):
    """What no error of ours may be."""

    def __str__(self) -> str:
        return "a\nb"


def test_the_trial_itself_notices_what_escapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours is no finding; another error, two lines, and what takes too long are."""

    def read(folder: Path) -> None:
        content = (folder / "file").read_text()
        if content == "slow":
            begun = time.process_time()
            while time.process_time() < begun + 5:
                pass
        raise {"other": KeyError("x"), "ours": AnchorEvalError("one line"), "two": TwoLinesError()}[content]

    def make(folder: Path) -> None:
        folder.mkdir()
        (folder / "file").write_text("ours")

    monkeypatch.setattr("tests.fuzz.targets.SLOWEST", 0.2)
    place = Workspace(Target("demo", make, read), tmp_path / "demo")
    assert place.trial("file", b"ours") is None
    for content, problem in ((b"other", "KeyError"), (b"two", "not one line"), (b"slow", "more than 0.2 seconds")):
        found = place.trial("file", content)
        assert found is not None
        assert problem in found.problem
