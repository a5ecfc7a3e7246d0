"""Completion in a real bash, as Hydra's function for it asks; and the keys that take paths."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from anchoreval import registry
from anchoreval.cli import main
from anchoreval.cli.completion import PATH_KEYS, matches, paths
from anchoreval.config import CONF

BASH = shutil.which("bash") or ""
ASK = """
eval "$(anchoreval -sc install=bash)"
complete -p anchoreval
for COMP_LINE in "$@"; do
  COMP_POINT=${#COMP_LINE}
  COMP_CWORD=1
  hydra_bash_completion
  echo "> ${COMPREPLY[*]}"
done
"""


def completed(folder: Path, *lines: str) -> list[str]:
    """What bash would offer after each line, typed in `folder`; the first answer names the function that is asked."""
    command = folder / "bin" / "anchoreval"
    command.parent.mkdir()
    command.write_text(
        f"#!{sys.executable}\nimport sys\nfrom anchoreval.cli import main\nsys.exit(main())\n", encoding="utf-8"
    )
    command.chmod(0o755)
    environment = os.environ | {"PATH": f"{command.parent}:{os.environ['PATH']}", "PYTHONPATH": ":".join(sys.path)}
    asked = [BASH, "--norc", "-c", ASK, "bash", *lines]
    done = subprocess.run(asked, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert not done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(not BASH, reason="no bash")
def test_bash_completes_choices_groups_keys_and_folders(tmp_path: Path) -> None:
    (tmp_path / "bench" / "responses").mkdir(parents=True)
    function, *answers = completed(
        tmp_path,
        "anchoreval selector=di",
        "anchoreval estim",
        "anchoreval benchmark.p",
        "anchoreval benchmark.path=be",
        "anchoreval benchmark.path=bench/",
        "anchoreval job=doc",
    )
    assert "hydra_bash_completion anchoreval" in function
    assert answers == [
        "> selector=disco",
        "> estimator. estimator=",
        "> benchmark.path=",
        "> benchmark.path=bench/",
        "> benchmark.path=bench/responses/",
        "> job=doctor",
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_lines_for_its_start_up_file(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-sc", f"install={shell}"]) == 0
    assert "anchoreval" in capsys.readouterr().out


def test_fish_gets_a_line_for_each_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other.csv").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMP_LINE", "anchoreval job=import path=o")
    assert main(["-sc", "query=fish"]) == 0
    assert capsys.readouterr().out.splitlines() == ["path=one/", "path=other.csv"]


def test_files_are_offered_from_any_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (".hidden", "with blank", "bench"):
        (tmp_path / name).mkdir()
    (tmp_path / "bench" / "a.csv").touch()
    monkeypatch.chdir(tmp_path)
    assert paths("") == ["bench/"]
    assert paths(".h") == [".hidden/"]
    assert paths("./b") == ["./bench/"]
    assert paths(f"{tmp_path}/bench/") == [f"{tmp_path}/bench/a.csv"]
    assert paths("nowhere/") == []


def test_plug_ins_are_offered_by_name_and_the_rest_is_left_to_hydra() -> None:
    assert matches("anchoreval selector=plugin +selector.name=ran") == [
        "+selector.name=random",
        "+selector.name=random_search",
        "+selector.name=random_subjects",
    ]
    assert matches("anchoreval estimator.name=") == [f"estimator.name={name}" for name in registry.estimators()]
    for line in ("anchoreval ", "anchoreval selector=di", "anchoreval benchmark.pa", "anchoreval k="):
        assert matches(line) is None


def test_keys_with_paths_are_keys() -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", overrides=["scorer=lm_eval", "scorer.model=hf", "scorer.tasks=[a]"])
    for key in PATH_KEYS:
        assert OmegaConf.select(config, key, default="missing") is None or key == "results", key
