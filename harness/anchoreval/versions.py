"""The versions that results depend on, for provenance and for the names of run folders."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("anchoreval", "numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "lm-eval", "hydra-core")


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that results depend on; those that are not installed are left out."""
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found
