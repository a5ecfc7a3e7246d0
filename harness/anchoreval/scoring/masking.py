"""Keeping secrets of `model_args` (keys, tokens, passwords in addresses) out of names, messages and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

SECRET = frozenset({"header", "headers", "token", "use_auth_token", "password", "secret", "authorization", "key"})
SECRET_ENDINGS = (
    "api_key",
    "apikey",
    "auth_token",
    "access_token",
    "hf_token",
    "_password",
    "_secret",
    "-key",
    "-token",
)
SHORTEST = 4
"""Characters of a secret that is searched for: shorter ones would blot out ordinary words."""
LONGEST_MESSAGE = 200
MASK = "***"


def is_secret(name: str) -> bool:
    """Whether an argument of this name holds a secret."""
    lowered = name.lower()
    return lowered in SECRET or lowered.endswith(SECRET_ENDINGS)


def public_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without those that hold secrets; addresses lose user names, passwords and secret parameters."""
    return {name: _public(value) for name, value in arguments.items() if not is_secret(name)}


def secrets_in(arguments: Mapping[str, Any]) -> frozenset[str]:
    """Every text among the arguments that must not be shown."""
    found: set[str] = set()
    for name, value in arguments.items():
        if is_secret(name):
            found.update(word for text in _texts(value) for word in (text, text.rpartition(" ")[2]))
        elif isinstance(value, Mapping):
            found |= secrets_in(value)
        elif isinstance(value, str) and "://" in value:
            found |= _secrets_of_address(value)
    return frozenset(word for word in found if len(word) >= SHORTEST)


def masked(text: str, hidden: Iterable[str]) -> str:
    """The text with every secret blotted out."""
    for word in sorted(hidden, key=len, reverse=True):
        text = text.replace(word, MASK)
    return text


def shortened(text: str) -> str:
    """Somebody else's message in one line of printable characters, cut where it is long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_MESSAGE else line[:LONGEST_MESSAGE] + " ..."


def _public(value: Any) -> Any:
    if isinstance(value, Mapping):
        return public_arguments({str(name): entry for name, entry in value.items()})
    if isinstance(value, list | tuple):
        return [_public(entry) for entry in value]
    if not isinstance(value, str) or "://" not in value:
        return value
    parts, query = _address(value)
    shown = urlencode([(name, entry) for name, entry in query if not is_secret(name)])
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, shown, ""))


def _address(text: str) -> tuple[Any, list[tuple[str, str]]]:
    try:
        parts = urlsplit(text)
    except ValueError:  # no address after all
        parts = urlsplit("")._replace(path=text)
    return parts, parse_qsl(parts.query, keep_blank_values=True)


def _secrets_of_address(text: str) -> set[str]:
    parts, query = _address(text)
    login = parts.netloc.rpartition("@")[0]
    password = login.partition(":")[2]
    return {login, password, unquote(password), *(value for name, value in query if is_secret(name))}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for entry in value.values():
            yield from _texts(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _texts(entry)
    elif value is not None:
        yield str(value)
