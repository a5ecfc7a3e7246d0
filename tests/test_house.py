"""The house rules that no single module can guard: layout, arrows, import cost, no pickles."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import anchoreval

from .conftest import ROOT

PACKAGES = (ROOT / "harness" / "anchoreval", ROOT / "selectors" / "anchor_selectors")
SOURCES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
HEAVY = ("lm_eval", "datasets", "matplotlib", "deap", "torch", "sklearn", "scipy.stats")


def run(*arguments: str, cwd: Path = ROOT) -> str:
    """Standard output of a Python subprocess that must succeed."""
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_standard_selectors_module_is_not_shadowed() -> None:
    for folder in ("harness", "selectors", "conf"):
        assert not (ROOT / folder / "__init__.py").exists()
    assert "asyncio" in run("-c", "import asyncio, subprocess, selectors; print('asyncio', selectors.SelectSelector)")
    assert "usage" in run("-m", "pytest", "--help").lower()


def test_nothing_unpickles_or_evaluates() -> None:
    forbidden = {"pickle", "dill", "joblib", "marshal", "shelve"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not forbidden & {name.split(".")[0] for name in names}, path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec"}, path


ROOMS = [
    {"errors", "arrays", "versions", "counts"},
    {"validation", "tables"},
    {"responses", "numerics", "atomic", "path_digests"},
    {"methods", "suite", "schema", "transfer_table"},
    {"registry", "near_duplicates", "groups"},
    {"contract"},
    {"store", "importers", "estimators", "policies", "pocket"},
    {"reconstruction"},
    {"anchors"},
    {"protocol", "scoring"},
    {"power", "staleness", "adaptive"},
    {"leaderboard"},
    {
        "reporting",
        "runs",
        "config",
        "instantiate",
        "exporters",
    },
    {"collecting"},
    {"jobs", "studies"},
    {"cli"},
]


def room_of(module: str) -> int | None:
    """Height of an anchoreval module in the house; None for the package itself."""
    parts = module.split(".")
    return next((n for n, room in enumerate(ROOMS) if len(parts) > 1 and parts[1] in room), None)


def imported_modules(tree: ast.AST) -> list[str]:
    """Every anchoreval module that a file imports, at the top or inside a function."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("anchoreval"):
            found += [
                f"{node.module}.{alias.name}" if node.module == "anchoreval" else str(node.module)
                for alias in node.names
            ]
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.startswith("anchoreval")]
    return found


def test_arrows_run_one_way() -> None:
    for path in SOURCES:
        if path.name in ("__init__.py", "__main__.py") and path.parent == PACKAGES[0]:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.is_relative_to(PACKAGES[0]):
            here = room_of("anchoreval." + ".".join(path.relative_to(PACKAGES[0]).with_suffix("").parts))
            assert here is not None, f"{path} is in no room of the house"
        else:
            here = room_of("anchoreval.contract")
        for module in imported_modules(tree):
            there = room_of(module)
            assert there is not None, f"{path} imports {module}, which is in no room of the house"
            assert there <= here, f"{path} imports {module}, which is above it"


def test_public_names_are_listed_and_there() -> None:
    assert len(set(anchoreval.__all__)) == len(anchoreval.__all__)
    for name in anchoreval.__all__:
        assert getattr(anchoreval, name).__doc__, name


def test_importing_loads_nothing_heavy() -> None:
    shown = run("-c", "import sys, anchoreval; print(*sorted(sys.modules))").split()
    assert not [name for name in HEAVY if name in shown]


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom anchoreval.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "print('MODULES', *sorted(sys.modules))"
    )
    shown = run("-c", script, cwd=tmp_path)
    assert "job=compare" in shown
    assert not [name for name in HEAVY if name in shown.split("MODULES")[1].split()]
    assert not list(tmp_path.iterdir()), "help leaves nothing behind"


def best_seconds(*arguments: str, tries: int = 5) -> float:
    """Least user and system time over several runs of a Python subprocess, so that a busy machine does not count."""
    seconds = []
    for _ in range(tries):
        before = os.times()
        run(*arguments)
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(seconds)


@pytest.mark.perf
def test_import_and_help_cost_little_more_than_pandas() -> None:
    pandas = best_seconds("-c", "import pandas")
    assert best_seconds("-c", "import anchoreval") - pandas < 0.2
    assert best_seconds("-m", "anchoreval", "--help") - pandas < 0.6
