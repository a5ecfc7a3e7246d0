"""Archives from strangers: read to the byte, or refused by member before anything fills the memory."""

from __future__ import annotations

import gzip
import io
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.importers import archives
from anchoreval.importers.archives import open_archive, open_gzip

CONTENT = {"header.json": b'{"a": 1}', "samples/1_epoch_1.json": b"x" * 5000}


def zipped(path: Path, content: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as archive:
        warnings.simplefilter("ignore")  # of names that stand twice
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def zstandard(path: Path, name: str, data: bytes) -> Path:
    """An archive of one member by method 93, put together by hand."""
    packed, text = pa.Codec("zstd").compress(data, asbytes=True), name.encode()
    numbers = struct.pack("<HHHHHLLLH", 63, 0, 93, 0, 0, zlib.crc32(data), len(packed), len(data), len(text))
    local = b"PK\x03\x04" + numbers + b"\0\0" + text + packed
    entry = b"PK\x01\x02" + struct.pack("<H", 63) + numbers + struct.pack("<HHHHLL", 0, 0, 0, 0, 0, 0) + text
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(entry), len(local), 0)
    path.write_bytes(local + entry + end)
    return path


def refusal(path: Path, name: str | None = None) -> str:
    with pytest.raises(ResponseDataError) as refused, open_archive(path) as archive:
        archive.read(name or next(iter(archive.members)))
    assert str(path) in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read_to_the_byte(tmp_path: Path, method: int) -> None:
    with open_archive(zipped(tmp_path / "a.zip", {**CONTENT, "folder/": b""}, method)) as archive:
        assert {name: archive.read(name) for name in archive.members} == CONTENT


def test_zstandard_is_read(tmp_path: Path) -> None:
    with open_archive(zstandard(tmp_path / "a.eval", "header.json", b"abc" * 1000)) as archive:
        assert archive.read("header.json") == b"abc" * 1000


@pytest.mark.real_data
def test_real_archives_are_what_python_says(data_folder: Path) -> None:
    paths = sorted((data_folder / "raw" / "inspect").glob("*.eval"))
    assert paths
    for path in paths:
        with open_archive(path) as archive, zipfile.ZipFile(path) as known:
            assert list(archive.members) == known.namelist()
            for name, member in archive.members.items():
                assert zlib.crc32(archive.read(name)) == member.CRC


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "..\\x", "C:/x", "\\x", "a\nb"])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    assert "its name" in refusal(zipped(tmp_path / "a.zip", {name: b"x"}))


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    assert "stands twice" in refusal(tmp_path / "a.zip")


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "a.zip", {"a": b"0" * 50_000_000})
    for name, bound, reason in (
        ("HIGHEST_RATIO", 10, "as no data do"),
        ("LARGEST_MEMBER", 1000, "more than 1,000"),
        ("LARGEST_TOTAL", 1000, "more than 1,000"),
        ("MOST_MEMBERS", 0, "1 members, more than 0"),
        ("LARGEST_DIRECTORY", 10, "more than 10 bytes"),
    ):
        with monkeypatch.context() as lowered:
            lowered.setattr(archives, name, bound)
            assert reason in refusal(path)


def test_a_member_larger_than_it_says_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a": b"0" * 10_000_000})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 10_000_000), struct.pack("<L", 10)))
    assert "does not match its size" in refusal(path)


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    data = bytearray(zipped(tmp_path / "a.zip", {"a": b"1" * 100, "b": b"1" * 100}).read_bytes())
    second = data.rfind(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<L", 0)
    (tmp_path / "a.zip").write_bytes(data)
    assert "share bytes" in refusal(tmp_path / "a.zip")


def test_what_is_encrypted_damaged_or_unknown_is_refused(tmp_path: Path) -> None:
    good = zipped(tmp_path / "a.zip", {"a": b"1" * 100}).read_bytes()
    for place, value, reason in ((6, 1, "is encrypted"), (8, 99, "method 99"), (16, 0, "does not match")):
        data, entry = bytearray(good), good.find(b"PK\x01\x02")
        data[entry + 2 + place] = value ^ (good[entry + 2 + place] if place == 16 else 0) ^ (place == 16)
        (tmp_path / "b.zip").write_bytes(data)
        assert reason in refusal(tmp_path / "b.zip")
    for cut in (10, len(good) // 2, len(good) - 5):
        (tmp_path / "b.zip").write_bytes(good[:cut])
        assert "ZIP" in refusal(tmp_path / "b.zip")
    assert "none of that name" in refusal(tmp_path / "a.zip", "b")


def test_gzip_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"line\n" * 100_000))
    with open_gzip(path) as stream:
        assert stream.read() == b"line\n" * 100_000
    with open_gzip(path) as stream:
        assert stream.readline() == b"line\n"
    with pytest.raises(ResponseDataError, match="unpacks to more than 1,000 bytes"), open_gzip(path, 1000) as stream:
        list(io.TextIOWrapper(stream))
    path.write_bytes(gzip.compress(b"line\n" * 100_000)[:-20])
    with pytest.raises(ResponseDataError, match="cannot be unpacked"), open_gzip(path) as stream:
        stream.read()
