"""The list of a leaderboard's models: a YAML file, read as data and nothing else.

```yaml
defaults:                       # optional: for every model that does not say otherwise
  settings: {num_fewshot: 5}
models:
  - name: tiny                  # optional: else what the arguments call it
    model: hf                   # as lm-eval names the kind; or `recorded`, `pocket`
    model_args: {pretrained: models/tiny, dtype: float32}
    settings: {apply_chat_template: true}
    family: llama               # optional, like the following
    base_model: tiny
    released: 2026-05-01
    full_score: 0.634           # known score on the whole benchmark: makes the model a control
```

A list without `models:` will do. `recorded` takes the answers of `model_args.model` (default: the name) from the stored
benchmark `model_args.benchmark`; `pocket` trains one of pocket's own kind.
"""

from __future__ import annotations

import datetime
import difflib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from itertools import islice
from pathlib import Path
from typing import Any

from anchoreval.errors import ConfigurationError
from anchoreval.schema import one_line

LARGEST, MOST = 1 << 20, 200_000
"""Bytes of a list that are read, and values that it may unfold into: YAML's aliases can make far more of few bytes."""


@dataclass(frozen=True)
class Entry:
    """A model of the list.

    Attributes:
        name: what it is called.
        model: the kind, as lm-eval names it, or `recorded` or `pocket`.
        model_args: of the kind.
        settings: of lm-eval's run, for this model.
        family, base_model, released: what is known of it.
        full_score: in [0, 1], where it was evaluated in full.
    """

    name: str
    model: str
    model_args: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    family: str | None = None
    base_model: str | None = None
    released: str | None = None
    full_score: float | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """The columns of the model table that are known of it."""
        known = {name: getattr(self, name) for name in ("base_model", "family", "released")}
        return {name: value for name, value in known.items() if value is not None}


KEYS = tuple(one.name for one in fields(Entry))


def read_entries(path: Path) -> tuple[Entry, ...]:
    """Read a list of models.

    Raises:
        ConfigurationError: one line that names the file and the model: not there, no YAML, an object tag, an unknown
            key, a value of the wrong kind, a name twice.
    """
    document = _parsed(path)
    defaults: Any = {}
    if isinstance(document, Mapping):
        if unknown := [key for key in document if key not in ("defaults", "models")]:
            raise ConfigurationError(f"{path}: {unknown[0]!r} is neither defaults nor models")
        defaults, document = document.get("defaults") or {}, document.get("models")
    if not isinstance(document, list) or not document:
        raise ConfigurationError(f"{path}: lists no models")
    if not isinstance(defaults, Mapping):
        raise ConfigurationError(f"{path}: defaults is not a mapping")
    entries = tuple(_entry(f"{path}: model {n + 1}", defaults, given) for n, given in enumerate(document))
    names = [entry.name for entry in entries]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigurationError(f"{path}: two models are called {twice!r}: give them a name each")
    return entries


def _parsed(path: Path) -> Any:
    import yaml  # type: ignore[import-untyped]

    try:
        if path.stat().st_size > LARGEST:
            raise ConfigurationError(f"{path}: is larger than {LARGEST:,} bytes, too large for a list of models")
        document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: there is no such file") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: is not a list of models in YAML: {one_line(error)}") from error
    if sum(1 for _ in islice(_values(document), MOST + 1)) > MOST:
        raise ConfigurationError(f"{path}: unfolds into more than {MOST:,} values, too many for a list of models")
    return document


def _values(document: Any) -> Iterator[Any]:
    """Every value of a document, aliases unfolded."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _entry(where: str, defaults: Mapping[str, Any], given: Any) -> Entry:
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{where}: is not a mapping with name, model and model_args")
    merged = {**defaults, **given}
    for key in ("model_args", "settings"):
        merged[key] = {**_mapping(where, key, defaults), **_mapping(where, key, given)}
    for key in merged:
        if key not in KEYS:
            close = difflib.get_close_matches(str(key), KEYS, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise ConfigurationError(f"{where}: there is no key {key!r} ({hint}there are: {', '.join(KEYS)})")
    if not isinstance(merged.get("model"), str) or not merged["model"]:
        raise ConfigurationError(f"{where}: model is not given: hf, local-completions ..., recorded or pocket")
    arguments = merged["model_args"]
    called = merged.get("name") or arguments.get("pretrained") or arguments.get("model") or merged["model"]
    return Entry(
        name=_name(where, called),
        model=merged["model"],
        model_args=arguments,
        settings=merged["settings"],
        **{key: _text(where, key, merged.get(key)) for key in ("family", "base_model", "released")},
        full_score=_share(where, merged.get("full_score")),
    )


def _mapping(where: str, key: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    value = given.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ConfigurationError(f"{where}: {key} is not a mapping of names to values")
    return value


def _name(where: str, value: Any) -> str:
    name = str(value)
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
        raise ConfigurationError(f"{where}: name {name!r} holds control characters")
    return name


def _text(where: str, key: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | datetime.date) and not isinstance(value, bool):
        return str(value)
    raise ConfigurationError(f"{where}: {key} = {value!r} is not text")


def _share(where: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise ConfigurationError(f"{where}: full_score = {value!r} is not between 0 and 1")
    return float(value)
