"""The report as one HTML page that works from the file system: no network, no script, every name escaped."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from anchoreval.atomic import write_text


@dataclass(frozen=True)
class PageTable:
    """A table of a page: cells are shown as they are given, so format numbers first."""

    title: str
    caption: str
    frame: pd.DataFrame

    @property
    def columns(self) -> list[str]:
        """Column heads, the index's name first."""
        return [str(self.frame.index.name or ""), *map(str, self.frame.columns)]

    @property
    def rows(self) -> list[list[str]]:
        """Cells as text, row by row, the index first."""
        return [[str(cell) for cell in row] for row in self.frame.itertuples()]


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
class Page:
    """What a report page shows, from top to bottom.

    Attributes:
        title: what the page is about.
        lead: the estimand, in one or two sentences.
        warnings: caveats that were measured, each a sentence.
        tables: results.
        figures: pictures.
        facts: how it was made: name and value, in order.
    """

    title: str
    lead: str
    warnings: Sequence[str] = ()
    tables: Sequence[PageTable] = ()
    figures: Sequence[PageFigure] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


def write_page(path: Path, page: Page) -> None:
    """Write the page to `path`, atomically.

    Raises:
        OSError: a figure cannot be read, or the page not written.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("anchoreval.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("page.html.j2")
    write_text(path, template.render({**vars(page), "version": version("anchoreval")}))
