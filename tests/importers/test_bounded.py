"""JSON from strangers: read right, or refused by file and line, within stated memory."""

from __future__ import annotations

import json
import math
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.errors import ResponseDataError
from anchoreval.importers import bounded
from anchoreval.importers.bounded import DEEPEST, HEAVIEST, LIGHT, json_document, json_lines, parsed


def refusal(content: bytes) -> str:
    with pytest.raises(ResponseDataError) as refused:
        parsed(content, "x.json")
    assert "\n" not in str(refused.value)
    return str(refused.value)


def written(tmp_path: Path, content: bytes) -> Path:
    (tmp_path / "file").write_bytes(content)
    return tmp_path / "file"


PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
NESTED = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=15)


@settings(max_examples=300, deadline=None)
@given(value=NESTED, ascii_only=st.booleans())
def test_whatever_python_writes_is_read_back(value: Any, ascii_only: bool) -> None:
    assert parsed(json.dumps(value, ensure_ascii=ascii_only).encode(), "x") == value


def test_numbers_that_are_none_become_floats() -> None:
    found = parsed(b"[NaN, Infinity, -Infinity, 1e400, -1e400]", "x")
    assert math.isnan(found[0])
    assert found[1:] == [math.inf, -math.inf, math.inf, -math.inf]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (rb'"\ud800"', "\ufffd"),
        (rb'"\uD83D\uDE00"', "😀"),
        (rb'"\ud83d\ude00 \udE00"', "😀 \ufffd"),
        (rb'"\\ud800"', "\\ud800"),
        (rb'"\\\ud800\n"', "\\\ufffd\n"),
        (rb'"\ud800\ud800\udc00"', "\ufffd\U00010000"),
    ],
)
def test_half_a_surrogate_pair_is_replaced(content: bytes, expected: str) -> None:
    found = parsed(content, "x")
    assert found == expected
    found.encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "key 'c' stands twice in one object"),
        ('{"a": "é"}'.encode("latin-1"), "not JSON in UTF-8: byte 8 is 0xe9"),
        ('{"a": 1}'.encode("utf-16"), "begins as UTF-16"),
        (b'"\xed\xa0\x80"', "not JSON in UTF-8"),
        (b'{"a": 1}\x00', "Extra data at column 9"),
        (b'{"a": \x00}', "Expecting value at column 7"),
        (b'"a\x01b"', "Invalid control character at"),
        (b'{"a": 1}\r{"a": 2}\r', "carriage return alone"),
        (b'{\n"a": 1,\n}', "at line 3 column 1"),
        (b"1" * 5000, "4300 digits"),
        (b"", "Expecting value at column 1"),
        (b'{"a": tru', "Expecting value"),
        (b"['a']", "Expecting value"),
    ],
)
def test_what_is_refused_says_why(content: bytes, reason: str) -> None:
    assert reason in refusal(content)


@pytest.mark.parametrize("pair", [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"]}":', b"}]")])
def test_depth_is_bounded_and_texts_do_not_count(pair: tuple[bytes, bytes]) -> None:
    levels = DEEPEST // sum(pair[0].count(opening) for opening in (b"[", b"{"))
    assert parsed(pair[0] * levels + b"0" + pair[1] * levels, "x") is not None
    assert "too deeply" in refusal(pair[0] * (levels + 1) + b"0" + pair[1] * (levels + 1))
    assert "too deeply" in refusal(pair[0] * 200_000)
    assert parsed(json.dumps(["[{" * 500, '\\"[[' * 500]).encode(), "x")


PATTERNS: dict[str, Callable[[int], bytes]] = {
    "lists": lambda n: b"[" + b"[]," * n + b"[]]",
    "objects": lambda n: b"[" + b"{}," * n + b"{}]",
    "objects of one": lambda n: b"[" + b'{"":{}},' * n + b"{}]",
    "deep lists": lambda n: b"[" + (b"[" * 98 + b"]" * 98 + b",") * (n // 40) + b"[]]",
    "deep objects": lambda n: b"[" + (b'{"":' * 98 + b"0" + b"}" * 98 + b",") * (n // 90) + b"[]]",
    "numbers": lambda n: b"[" + b"999," * n + b"1]",
    "floats": lambda n: b"[" + b"1e9," * n + b"1]",
    "texts": lambda n: b"[" + '"\u4e2d",'.encode() * n + b"1]",
    "keys": lambda n: b"{" + b",".join(b'"%x":0' % m for m in range(n)) + b"}",
    "one wide text": lambda n: ('["' + "a" * 5 * n + '\U0001f600"]').encode(),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_memory_stays_below_what_is_reckoned(pattern: str) -> None:
    content = PATTERNS[pattern](60_000)
    tracemalloc.start()
    kept = parsed(content, "x")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kept
    assert peak < bounded._memory(content)
    assert peak / len(content) * LIGHT < HEAVIEST, "what is never reckoned is light"


@pytest.mark.parametrize("pattern", ["lists", "objects of one", "deep lists"])
def test_what_would_fill_the_memory_is_refused(pattern: str) -> None:
    assert "bytes of memory" in refusal(PATTERNS[pattern](4_000_000))


def test_lines_are_numbered_and_blank_ones_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, b'\xef\xbb\xbf{"a": 1}\r\n\r\n  \n[2]')
    assert list(json_lines(path)) == [(1, {"a": 1}), (4, [2])]
    with pytest.raises(ResponseDataError, match="file: line 2: is not JSON"):
        list(json_lines(written(tmp_path, b'{"a": 1}\n\xef\xbb\xbf{"a": 1}\n')))


def test_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "LONGEST_LINE", 50)
    path = written(tmp_path, b"[1]\n" + b" " * 60 + b"[2]")
    with pytest.raises(ResponseDataError, match="line 2 is longer than 50 bytes"):
        list(json_lines(path))
    assert json_document(written(tmp_path, b"[1]"), largest=3) == [1]
    with pytest.raises(ResponseDataError, match="larger than the 2 bytes"):
        json_document(tmp_path / "file", largest=2)


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (
        (tmp_path / "pipe", "no plain file"),
        (Path("/dev/zero"), "no plain file"),
        (tmp_path, "is a folder"),
        (tmp_path / "none", "No such file"),
    ):
        with pytest.raises(ResponseDataError, match=reason):
            json_document(path)
        with pytest.raises(ResponseDataError, match=reason):
            next(json_lines(path))
