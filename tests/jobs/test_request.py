from __future__ import annotations

from typing import Any

import pytest
from omegaconf import OmegaConf

from anchoreval.errors import ConfigurationError
from anchoreval.jobs.request import calibration


@pytest.mark.parametrize(
    ("given", "meant"),
    [(0.3, 0.3), (0, 0.0), ("auto", "auto"), ("cross", "cross"), (["a", "b"], ["a", "b"])],
)
def test_calibration_is_a_share_a_word_or_names(given: Any, meant: Any) -> None:
    assert calibration(OmegaConf.create({"calibration": given})) == meant


@pytest.mark.parametrize("given", ["most", True, None, [1, 2], {"share": 0.3}])
def test_anything_else_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="neither auto nor cross"):
        calibration(OmegaConf.create({"calibration": given}))
