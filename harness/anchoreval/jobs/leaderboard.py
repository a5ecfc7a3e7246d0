"""`job=leaderboard`: score a list of models on saved anchors, rank them, and write the table and the page.

What is there is kept, what is missing is scored; run it as often as you like, from cron, and twice at once.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.atomic import write_bytes, write_json, write_text
from anchoreval.errors import ConfigurationError, ScoringError, StoreError
from anchoreval.jobs import output
from anchoreval.jobs.request import check_level, refuse_import_keys
from anchoreval.leaderboard.board import REQUESTS, Board
from anchoreval.leaderboard.entries import Entry, read_entries
from anchoreval.leaderboard.record import DOCUMENT, board_record, file_digests, is_current
from anchoreval.leaderboard.refresh import Refreshed, refresh
from anchoreval.leaderboard.scoring import Scoring
from anchoreval.leaderboard.standings import Standings, rank_models
from anchoreval.path_digests import path_digest
from anchoreval.power.report.power_report import check_power
from anchoreval.reporting import board_content as content
from anchoreval.reporting.board_page.writing import write_board_page
from anchoreval.reporting.staleness_content import markdown_staleness, staleness_data
from anchoreval.runs import Outcome
from anchoreval.scoring.limits import Limits
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.settings import RunSettings
from anchoreval.versions import installed_versions

FILES = ("leaderboard.parquet", "leaderboard.csv", "leaderboard.md", "leaderboard.html")
STANDINGS = "standings of the board"
"""What is locked while the files are written."""


@dataclass(frozen=True, eq=False)
class Request:
    """What the job is asked for, read and checked before any model is opened."""

    anchors: AnchorSet
    digest: str
    entries: Sequence[Entry]
    board: Board
    limits: Limits
    config: DictConfig

    @classmethod
    def of(cls, config: DictConfig) -> Request:
        """Read the anchors and the list.

        Raises:
            RequestError: something is missing, not there, or does not fit.
        """
        asked = config.leaderboard
        for key, given in (("anchors", config.anchors), ("leaderboard.models", asked.models)):
            if not given:
                raise ConfigurationError(f"job=leaderboard needs {key}=<{'folder' if key == 'anchors' else 'file'}>")
        if not asked.into:
            raise ConfigurationError("job=leaderboard needs leaderboard.into=<folder>")
        check_level(config.level)
        check_power(config.power.alpha, config.power.power)
        entries = read_entries(Path(asked.models))
        for settings in (asked.settings, *(entry.settings for entry in entries)):
            RunSettings.of(dict(settings))
        limits = Limits(**_plain(asked.limits))
        anchors = load_anchors(Path(config.anchors))
        board = Board.at(Path(asked.into), anchors)
        return cls(anchors, path_digest(Path(config.anchors)), entries, board, limits, config)

    def inputs(self, names: Sequence[str], failures: Mapping[str, str]) -> str:
        """Digest of everything that the standings of these models follow from."""
        listed = [[e.name, e.family, e.base_model, e.full_score] for e in self.entries]
        parts = {
            "anchors": self.digest,
            "answers": self.board.digest(names),
            "models": listed,
            "failures": dict(failures),
            "level": self.config.level,
            "power": OmegaConf.to_container(self.config.power),
            "seed": self.config.seed,
            "anchoreval": installed_versions()["anchoreval"],
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def run(config: DictConfig) -> Outcome:
    """Refresh the leaderboard.

    Writes `leaderboard.json` (schema: `anchoreval/schemas/leaderboard.json`), `.parquet`, `.csv`, `.md` and `.html`,
    and `staleness.json` and `.md`.

    Raises:
        RequestError: the request was wrong; nothing was written.
        ScoringError: no model has answers.
    """
    refuse_import_keys(config)
    request = Request.of(config)
    refreshed = _refreshed(request)
    names = [*refreshed.kept, *refreshed.scored]
    if not names:
        first = next(iter(refreshed.failures.items()))
        raise ScoringError(f"no model could be scored: {first[0]}: {first[1]}")
    ordered = [entry.name for entry in request.entries if entry.name in set(names)]
    standings = _standings(request, ordered)
    with request.board.locked(STANDINGS, wait=True):
        inputs = request.inputs(ordered, refreshed.failures)
        changed = bool(refreshed.scored) or not is_current(request.board.folder, inputs)
        if not is_current(request.board.folder, inputs):
            _write(request, standings, refreshed.failures, inputs)
    output.page(content.terminal_report(request.anchors, standings), _closing(refreshed, changed, request.board.folder))
    return Outcome(request.board.folder, changed)


def _refreshed(request: Request) -> Refreshed:
    asked = request.config.leaderboard
    memory = Path(asked.memory) if asked.memory else request.board.folder / REQUESTS
    with RequestMemory(memory) as kept:
        scoring = Scoring(
            anchors=request.anchors,
            tasks=list(asked.tasks),
            include_path=asked.include_path,
            metric=asked.metric,
            filter_name=asked.filter_name,
            settings=_plain(asked.settings),
            memory=kept,
            limits=request.limits,
            verbose=request.config.verbose,
        )
        return refresh(request.board, request.entries, scoring, output.note)


def _standings(request: Request, names: Sequence[str]) -> Standings:
    config = request.config
    return rank_models(
        request.anchors,
        request.board.read(names),
        request.entries,
        level=config.level,
        alpha=config.power.alpha,
        power=config.power.power,
        seed=config.seed,
    )


def _write(request: Request, standings: Standings, failures: Mapping[str, str], inputs: str) -> None:
    folder, anchors = request.board.folder, request.anchors
    updated = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    table = standings.written
    how = content.facts(anchors, {"metric": request.config.leaderboard.metric, "seed": request.config.seed})
    try:
        write_bytes(folder / "leaderboard.parquet", table.to_parquet())
        write_text(folder / "leaderboard.csv", table.to_csv(lineterminator="\n"))
        write_text(folder / "leaderboard.md", content.markdown_report(anchors, standings, failures, how))
        page = content.board_page(anchors, standings, failures, how, updated=updated)
        write_board_page(folder / "leaderboard.html", page)
        names = [*FILES, *_write_staleness(folder, standings)]
        files = file_digests(folder, names)
        record = board_record(anchors, standings, failures, inputs=inputs, updated=updated, files=files)
        write_json(folder / DOCUMENT, record)
    except OSError as error:
        raise StoreError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error


def _write_staleness(folder: Path, standings: Standings) -> Sequence[str]:
    """Write what was found of the anchors' fitness; names of the files."""
    if standings.staleness is None:
        return ()
    write_text(folder / "staleness.md", markdown_staleness(standings.staleness))
    write_json(folder / "staleness.json", staleness_data(standings.staleness))
    return ("staleness.md", "staleness.json")


def _closing(refreshed: Refreshed, changed: bool, folder: Path) -> str:
    counts = f"{len(refreshed.scored)} scored, {len(refreshed.kept)} kept, {len(refreshed.failures)} failed"
    spent = f"; {refreshed.total.summary()}" if refreshed.total.asked or refreshed.total.recalled else ""
    return f"{'changed' if changed else 'unchanged'}: {folder} ({counts}{spent})"


def _plain(node: Any) -> dict[str, Any]:
    plain: Any = OmegaConf.to_container(node, resolve=True)
    return dict(plain)
