"""anchoreval: benchmark compression with honest error bars.

Pick a small anchor set of a benchmark's items from the results of models that were evaluated in full, score new models
on the anchors alone, reconstruct their full scores with intervals.

    import anchoreval as ae

    matrix = ae.load_benchmark("pocket")
    anchors = ae.select(matrix, "disco", k=100)
    reconstruction = ae.reconstruct(matrix, anchors)
    reconstruction.predict(targets)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.errors import AnchorEvalError
from anchoreval.importers.frames import read_frame
from anchoreval.importers.tidy import read_tidy
from anchoreval.methods import Answers, Estimator, Policy, Selection, Selector
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.protocol.compare import compare
from anchoreval.protocol.suite_anchoring import select_suite
from anchoreval.protocol.suite_reconstruction import reconstruct_suite
from anchoreval.reconstruction import Reconstruction
from anchoreval.registry import estimators, policies, selectors
from anchoreval.responses import ResponseMatrix
from anchoreval.store import load_benchmark, write_benchmark
from anchoreval.suite import Suite

if TYPE_CHECKING:
    from anchoreval.power.report.power_report import PowerReport, power_report

LATER = ("PowerReport", "power_report")
"""Public names that load SciPy, which those who do not use them need not wait for."""

__all__ = [
    "AnchorEvalError",
    "AnchorSet",
    "Answers",
    "Estimator",
    "Policy",
    "PowerReport",
    "Reconstruction",
    "ResponseMatrix",
    "Selection",
    "Selector",
    "Suite",
    "compare",
    "estimators",
    "load_anchors",
    "load_benchmark",
    "policies",
    "power_report",
    "read_frame",
    "read_tidy",
    "reconstruct",
    "reconstruct_suite",
    "select",
    "select_suite",
    "selectors",
    "write_benchmark",
]


def __getattr__(name: str) -> Any:
    if name in LATER:
        from anchoreval.power.report import power_report

        return getattr(power_report, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
