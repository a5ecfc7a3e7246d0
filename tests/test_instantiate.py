from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from anchoreval.config import CONF
from anchoreval.errors import AnchorEvalError, ConfigurationError, MethodOptionError, UnknownMethodError
from anchoreval.instantiate import estimator, instantiate, selector
from anchoreval.registry import estimators, method_options, selectors


@pytest.mark.parametrize("kind", ["selector", "estimator"])
def test_every_method_file_lists_the_options_with_their_defaults(kind: str) -> None:
    make, registered = (selector, selectors()) if kind == "selector" else (estimator, estimators())
    files = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (CONF / kind).glob("*.yaml")}
    assert files.pop("plugin") == {"name": "???"}
    for name, node in files.items():
        assert node["name"] == name
        assert name in registered
        options = method_options(make({"name": name}))
        assert {key: value for key, value in node.items() if key != "name"} == options, name


def test_a_method_can_be_given_by_its_class() -> None:
    by_name = selector({"name": "disco", "score": "jsd"})
    by_class = selector({"_target_": "anchor_selectors.disco.Disco", "score": "jsd"})
    assert by_class == by_name
    assert by_class != selector({"name": "disco"})


@pytest.mark.parametrize(
    "node",
    [
        {"_target_": "os.system", "command": "true"},
        {"_target_": "builtins.print"},
        {"_target_": "anchor_selectors.disco.np.save", "file": "x", "arr": [1]},
        {"_target_": "anchor_selectors.disco.jensen_shannon"},
        {"_target_": "anchor_selectors.disco"},
        {"_target_": "anchor_selectors.nothing.Here"},
        {"_target_": "anchoreval.store.write_benchmark"},
        {"_target_": "anchor_selectors.disco.Disco", "guides": {"_target_": "os.getpid"}},
        {"_target_": "anchor_selectors.disco.Disco", "_args_": ["jsd"]},
        {"_target_": "anchor_selectors.disco.Disco", "_partial_": True},
        {"name": "disco", "_convert_": "all"},
    ],
)
def test_what_is_not_on_the_list_is_refused_and_not_called(node: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not allowed") as caught:
        selector(node)
    assert "\n" not in str(caught.value)


def test_hydra_itself_would_have_called_it() -> None:
    """The list is needed: Hydra follows a path through a module of ours to one that is not."""
    from hydra.utils import get_object

    assert get_object("anchor_selectors.disco.np.save").__module__ == "numpy"


@pytest.mark.parametrize(
    ("node", "error", "text"),
    [
        ({"name": "dsco"}, UnknownMethodError, "did you mean 'disco'"),
        ({"name": "disco", "guide": 3}, MethodOptionError, "no option 'guide'"),
        ({"name": "disco", "guides": "abc"}, MethodOptionError, "guides = 'abc' is not int"),
        ({"name": "disco", "guides": True}, MethodOptionError, "guides = True is not int"),
        ({"name": "disco", "stratify": 1}, MethodOptionError, "stratify = 1 is not bool"),
        ({"name": "disco", "score": "xyz"}, MethodOptionError, "xyz"),
        ({}, ConfigurationError, "selector.name"),
        ({"_target_": "anchor_selectors.disco.Disco", "guide": 3}, ConfigurationError, "guide"),
    ],
)
def test_wrong_nodes_are_refused_in_one_line(node: dict[str, Any], error: type[AnchorEvalError], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        selector(node)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_status == 2


def test_scorers_are_made_from_our_own_package_alone() -> None:
    with pytest.raises(ConfigurationError, match="not allowed"):
        instantiate("scorer", {"_target_": "anchor_selectors.disco.Disco"})
