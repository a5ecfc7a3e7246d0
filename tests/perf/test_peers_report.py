"""The study of the peers: closeness to the truth does not depend on a package's scale, and the report shows it all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).with_name("peers")


def judged(folder: Path, *names: str) -> dict[str, dict[str, float]]:
    """What the judge says of fits."""
    command = [sys.executable, str(FOLDER / "ours.py"), "judge", str(folder), "--names", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, float]] = json.loads(done.stdout)["fits"]
    return found


def test_a_fit_on_another_scale_is_as_close_and_a_noisy_one_is_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a, b, theta = np.exp(0.4 * rng.normal(size=40)), rng.normal(size=40), rng.normal(size=30)
    np.savez(tmp_path / "truth.npz", a=a, b=b, theta=theta)
    np.savez(tmp_path / "moved.npz", a=a / 3, b=3 * b + 1, theta=3 * theta + 1)
    np.savez(tmp_path / "noisy.npz", a=a, b=b + rng.normal(0, 0.5, 40), theta=theta)
    found = judged(tmp_path, "moved", "noisy")
    assert found["moved"]["corr_b"] == pytest.approx(1.0)
    assert max(found["moved"][key] for key in ("rmse_a", "rmse_b", "rmse_p")) < 1e-12
    assert found["noisy"]["rmse_b"] == pytest.approx(0.5, abs=0.2)
    assert found["noisy"]["corr_b"] < 0.97


def test_the_report_shows_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    import tables  # type: ignore[import-not-found]

    common = {"peak_gib": 1.25, "machine": {"cores": "2", "python": "3.11", "numpy": "2"}}
    close = dict.fromkeys(("corr_b", "corr_a", "rmse_b", "rmse_a", "rmse_p"), 0.5)
    ours: dict[str, Any] = {"seconds": 0.5, "cpu": 0.25, **close, **common}
    girth = {"seconds": 50.0, "cpu": 20.0, **close, **common}
    choice = {"seconds": 3.0, "cpu": 2.0, "before": {"seconds": 1.0, "cpu": 4.0}, "value": 0.75, "shared": 99}
    fit = {"seconds": 30.0, "cpu": 40.0, "steps": 7, "scores_gib": 0.5, "peak_gib": 2.5}
    text = tables.report(
        {"ours": ours, "girth": girth},
        {"ours": {**choice, **common}},
        {"large": {**fit, "corr_a": 0.9, "corr_b": 0.99}, "several": {**fit, "least_canonical": 0.999}},
    )
    assert "| girth `twopl_mml` | 50.00 (20.00) | 100 (80) | 0.500 |" in text
    assert "| **anchoreval** | 3.00 (2.00) | 1.00 (4.00) | 1.25 | 0.75000000 | 99 of 100 |" in text
    assert "| large | 30.00 (40.00) | 7 | 2.50 (0.50) | difficulty 0.990, discrimination 0.900 |" in text
    assert "| several | 30.00 (40.00) | 7 | 2.50 (0.50) | abilities 0.9990 |" in text
    assert "2 cores, Python 3.11, numpy 2." in text
