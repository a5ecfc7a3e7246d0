"""The configuration of an exported task: what is plain data in the original is carried over, code is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from anchoreval.exporters.rendering import Rendered, refusal
from anchoreval.scoring.plan import MULTIPLE_CHOICE
from anchoreval.scoring.settings import RunSettings, configured

CARRIED = ("output_type", "target_delimiter", "metric_list", "filter_list", "repeats")
"""Keys that mean the same in the export; `generation_kwargs` joins them where text is generated."""
OUTPUT_TYPES = (MULTIPLE_CHOICE, "generate_until", "loglikelihood")


def check_exportable(task: Any, name: str) -> None:
    """Refuse a task that grades by Python code or that text does not describe.

    Raises:
        ConfigurationError: naming the task and the reason.
    """
    from lm_eval.api.task import ConfigurableTask

    if type(task) is not ConfigurableTask:
        raise refusal(name, f"it is made by Python code ({type(task).__name__})")
    if getattr(task, "MULTIMODAL", False) or task.get_config("unsafe_code"):
        raise refusal(name, "it takes more than text")
    if task.OUTPUT_TYPE not in OUTPUT_TYPES:
        raise refusal(name, f"its output type is {task.OUTPUT_TYPE}")
    if task.get_config("process_results") is not None:
        raise refusal(name, "process_results grades by Python code")
    for key in ("metric_list", "filter_list"):
        if found := _code_in(task.get_config(key)):
            raise refusal(name, f"{key} holds Python code ({found})")


def exported_configuration(
    task: Any, exported: str, file: str, documents: Sequence[Rendered], settings: RunSettings
) -> dict[str, Any]:
    """The YAML document of an exported task, less the function that loads the documents.

    Args:
        task: the original.
        exported: name of the exported task.
        file: name of the file that holds its documents.
        documents: what is asked.
        settings: of the run that is rendered.
    """
    with configured(task, settings):
        carried = {key: task.get_config(key) for key in (*CARRIED, *_for_generation(task))}
    return {
        "task": exported,
        "dataset_kwargs": {"anchors_file": file},
        "test_split": "test",
        **_columns(documents[0].columns),
        "num_fewshot": 0,
        **{key: _plain(value) for key, value in carried.items() if value is not None},
        "metadata": {"version": 1.0},
    }


def _columns(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Which column is what: bare names, which lm-eval takes as they stand."""
    found = {"doc_to_text": "context", "doc_to_target": "target"}
    if "prefix" in columns:
        found |= {"doc_to_text": "gold", "description": "prefix"}
    return {**found, "doc_to_choice": "choices"} if "choices" in columns else found


def _for_generation(task: Any) -> tuple[str, ...]:
    return ("generation_kwargs",) if task.OUTPUT_TYPE == "generate_until" else ()


def _code_in(value: Any) -> str | None:
    """The name of a function or class inside plain-looking data; None without one."""
    if callable(value):
        return str(getattr(value, "__name__", type(value).__name__))
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return next((found for found in map(_code_in, inside) if found), None)


def _plain(value: Any) -> Any:
    """The same of built-in types alone, which is what a safe YAML writer knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value
