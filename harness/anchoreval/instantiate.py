"""The one door through which a configuration makes objects, and the list of what may pass it.

A method is named (`name: disco`) and comes from the registry of entry points; or its class is given (`_target_`), and
then it must be a registered one or one of our own packages. Nothing else in the package calls Hydra's `instantiate`.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from omegaconf import DictConfig, OmegaConf

from anchoreval.errors import ConfigurationError, MethodOptionError
from anchoreval.methods import Estimator, Selector
from anchoreval.registry import GROUPS, make_estimator, make_selector

OURS = {
    "selector": ("anchor_selectors.",),
    "estimator": ("anchoreval.estimators.",),
    "scorer": ("anchoreval.jobs.scorer",),
}
"""By kind of object, the beginnings of the dotted names that a configuration may give as `_target_`."""


def selector(node: Mapping[str, Any]) -> Selector:
    """The selector that a configuration node names, its options checked by name and type.

    Raises:
        ConfigurationError: the node gives a `_target_` that is not allowed, or no name.
        UnknownMethodError: no selector of that name is registered.
        MethodOptionError: an unknown option, or a value of the wrong type.
    """
    return typing.cast(Selector, _method("selector", node))


def estimator(node: Mapping[str, Any]) -> Estimator:
    """The estimator that a configuration node names (errors as for `selector`)."""
    return typing.cast(Estimator, _method("estimator", node))


def instantiate(kind: str, node: Mapping[str, Any], **given: Any) -> Any:
    """Call the node's `_target_` with its other keys and `given`, if the target is on the list for this kind.

    Raises:
        ConfigurationError: no target, one that is not on the list, or special keys other than `_target_`.
    """
    from hydra import utils

    plain = _plain(node)
    target = plain.get("_target_")
    if not isinstance(target, str):
        raise ConfigurationError(f"{kind}: the configuration has no _target_")
    _refuse_special_keys(kind, plain)
    _refuse_other_targets(kind, target)
    extra: dict[str, Any] = {"_convert_": "all", "_recursive_": False, "_partial_": True}
    if "_execution_whitelist_" in inspect.signature(utils.instantiate).parameters:  # Hydra 1.4
        extra["_execution_whitelist_"] = [target]
    make = utils.instantiate(plain, **extra)  # called here, since Hydra would turn `given` into configuration nodes
    try:
        return make(**given)
    except TypeError as error:
        raise ConfigurationError(f"{kind} {target}: {' '.join(str(error).split())}") from error


def _method(kind: str, node: Mapping[str, Any]) -> object:
    plain = _plain(node)
    if "_target_" in plain:
        plain.pop("name", None)
        made = instantiate(kind, plain)
    else:
        name = plain.pop("name", None)
        if not isinstance(name, str):
            raise ConfigurationError(f"{kind}.name is missing: give {kind}.name=<registered name>")
        _refuse_special_keys(kind, plain)
        _check_types(kind, name, plain)
        made = make_selector(name, **plain) if kind == "selector" else make_estimator(name, **plain)
    return made


def _plain(node: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(node, DictConfig):
        return typing.cast(dict[str, Any], OmegaConf.to_container(node, resolve=True))
    return dict(node)


def _refuse_special_keys(kind: str, plain: Mapping[str, Any]) -> None:
    """Hydra gives meaning to keys like `_args_`, and makes nested `_target_`s too: none of it is needed here."""
    for key, value in plain.items():
        if str(key).startswith("_") and key != "_target_":
            raise ConfigurationError(f"{kind}: key {key!r} is not allowed in a configuration")
        if "_target_" in str(value) and key != "_target_":
            raise ConfigurationError(f"{kind}.{key}: a nested _target_ is not allowed in a configuration")


def _refuse_other_targets(kind: str, target: str) -> None:
    """Only a class or function under its own name: `anchoreval.x.os.system` begins well and is still `os.system`."""
    from hydra.utils import get_object

    allowed = target.startswith(OURS[kind]) or target in _registered(kind)
    found = get_object(target) if allowed and _is_there(target) else None
    if found is None or f"{found.__module__}.{found.__qualname__}" != target:
        places = ", ".join(f"{prefix}*" for prefix in OURS[kind])
        raise ConfigurationError(f"{kind}: _target_ {target!r} is not allowed (registered {kind}s and {places} are)")


def _is_there(target: str) -> bool:
    from hydra.utils import get_object

    try:
        found = get_object(target)
    except Exception:  # Hydra raises what the import raised, and its own errors
        return False
    return inspect.isclass(found) or inspect.isfunction(found)


def _registered(kind: str) -> set[str]:
    found = entry_points(group=GROUPS[kind]) if kind in GROUPS else ()
    return {entry.value.replace(":", ".") for entry in found}


def _check_types(kind: str, name: str, options: Mapping[str, Any]) -> None:
    """Refuse an option whose value is not of the type that the method's field has."""
    for option, hint in _hints(kind, name).items():
        if option in options and not _fits(value := options[option], hint):
            shown = hint.__name__ if inspect.isclass(hint) else str(hint).replace("typing.", "")
            raise MethodOptionError(f"{kind} {name}: option {option} = {value!r} is not {shown}")


def _hints(kind: str, name: str) -> dict[str, Any]:
    """The types of a method's fields; nothing where they cannot be told: then the method checks by itself."""
    try:
        return typing.get_type_hints(entry_points(group=GROUPS[kind], name=name)[name].load())
    except Exception:  # unknown, or does not load: the registry says so next, and better
        return {}


def _fits(value: object, hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, part) for part in typing.get_args(hint))
    if origin is typing.Literal:
        return value in typing.get_args(hint)
    if hint in (None, type(None)):
        return value is None
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint) if hint in (bool, str) else True
