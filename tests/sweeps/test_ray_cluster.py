from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from .cells import COUNT, GRID, QUICK, write_bench
from .commands import call, collected, complete, same

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'anchoreval[ray]'"),
]


def test_a_local_ray_cluster_gives_the_table_of_one_process(tmp_path: Path) -> None:
    write_bench(tmp_path)
    sweep = ["-m", *QUICK, *GRID, "hydra.launcher.ray.init.num_cpus=2", "results=ray"]
    said = call(tmp_path, *sweep, "hydra/launcher=ray_local", RAY_DEDUP_LOGS="0", HOME=str(tmp_path))
    assert f"{COUNT} jobs: {COUNT} done, 0 were there already, 0 failed" in said
    call(tmp_path, "-m", *QUICK, *GRID, "results=plain", HOME=os.environ["HOME"])
    assert complete(tmp_path / "ray").keys() == complete(tmp_path / "plain").keys()
    assert same(collected(tmp_path, "ray"), collected(tmp_path, "plain"))
