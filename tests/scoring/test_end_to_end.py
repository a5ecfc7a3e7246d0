"""A real model, offline: in this process through `hf`, and behind a server through lm-eval's API models."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lm_eval.api.instance import Instance

from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.live import score_full, score_live
from anchoreval.scoring.memory.remembering_lm import KeepingHook, RememberingLM
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.model_source import RegisteredModel, opened
from anchoreval.scoring.settings import RunSettings
from anchoreval.scoring.task_set import TaskSet, load_tasks
from anchoreval.scoring.usage import Usage

from ..conftest import ROOT
from .loopback import Loopback, TinyAnswers
from .tiny_model import free_text_task, local_task, save_tiny_model

pytest.importorskip("torch", reason="needs the extra hf: pip install 'anchoreval[hf]'")
pytest.importorskip("aiohttp", reason="needs the extra api: pip install 'anchoreval[api]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # warnings of transformers, torch and aiohttp are not ours to mend
]

ANCHORS = {"words": [20, 3, 4, 11]}
SPOKEN = {"spoken": [7, 2, 9]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    save_tiny_model(folder)
    return folder


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> TaskSet:
    return load_tasks([local_task(tmp_path_factory.mktemp("tasks"))], network=False)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> TaskSet:
    return load_tasks([free_text_task(tmp_path_factory.mktemp("tasks"))], network=False)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Loopback]:
    with Loopback(TinyAnswers(folder)) as running:
        yield running


def hugging_face(folder: Path, **more: Any) -> dict[str, Any]:
    return {"model": "hf", "model_args": {"pretrained": str(folder), "dtype": "float32", "device": "cpu", **more}}


def completions(server: Loopback, folder: Path, concurrent: int) -> dict[str, Any]:
    given = {"model": "tiny", "base_url": f"{server.address}/completions", "tokenizer": str(folder)}
    return {"model": "local-completions", "model_args": {**given, "num_concurrent": concurrent}}


def assert_same(some: ResponseMatrix, full: ResponseMatrix, tolerance: float = 1e-5) -> None:
    same = full.subset(items=some.items.index)
    np.testing.assert_array_equal(some.scores, same.scores)
    if some.probabilities is not None:
        assert same.probabilities is not None
        np.testing.assert_allclose(some.probabilities, same.probabilities, atol=tolerance)


def test_one_model_gives_the_same_answers_here_and_behind_a_server(
    folder: Path, words: TaskSet, server: Loopback
) -> None:
    options: dict[str, Any] = {"tasks": words, "name": "tiny"}
    full = score_full(**hugging_face(folder), **options)
    assert 0.0 < full.scores.mean() < 1.0
    assert_same(score_live(**hugging_face(folder), anchors=ANCHORS, **options), full)
    for concurrent in (1, 4):
        source = completions(server, folder, concurrent)
        served = score_full(**source, **options)
        assert_same(served, full)
        assert_same(score_live(**source, anchors=ANCHORS, **options), served, tolerance=0.0)


def test_free_text_on_anchors_is_that_of_a_full_run(folder: Path, spoken: TaskSet, server: Loopback) -> None:
    chat = {"model": "tiny", "base_url": f"{server.address}/chat/completions"}
    sources = [
        hugging_face(folder),
        completions(server, folder, 1),
        completions(server, folder, 4),
        {"model": "local-chat-completions", "model_args": chat, "apply_chat_template": True},
        {"model": "local-chat-completions", "model_args": {**chat, "num_concurrent": 4}, "apply_chat_template": True},
    ]
    for source in sources:
        options: dict[str, Any] = {"tasks": spoken, "name": "tiny", "metric": "exact_match", **source}
        assert_same(score_live(anchors=SPOKEN, **options), score_full(**options))


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("loglikelihood", [(f"The word {n} is", f" {word}") for n in range(5) for word in ("river", "stone", "a b")]),
        ("loglikelihood_rolling", [("river stone " * n,) for n in range(1, 40, 5)]),
        ("generate_until", [(f"word {n}", {"until": ["\n\n"], "max_gen_toks": 4}) for n in range(6)] * 2),
    ],
)
def test_every_answer_of_hflm_is_kept_by_the_hook(
    folder: Path, method: str, arguments: list[tuple[Any, ...]], batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form in which HFLM tells of a request is that of the request itself."""
    inner = opened(RegisteredModel(**hugging_face(folder)), RunSettings(batch_size=batch_size), "tiny")
    wanted = [Instance(method, {}, given, n) for n, given in enumerate(arguments)]  # type: ignore[arg-type]
    expected = getattr(inner, method)(wanted)
    monkeypatch.setattr(KeepingHook, "keep_the_rest", lambda *_: None)  # what it would keep is lost
    with RequestMemory(None) as memory:
        answers = getattr(RememberingLM(inner, memory, "tiny"), method)(wanted)
        assert len(memory) == len(wanted)
    if method == "generate_until":
        assert answers == expected
    else:
        np.testing.assert_allclose(np.array(answers, dtype=float), np.array(expected, dtype=float), rtol=1e-5)


@pytest.mark.parametrize("where", ["hf", "server"])
def test_a_run_with_a_memory_asks_only_the_rest(
    folder: Path, words: TaskSet, server: Loopback, tmp_path: Path, where: str
) -> None:
    source = hugging_face(folder) if where == "hf" else completions(server, folder, 4)
    with RequestMemory(tmp_path / "memory") as memory:
        options: dict[str, Any] = {"tasks": words, "name": "tiny", "memory": memory, **source}
        first, second = Usage(), Usage()
        score_live(anchors=ANCHORS, usage=first, **options)
        before = len(server.completions)
        full = score_full(usage=second, **options)
        assert (first.asked, first.recalled, second.asked, second.recalled) == (16, 0, 80, 16)
        assert len(server.completions) - before == (0 if where == "hf" else 80 + 1)
        assert_same(score_full(tasks=words, name="tiny", **source), full)
        again = Usage()
        assert_same(score_full(usage=again, **options), full, tolerance=0.0)
        assert (again.asked, again.recalled) == (0, 96)


RUN = """
import json, sys
from pathlib import Path
from anchoreval.scoring.live import score_full
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.task_set import load_tasks
from anchoreval.scoring.usage import Usage
from tests.scoring.tiny_model import local_task
model, folder = sys.argv[1], Path(sys.argv[2])
usage = Usage()
with RequestMemory(folder / "memory") as memory:
    scored = score_full(
        "hf",
        tasks=load_tasks([local_task(folder, 200)], network=False),
        name="tiny",
        model_args={"pretrained": model, "dtype": "float32", "device": "cpu"},
        memory=memory,
        usage=usage,
    )
(folder / "done.json").write_text(json.dumps([usage.to_dict(), scored.scores.tolist()]))
"""


def test_kill_9_of_a_model_in_this_process_loses_only_a_batch(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, str(folder), str(tmp_path)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    running = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    kept = 0
    while kept < 100:
        assert running.poll() is None
        time.sleep(0.02)
        if (tmp_path / "memory").exists():
            with RequestMemory(tmp_path / "memory") as memory:
                kept = len(memory)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    with RequestMemory(tmp_path / "memory") as memory:
        kept = len(memory)
    assert 100 <= kept < 800
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    usage, scores = json.loads((tmp_path / "done.json").read_text(encoding="utf-8"))
    assert (usage["recalled"], usage["asked"]) == (kept, 800 - kept)
    tasks = load_tasks([local_task(tmp_path, 200)], network=False)
    assert scores == score_full(tasks=tasks, name="tiny", **hugging_face(folder)).scores.tolist()
