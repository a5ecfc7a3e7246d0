"""The ways in which a comparison names its methods, turned into methods with labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from anchoreval.errors import MethodOptionError
from anchoreval.methods import Estimator, Selector
from anchoreval.protocol.digests import canonical
from anchoreval.registry import make_estimator, make_selector, method_name, method_options

M = TypeVar("M", Selector, Estimator)

MethodSpec: TypeAlias = Any
"""A name, a pair (name, options), a mapping with `name`, options and perhaps `label`, or a method itself."""
MethodSpecs: TypeAlias = Any
"""One method, an iterable of them, or a mapping from labels to methods."""


@dataclass(frozen=True)
class Labelled(Generic[M]):
    """A method and the name that a table shows for it."""

    label: str
    method: M


def labelled_selectors(specs: MethodSpecs) -> list[Labelled[Selector]]:
    """Selectors in any of the accepted forms; unlabelled ones are called `name` or `name(option=value)`.

    Raises:
        UnknownMethodError, MethodOptionError: no such selector or option, or two of one label.
    """
    return _labelled(specs, make_selector, "select")


def labelled_estimators(specs: MethodSpecs) -> list[Labelled[Estimator]]:
    """Estimators in any of the accepted forms (as for `labelled_selectors`)."""
    return _labelled(specs, make_estimator, "predict")


def _labelled(specs: MethodSpecs, make: Callable[..., M], verb: str) -> list[Labelled[M]]:
    if isinstance(specs, Mapping) and "name" not in specs:
        made = [_one(spec, make, verb, str(label)) for label, spec in specs.items()]
    else:
        made = [_one(spec, make, verb) for spec in _listed(specs)]
    labels = [one.label for one in made]
    if twice := [label for n, label in enumerate(labels) if label in labels[:n]]:
        raise MethodOptionError(f"two methods are labelled {twice[0]!r}; give one another label")
    if not made:
        raise MethodOptionError(f"there is no method to {verb} with")
    return made


def _listed(specs: MethodSpecs) -> list[MethodSpec]:
    pair = isinstance(specs, tuple) and len(specs) == 2 and isinstance(specs[1], Mapping) and isinstance(specs[0], str)
    single = pair or isinstance(specs, str | Mapping) or not isinstance(specs, Iterable)
    return [specs] if single else list(specs)


def _one(spec: MethodSpec, make: Callable[..., M], verb: str, label: str | None = None) -> Labelled[M]:
    name, options = _name_and_options(spec)
    label = options.pop("label", None) if label is None else label
    if not isinstance(name, str) and (isinstance(name, type) or not callable(getattr(name, verb, None))):
        raise MethodOptionError(f"{name!r} is neither the name of a method nor one with a verb {verb!r}")
    method = make(name, **options)
    return Labelled(label or _label(method, options if isinstance(name, str) else _changed(method)), method)


def _name_and_options(spec: MethodSpec) -> tuple[Any, dict[str, Any]]:
    if isinstance(spec, Mapping):
        options = {str(option): value for option, value in spec.items()}
        return options.pop("name", None), options
    if isinstance(spec, tuple | list):
        if len(spec) == 2 and isinstance(spec[1], Mapping):
            return spec[0], dict(spec[1])
        raise MethodOptionError(f"{spec!r} is not a pair of a method's name and its options")
    return spec, {}


def _label(method: object, options: Mapping[str, Any]) -> str:
    shown = ", ".join(f"{option}={value}" for option, value in options.items())
    return f"{method_name(method)}({shown})" if shown else method_name(method)


def _changed(method: object) -> dict[str, Any]:
    """Options of a method that differ from their defaults."""
    if not dataclasses.is_dataclass(method):
        return {}
    usual = {
        f.name: f.default if f.default_factory is dataclasses.MISSING else f.default_factory()
        for f in dataclasses.fields(method)
    }
    options = method_options(method).items()
    return {option: value for option, value in options if canonical(value) != canonical(usual[option])}
