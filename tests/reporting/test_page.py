"""The HTML page: escaped, self-contained, and shown by a real browser."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from anchoreval.reporting.page import Page, PageFigure, PageTable, write_page

EVIL = "<script>document.title='owned'</script>"


def png(path: Path) -> Path:
    """The smallest picture: one red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page whose model name and warning try to break out."""
    path = tmp_path / "report.html"
    write_page(
        path,
        Page(
            title="pocket on 100 anchors",
            lead="Full-benchmark scores, estimated.",
            warnings=[f"model {EVIL} extrapolates"],
            tables=[
                PageTable(
                    "Estimates",
                    "In percentage points.",
                    ["model", "estimate", "95% interval"],
                    [[EVIL, "51.2", "48.0 to 54.4"]],
                )
            ],
            figures=[PageFigure(png(tmp_path / "one.png"), "One pixel")],
            facts={"anchors": 100, "selector": EVIL},
        ),
    )
    return path


def test_names_are_escaped_and_nothing_is_fetched(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == 3
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    assert not re.search(r"url\(|@import", text)


def test_a_browser_shows_it(page: Path, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no browser: install Debian's package chromium")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    flags += ["--disable-background-networking", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}"]
    shown = subprocess.run(
        [browser, *flags, "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    assert "<title>pocket on 100 anchors</title>" in shown
    assert "48.0 to 54.4" in shown
