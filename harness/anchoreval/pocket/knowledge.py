"""Facts that are looked up: capitals, element symbols, opposites, kinds of things, irregular verbs."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

from anchoreval.pocket.fact import Fact

KNOWLEDGE = ("capitals", "elements", "opposites", "kinds", "word_forms")


def knowledge_facts(subject: str) -> list[Fact]:
    """The facts of one looked-up subject, in the order of `facts.toml`."""
    table = _tables()[subject]
    pool = tuple(sorted(set(table["pairs"].values())))
    return [_fact(subject, key, answer, pool, table) for key, answer in table["pairs"].items()]


def _fact(subject: str, key: str, answer: str, pool: tuple[str, ...], table: dict[str, Any]) -> Fact:
    given = table.get("misconceptions", {}).get(key)
    misconception = f"{key.removesuffix('e')}ed" if subject == "word_forms" else given
    prompts = tuple(template.format(x=key) for template in table["templates"])
    return Fact(subject, key, prompts, answer, tuple(w for w in pool if w != answer), misconception)


def _tables() -> dict[str, Any]:
    return tomllib.loads(resources.files("anchoreval.pocket").joinpath("facts.toml").read_text(encoding="utf-8"))
