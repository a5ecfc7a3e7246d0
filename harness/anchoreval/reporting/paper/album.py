"""What `job=figures` writes: every figure as PDF and PNG, every table as Markdown and LaTeX, and their captions.

All is drawn before anything is written, so that a request that is wrong in its last figure leaves nothing behind. A
figure or table that the results do not allow is left out with the reason, unless it was asked for by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anchoreval.atomic import write_bytes
from anchoreval.errors import ConfigurationError, NotApplicableError, TooFewModelsError
from anchoreval.reporting.paper.kinds import KINDS
from anchoreval.reporting.paper.part import Part
from anchoreval.reporting.paper.style import sheet
from anchoreval.reporting.paper.table_forms import latex, markdown
from anchoreval.reporting.paper.tables import TABLES

LEAVES_OUT = (NotApplicableError, TooFewModelsError)
DOCUMENT, CAPTIONS = "figures.json", "captions.md"


@dataclass(frozen=True)
class Wanted:
    """A figure or table that is to be made.

    Attributes:
        kind: its name among `KINDS` or, where it is a table, `TABLES`.
        part: what it is made of.
        options: of the kind.
        columns: `one` or `two`; None for a table.
    """

    kind: str
    part: Part
    options: Mapping[str, Any] = field(default_factory=dict)
    columns: str | None = "one"


@dataclass(frozen=True)
class Made:
    """A figure or table that was made.

    Attributes:
        name: of its files, without suffix.
        wanted: what was asked for.
        files: their content by suffix.
        caption: in words.
    """

    name: str
    wanted: Wanted
    files: Mapping[str, bytes]
    caption: str

    def record(self) -> dict[str, Any]:
        """What the document says of it, as plain data."""
        wanted = self.wanted
        about = {"name": self.name, "kind": wanted.kind, "part": wanted.part.name, "run": wanted.part.folder.name}
        width = {} if wanted.columns is None else {"columns": wanted.columns}
        files = [f"{self.name}.{suffix}" for suffix in self.files]
        return {**about, **width, "options": dict(wanted.options), "files": files, "caption": self.caption}


@dataclass(frozen=True)
class Album:
    """All that was made of one source, and what was left out with the reason.

    Attributes:
        title: what the figures are about.
        made: figures and tables.
        left_out: by what was wanted, in words, the reason.
    """

    title: str
    made: Sequence[Made]
    left_out: Mapping[str, str]

    def write(self, into: Path) -> bool:
        """Write all files; files of the same names are replaced, others stay. Returns whether any was not so before.

        Raises:
            UnwritableError: a file cannot be written.
        """
        files = {f"{one.name}.{suffix}": content for one in self.made for suffix, content in one.files.items()}
        files[CAPTIONS] = self.captions().encode()
        files[DOCUMENT] = (json.dumps(self.document(), allow_nan=False, ensure_ascii=False, indent=2) + "\n").encode()
        fresh = {name: content for name, content in files.items() if not _holds(into / name, content)}
        for name, content in fresh.items():
            write_bytes(into / name, content)
        return bool(fresh)

    def captions(self) -> str:
        """Figures with their captions, and tables, as Markdown."""
        sections = [f"# {self.title}"]
        for one in self.made:
            body = f"![{one.name}]({one.name}.png)\n\n{one.caption}"
            if one.wanted.columns is None:
                body = one.files["md"].decode().rstrip()
            sections.append(f"## {one.name}\n\n{body}")
        if self.left_out:
            sections.append("## Left out\n\n" + "\n".join(f"- {name}: {why}" for name, why in self.left_out.items()))
        return "\n\n".join(sections) + "\n"

    def document(self) -> dict[str, Any]:
        """The same as plain data."""
        figures = [one.record() for one in self.made if one.wanted.columns is not None]
        tables = [one.record() for one in self.made if one.wanted.columns is None]
        return {"schema": 1, "title": self.title, "figures": figures, "tables": tables, "left_out": dict(self.left_out)}


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def album(title: str, wanted: Iterable[Wanted], *, strict: bool = False) -> Album:
    """Make everything that is wanted.

    Args:
        title: what it is about.
        wanted: in order.
        strict: whether what the results do not allow is refused, and not left out.

    Raises:
        NotApplicableError, TooFewModelsError: the results do not allow it, and `strict`; or nothing can be made.
        ConfigurationError: no such kind or option, or a figure that does not fit a page.
    """
    made: list[Made] = []
    left_out: dict[str, str] = {}
    for one in wanted:
        name = _name(one, [other.name for other in made])
        try:
            made.append(_made(name, one))
        except LEAVES_OUT as reason:
            if strict:
                raise
            left_out[name] = str(reason)
    if not made:
        raise NotApplicableError(next(iter(left_out.values()), f"{title}: there is no figure to draw"))
    return Album(title, made, left_out)


def _name(wanted: Wanted, taken: Sequence[str]) -> str:
    """`error_curve`, or `error_curve-errors` for a part of a study, numbered where there is one already."""
    base = f"{wanted.kind}-{wanted.part.name}" if wanted.part.name else wanted.kind
    count = 2
    name = base
    while name in taken:
        name, count = f"{base}-{count}", count + 1
    return name


def _made(name: str, wanted: Wanted) -> Made:
    if wanted.columns is None:
        table = _known(wanted.kind, TABLES, "table").made(wanted.part, wanted.options)
        forms = {"md": markdown(table), "tex": latex(table, name)}
        return Made(name, wanted, {suffix: text.encode() for suffix, text in forms.items()}, table.caption)
    kind = _known(wanted.kind, KINDS, "figure")
    with sheet(wanted.columns) as on:
        caption = kind.drawn(wanted.part, wanted.options, on)
        return Made(name, wanted, on.saved(), caption.text)


def _known(name: str, among: Mapping[str, Any], what: str) -> Any:
    if name not in among:
        raise ConfigurationError(f"no {what} is called {name!r} (there are: {', '.join(among)})")
    return among[name]
