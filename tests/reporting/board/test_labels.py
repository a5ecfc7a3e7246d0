"""Labels are readable and tell names apart."""

from __future__ import annotations

import pytest

from anchoreval.reporting.board_page.labels import labels, readable


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("org/model-7b", "org/model-7b"),
        ("a\nb\tc\x00", "a\ufffdb\ufffdc\ufffd"),
        ("half \ud800", "half \ufffd"),
        ("\u202egnp.exe\u202c", "\ufffdgnp.exe\ufffd"),
        ("\N{FAMILY}\u200d <b> & \u05d0", "\N{FAMILY}\u200d <b> & \u05d0"),
    ],
)
def test_what_cannot_be_read_is_replaced_and_the_rest_is_kept(name: str, shown: str) -> None:
    assert readable(name) == shown


def test_labels_differ_where_names_do() -> None:
    found = labels(["a", "a\x00", "a\x01", " a ", "", "a (2)", 7])
    assert found == ["a", "a\ufffd", "a\ufffd (2)", "a (2)", "(no name)", "a (2) (2)", "7"]
