"""What tells one model's answers from another's, and what must never be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anchoreval.errors import ConfigurationError, ScoringError
from anchoreval.scoring.live import score_live
from anchoreval.scoring.masking import masked, public_arguments, secrets_in, shortened
from anchoreval.scoring.memory.model_identity import identity_digest, model_identity
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.model_source import RegisteredModel
from anchoreval.scoring.settings import RunSettings
from anchoreval.scoring.task_set import TaskSet

from .doubles import HashLM

SECRETS = {
    "auth_token": "sk-auth-1",
    "api_key": "sk-api-2",
    "header": {"Authorization": "Bearer sk-head-3", "x-api-key": "sk-head-4"},
    "OPENAI_API_KEY": "sk-env-5",
    "token": "hf_six",
    "base_url": "https://me:pass7word@host:8000/v1/completions?api-version=2&api_key=sk-query-8",
}
HIDDEN = ("sk-auth-1", "sk-api-2", "sk-head-3", "sk-head-4", "sk-env-5", "hf_six", "pass7word", "sk-query-8")


def digest(model: str = "hf", settings: RunSettings | None = None, given: Any = None, **arguments: Any) -> str:
    return identity_digest(model_identity(RegisteredModel(model, arguments), settings, "m", given))


def test_what_decides_answers_is_told_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_bytes(name.encode())
    digests = [
        digest(pretrained="org/model"),
        digest(pretrained="org/model", dtype="float32"),
        digest(pretrained="org/model", revision="v2"),
        digest("vllm", pretrained="org/model"),
        digest(pretrained=str(tmp_path / "a")),
        digest(pretrained=str(tmp_path / "b")),
        digest(pretrained="org/model", peft=str(tmp_path / "a")),
        digest(pretrained="org/model", given="since May"),
        digest(pretrained="org/model", settings=RunSettings(torch_random_seed=5)),
        digest("local-completions", base_url="http://one/v1/completions"),
        digest("local-completions", base_url="http://two/v1/completions"),
    ]
    assert len(set(digests)) == len(digests)


def test_what_does_not_decide_answers_is_left_out(tmp_path: Path) -> None:
    known = digest(pretrained="org/model")
    assert known == digest(pretrained="org/model", device="cuda:0", batch_size=8, max_retries=9, num_concurrent=4)
    assert known == digest(pretrained="org/model", settings=RunSettings(device="cpu", batch_size=3, num_fewshot=2))
    assert known == digest(pretrained="org/model", revision=None)
    text = RegisteredModel("hf", "pretrained=org/model,batch_size=4")
    assert known == identity_digest(model_identity(text))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_bytes(b"same")
    assert digest(pretrained=str(tmp_path / "a")) == digest(pretrained=tmp_path / "b")


def test_secrets_are_no_part_of_the_identity() -> None:
    source = RegisteredModel("local-completions", {"model": "m", **SECRETS})
    identity = model_identity(source)
    assert not [secret for secret in HIDDEN if secret in repr(identity)]
    assert identity["model_args"]["base_url"] == "https://host:8000/v1/completions?api-version=2"
    assert not [secret for secret in HIDDEN if secret in repr(source)]
    other = {key: value for key, value in SECRETS.items() if key == "base_url"}
    assert identity == model_identity(RegisteredModel("local-completions", {"model": "m", **other}))
    kept = {"tokenizer": "t", "add_bos_token": True, "max_gen_toks": 3, "custom_prefix_token_id": 1}
    assert public_arguments(kept) == kept


def test_secrets_are_masked_wherever_they_turn_up() -> None:
    hidden = secrets_in(SECRETS)
    text = " ".join([*HIDDEN, "https://me:pass7word@host/v1"])
    shown = masked(text, hidden)
    assert not [secret for secret in HIDDEN if secret in shown]
    assert masked("nothing here", secrets_in({"token": "a"})) == "nothing here"
    assert secrets_in({"base_url": "http://[broken"}) == frozenset()


def test_somebody_elses_message_is_one_short_printable_line() -> None:
    assert shortened("a\n\tb \x1b[31mred\x00") == "a b [31mred"
    assert len(shortened("x" * 5000)) < 250


def test_a_model_that_does_not_load_keeps_its_secret(tasks: TaskSet) -> None:
    arguments = {"pretrained": "sk-secret", "no_such": 1, "auth_token": "sk-secret"}
    with pytest.raises(ScoringError) as caught:
        score_live("refusing", {"alpha": [1]}, tasks=tasks, name="m", model_args=arguments)
    assert str(caught.value) == "model 'm' does not load: ValueError: cannot open ***"


def test_identities_that_are_no_plain_data_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"model 'm': identity.* not plain data"):
        model_identity(HashLM(), None, "m", {"a": object()})
    for empty in (None, "", {}):
        with pytest.raises(ConfigurationError, match="only with identity="):
            model_identity(HashLM(), None, "m", empty)


def test_no_secret_reaches_the_memory_or_the_matrix(tasks: TaskSet, tmp_path: Path) -> None:
    arguments = {"salt": "s", "auth_token": "sk-secret"}
    with RequestMemory(tmp_path / "m") as memory:
        scored = score_live("with-key", {"alpha": [1]}, tasks=tasks, name="m", model_args=arguments, memory=memory)
        again = score_live("with-key", {"alpha": [1]}, tasks=tasks, name="m", model_args="salt=s", memory=memory)
        assert len(memory) == 3
    assert "sk-secret" not in repr(scored.provenance)
    assert again.scores.tolist() == scored.scores.tolist()
    assert b"sk-secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


@pytest.fixture(autouse=True, scope="module")
def _registered() -> None:
    """Two kinds of models that take keys, registered as a user's would be."""
    from lm_eval.api.registry import MODEL_REGISTRY, register_model

    if "with-key" in MODEL_REGISTRY:
        return

    @register_model("with-key")
    class KeyedLM(HashLM):
        def __init__(self, salt: str = "", auth_token: str = "", **_: Any) -> None:
            super().__init__(salt)

    @register_model("refusing")
    class RefusingLM(HashLM):
        def __init__(self, pretrained: str, **_: Any) -> None:
            raise ValueError(f"cannot open {pretrained}")
