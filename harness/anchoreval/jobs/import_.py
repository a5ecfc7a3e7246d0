"""`job=import`: a stored benchmark of what harnesses write, or of tables, or more models for one that is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from anchoreval.counts import counted
from anchoreval.errors import ConfigurationError, StoreError
from anchoreval.importers.imported import ReadOptions
from anchoreval.importers.merging import Policies
from anchoreval.importers.recognising import AUTO, FORMATS, Unit, find_units
from anchoreval.importers.tidy import read_tidy
from anchoreval.jobs import output
from anchoreval.jobs.import_formats import Read, another_try, forget, read_units
from anchoreval.jobs.request import processes
from anchoreval.reporting.tables import points
from anchoreval.responses import ResponseMatrix
from anchoreval.runs import Outcome
from anchoreval.store import Written, read_benchmark, write_benchmark

TIDY = "tidy"
TABLE_SUFFIXES = tuple(f"{kind}{packed}" for kind in (".parquet", ".csv", ".jsonl") for packed in ("", ".gz"))


def run(config: DictConfig) -> Outcome:
    """Read `path` and write it `into` a stored benchmark.

    Raises:
        RequestError: a key is missing, a file is damaged, or `into` holds another benchmark.
    """
    into = Path(_given(config, "into"))
    with another_try(into):
        read = _read(config, Path(_given(config, "path")), into)
        written = write_benchmark(read.matrix, into)
    forget(into)
    output.page("\n".join([*_summary(read.matrix), *read.lines]), _closing(written, into))
    return Outcome(into, changed=bool(written.added or written.replaced))


def _given(config: DictConfig, key: str) -> str:
    if not config[key]:
        raise ConfigurationError(f"job=import needs {key}=<{'folder' if key == 'into' else 'file or folder'}>")
    return str(config[key])


def _read(config: DictConfig, path: Path, into: Path) -> Read:
    importer = config.importer or AUTO
    if importer not in (AUTO, TIDY, *FORMATS):
        known = ", ".join((AUTO, TIDY, *FORMATS))
        raise ConfigurationError(f"importer={importer}: there is no such importer (there are: {known})")
    if not path.exists():
        raise StoreError(f"{path}: there is no such file or folder")
    if (path / "benchmark.json").is_file() and importer == AUTO:
        _refuse_table_keys(config)
        return Read(read_benchmark(path), [])
    units, left = ([], []) if importer == TIDY else find_units(path, importer)
    if units:
        return _formats(config, path, into, units, left)
    if importer not in (AUTO, TIDY):
        raise StoreError(f"{path}: holds nothing that importer={importer} recognises")
    tables = _tables(path, config)
    matrix = read_tidy(
        tables.pop("responses"),
        **tables,
        name=config.name or (path.absolute().name if path.is_dir() else None),
        aggregation=config.aggregation or "micro",
    )
    return Read(matrix, [])


def _formats(config: DictConfig, path: Path, into: Path, units: list[Unit], left: list[Path]) -> Read:
    asked = config.reading
    metric = OmegaConf.to_container(asked.metric) if OmegaConf.is_config(asked.metric) else asked.metric
    options = ReadOptions(
        metric=metric,  # type: ignore[arg-type]
        filter_name=asked.filter_name,
        tasks=None if asked.tasks is None else tuple(asked.tasks),
        normalised=asked.normalised,
    )
    policies = Policies(asked.on_conflict, asked.replicates, asked.partial, asked.changed_items)
    name = config.name or path.absolute().stem
    workers = processes(asked.workers)
    aggregation = config.aggregation or "micro"
    return read_units(units, left, into, name, aggregation, options, policies, workers, asked.on_damage)


def _tables(path: Path, config: DictConfig) -> dict[str, Path]:
    """The tables to read: those of a folder by their names, those that keys name before them."""
    found = _inside(path) if path.is_dir() else {"responses": path}
    if "responses" not in found:
        there = ", ".join(sorted(p.name for p in path.iterdir())[:8]) or "nothing"
        raise StoreError(
            f"{path}: holds no results of a known format and no responses.parquet, .csv or .jsonl (there is: {there})"
        )
    named = {key: Path(config[key]) for key in ("items", "models", "logits") if config[key]}
    return {**found, **named}


def _inside(folder: Path) -> dict[str, Path]:
    candidates: Mapping[str, list[Path]] = {
        table: [folder / f"{table}{suffix}" for suffix in TABLE_SUFFIXES]
        for table in ("responses", "items", "models", "logits")
    }
    present = {table: [path for path in paths if path.is_file()] for table, paths in candidates.items()}
    if twice := [paths for paths in present.values() if len(paths) > 1]:
        raise StoreError(f"{folder}: holds both {twice[0][0].name} and {twice[0][1].name}; name the one to read")
    return {table: paths[0] for table, paths in present.items() if paths}


def _refuse_table_keys(config: DictConfig) -> None:
    for key in ("items", "models", "logits", "name", "aggregation"):
        if config[key]:
            raise ConfigurationError(f"{key}= does not apply to a stored benchmark, which has its own")


def _summary(matrix: ResponseMatrix) -> list[str]:
    parts = [f"{matrix.name}: {counted(matrix.n_models, 'model')} x {counted(matrix.n_items, 'item')}"]
    if matrix.subjects:
        parts.append(counted(len(matrix.subjects), "subject"))
    parts.append("no option probabilities" if matrix.probabilities is None else "with option probabilities")
    lines = [", ".join(parts)]
    if missing := float(matrix.missing_share.mean()):
        lines.append(f"not answered: {points(missing)} % of the weight")
    scores = matrix.full_scores
    known = scores.dropna()
    if len(known) == 1:
        lines.append(f"full score in percentage points: {points(known.iloc[0])}")
    elif len(known):
        spread = f"{points(known.min())} to {points(known.max())}, median {points(known.median())}"
        lines.append(f"full scores in percentage points: {spread}")
    if unknown := int(scores.isna().sum()):
        lines.append(f"{counted(unknown, 'model')} answered too little to have a full score")
    return lines


def _closing(written: Written, into: Path) -> str:
    added = counted(len(written.added), "model")
    return f"{into}: {added} added, {len(written.replaced):,} replaced, {len(written.unchanged):,} unchanged"
