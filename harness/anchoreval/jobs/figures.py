"""`job=figures`: figures and tables of a paper from a finished run, or from all parts of a study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from omegaconf import DictConfig

from anchoreval.errors import ConfigurationError, StoreError
from anchoreval.jobs import output
from anchoreval.jobs.export_keys import refuse_other_keys
from anchoreval.jobs.study import DOCUMENT, SCHEMA, study_run
from anchoreval.reporting.paper.album import Album, Wanted, album
from anchoreval.reporting.paper.kinds import KINDS
from anchoreval.reporting.paper.part import Part
from anchoreval.reporting.paper.style import WIDTHS
from anchoreval.reporting.paper.tables import TABLES
from anchoreval.runs import Outcome
from anchoreval.schema import read_document


@dataclass(frozen=True)
class Source:
    """What figures are drawn of.

    Attributes:
        name: of the study and its benchmark, or of the run.
        parts: finished runs.
        listed: what is drawn unless something else is asked for.
    """

    name: str
    parts: Sequence[Part]
    listed: Sequence[Wanted]


def run(config: DictConfig) -> Outcome:
    """Draw, and write into `into`, by default `<results>/figures/<name>`.

    Raises:
        RequestError: there is no such run or study, a figure is unknown or not possible; nothing was written.
        UnwritableError: a file cannot be written.
    """
    refuse_other_keys(config, ("path", "into"))
    if config.figures.columns not in (None, *WIDTHS):
        raise ConfigurationError(f"figures.columns = {config.figures.columns!r} is neither one nor two")
    folder = _folder(config)
    source = (_of_study if (folder / DOCUMENT).is_file() else _of_run)(folder, config.benchmark.path)
    kinds = config.figures.kinds
    wanted = source.listed if kinds is None else [one for kind in kinds for one in _of_kind(str(kind), source)]
    drawn = album(source.name, _in_width(wanted, config.figures.columns), strict=kinds is not None)
    into = Path(config.into) if config.into else Path(config.results) / "figures" / source.name
    changed = drawn.write(into)
    output.page(_page(drawn), f"{'written to' if changed else 'was complete:'} {into}")
    return Outcome(into, changed)


def _folder(config: DictConfig) -> Path:
    """The folder that is given, or that of the study which the configuration describes."""
    if config.path is not None:
        return Path(config.path)
    if not config.study.parts:
        raise ConfigurationError("job=figures needs path=<run folder or study folder>, or experiment=<study>")
    work = study_run(config)
    if not (work.folder / DOCUMENT).is_file():
        raise StoreError(
            f"{work.folder}: the study {config.study.name} of benchmark {work.benchmark} is not done; run the same "
            "command without job=figures first"
        )
    return work.folder


def _of_run(folder: Path, benchmark_path: str | None) -> Source:
    """Everything that the run allows."""
    part = Part.read(folder, benchmark_path=benchmark_path)
    listed = [one for kind in (*KINDS, *TABLES) for one in _made_of(kind, [part])]
    return Source(folder.resolve().name, [part], listed)


def _of_study(folder: Path, benchmark_path: str | None) -> Source:
    """What the study's document lists."""
    document = read_document(folder / DOCUMENT, SCHEMA, StoreError)
    results = folder.resolve().parent.parent
    parts = {
        name: Part.read(results / about["folder"], name, benchmark_path) for name, about in document["parts"].items()
    }
    figures = [Wanted(one["kind"], parts[one["part"]], one["options"], one["columns"]) for one in document["figures"]]
    tables = [Wanted(one["kind"], parts[one["part"]], one["options"], None) for one in document["tables"]]
    return Source(f"{document['name']}-{document['benchmark']}", list(parts.values()), [*figures, *tables])


def _made_of(kind: str, parts: Sequence[Part]) -> list[Wanted]:
    """The kind of every part that allows it."""
    known = KINDS.get(kind) or TABLES[kind]
    return [Wanted(kind, part, columns=_usual_columns(kind)) for part in parts if known.is_met_by(part)]


def _usual_columns(kind: str) -> str | None:
    return None if kind in TABLES else "one"


def _of_kind(kind: str, source: Source) -> list[Wanted]:
    """As it is listed, else of every part that allows it, else of the first, which then says what it lacks."""
    if kind not in KINDS and kind not in TABLES:
        known = ", ".join([*KINDS, *TABLES])
        raise ConfigurationError(f"figures.kinds: there is no {kind!r} (there are: {known})")
    listed = [one for one in source.listed if one.kind == kind]
    lacking = [Wanted(kind, source.parts[0], columns=_usual_columns(kind))]
    return listed or _made_of(kind, source.parts) or lacking


def _in_width(wanted: Iterable[Wanted], columns: str | None) -> list[Wanted]:
    """All figures in the width that is asked for, if any."""
    return [one if columns is None or one.columns is None else replace(one, columns=columns) for one in wanted]


def _page(drawn: Album) -> str:
    made = [", ".join(f"{one.name}.{suffix}" for suffix in one.files) for one in drawn.made]
    left_out = [f"{name} is left out: {reason}" for name, reason in drawn.left_out.items()]
    return "\n".join([f"Figures of {drawn.title}", "", *made, *left_out])
