"""Messages are one line, whatever names they quote."""

from __future__ import annotations

import errno

import pytest

from anchoreval import errors
from anchoreval.errors import AnchorEvalError, UnwritableError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AnchorEvalError)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not UnwritableError])
def test_names_cannot_break_the_line_or_move_the_cursor(kind: type[AnchorEvalError]) -> None:
    message = str(kind("item 'a\r\nb\x1b[2J\u202e\u2028c': is no \u00fcnit \U0001f600"))
    assert message == "item 'a b [2J c': is no \u00fcnit \U0001f600"
    assert len(message.splitlines()) == 1


def test_what_cannot_be_written_says_where_and_why() -> None:
    error = UnwritableError(errno.ENOSPC, "No space left on device", "out/a\nb.json")
    assert str(error) == "out/a b.json: cannot be written: No space left on device"
    assert (error.errno, error.filename, error.exit_status) == (errno.ENOSPC, "out/a\nb.json", 1)
    assert isinstance(error, OSError)
