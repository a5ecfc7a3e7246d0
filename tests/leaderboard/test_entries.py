"""The list of models: what it may say, and what is refused in one line that names the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from anchoreval.errors import ConfigurationError
from anchoreval.leaderboard.entries import Entry, read_entries


def listed(folder: Path, text: str) -> Path:
    path = folder / "models.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_is_read_with_its_defaults(tmp_path: Path) -> None:
    text = """
defaults:
  settings: {num_fewshot: 5}
  model_args: {dtype: float32}
models:
  - {name: a, model: hf, model_args: {pretrained: x}, family: llama, full_score: 0.5, released: 2026-05-01}
  - {model: hf, model_args: {pretrained: y/z, dtype: auto}, settings: {num_fewshot: 0}}
"""
    first, second = read_entries(listed(tmp_path, text))
    arguments = {"dtype": "float32", "pretrained": "x"}
    assert first == Entry("a", "hf", arguments, {"num_fewshot": 5}, "llama", None, "2026-05-01", 0.5)
    assert first.facts == {"family": "llama", "released": "2026-05-01"}
    assert (second.name, second.model_args["dtype"], second.settings) == ("y/z", "auto", {"num_fewshot": 0})


def test_a_bare_list_will_do(tmp_path: Path) -> None:
    assert [
        entry.name for entry in read_entries(listed(tmp_path, "- {model: dummy}\n- {name: b, model: dummy}\n"))
    ] == [
        "dummy",
        "b",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "lists no models"),
        ("models: []", "lists no models"),
        ("models: {a: 1}", "lists no models"),
        ("modles: [{model: hf}]", "'modles' is neither defaults nor models"),
        ("- hf", "model 1: is not a mapping"),
        ("- {name: a}", "model 1: model is not given"),
        ("- {model: hf, pretraned: x}", "model 1: there is no key 'pretraned'"),
        ("- {model: hf, famly: x}", "did you mean family?"),
        ("- {model: hf, model_args: [1]}", "model_args is not a mapping"),
        ("- {model: hf, full_score: 63.4}", "full_score = 63.4 is not between 0 and 1"),
        ("- {model: hf, full_score: true}", "full_score = True is not between 0 and 1"),
        ("- {model: hf, full_score: .nan}", "full_score = nan is not between 0 and 1"),
        ("- {model: hf, family: [1]}", r"family = \[1\] is not text"),
        ("- {model: hf}\n- {model: hf}", "two models are called 'hf'"),
        ('- {model: hf, name: "a\\u0007b"}', "holds control characters"),
        ("- [", "is not a list of models in YAML"),
        ("defaults: 3\nmodels: [{model: hf}]", "defaults is not a mapping"),
        ("- {model: !!python/object/apply:os.getcwd []}", "is not a list of models in YAML: could not determine"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = listed(tmp_path, text)
    with pytest.raises(ConfigurationError, match=complaint) as raised:
        read_entries(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_missing_or_huge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no such file"):
        read_entries(tmp_path / "none.yaml")
    with pytest.raises(ConfigurationError, match="too large for a list of models"):
        read_entries(listed(tmp_path, "- {model: hf}\n" * 100_000))
    (tmp_path / "bad.yaml").write_bytes(b"- {model: \xff\xfe}")
    with pytest.raises(ConfigurationError, match="is not a list of models in YAML"):
        read_entries(tmp_path / "bad.yaml")


def test_aliases_that_unfold_without_end_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    nested = listed(tmp_path, "defaults:\n  " + "\n  ".join(lines) + "\nmodels: [{model: hf}]")
    with pytest.raises(ConfigurationError, match="unfolds into more than 200,000 values"):
        read_entries(nested)
