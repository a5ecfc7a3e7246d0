"""`job=study`: the parts of a named study one after the other, and a document of where their results are.

A study is a file of `conf/experiment/`. Every part is a run like any other, in a folder named by a hash: parts that are
complete are skipped, so a study that was killed goes on. A part that does not apply to the benchmark is left out, and
the study says why. `job=figures` draws what the document lists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from anchoreval.atomic import write_json
from anchoreval.errors import BudgetError, ConfigurationError, NotApplicableError, RequestError, TooFewModelsError
from anchoreval.jobs import output
from anchoreval.jobs.request import benchmark, refuse_import_keys, resolved_yaml
from anchoreval.jobs.study_parts import NAME, Part, parts_of
from anchoreval.protocol.digests import content_digest
from anchoreval.reporting.tables import text_table
from anchoreval.responses import ResponseMatrix
from anchoreval.runs import DONE, Outcome, Run
from anchoreval.schema import read_document, sealed
from anchoreval.versions import installed_versions

DOCUMENT, SCHEMA = "study.json", "study"
INAPPLICABLE = (NotApplicableError, TooFewModelsError, BudgetError)
"""What a job raises where the benchmark lacks something."""


@dataclass
class Progress:
    """What has become of the parts so far, by name."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def folders(self) -> Mapping[str, Path]:
        """Run folders of the parts that are done."""
        return {name: outcome.folder for name, outcome in self.outcomes.items()}

    def take(self, part: Part) -> None:
        """Do a part, or leave it out with the reason."""
        if lacking := [name for name in part.after if name not in self.outcomes]:
            self.left_out[part.name] = f"it needs the part {lacking[0]}, which was left out"
            return
        try:
            self.outcomes[part.name] = part.run(self.folders)
        except INAPPLICABLE as reason:
            self.left_out[part.name] = str(reason)


def run(config: DictConfig) -> Outcome:
    """Do the parts that are not complete, and write `study.json` (schema: `anchoreval/schemas/study.json`).

    Raises:
        RequestError: the request was wrong; no part was begun.
        NotApplicableError: no part applies to the benchmark.
        WorkError: a part failed; those before it are kept.
    """
    refuse_import_keys(config)
    matrix, parts = benchmark(config), parts_of(config)
    listed = {kind: _shown(config, kind, parts) for kind in ("figures", "tables")}
    work = _work(config, matrix, parts)
    progress = Progress()
    for n, part in enumerate(parts):
        output.note(f"study {config.study.name}, part {part.name} ({n + 1} of {len(parts)})")
        progress.take(part)
        if part.name in progress.left_out:
            output.note(f"part {part.name} is left out: {progress.left_out[part.name]}")
    if not progress.outcomes:
        first = next(iter(progress.left_out.values()))
        raise NotApplicableError(f"study {config.study.name}: no part applies: {first}")
    document = _document(config, matrix, parts, progress, listed)
    changed = not _holds(work, document)
    if changed:
        with work.writing(resolved_yaml(config)) as folder:
            write_json(folder / DOCUMENT, document)
    closing = f"{'written to' if changed else 'was complete:'} {work.folder}"
    output.page(_page(document), closing)
    return Outcome(work.folder, changed or any(outcome.changed for outcome in progress.outcomes.values()))


def study_run(config: DictConfig) -> Run:
    """Where a study's document is, or will be: the benchmark and everything that decides its parts name the folder.

    Raises:
        RequestError: the request was wrong.
    """
    return _work(config, benchmark(config), parts_of(config))


def _work(config: DictConfig, matrix: ResponseMatrix, parts: tuple[Part, ...]) -> Run:
    name = config.study.name
    if name is None or not NAME.fullmatch(name):
        raise ConfigurationError(f"study.name = {name!r} is not a name of letters, digits and underscores")
    identity = {
        "job": "study",
        "name": name,
        "benchmark": {"name": matrix.name, "content": content_digest(matrix)},
        "parts": {part.name: {**part.identity(), "after": list(part.after)} for part in parts},
        "anchoreval": installed_versions()["anchoreval"],
    }
    return Run(Path(config.results), f"study-{name}", matrix.name, identity)


def _shown(config: DictConfig, kind: str, parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    """Figures or tables as plain data."""
    plain: Any = OmegaConf.to_container(config.study[kind], resolve=True)
    names = [part.name for part in parts]
    for n, one in enumerate(plain):
        if one["part"] not in names:
            raise ConfigurationError(f"study.{kind}[{n}].part: no part is called {one['part']!r}")
        if one.get("columns", "one") not in ("one", "two"):
            raise ConfigurationError(f"study.{kind}[{n}].columns = {one['columns']!r} is neither one nor two")
    return list(plain)


def _document(
    config: DictConfig,
    matrix: ResponseMatrix,
    parts: tuple[Part, ...],
    progress: Progress,
    listed: Mapping[str, list[dict[str, Any]]],
) -> dict[str, Any]:
    done = {part.name: part for part in parts if part.name in progress.outcomes}
    return sealed(
        {
            "schema": 1,
            "name": config.study.name,
            "about": config.study.about,
            "benchmark": matrix.name,
            "parts": {name: _done(part, progress.folders[name], Path(config.results)) for name, part in done.items()},
            "left_out": progress.left_out,
            **{kind: [one for one in entries if one["part"] in done] for kind, entries in listed.items()},
        }
    )


def _done(part: Part, folder: Path, results: Path) -> dict[str, Any]:
    record = json.loads((folder / DONE).read_text(encoding="utf-8"))
    return {
        "job": record["identity"]["job"],
        "folder": folder.relative_to(results).as_posix(),
        "seconds": round(sum(record["timings"].values()), 3),
        "overrides": list(part.overrides),
    }


def _holds(work: Run, document: Mapping[str, Any]) -> bool:
    """Whether the study's folder is complete and says the same."""
    if not work.is_complete():
        return False
    try:
        return read_document(work.folder / DOCUMENT, SCHEMA, RequestError) == document
    except RequestError:  # damaged: it is written anew
        return False


def _page(document: Mapping[str, Any]) -> str:
    rows = [[name, one["job"], f"{one['seconds']:.1f}", one["folder"]] for name, one in document["parts"].items()]
    left_out = [f"{name} is left out: {reason}" for name, reason in document["left_out"].items()]
    table = text_table(["part", "job", "seconds", "folder"], rows, left=1)
    drawn = f"experiment={document['name']} job=figures draws {len(document['figures'])} figures"
    return "\n".join([f"Study {document['name']}: {document['about']}", "", table, *left_out, drawn])
