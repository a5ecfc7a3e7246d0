"""Answers survive being packed."""

from __future__ import annotations

import numpy as np

from anchoreval.reporting.board_page.packing import ALPHABET, UNANSWERED, packed


def test_common_fractions_are_exact() -> None:
    scores = np.array([[0, 1, 1 / 2, 1 / 3, 2 / 3, 1 / 4, 1 / 5, 0.7, np.nan], [np.nan] * 9])
    first, second = packed(scores)
    assert second == UNANSWERED * 9
    assert first[:2] == "0y"
    assert first[8] == UNANSWERED
    decoded = [ALPHABET.index(letter) / 60 for letter in first[:8]]
    np.testing.assert_allclose(decoded, scores[0, :8], rtol=0, atol=1e-15)


def test_scores_outside_the_range_are_clipped_and_others_rounded() -> None:
    assert packed(np.array([[-0.5, 1.5, np.inf, 0.009]])) == ["0y-1"]


def test_the_script_uses_the_same_letters() -> None:
    from anchoreval.reporting.board_page.writing import TEMPLATES

    assert f'"{ALPHABET}"' in TEMPLATES.joinpath("board/script/answers.js").read_text(encoding="utf-8")
