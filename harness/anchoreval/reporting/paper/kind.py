"""A kind of figure: what it needs of a finished run, which options it takes, and the function that draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from anchoreval.errors import ConfigurationError, NotApplicableError
from anchoreval.reporting.paper.part import Part
from anchoreval.reporting.paper.style import Sheet

NEEDS = {
    "compare": "a run folder of job=compare",
    "run": "a run folder of job=run",
    "plan": "a run folder of job=plan",
    "transfer": "a run folder of job=transfer",
    "sources": "a run folder of job=sources",
    "matrix": "a run folder that says which benchmark it read",
}
"""What a kind may need, and what gives it."""


@dataclass(frozen=True)
class Caption:
    """What a figure shows, in words: design, units, intervals. Nothing in it that was not computed."""

    text: str


@dataclass(frozen=True)
class Inputs:
    """What a figure is drawn from: a part, and the options that were given.

    Attributes:
        part: a finished run.
        options: by name; all are known to the kind.
        kind: its name, for messages.
    """

    part: Part
    options: Mapping[str, Any] = field(default_factory=dict)
    kind: str = ""

    def names(self, option: str, there: Iterable[Any]) -> list[Any]:
        """The values of an option that picks some of those that are there; all of these by default, in their order.

        Raises:
            ConfigurationError: a value is not there, or none was given.
        """
        known = list(dict.fromkeys(there))
        if (given := self.options.get(option)) is None:
            return known
        wanted = list(given) if isinstance(given, list | tuple) else [given]
        if lost := [value for value in wanted if value not in known]:
            raise self.refused(option, lost[0], known)
        if not wanted:
            raise ConfigurationError(f"figure {self.kind}: option {option} is empty")
        return wanted

    def choice(self, option: str, among: Iterable[str], default: str) -> str:
        """The value of an option that is one of several words.

        Raises:
            ConfigurationError: it is none of them.
        """
        value, known = self.options.get(option, default), list(among)
        if value not in known:
            raise self.refused(option, value, known)
        return str(value)

    def count(self, option: str, default: int) -> int:
        """The value of an option that is a whole number of at least 1.

        Raises:
            ConfigurationError: it is not.
        """
        value = self.options.get(option, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigurationError(f"figure {self.kind}: option {option} = {value!r} is not a number of at least 1")
        return value

    def refused(self, option: str, value: Any, known: Iterable[Any]) -> ConfigurationError:
        """What to raise for a value that is none of those known."""
        return ConfigurationError(
            f"figure {self.kind}: option {option}: there is no {value!r} (there are: {', '.join(map(str, known))})"
        )


@dataclass(frozen=True)
class FigureKind:
    """A kind of figure.

    Attributes:
        name: by which it is asked for.
        needs: what a part must have left behind, of `NEEDS`.
        draw: draws on a sheet what a part holds and returns the caption.
        options: what each option that it takes does.
    """

    name: str
    needs: frozenset[str]
    draw: Callable[[Inputs, Sheet], Caption]
    options: Mapping[str, str] = field(default_factory=dict)

    def is_met_by(self, part: Part) -> bool:
        """Whether the part holds what the kind needs."""
        return self.needs <= part.gives

    def drawn(self, part: Part, options: Mapping[str, Any], on: Sheet) -> Caption:
        """Draw it and return the caption.

        Raises:
            NotApplicableError: the part lacks what the kind needs, or its results do.
            ConfigurationError: there is no such option, or not with that value.
        """
        if lost := sorted(self.needs - part.gives):
            raise NotApplicableError(
                f"figure {self.name} needs {NEEDS[lost[0]]}; {part.name or part.folder} is one of job={part.job}"
            )
        if unknown := sorted(set(options) - set(self.options)):
            known = ", ".join(self.options) or "none"
            raise ConfigurationError(f"figure {self.name}: there is no option {unknown[0]!r} (there are: {known})")
        return self.draw(Inputs(part, options, self.name), on)
