"""A real Hugging Face model, made and saved here, scored live on anchors through lm-eval (extra `hf`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.scoring.live import score_live

from .tiny_model import local_task, save_tiny_model

pytest.importorskip("torch", reason="needs the extra hf: pip install 'anchoreval[hf]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # warnings of transformers and torch are not ours to mend
]


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
