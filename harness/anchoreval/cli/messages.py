"""What Hydra and OmegaConf say about a wrong request, in one line that names the override and the choices."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from anchoreval.config import Config
from anchoreval.errors import ConfigurationError, MethodError, MissingExtraError

EXTRAS = {
    "joblib": "parallel",
    "submitit_slurm": "slurm",
    "submitit_local": "slurm",
    "ray": "ray",
    "ray_aws": "ray",
    "optuna": "optuna",
}
"""Launchers and sweepers of which the plug-in is an extra of ours; our own choices build on them."""

DIED = {"TerminatedWorkerError", "BrokenProcessPool", "UncompletedJobError", "FailedJobError", "WorkerCrashedError"}
"""What launchers raise when a process of theirs ends before its job does."""

OPEN = (
    "selector",
    "estimator",
    "policy",
    "scorer.model_args",
    "scorer.settings",
    "leaderboard.settings",
    "export.settings",
)
"""Sections whose keys are somebody else's: a plug-in's or lm-eval's."""

SYNTAX = ("no viable", "mismatched input", "extraneous input", "token recognition", "missing EQUAL", "LexerNoViable")


def launcher_error(error: BaseException) -> MethodError | None:
    """The one-line error where a process of a sweep died, whichever launcher ran it, or no run of a search succeeded.

    None if the error is neither.
    """
    if any("No trials are completed" in str(one) for one in _chain(error)):
        return MethodError("no run of the search succeeded: there is no smallest error")
    if not any(type(one).__name__ in DIED for one in _chain(error)):
        return None
    return MethodError(
        "a process of the sweep died (out of memory, or ended from outside); what is complete is kept: the same "
        "command goes on from there"
    )


def request_error(error: BaseException, arguments: Sequence[str]) -> ConfigurationError | MissingExtraError | None:
    """The one-line error for an exception raised while composing; None if it is none of Hydra's or OmegaConf's."""
    chain = list(_chain(error))
    if not any(isinstance(e, HydraException | OmegaConfBaseException) for e in chain):
        return None
    text = " ".join(str(e) for e in chain)
    if choice := re.search(r"(?:Could not find|could not find|Could not load) '([^']+)/([^'/]+)'", text):
        return _unknown_choice(choice.group(1), choice.group(2), text)
    if key := re.search(r"Could not (?:override|append to config)[^']*'([^']+)'", text):
        return ConfigurationError(_wrong_key(key.group(1), text))
    if "Error merging override" in text or "could not be converted" in text:
        return ConfigurationError(_wrong_type(chain, text))
    if any(mark in text for mark in SYNTAX):
        return ConfigurationError(_bad_syntax(text, arguments))
    return ConfigurationError(" ".join(re.sub(r"Config search path:.*", "", str(chain[0]), flags=re.S).split()))


def _chain(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _unknown_choice(group: str, choice: str, text: str) -> ConfigurationError | MissingExtraError:
    extra = EXTRAS.get(choice)
    if group in ("hydra/launcher", "hydra/sweeper") and extra:
        named = re.search(rf"In '({group}/\w+)'", text)
        asked = named.group(1) if named else f"{group}/{choice}"
        return MissingExtraError(f"{'='.join(asked.rsplit('/', 1))} needs an extra: pip install 'anchoreval[{extra}]'")
    listed = re.search(r"Available options in '[^']+':\s*(.*?)(?:\s*Config search path:|$)", text, flags=re.S)
    choices = [c for c in (listed.group(1).split() if listed else []) if not c.endswith("_schema")]
    return ConfigurationError(f"{group}={choice}: there is no such choice{_hint(choice, choices)}")


def _wrong_type(chain: Sequence[BaseException], text: str) -> str:
    override = re.search(r"Error merging override (\S.*)", str(chain[0]))
    reason = str(chain[-1]).splitlines()[0]
    where = re.search(r"full_key: (\S+)", text)
    return f"{override.group(1) if override else where.group(1) if where else 'the configuration'}: {reason}"


def _wrong_key(key: str, text: str) -> str:
    parent, _, last = key.rpartition(".")
    known = list(Config.__dataclass_fields__) if not parent else []
    opened = f" (+{key}=<value> passes it on all the same)" if parent in OPEN else _hint(last, known)
    return f"{key}: there is no such key{opened}"


def _bad_syntax(text: str, arguments: Sequence[str]) -> str:
    reason = " ".join(text.split("See https://")[0].split()).removeprefix("Error parsing override ")
    named = next((a for a in arguments if not a.startswith("-") and not _is_readable(a)), "an override")
    return f"{named} cannot be read: {reason}"


def _is_readable(override: str) -> bool:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    try:
        OverridesParser.create().parse_override(override)
    except HydraException:
        return False
    return True


def _hint(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    listed = f"there are: {', '.join(sorted(known))}" if known else ""
    parts = [f"did you mean {close[0]}?" if close else "", listed]
    return f" ({' '.join(p for p in parts if p)})" if any(parts) else ""
