"""`job=import`: make a stored benchmark from tables of responses, or add models to one that is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from omegaconf import DictConfig

from anchoreval.errors import ConfigurationError, StoreError
from anchoreval.importers.tidy import read_tidy
from anchoreval.jobs import output
from anchoreval.reporting.tables import points
from anchoreval.responses import ResponseMatrix
from anchoreval.runs import Outcome
from anchoreval.store import Written, read_benchmark, write_benchmark

IMPORTERS = ("auto", "tidy")
TABLE_SUFFIXES = tuple(f"{kind}{packed}" for kind in (".parquet", ".csv", ".jsonl") for packed in ("", ".gz"))


def run(config: DictConfig) -> Outcome:
    """Read `path` (with the tables `items`, `models` and `logits` beside it) and write it `into` a stored benchmark.

    Raises:
        RequestError: a key is missing, a file is damaged, or `into` holds another benchmark.
    """
    into = Path(_given(config, "into"))
    matrix = _read(config, Path(_given(config, "path")))
    written = write_benchmark(matrix, into)
    output.page(_summary(matrix), _closing(written, into))
    return Outcome(into, changed=bool(written.added or written.replaced))


def _given(config: DictConfig, key: str) -> str:
    if not config[key]:
        raise ConfigurationError(f"job=import needs {key}=<{'folder' if key == 'into' else 'file or folder'}>")
    return str(config[key])


def _read(config: DictConfig, path: Path) -> ResponseMatrix:
    importer = config.importer or "auto"
    if importer not in IMPORTERS:
        raise ConfigurationError(f"importer={importer}: there is no such importer (there are: {', '.join(IMPORTERS)})")
    if not path.exists():
        raise StoreError(f"{path}: there is no such file or folder")
    if (path / "benchmark.json").is_file() and importer == "auto":
        _refuse_table_keys(config)
        return read_benchmark(path)
    tables = _tables(path, config)
    return read_tidy(
        tables.pop("responses"),
        **tables,
        name=config.name or (path.absolute().name if path.is_dir() else None),
        aggregation=config.aggregation or "micro",
    )


def _tables(path: Path, config: DictConfig) -> dict[str, Path]:
    """The tables to read: those of a folder by their names, those that keys name before them."""
    found = _inside(path) if path.is_dir() else {"responses": path}
    if "responses" not in found:
        there = ", ".join(sorted(p.name for p in path.iterdir())[:8]) or "nothing"
        raise StoreError(f"{path}: holds no responses.parquet, .csv or .jsonl (there is: {there})")
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


def _summary(matrix: ResponseMatrix) -> str:
    parts = [f"{matrix.name}: {matrix.n_models:,} models x {matrix.n_items:,} items"]
    if matrix.subjects:
        parts.append(f"{len(matrix.subjects)} subjects")
    parts.append("no option probabilities" if matrix.probabilities is None else "with option probabilities")
    lines = [", ".join(parts)]
    if missing := float(matrix.missing_share.mean()):
        lines.append(f"not answered: {points(missing)} % of the weight")
    scores = matrix.full_scores
    known = scores.dropna()
    if len(known):
        spread = f"{points(known.min())} to {points(known.max())}, median {points(known.median())}"
        lines.append(f"full scores in percentage points: {spread}")
    if unknown := int(scores.isna().sum()):
        lines.append(f"{unknown} models answered too little to have a full score")
    return "\n".join(lines)


def _closing(written: Written, into: Path) -> str:
    counts = (len(written.added), len(written.replaced), len(written.unchanged))
    return f"{into}: {counts[0]} models added, {counts[1]} replaced, {counts[2]} unchanged"
