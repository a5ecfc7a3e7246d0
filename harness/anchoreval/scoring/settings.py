"""How lm-eval is run: the settings that a user may choose, and those that would spoil answers on anchors."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from anchoreval.errors import ConfigurationError

REFUSED = {
    "cache_requests": "it answers one set of anchors with the prompts of another",
    "use_cache": "its key leaves out the model, and its values are pickles",
    "limit": "the anchors say which documents are asked",
    "samples": "the anchors say which documents are asked",
    "log_samples": "it is always on: scores are read from the samples",
    "bootstrap_iters": "it is always 0: lm-eval's standard errors are not those of a reconstruction",
    "predict_only": "it leaves the answers without scores",
}
"""Settings of lm-eval that are never passed on, and why."""


@dataclass(frozen=True)
class RunSettings:
    """Settings of an lm-eval run, with lm-eval's own meaning and defaults.

    They must be those of the runs that the benchmark's scores come from, or the answers are not comparable.
    """

    num_fewshot: int | None = None
    batch_size: int | str | None = None
    max_batch_size: int | None = None
    device: str | None = None
    system_instruction: str | None = None
    apply_chat_template: bool | str = False
    fewshot_as_multiturn: bool = True
    gen_kwargs: Mapping[str, Any] | None = None
    random_seed: int = 0
    numpy_random_seed: int = 1234
    torch_random_seed: int = 1234
    fewshot_random_seed: int = 1234
    confirm_run_unsafe_code: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """From keyword arguments.

        Raises:
            ConfigurationError: naming a setting that does not exist or is never passed on, and why.
        """
        known = [field.name for field in fields(cls)]
        for name in given:
            if name in REFUSED:
                raise ConfigurationError(f"lm-eval setting {name!r} cannot be used here: {REFUSED[name]}")
            if name not in known:
                raise ConfigurationError(f"there is no lm-eval setting {name!r} (there are: {', '.join(known)})")
        return cls(**given)

    @property
    def of_model(self) -> dict[str, Any]:
        """What goes to the model's constructor."""
        return {"batch_size": self.batch_size, "max_batch_size": self.max_batch_size, "device": self.device}

    @property
    def of_prompt(self) -> dict[str, Any]:
        """What goes to lm-eval's `evaluate`."""
        return {
            "system_instruction": self.system_instruction,
            "apply_chat_template": self.apply_chat_template,
            "fewshot_as_multiturn": self.fewshot_as_multiturn,
            "confirm_run_unsafe_code": self.confirm_run_unsafe_code,
        }


@contextmanager
def seeded(settings: RunSettings) -> Iterator[None]:
    """Seed the global generators as lm-eval does; Python's and NumPy's are put back afterwards."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    random.seed(settings.random_seed)
    np.random.seed(settings.numpy_random_seed)  # noqa: NPY002
    if (torch := sys.modules.get("torch")) is not None:  # a model that uses it has imported it by now
        torch.manual_seed(settings.torch_random_seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


@contextmanager
def configured(task: Any, settings: RunSettings) -> Iterator[None]:
    """Set a task up for one run as `lm_eval.simple_evaluate` does, and put it back for the next.

    Raises:
        ConfigurationError: another number of examples is asked of a task that fixes it at none.
    """
    before = {key: copy.deepcopy(task.get_config(key)) for key in ("num_fewshot", "generation_kwargs")}
    if settings.num_fewshot and before["num_fewshot"] == 0:
        raise ConfigurationError(f"task {task.task_name!r} fixes num_fewshot at 0, and lm-eval does not change that")
    shots = before["num_fewshot"] if settings.num_fewshot is None else settings.num_fewshot
    task.set_config(key="num_fewshot", value=shots or 0)
    if settings.gen_kwargs and task.get_config("output_type") == "generate_until":
        task.set_config(key="generation_kwargs", value=dict(settings.gen_kwargs), update=True)
    task.set_fewshot_seed(seed=settings.fewshot_random_seed)
    try:
        yield
    finally:
        for key, value in before.items():
            task.set_config(key=key, value=value)
