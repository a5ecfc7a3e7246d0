"""Digests of paths tell apart what differs, and nothing else."""

from __future__ import annotations

from pathlib import Path

from anchoreval.path_digests import content_of, path_digest


def test_path_digest_follows_content_and_not_the_place(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / "data.bin").write_bytes(bytes(range(100)))
    assert path_digest(tmp_path / "a") == path_digest(tmp_path / "b")
    assert path_digest(tmp_path / "a", whole=10) == path_digest(tmp_path / "b", whole=10)
    (tmp_path / "b" / "inner" / "data.bin").write_bytes(bytes(range(99)) + b"x")
    assert path_digest(tmp_path / "a") != path_digest(tmp_path / "b")
    assert path_digest(tmp_path / "a", whole=10) != path_digest(tmp_path / "b", whole=10)
    (tmp_path / "a" / "inner" / "data.bin").rename(tmp_path / "a" / "inner" / "other.bin")
    assert path_digest(tmp_path / "a", whole=10) != path_digest(tmp_path / "b", whole=10)


def test_text_that_names_nothing_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"1")
    assert content_of(str(tmp_path / "weights")) == path_digest(tmp_path / "weights")
    for text in ("", "org/model", "x" * 5000, "a\0b", 7, None):
        assert content_of(text) == text
