"""A real but tiny language model with its tokenizer, made here, and local tasks that it can be asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

WORDS = ["river", "stone", "cloud", "maple", "copper", "violet", "tiger", "harbor"]


def save_tiny_tokenizer(folder: Path) -> None:
    """A byte-level tokenizer trained on a few words."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # type: ignore[import-not-found,unused-ignore]
    from transformers import PreTrainedTokenizerFast  # type: ignore[import-not-found,unused-ignore]

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


def save_tiny_model(folder: Path) -> None:
    """A Llama of some 40,000 random parameters with that tokenizer."""
    import torch  # type: ignore[import-not-found,unused-ignore]
    from transformers import LlamaConfig, LlamaForCausalLM

    save_tiny_tokenizer(folder)
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


def free_text_task(folder: Path, n_items: int = 12) -> dict[str, Any]:
    """A task over the same documents that is answered in free text, right where the text has a given letter."""
    base = local_task(folder, n_items)
    kept = {key: base[key] for key in ("dataset_path", "dataset_kwargs", "test_split", "doc_to_text", "num_fewshot")}
    letter = {"function": "regex", "regex_pattern": "([a-m])", "group_select": 0}
    return {
        **kept,
        "task": "spoken",
        "output_type": "generate_until",
        "doc_to_target": "a",
        "generation_kwargs": {"until": ["\n\n"], "max_gen_toks": 6},
        "filter_list": [{"name": "letter", "filter": [letter, {"function": "take_first"}]}],
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    }
