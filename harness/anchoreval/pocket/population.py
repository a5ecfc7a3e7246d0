"""The population: 18 families of nine models, and newcomers made the same way.

A family brings out four generations of general models, each longer and better read, and one specialist trained from
scratch. The second and third generation also come tuned to a few subjects, the third with another seed, the fourth
tuned to everything at once. Tuned models and other seeds share the `base_model` they come from.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from anchoreval.pocket.families import FAMILIES, SIZES, Family
from anchoreval.pocket.items import SUBJECTS
from anchoreval.pocket.spec import ModelSpec
from anchoreval.pocket.stream import Stream

_FIRST_RELEASE = date(2023, 1, 15)
_MONTH = 30
_GENERATION = 150
"""Days from one generation of a family to the next."""


def population() -> tuple[ModelSpec, ...]:
    """The recipes of the models whose answers ship with the package, family by family."""
    return tuple(spec for family in FAMILIES for spec in _models(family))


def newcomers(n: int = 3, seed: int = 0) -> tuple[ModelSpec, ...]:
    """Recipes of models that are not in the population, from weak to strong.

    Args:
        n: how many.
        seed: other seeds give other models.
    """
    stream = Stream("newcomers", seed)
    families = stream.shuffled(FAMILIES)
    return tuple(
        _newcomer(families[i % len(families)], (i + 1) / (n + 1), f"new{seed}-{i + 1}", stream) for i in range(n)
    )


def _newcomer(family: Family, quality: float, label: str, stream: Stream) -> ModelSpec:
    generation = min(int(quality * len(family.orders)), len(family.orders) - 1)
    size = SIZES[max(0, min(int(quality * len(SIZES)) + stream.below(3) - 1, len(SIZES) - 1))]
    spec = _general(family, generation, f"{family.name}-{label}")
    released = date(2026, 4, 1) + timedelta(days=stream.below(180))
    return replace(spec, size=size, seed=1000 + stream.below(1 << 30), released=released.isoformat())


def _models(family: Family) -> list[ModelSpec]:
    general = [_general(family, generation, f"{family.name}-{generation + 1}") for generation in range(4)]
    _, second, third, fourth = general
    specialist = _released(family, 2, 60, replace(second, name=f"{family.name}-own", base_model=f"{family.name}-own"))
    return [
        *general,
        replace(specialist, size=SIZES[family.sizes[1] + 1], mixture=_specialty(specialist.name), seed=7),
        _tuned(second, _specialty(f"{second.name}-tuned"), "tuned"),
        _tuned(third, _specialty(f"{third.name}-tuned"), "tuned"),
        _released(family, 2, 20, replace(third, name=f"{third.name}-b", seed=third.seed + 10)),
        _tuned(fourth, (1,) * len(SUBJECTS), "wide"),
    ]


def _general(family: Family, generation: int, name: str) -> ModelSpec:
    spec = ModelSpec(
        name=name,
        family=family.name,
        base_model=name,
        released="",
        size=SIZES[family.sizes[generation]],
        order=family.orders[generation],
        smoothing=family.smoothing,
        strength=family.strength,
        mixture=_diet(family.name),
        seed=1 + generation,
        unit=family.unit,
        credulity=family.credulity,
        noise=family.noise,
        style=family.style,
        cache=family.cache,
    )
    return _released(family, generation, 0, spec)


def _tuned(base: ModelSpec, mixture: tuple[int, ...], label: str) -> ModelSpec:
    """The base model after reading as much again of another mixture."""
    released = date.fromisoformat(base.released) + timedelta(days=45)
    name = f"{base.name}-{label}"
    return replace(base, name=name, released=released.isoformat(), tuned_size=base.size, tuned=mixture)


def _released(family: Family, generation: int, later: int, spec: ModelSpec) -> ModelSpec:
    jitter = Stream("released", spec.name).below(60)
    days = family.start * _MONTH + generation * _GENERATION + later + jitter
    return replace(spec, released=(_FIRST_RELEASE + timedelta(days=days)).isoformat())


def _diet(family: str) -> tuple[int, ...]:
    """A family's general mixture: every subject, up to 32 times as much of one as of another."""
    stream = Stream("diet", family)
    return tuple(1 << stream.below(6) for _ in SUBJECTS)


def _specialty(name: str) -> tuple[int, ...]:
    """A specialist's mixture: three subjects, next to nothing of the others."""
    chosen = Stream("specialty", name).shuffled(range(len(SUBJECTS)))[:3]
    return tuple(60 if place in chosen else 1 for place in range(len(SUBJECTS)))
