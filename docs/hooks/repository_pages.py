"""Pages that live elsewhere in the repository: measured results, CONTRIBUTING.md and CHANGELOG.md.

MkDocs reads one folder. Everything under `results/published` (without the kept cells) becomes `results/...` of the
site, and the pages' titles fill the last part of the menu, so that a new result needs no line in `mkdocs.yml`. Links
are written as they hold in the repository, `../results/published/selectors.md`, and are turned into the site's here.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "results" / "published"
SHOWN = {".md", ".csv", ".json", ".txt", ".png"}
TOP = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
FRAGMENTS = {"selectors-ratios.md", "pocket.md"}
"""Tables that other pages quote: files of the site, but no entries of the menu."""
ROW = re.compile(r"^\|.*\|$", flags=re.MULTILINE)
UNBROKEN = "\u00a0"
SPLIT = re.compile(r"(?<=\d) (?=±|\(\d)|(?<=±) (?=\d)")
"""Blanks in a figure with its spread, at which a narrow column would break it."""
LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the results to the menu."""
    pages = [f"results/{path.name}" for path in sorted(PUBLISHED.glob("*.md")) if path.name not in FRAGMENTS]
    config.nav.append({"Measured": ["measured.md", *pages]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files themselves."""
    for path in sorted(PUBLISHED.iterdir()):
        if path.suffix in SHOWN:
            files.append(_made(config, path, f"results/{path.name}"))
    for name, page in TOP.items():
        files.append(_made(config, ROOT / name, page))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turn links that hold in the repository into links that hold in the site; tables come last in a search."""
    if page.file.src_uri.startswith("results/"):
        page.meta.setdefault("search", {"boost": 0.2})
    markdown = ROW.sub(lambda row: SPLIT.sub(UNBROKEN, row[0]), markdown)
    source = Path(page.file.abs_src_path).resolve().parent

    def turned(found: re.Match[str]) -> str:
        opened, target, anchor, closed = found.groups()
        if "://" in target or target.startswith(("mailto:", "/")):
            return found.group(0)
        there = _in_site((source / target).resolve())
        if there is None:
            return found.group(0)
        relative = posixpath.relpath(there, posixpath.dirname(page.file.src_uri) or ".")
        return f"{opened}{relative}{anchor or ''}{closed}"

    return LINK.sub(turned, markdown)


def _made(config: MkDocsConfig, path: Path, uri: str) -> File:
    inclusion = {"inclusion": _not_in_menu()} if path.name in FRAGMENTS else {}
    return File.generated(config, uri, abs_src_path=str(path), **inclusion)


def _not_in_menu() -> Any:
    from mkdocs.structure.files import InclusionLevel

    return InclusionLevel.NOT_IN_NAV


def _in_site(path: Path) -> str | None:
    """Where a file of the repository stands in the site."""
    if path.parent == PUBLISHED:
        return f"results/{path.name}"
    if path.parent == ROOT and path.name in TOP:
        return TOP[path.name]
    docs = ROOT / "docs"
    return path.relative_to(docs).as_posix() if path.is_relative_to(docs) else None
