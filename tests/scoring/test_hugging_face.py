"""A real Hugging Face model, made and saved here, scored live on anchors through lm-eval (extra `hf`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.scoring.live import score_live

pytest.importorskip("torch", reason="needs the extra hf: pip install 'anchoreval[hf]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # warnings of transformers and torch are not ours to mend
]

WORDS = ["river", "stone", "cloud", "maple", "copper", "violet", "tiger", "harbor"]


def save_tiny_model(folder: Path) -> None:
    """A Llama of some 40,000 random parameters with a byte-level tokenizer trained on a few words."""
    import torch  # type: ignore[import-not-found,unused-ignore]
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # type: ignore[import-not-found,unused-ignore]
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast  # type: ignore[import-not-found,unused-ignore]

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "</s>", "<pad>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([" ".join(WORDS)] * 20, trainer)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", model_max_length=256
    ).save_pretrained(folder)
    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=400,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=256,
    )
    LlamaForCausalLM(shape).save_pretrained(folder)


def local_task(folder: Path, n_items: int = 24) -> dict[str, Any]:
    """An inline lm-eval task over a JSON Lines file."""
    rng = np.random.default_rng(0)
    rows = [
        {"prompt": f"Number {n}: the word is", "choices": list(rng.permutation(WORDS)[:4]), "answer": n % 4}
        for n in range(n_items)
    ]
    path = folder / "words.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return {
        "task": "words",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(path)}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "prompt",
        "doc_to_choice": "choices",
        "doc_to_target": "answer",
        "num_fewshot": 0,
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    }


def test_answers_on_anchors_equal_those_of_a_full_run(tmp_path: Path) -> None:
    save_tiny_model(tmp_path / "tiny")
    task = local_task(tmp_path)
    arguments = {"pretrained": str(tmp_path / "tiny"), "dtype": "float32", "device": "cpu"}

    def answers(ids: list[int]) -> Any:
        table = pd.DataFrame({"task": "words", "doc_id": ids}, index=[f"words/{n}" for n in ids])
        return score_live("hf", table, tasks=[task], model_args=arguments, name="tiny")

    full, some = answers(list(range(24))), answers([3, 4, 11, 20])
    same = full.subset(items=some.items.index)
    np.testing.assert_array_equal(some.scores, same.scores)
    np.testing.assert_allclose(some.probabilities, same.probabilities, atol=1e-5)
    assert 0.0 < full.scores.mean() < 1.0
