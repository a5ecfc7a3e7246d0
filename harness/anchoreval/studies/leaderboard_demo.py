"""A leaderboard on pocket, as its user would make it, and pictures of its page for the README.

Run `python -m anchoreval.studies.leaderboard_demo`: four families of pocket's models are ranked on 100 anchors that
were chosen without them, a third of them as controls whose full score is known, beside three new models that are
scored live. Writes `leaderboard.txt` (what the job prints) and, where Playwright and Chromium are there,
`leaderboard-light.png` and `leaderboard-dark.png` into the folder that `--into` names.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anchoreval.atomic import write_text
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.store import load_benchmark

FAMILIES, ANCHORS = 4, 100


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the leaderboard, print it, take pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("results/published"))
    into = parser.parse_args(arguments).into
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _prepare(place)
        said = _refreshed(place)
        write_text(into / "leaderboard.txt", said)
        sys.stdout.write(said)
        _pictures(place / "board" / "leaderboard.html", into)


def _prepare(place: Path) -> None:
    """Anchors chosen without four families, and the list of these families' models and three new ones."""
    matrix = load_benchmark("pocket")
    models = matrix.models
    ranked = models["family"].isin(models["family"].unique()[:FAMILIES])
    sources = matrix.subset(models=models.index[~ranked])
    anchors = select(sources, "optimal", k=ANCHORS, seed=0)
    anchors.with_reconstruction(reconstruct(sources, anchors, "auto")).save(place / "anchors")
    truth = matrix.full_scores
    listed: list[dict[str, Any]] = [
        {
            "name": name,
            "model": "recorded",
            "family": str(models["family"][name]),
            "base_model": str(models["base_model"][name]),
            **({"full_score": float(truth[name])} if number % 3 == 0 else {}),
        }
        for number, name in enumerate(models.index[ranked])
    ]
    new = [{"name": f"new-{n}", "model": "pocket", "model_args": {"newcomer": n, "of": 3}} for n in (1, 2, 3)]
    write_text(place / "models.yaml", json.dumps([*listed, *new]))


def _refreshed(place: Path) -> str:
    """What `job=leaderboard` prints, without the line about the folder."""
    overrides = ["level=0.9", "anchors=anchors", "leaderboard.models=models.yaml", "leaderboard.into=board"]
    command = [sys.executable, "-m", "anchoreval", "job=leaderboard", *overrides]
    said = subprocess.run(command, cwd=place, stdout=subprocess.PIPE, text=True, check=True).stdout
    return "\n".join(line for line in said.splitlines() if not line.startswith("changed: ")).strip() + "\n"


def _pictures(page: Path, into: Path) -> None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sys.stderr.write("no pictures: Playwright is not installed\n")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for scheme, height in (("light", 900), ("dark", 900)):
            shown = browser.new_page(viewport={"width": 1280, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
            shown.goto(page.as_uri())
            names = shown.locator("#board tbody button.name")
            names.nth(5).click()
            names.nth(8).click()
            part = "models" if scheme == "light" else "compare"
            shown.evaluate(f"document.getElementById('{part}').scrollIntoView()")
            shown.screenshot(path=into / f"leaderboard-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main()
