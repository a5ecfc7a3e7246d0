"""One Hugging Face model three times on one leaderboard: here, behind a server, and where the server cannot score."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the extra hf: pip install 'anchoreval[hf]'")

from ..scoring.loopback import Loopback, TinyAnswers
from ..scoring.tiny_model import save_tiny_model
from .places import Place

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # warnings of transformers and torch are not ours to mend
]


def test_a_model_has_one_score_wherever_it_runs(place: Place) -> None:
    tiny = place.folder / "tiny"
    save_tiny_model(tiny)
    with Loopback(TinyAnswers(tiny)) as server:
        completions = {
            "model": "tiny",
            "base_url": f"{server.address}/completions",
            "tokenizer": str(tiny),
            "tokenizer_backend": "huggingface",
        }
        chat = {**completions, "base_url": f"{server.address}/chat/completions"}
        place.list_models(
            {"name": "here", "model": "hf", "model_args": {"pretrained": str(tiny), "dtype": "float32"}},
            {"name": "there", "model": "local-completions", "model_args": completions},
            {"name": "chatting", "model": "local-chat-completions", "model_args": chat},
        )
        said = place.refresh("board", "+leaderboard.settings.device=cpu")
        sent = len(server.completions)
        assert "model chatting failed: " in said
        assert "2 scored, 0 kept, 1 failed" in said
        table = place.table()
        assert table["score"]["here"] == pytest.approx(table["score"]["there"], abs=1e-9)
        assert "0 scored, 2 kept, 1 failed" in place.refresh("board", "+leaderboard.settings.device=cpu")
        assert len(server.completions) == sent, "nothing is asked again, and of the chat nothing is asked at all"
