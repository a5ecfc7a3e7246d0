"""The methods that are installed, found through entry points, and made from a name and options."""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from anchoreval.errors import MethodError, MethodOptionError, UnknownMethodError
from anchoreval.methods import Estimator, Policy, Selector

GROUPS = {"selector": "anchoreval.selectors", "estimator": "anchoreval.estimators", "policy": "anchoreval.policies"}


def selectors() -> tuple[str, ...]:
    """Names of the selectors that are installed, third-party ones included."""
    return tuple(sorted(_found("selector")))


def estimators() -> tuple[str, ...]:
    """Names of the estimators that are installed, third-party ones included."""
    return tuple(sorted(_found("estimator")))


def policies() -> tuple[str, ...]:
    """Names of the policies for adaptive testing that are installed, third-party ones included."""
    return tuple(sorted(_found("policy")))


def make_selector(method: str | Selector, **options: Any) -> Selector:
    """A selector by name with its options, or the given one unchanged.

    Raises:
        UnknownMethodError: no such name; lists close ones.
        MethodOptionError: no such option; lists those there are.
    """
    return typing.cast(Selector, _make("selector", method, options))


def make_estimator(method: str | Estimator, **options: Any) -> Estimator:
    """An estimator by name with its options, or the given one unchanged (errors as for `make_selector`)."""
    return typing.cast(Estimator, _make("estimator", method, options))


def make_policy(method: str | Policy, **options: Any) -> Policy:
    """A policy by name with its options, or the given one unchanged (errors as for `make_selector`)."""
    return typing.cast(Policy, _make("policy", method, options))


def method_name(method: object) -> str:
    """The registered name of a method, or its class's name in lower case where it is not registered."""
    made = type(method)
    for kind in GROUPS:
        for name, entry in _found(kind).items():
            if entry.value == f"{made.__module__}:{made.__qualname__}":
                return name
    return made.__name__.lower()


def method_options(method: object) -> dict[str, Any]:
    """The options of a method (its dataclass fields that are set by the constructor) as plain data."""
    if not dataclasses.is_dataclass(method):
        return {}
    return {f.name: getattr(method, f.name) for f in dataclasses.fields(method) if f.init}


def provider(kind: str, name: str) -> str:
    """The distribution and version that provide a method, for provenance; empty where it is not registered."""
    entry = _found(kind).get(name)
    return f"{entry.dist.name} {entry.dist.version}" if entry and entry.dist else ""


@cache
def _found(kind: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUPS[kind])}


def _make(kind: str, method: object, options: Mapping[str, Any]) -> object:
    if not isinstance(method, str):
        if options:
            raise MethodOptionError(f"{kind} {method_name(method)} is already made and takes no more options")
        return method
    entry = _found(kind).get(method)
    if entry is None:
        raise UnknownMethodError(f"no {kind} is called {method!r}{_hint(method, _found(kind))}")
    try:
        made = entry.load()
    except Exception as error:
        raise MethodError(f"{kind} {method} ({entry.value}) does not load: {type(error).__name__}: {error}") from error
    known = [f.name for f in dataclasses.fields(made) if f.init] if dataclasses.is_dataclass(made) else []
    for option in options:
        if option not in known:
            raise MethodOptionError(f"{kind} {method} has no option {option!r}{_hint(option, known)}")
    try:
        return made(**options)
    except (TypeError, ValueError) as error:
        raise MethodOptionError(f"{kind} {method}: {error}") from error


def _hint(name: str, known: typing.Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    listed = f"there are: {', '.join(names)}" if names else "there are none"
    return f" (did you mean {close[0]!r}? {listed})" if close else f" ({listed})"
