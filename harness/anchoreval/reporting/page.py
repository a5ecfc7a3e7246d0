"""The report as one HTML page that works from the file system: no network, no script, every name escaped."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from anchoreval.atomic import write_text


@dataclass(frozen=True)
class PageTable:
    """A table of a page: heads and rows of text, shown as they are given."""

    title: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class PageFigure:
    """A PNG and what it shows."""

    path: Path
    caption: str

    @property
    def data(self) -> str:
        """The picture in base64, to stand inside the page."""
        return base64.b64encode(self.path.read_bytes()).decode("ascii")


@dataclass(frozen=True)
class PageSection:
    """A part of a page with a heading of its own, folded out below the main results.

    Attributes:
        title: its heading.
        lead: what it says, in a few sentences.
        warnings: caveats that were measured, each a sentence.
        tables, notes, figures: in this order.
    """

    title: str
    lead: str
    warnings: Sequence[str] = ()
    tables: Sequence[PageTable] = ()
    notes: Sequence[str] = ()
    figures: Sequence[PageFigure] = ()


@dataclass(frozen=True)
class Page(PageSection):
    """What a report page shows, from top to bottom: what a section does, its lead being the estimand, and more.

    Attributes:
        sections: further parts, below the figures.
        appendix: tables below them.
        facts: how it was made: name and value, in order.
        notes_title: heading of the notes; none where it is empty.
    """

    sections: Sequence[PageSection] = ()
    appendix: Sequence[PageTable] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    notes_title: str = ""


def write_page(path: Path, page: Page) -> None:
    """Write the page to `path`, atomically.

    Raises:
        OSError: a figure cannot be read, or the page not written.
    """
    template = environment().get_template("page.html.j2")
    write_text(path, template.render({**vars(page), "version": version("anchoreval")}))


def environment() -> Any:
    """What renders our templates: everything is escaped, and a name that is missing is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("anchoreval.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
