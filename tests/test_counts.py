from __future__ import annotations

import pytest

from anchoreval.counts import counted


@pytest.mark.parametrize(("count", "words"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1_001, "1,001 runs")])
def test_one_is_singular(count: int, words: str) -> None:
    assert counted(count, "run") == words
