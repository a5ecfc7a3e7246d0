"""Measure the peers and ourselves on the same files, each in a process of its own environment; write a Markdown report.

`python tests/perf/peers/run_peers.py --peers <python of the peers' environment> --into results/published/peers.md`.
A step's figures are kept in `--work`; a run that was stopped goes on where it was. Standard library alone, so that this
process stays small: a child's peak memory is never less than what its parent held when it started it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # where its siblings are, also when started from elsewhere

from tables import report  # noqa: E402

Facts = dict[str, Any]
REPEATS = 3
"""Processes of ours, of which the median counts; the peers' slow fits are made once."""


@dataclass(frozen=True)
class Study:
    """Where things are.

    Attributes:
        ours: Python of our environment.
        peers: Python of theirs.
        work: folder of matrices and figures.
    """

    ours: str
    peers: str
    work: Path

    def step(self, name: str, measure: Callable[[], Facts]) -> Facts:
        """Figures of a step, measured now or in an earlier run."""
        kept = self.work / f"{name}.json"
        if not kept.exists():
            print(name, flush=True)  # noqa: T201
            facts = measure()
            kept.write_text(json.dumps(facts), encoding="utf-8")
        found: Facts = json.loads(kept.read_text(encoding="utf-8"))
        return found

    def our(self, *arguments: str) -> Facts:
        """What our side says of a task."""
        return said(self.ours, HERE / "ours.py", *arguments)

    def their(self, *arguments: str) -> Facts:
        """What the peers' side says of a task."""
        return said(self.peers, HERE / "theirs.py", *arguments)


def said(python: str, script: Path, *arguments: str) -> Facts:
    """The facts on the last line of what a script prints."""
    command = [python, "-W", "ignore", str(script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    facts: Facts = json.loads(done.stdout.strip().splitlines()[-1])
    return facts


def middle(runs: list[Facts]) -> Facts:
    """The run of median seconds."""
    seconds = statistics.median_low([run["seconds"] for run in runs])
    return next(run for run in runs if run["seconds"] == seconds)


def parameters(study: Study) -> Facts:
    """Fits of one 2PL matrix by all, and how close they come."""
    folder = str(study.work)
    study.step("simulate", lambda: study.our("simulate", folder, "--models", "200", "--items", "500"))
    found = {"ours": study.step("fit", lambda: middle([study.our("fit", folder) for _ in range(REPEATS)]))}
    learnt = study.step("hierarchical", lambda: middle([study.our("hierarchical", folder) for _ in range(REPEATS)]))
    found["ours_hierarchical"] = learnt
    found["girth"] = study.step("girth", lambda: study.their("girth", folder))
    for priors in ("vague", "hierarchical"):
        name = f"py_irt_{priors}"
        found[name] = study.step(name, lambda p=priors: study.their("py_irt", folder, "--priors", p))  # type: ignore[misc]
    judged = study.our("judge", folder, "--names", *found)["fits"]
    return {name: {**facts, **judged[name]} for name, facts in found.items()}


def facility(study: Study) -> Facts:
    """Selections of 100 among 10,000 items, on one similarity matrix."""
    folder = str(study.work)
    study.step("similarity", lambda: study.our("similarity", folder, "--models", "400", "--items", "10000"))
    runs = {"ours": study.step("facility", lambda: middle([study.our("facility", folder) for _ in range(REPEATS)]))}
    for optimizer in ("lazy", "two-stage"):
        name = f"apricot_{optimizer}"
        measure = lambda o=optimizer: study.their("apricot", folder, "--optimizer", o)  # noqa: E731
        runs[name] = study.step(name, measure)
    values = study.our("objective", folder, "--names", *runs)["choices"]
    return {name: {**facts, **values[name]} for name, facts in runs.items()}


SIZES = {
    "2PL, 395 x 14,042": ("scale", "--models", "395", "--items", "14042"),
    "2PL, 395 x 14,042, 5 % missing": ("scale", "--models", "395", "--items", "14042", "--missing", "0.05"),
    "2PL, 5,000 x 28,632": ("scale", "--models", "5000", "--items", "28632"),
    "2PL, 5,000 x 28,632, 5 % missing": ("scale", "--models", "5000", "--items", "28632", "--missing", "0.05"),
    "two dimensions, 400 x 10,000": ("several", "--models", "400", "--items", "10000"),
    "five dimensions, 400 x 10,000": ("several", "--models", "400", "--items", "10000", "--dimensions", "5"),
}


def scale(study: Study) -> Facts:
    """Our fits at the sizes of real benchmarks."""
    return {
        name: study.step(f"scale_{place}", lambda task=task: study.our(*task))  # type: ignore[misc]
        for place, (name, task) in enumerate(SIZES.items())
    }


def main() -> None:
    """Measure what has not been measured, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=".venv-peers/bin/python", help="Python of the peers' environment")
    parser.add_argument("--into", type=Path, default=Path("results/published/peers.md"))
    parser.add_argument("--work", type=Path, default=Path("results/peers"), help="folder of matrices and figures")
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    study = Study(sys.executable, chosen.peers, chosen.work)
    chosen.into.write_text(report(parameters(study), facility(study), scale(study)), encoding="utf-8")
    print(f"written to {chosen.into}")  # noqa: T201


if __name__ == "__main__":
    main()
