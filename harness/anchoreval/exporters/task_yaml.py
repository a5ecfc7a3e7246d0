"""YAML of lm-eval tasks, written by a safe writer that knows one tag more: lm-eval's own for a function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def task_yaml(configuration: Mapping[str, Any], loader: str | None = None) -> str:
    """A task or group as YAML.

    Args:
        configuration: plain data.
        loader: the function that loads the documents, as `<module beside the file>.<name>`.

    Raises:
        yaml.YAMLError: the configuration is not plain data.
    """
    import yaml  # type: ignore[import-untyped]

    class Function(str):
        """Name of a function."""

    class Writer(yaml.SafeDumper):  # type: ignore[misc]
        """Writes `Function` with lm-eval's tag, and nothing else that is not plain data."""

        def ignore_aliases(self, data: Any) -> bool:
            """Write repeated values out: anchors of YAML would only puzzle readers."""
            return True

    Writer.add_representer(Function, lambda writer, name: writer.represent_scalar("!function", str(name)))
    document = dict(configuration) if loader is None else {**configuration, "custom_dataset": Function(loader)}
    text: str = yaml.dump(document, Dumper=Writer, sort_keys=False, allow_unicode=False, width=110)
    return text
