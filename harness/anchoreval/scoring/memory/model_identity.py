"""What decides a model's answers, as plain data: whoever has the same identity gives the same answers.

It holds the kind of model, its arguments (files and folders by their content) and the seeds of sampling. It leaves
out what shows in the requests (prompts, templates, generation settings), where and how fast the model runs, and every
secret. What a server serves under a name cannot be seen from here: where that may change, give an identity besides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from anchoreval.errors import ConfigurationError
from anchoreval.path_digests import content_of
from anchoreval.schema import plain
from anchoreval.scoring.masking import public_arguments
from anchoreval.scoring.model_source import ModelSource, RegisteredModel
from anchoreval.scoring.settings import RunSettings

SCHEMA = 1
SPEED_ONLY = frozenset(
    {
        "device",
        "batch_size",
        "max_batch_size",
        "num_concurrent",
        "max_retries",
        "timeout",
        "verify_certificate",
        "ca_cert_path",
    }
)
"""Arguments that say where and how fast a model answers, and not what."""
SEEDS = ("random_seed", "numpy_random_seed", "torch_random_seed")

Identity: TypeAlias = Mapping[str, Any] | str


def model_identity(
    source: ModelSource, settings: RunSettings | None = None, name: str = "model", given: Identity | None = None
) -> dict[str, Any]:
    """The identity of a model.

    Args:
        source: of the model.
        settings: of the run; None: lm-eval's defaults.
        name: of the model, for messages.
        given: the caller's own words for the model; needed where the source is no registered kind.

    Raises:
        ConfigurationError: nothing is known of the model and none is given, or it is no plain data.
    """
    seeds = {seed: getattr(settings or RunSettings(), seed) for seed in SEEDS}
    identity: dict[str, Any] = {"schema": SCHEMA, "seeds": seeds}
    if isinstance(source, RegisteredModel):
        arguments = public_arguments(source.arguments)
        kept = {key: _content(value) for key, value in arguments.items() if key not in SPEED_ONLY and value is not None}
        identity |= {"kind": source.model, "model_args": kept}
    elif given is None or given == "" or given == {}:
        raise ConfigurationError(
            f"model {name!r} is given as a {type(source).__name__}, from which nothing can be told:"
            " answers are remembered only with identity= (its name and version, say)"
        )
    try:
        return identity | ({} if given is None else {"given": plain(given, "identity")})
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"model {name!r}: {error}") from error


def identity_digest(identity: Mapping[str, Any]) -> str:
    """SHA-256 of an identity in canonical form."""
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), default=repr)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _content(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _content(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_content(entry) for entry in value]
    return content_of(str(value) if isinstance(value, Path) else value)
