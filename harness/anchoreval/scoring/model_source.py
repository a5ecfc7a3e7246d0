"""Where an lm-eval model comes from: an instance, a function that makes one, or a name that lm-eval has registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from anchoreval.errors import AnchorEvalError, ConfigurationError, MissingExtraError, ScoringError
from anchoreval.scoring.masking import masked, secrets_in
from anchoreval.scoring.settings import RunSettings

EXTRAS = {
    "torch": "hf",
    "transformers": "hf",
    "accelerate": "hf",
    "requests": "api",
    "aiohttp": "api",
    "tenacity": "api",
}
"""By module that may be missing: the extra that installs it."""


@dataclass(frozen=True)
class RegisteredModel:
    """A model by the name that lm-eval knows its kind by (`hf`, `vllm`, `local-completions` ...).

    Attributes:
        model: the kind.
        model_args: arguments of its constructor, as a mapping or as lm-eval's `key=value,key=value`.
    """

    model: str
    model_args: Mapping[str, Any] | str | None = field(default=None, repr=False)

    @property
    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments as a mapping, read as lm-eval reads them."""
        if not isinstance(self.model_args, str):
            return {str(name): value for name, value in (self.model_args or {}).items()}
        from lm_eval.utils import simple_parse_args_string

        return dict(simple_parse_args_string(self.model_args))

    @property
    def is_local(self) -> bool:
        """Whether the weights are named by the path of a folder, so that nothing needs to be looked up."""
        given = self.model_args
        pairs = given.split(",") if isinstance(given, str) else [f"{k}={v}" for k, v in (given or {}).items()]
        return any(pair.startswith("pretrained=") and Path(pair.partition("=")[2]).is_dir() for pair in pairs)

    @property
    def hidden(self) -> frozenset[str]:
        """Texts among the arguments that no message may show."""
        return secrets_in(self.arguments)


ModelSource: TypeAlias = "Any | Callable[[], Any] | RegisteredModel"
"""An `lm_eval.api.model.LM`, a function without arguments that makes one, or a registered kind."""


def needs_no_network(source: ModelSource) -> bool:
    """Whether a model is known to be here already."""
    return source.is_local if isinstance(source, RegisteredModel) else not callable(source)


def opened(source: ModelSource, settings: RunSettings, name: str) -> Any:
    """The lm-eval model.

    Raises:
        ConfigurationError: lm-eval knows no such kind of model, or this is no model at all.
        MissingExtraError: a package that the model needs is not installed; names the line that installs it.
        ScoringError: the model does not load; says how.
    """
    from lm_eval.api.model import LM

    if isinstance(source, LM):
        return source
    try:
        made = _registered(source, settings) if isinstance(source, RegisteredModel) else source()
    except AnchorEvalError:
        raise
    except ModuleNotFoundError as error:
        raise _missing(error, name) from error
    except Exception as error:
        raise ScoringError(f"model {name!r} does not load: {_reason(source, error)}") from error
    if not isinstance(made, LM):
        raise ConfigurationError(f"model {name!r} is a {type(made).__name__}, not an lm_eval.api.model.LM")
    return made


def _registered(source: RegisteredModel, settings: RunSettings) -> Any:
    import lm_eval.models  # noqa: F401 - else a user who has registered a model hides all of lm-eval's own
    from lm_eval.api.registry import get_model

    try:
        kind = get_model(source.model)
    except ValueError as error:
        raise ConfigurationError(f"lm-eval has no kind of model {source.model!r}") from error
    if isinstance(source.model_args, str):
        return kind.create_from_arg_string(source.model_args, settings.of_model)
    return kind.create_from_arg_obj(dict(source.model_args or {}), settings.of_model)


def _reason(source: ModelSource, error: Exception) -> str:
    reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if not isinstance(source, RegisteredModel):
        return reason
    if source.model.endswith("completions") and isinstance(error, OSError | ValueError):
        reason += "; behind a server, tokenizer= (a folder or a name) in model_args says where the tokenizer is"
    return masked(reason, source.hidden)


def _missing(error: ModuleNotFoundError, name: str) -> MissingExtraError:
    module = (error.name or "").partition(".")[0]
    line = f"anchoreval[{EXTRAS[module]}]" if module in EXTRAS else module
    return MissingExtraError(f"model {name!r} needs {module}, which is not installed: pip install '{line}'")
