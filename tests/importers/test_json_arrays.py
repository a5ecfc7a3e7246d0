"""Documents read a piece at a time: the same as read as a whole, and every fault by its byte."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anchoreval.errors import ResponseDataError
from anchoreval.importers import json_arrays
from anchoreval.importers.json_arrays import elements, members

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def put(folder: Path, content: str | bytes) -> Path:
    path = folder / "document.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@SETTINGS
@given(values=st.lists(VALUES, max_size=6), chunk=st.integers(3, 40), indent=st.sampled_from([None, 1]))
def test_elements_are_those_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[Any], chunk: int, indent: int | None
) -> None:
    monkeypatch.setattr(json_arrays, "CHUNK", chunk)
    text = json.dumps(values, indent=indent, ensure_ascii=False)
    found = list(elements(put(tmp_path, text)))
    assert [value for _, value in found] == values
    content = text.encode()
    for byte, value in found:
        start = content[byte - 1 :].decode()
        assert json.JSONDecoder().raw_decode(start)[0] == value, "the byte is that of the element"


@SETTINGS
@given(document=st.dictionaries(TEXT, VALUES, max_size=6), chunk=st.integers(3, 40), data=st.data())
def test_members_are_those_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, document: dict[str, Any], chunk: int, data: st.DataObject
) -> None:
    monkeypatch.setattr(json_arrays, "CHUNK", chunk)
    only = data.draw(st.none() | st.sets(st.sampled_from(sorted(document) or [""])))
    unfold = data.draw(st.sets(st.sampled_from(sorted(document) or [""])))
    expected: list[tuple[str, Any, Any]] = []
    for key, value in document.items():
        if key in unfold and isinstance(value, list):
            expected += [(key, n, one) for n, one in enumerate(value)]
        elif key in unfold and isinstance(value, dict):
            expected += [(key, inner, one) for inner, one in value.items()]
        elif only is None or key in only:
            expected.append((key, None, value))
    path = put(tmp_path, b"\xef\xbb\xbf" + json.dumps(document).encode())
    assert [(one.key, one.part, one.value) for one in members(path, only, unfold)] == expected


@SETTINGS
@given(values=st.lists(VALUES, min_size=1, max_size=4), chunk=st.integers(3, 40), data=st.data())
def test_a_document_that_was_cut_off_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[Any], chunk: int, data: st.DataObject
) -> None:
    monkeypatch.setattr(json_arrays, "CHUNK", chunk)
    content = json.dumps(values, ensure_ascii=False).encode()
    path = put(tmp_path, content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(ResponseDataError) as caught:
        list(elements(path))
    assert str(caught.value).startswith(f"{path}: byte ")
    assert "\n" not in str(caught.value)


FAULTS = [
    ("nothing", "", "byte 1: the end where '\\[' should be"),
    ("an object", "{}", "byte 1: '\\{' where '\\[' should be"),
    ("no comma", '[{"a":1} {"b":2}]', "byte 10: '\\{' where ',' or '\\]' should be"),
    ("two commas", "[1,,2]", "byte 4: no value where one should be"),
    ("a comma too many", "[1,]", "byte 4: no value where one should be"),
    ("more behind", "[1] 2", "byte 5: more where the document should end"),
    ("another bracket", '[{"a":1]]', "byte 2: is not JSON"),
    ("a word", "[1, nil]", "byte 5: is not JSON"),
    ("an endless number", f"[{'1' * 6000}]", "byte 2: a number of more than 5,000 digits"),
    ("a key twice", '[{"a":1,"a":2}]', "byte 2: .*'a' stands twice"),
    ("too deep", "[" * 200 + "]" * 200, "byte 2: a value is nested too deeply, in more than 100 levels"),
    ("not UTF-8", b'[1, "\xff"]', "byte 5: is not JSON in UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_a_fault_names_the_byte(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = put(tmp_path, content)
    with pytest.raises(ResponseDataError, match=message) as caught:
        list(elements(path))
    assert str(caught.value).startswith(f"{path}: byte ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a":1,"a":2}', "byte 12: key 'a' stands twice|byte 11: key 'a' stands twice"),
        ('{"d":{"0":1,"0":2}}', "key '0' stands twice"),
        ("{1:2}", "byte 2: no key where one should be"),
        ('{"a" 1}', "byte 6: '1' where ':' should be"),
        ('{"a":1', "byte 7: the end where ',' or '}' should be"),
        ('{"skipped":[1,2', "the file ends in a value"),
    ],
)
def test_a_fault_in_an_object_names_the_byte(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ResponseDataError, match=message):
        list(members(put(tmp_path, content), only={"a"}, unfold={"d"}))


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ResponseDataError, match="cannot be read"):
        list(elements(tmp_path / "none.json"))
    with pytest.raises(ResponseDataError, match="is a folder"):
        list(members(tmp_path))


def test_half_a_surrogate_is_replaced(tmp_path: Path) -> None:
    assert [value for _, value in elements(put(tmp_path, r'["\ud83d", "\ud83d\ude00"]'))] == ["�", "😀"]


def test_memory_holds_one_element(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_arrays, "CHUNK", 1 << 14)
    row = json.dumps({"text": "x" * 5000, "list": [1.5] * 100})
    path = put(tmp_path, '{"large": [' + ",".join([row] * 400) + '], "rows": [' + ",".join([row] * 400) + "]}")
    tracemalloc.start()
    count = sum(1 for _ in members(path, only={"rows"}, unfold={"rows"}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 400
    assert peak < path.stat().st_size / 10


def test_an_element_may_not_be_endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_arrays, "CHUNK", 256)
    monkeypatch.setattr(json_arrays, "LONGEST_LINE", 1024)
    path = put(tmp_path, json.dumps({"a": ["x" * 5000], "b": list(range(2000)), "c": 1}))
    with pytest.raises(ResponseDataError, match="longer than 1,024 bytes"):
        list(members(path, unfold={"a"}))
    with pytest.raises(ResponseDataError, match="longer than 1,024 bytes"):
        list(members(path, only={"b"}, unfold={"c"}))
    path = put(tmp_path, json.dumps({"b": list(range(2000)), "c": 1}))
    assert [one.value for one in members(path, only={"c"})] == [1], "what is passed over may be of any length"
