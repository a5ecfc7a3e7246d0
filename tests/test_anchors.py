"""Anchor sets: what is kept reconstructs to the last bit, and nothing odd is read."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from anchoreval import atomic, registry
from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.anchors import folder as anchors_folder
from anchoreval.anchors.state import read_state, state_bytes
from anchoreval.contract import choose
from anchoreval.errors import AnchorSetError, MethodError, NotApplicableError, UnknownMethodError
from anchoreval.methods import Selection
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.reconstruction import IntervalWarning, Reconstruction
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

from .conftest import simulate


@dataclass
class Whole:
    """A fake estimator that learns every item's mean, which no anchor set keeps."""

    needs: ClassVar[frozenset[str]] = frozenset()
    whole_matrix: ClassVar[bool] = True
    shrink: float = 0.5
    keeps_state: bool = True
    learnt: np.ndarray[Any, Any] = field(init=False, repr=False, default_factory=lambda: np.zeros(0))

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        self.learnt = np.array([sources.scores.mean(), rng.random()])
        return self

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        score = self.shrink * targets.scores.mean(axis=1) + (1 - self.shrink) * self.learnt[0] + 1e-3 * self.learnt[1]
        return pd.DataFrame({"score": np.clip(score, 0, 1)}, index=targets.models.index)

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        return {"learnt": self.learnt} if self.keeps_state else {}

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        self.learnt = state["learnt"]
        return self


@pytest.fixture
def whole_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake under the name `whole`, beside the real estimators."""
    found = registry._found
    fake = EntryPoint("whole", f"{Whole.__module__}:{Whole.__qualname__}", "anchoreval.estimators")
    monkeypatch.setattr(
        registry, "_found", lambda kind: {**found(kind), "whole": fake} if kind == "estimator" else found(kind)
    )


@pytest.fixture
def matrix() -> ResponseMatrix:
    made = simulate(70, 60, n_subjects=3, options=3, variants=2, missing=0.01, aggregation="macro", seed=4)
    items = made.items.assign(
        task="demo",
        doc_id=range(60),
        doc_hash=[f"h{n}" for n in range(60)],
        text=["é\n" * (n % 3) for n in range(60)],
        options=[["a", "b", "c"]] * 60,
        unknown="dropped",
    )
    return ResponseMatrix.from_arrays(
        made.scores,
        models=made.models.assign(run=range(70)),
        items=items,
        probabilities=made.probabilities,
        aggregation="macro",
        name="demo",
        provenance={"source": "simulation"},
    )


@pytest.fixture
def anchors(matrix: ResponseMatrix) -> AnchorSet:
    return select(matrix, "stratified", k=12, seed=3, calibration=0.3)


def targets_of(matrix: ResponseMatrix) -> ResponseMatrix:
    """A few models with answers and no known score."""
    few = matrix.subset(models=matrix.models.index[:9])
    return few.subset(models=few.models.index[[3, 1, 4, 0, 5, 8, 2, 7, 6]])


def quietly(reconstruction: Reconstruction, targets: ResponseMatrix) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntervalWarning)
        return reconstruction.predict(targets, level=0.8)


def assert_same(left: AnchorSet, right: AnchorSet) -> None:
    for name in ("benchmark", "items_digest", "selector", "k", "unit", "seed", "weighted", "estimator",
                 "estimator_seed", "expected_error", "whole_matrix"):  # fmt: skip
        assert getattr(left, name) == getattr(right, name), name
    for name in ("selector_options", "estimator_options", "details", "versions"):
        assert dict(getattr(left, name)) == dict(getattr(right, name)), name
    pd.testing.assert_frame_equal(left.table, right.table)
    for name in ("roles", "groups"):
        one, other = getattr(left, name), getattr(right, name)
        assert (one is None) == (other is None)
        if one is not None:
            pd.testing.assert_series_equal(one, other)
    assert (left.sources is None) == (right.sources is None)
    if left.sources is not None and right.sources is not None:
        assert_same_matrix(left.sources, right.sources)


def assert_same_matrix(left: ResponseMatrix, right: ResponseMatrix) -> None:
    pd.testing.assert_frame_equal(left.models, right.models)
    pd.testing.assert_frame_equal(left.items, right.items)
    np.testing.assert_array_equal(left.scores, right.scores)
    np.testing.assert_array_equal(left.weights, right.weights)
    pd.testing.assert_frame_equal(left.shares, right.shares, check_exact=True)
    assert (left.probabilities is None) == (right.probabilities is None)
    if left.probabilities is not None and right.probabilities is not None:
        assert left.probabilities.dtype == right.probabilities.dtype
        np.testing.assert_array_equal(left.probabilities, right.probabilities)
    assert (left.name, dict(left.provenance)) == (right.name, dict(right.provenance))


# --- what an anchor set is -------------------------------------------------------------------------------------------


def test_what_the_selector_chose_is_what_the_table_says(matrix: ResponseMatrix) -> None:
    selector = make_selector("stratified")
    roles = pd.Series("select", matrix.models.index)
    chosen = choose(selector, matrix, 12, seed=3)
    anchors = AnchorSet.make(matrix, chosen, roles=roles, selector=selector, k=12, seed=3)
    assert list(anchors.items) == list(chosen.items)
    assert anchors.inclusion is not None
    np.testing.assert_array_equal(anchors.inclusion, chosen.inclusion)
    np.testing.assert_array_equal(anchors.table["share"], matrix.shares["score"][anchors.items])
    assert anchors.weights.sum() == pytest.approx(1.0)
    if chosen.weights is None:
        own = pd.Series(matrix.weights, matrix.items.index)[anchors.items]
        np.testing.assert_allclose(anchors.weights, own / own.sum())
        assert anchors.selection.weights is None
    assert list(anchors.table.columns) == [
        "weight", "share", "inclusion", "task", "doc_id", "doc_hash", "subject", "text", "options",
    ]  # fmt: skip
    assert {"python", "anchoreval", "numpy"} <= set(anchors.versions)
    assert anchors.sources is not None
    pd.testing.assert_frame_equal(anchors.sources.totals(), matrix.totals())
    assert "unknown" not in anchors.sources.items


def test_weights_of_the_selector_are_kept_and_scaled(matrix: ResponseMatrix) -> None:
    selection = Selection(matrix.items.index[:2], weights=np.array([1.0, 3.0]))
    anchors = AnchorSet.make(matrix, selection, roles=None, selector=make_selector("random"), k=2, seed=0)
    assert anchors.weighted
    assert anchors.weights.tolist() == [0.25, 0.75]
    assert anchors.selection.weights is not None


def test_only_models_with_a_role_are_kept(anchors: AnchorSet, matrix: ResponseMatrix) -> None:
    assert anchors.sources is not None
    assert anchors.roles is not None
    roles = anchors.roles.copy()
    roles.iloc[:5] = "none"
    fewer = AnchorSet.make(matrix, anchors.selection, roles=roles, selector=make_selector("stratified"), k=12, seed=3)
    assert fewer.sources is not None
    assert fewer.roles is not None
    assert len(fewer.roles) == fewer.sources.n_models == len(roles) - 5
    assert set(fewer.roles) == {"select", "calibrate"}
    strangers = pd.Series({"nobody": "select"})
    with pytest.raises(AnchorSetError, match="model 'nobody' has a role and is not in benchmark demo"):
        AnchorSet.make(matrix, anchors.selection, roles=strangers, selector=make_selector("random"), k=12, seed=3)


def test_copies_outside_of_the_anchors_stay_one_group() -> None:
    scores = np.random.default_rng(0).integers(0, 2, (6, 80)).astype(float)
    scores[3] = scores[1]
    matrix = ResponseMatrix.from_arrays(scores)
    selection = Selection(matrix.items.index[:5])
    anchors = AnchorSet.make(matrix, selection, roles=None, selector=make_selector("random"), k=5, seed=0)
    assert anchors.groups is not None
    assert anchors.groups["m3"] == anchors.groups["m1"]
    assert anchors.groups.nunique() == 5


# --- the folder ------------------------------------------------------------------------------------------------------


def test_the_folder_gives_back_the_same_anchor_set(anchors: AnchorSet, tmp_path: Path) -> None:
    anchors.save(tmp_path / "set")
    assert sorted(p.name for p in (tmp_path / "set").iterdir()) == ["anchors.json", "source.parquet"]
    assert_same(load_anchors(tmp_path / "set"), anchors)


@settings(max_examples=12, deadline=None)
@given(
    options=st.sampled_from([0, 2, 4]),
    half=st.booleans(),
    subjects=st.sampled_from([0, 3]),
    missing=st.sampled_from([0.0, 0.04]),
    continuous=st.booleans(),
    external=st.booleans(),
    roles=st.booleans(),
    k=st.integers(1, 30),
)
def test_any_anchor_set_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory,
    options: int,
    half: bool,
    subjects: int,
    missing: float,
    continuous: bool,
    external: bool,
    roles: bool,
    k: int,
) -> None:
    made = simulate(12, 30, n_subjects=subjects, options=options, missing=missing, continuous=continuous, seed=k)
    probabilities = made.probabilities
    if probabilities is not None and half:
        probabilities = probabilities.astype(np.float16)
    models = made.models.assign(full_score=0.25) if external else made.models
    matrix = ResponseMatrix.from_arrays(made.scores, models=models, items=made.items, probabilities=probabilities)
    given_roles = pd.Series(["select", "calibrate", "none"] * 4, matrix.models.index) if roles else None
    selector = make_selector("random")
    anchors = AnchorSet.make(
        matrix, choose(selector, matrix, k, seed=1), roles=given_roles, selector=selector, k=k, seed=1
    )
    folder = tmp_path_factory.mktemp("anchors") / "set"
    anchors.save(folder)
    assert_same(load_anchors(folder), anchors)


@pytest.mark.parametrize("estimator", registry.estimators())
def test_the_folder_alone_reconstructs_to_the_last_bit(matrix: ResponseMatrix, tmp_path: Path, estimator: str) -> None:
    anchors = select(matrix, "random", k=12, seed=3, calibration=0.3)
    try:
        made = reconstruct(matrix, anchors, estimator, seed=5)
    except NotApplicableError:
        weights = np.linspace(1, 2, 12)
        anchors = AnchorSet.make(
            matrix,
            Selection(anchors.items, weights=weights, inclusion=anchors.inclusion),
            roles=anchors.roles,
            selector=make_selector("random"),
            k=12,
            seed=3,
        )
        made = reconstruct(matrix, anchors, estimator, seed=5)
    anchors.with_reconstruction(made).save(tmp_path / "set")
    again = load_anchors(tmp_path / "set")
    back = again.reconstruction()
    targets = targets_of(matrix)
    expected = quietly(made, targets)
    pd.testing.assert_frame_equal(quietly(back, targets), expected, check_exact=True)
    pd.testing.assert_frame_equal(back.residuals, made.residuals, check_exact=True)
    assert back.expected_error == made.expected_error == again.expected_error
    assert back.estimator_seed == 5
    if not made.estimator.whole_matrix:
        fitted_again = load_anchors(tmp_path / "set").reconstruction(estimator, seed=6)
        fitted_on_all = reconstruct(matrix, anchors, estimator, seed=6)
        pd.testing.assert_frame_equal(quietly(fitted_again, targets), quietly(fitted_on_all, targets), check_exact=True)


def test_another_process_reconstructs_the_same_from_the_folder(
    anchors: AnchorSet, matrix: ResponseMatrix, tmp_path: Path
) -> None:
    made = reconstruct(matrix, anchors, "signature")
    anchors.with_reconstruction(made).save(tmp_path / "set")
    targets = targets_of(matrix)
    np.save(tmp_path / "scores.npy", targets.subset(items=anchors.items).scores)
    script = (
        "import sys, warnings\nimport numpy as np\nfrom anchoreval.anchors import load_anchors\n"
        "from anchoreval.responses import ResponseMatrix\nfolder, scores = sys.argv[1:]\n"
        "anchors = load_anchors(folder)\nsources = anchors.sources\n"
        "targets = ResponseMatrix.from_arrays(np.load(scores), items=sources.items,\n"
        "    probabilities=sources.subset(models=[f'model00{n}' for n in (3, 1, 4, 0, 5, 8, 2, 7, 6)]).probabilities)\n"
        "warnings.simplefilter('ignore')\n"
        "print(*(x.hex() for x in anchors.reconstruction().predict(targets)['score']))"
    )
    if anchors.sources is None or not {f"model{n:03d}" for n in range(9)} <= set(anchors.sources.models.index):
        pytest.fail("the targets of this test must be among the sources")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "set"), str(tmp_path / "scores.npy")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = [float.fromhex(word) for word in done.stdout.split()]
    part = anchors.sources.subset(models=targets.models.index)
    np.testing.assert_allclose(shown, quietly(made, part)["score"], rtol=0, atol=1e-12)


@pytest.mark.usefixtures("whole_registered")
def test_an_estimator_of_the_whole_matrix_comes_back_from_its_state(
    anchors: AnchorSet, matrix: ResponseMatrix, tmp_path: Path
) -> None:
    made = reconstruct(matrix, anchors, "whole", shrink=0.25)
    attached = anchors.with_reconstruction(made)
    attached.save(tmp_path / "set")
    again = load_anchors(tmp_path / "set")
    assert_same(again, attached)
    targets = targets_of(matrix)
    for back in (again.reconstruction(), again.reconstruction(Whole(shrink=0.25)), attached.reconstruction()):
        pd.testing.assert_frame_equal(quietly(back, targets), quietly(made, targets), check_exact=True)
    with pytest.raises(NotApplicableError, match="estimator whole needs the whole benchmark"):
        again.reconstruction(Whole(shrink=0.5))


def test_an_estimator_without_state_that_needs_the_whole_matrix_makes_save_refuse(
    anchors: AnchorSet, matrix: ResponseMatrix, tmp_path: Path
) -> None:
    attached = anchors.with_reconstruction(reconstruct(matrix, anchors, Whole(keeps_state=False)))
    with pytest.raises(AnchorSetError, match="estimator whole needs the whole source matrix"):
        attached.save(tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_an_estimator_that_is_not_installed_is_named(
    anchors: AnchorSet, matrix: ResponseMatrix, tmp_path: Path
) -> None:
    made = reconstruct(matrix, anchors, Whole())
    anchors.with_reconstruction(made).save(tmp_path / "set")
    again = load_anchors(tmp_path / "set")
    with pytest.raises(UnknownMethodError, match="no estimator is called 'whole'"):
        again.reconstruction()
    targets = targets_of(matrix)
    pd.testing.assert_frame_equal(quietly(again.reconstruction(Whole()), targets), quietly(made, targets))


def test_a_reconstruction_of_other_anchors_is_not_attached(anchors: AnchorSet, matrix: ResponseMatrix) -> None:
    others = select(matrix, "random", k=12, seed=99, calibration=0.3)
    with pytest.raises(AnchorSetError, match="is not one from these anchors of 'demo'"):
        anchors.with_reconstruction(reconstruct(matrix, others, "signature"))


def test_anchors_without_sources_are_kept_and_say_so(anchors: AnchorSet, tmp_path: Path) -> None:
    bare = AnchorSet(
        benchmark="elsewhere",
        items_digest="0" * 64,
        table=anchors.table,
        sources=None,
        roles=None,
        selector="theirs",
        selector_options={},
        k=12,
        unit="item",
        seed=0,
        weighted=True,
    )
    bare.save(tmp_path / "set")
    again = load_anchors(tmp_path / "set")
    assert_same(again, bare)
    with pytest.raises(AnchorSetError, match="the anchors of 'elsewhere' hold no source models"):
        again.reconstruction()


def test_anyone_can_read_the_folder(anchors: AnchorSet, matrix: ResponseMatrix, tmp_path: Path) -> None:
    anchors.save(tmp_path / "set")
    document = json.loads((tmp_path / "set" / "anchors.json").read_text(encoding="utf-8"))
    assert [a["item"] for a in document["anchors"]] == list(anchors.items)
    assert [a["doc_id"] for a in document["anchors"]] == [int(i) for i in anchors.table["doc_id"]]
    frame = pd.read_parquet(tmp_path / "set" / "source.parquet").set_index("model")
    part = matrix.subset(models=frame.index, items=anchors.items)
    np.testing.assert_array_equal(np.stack(frame["scores"]), part.scores)
    assert part.probabilities is not None
    np.testing.assert_array_equal(np.stack(frame["probabilities"]), part.probabilities.reshape(len(frame), -1))
    np.testing.assert_array_equal(frame["full_score"], matrix.full_scores[frame.index])
    np.testing.assert_array_equal(frame["full_score/subject1"], matrix.totals()["subject1"][frame.index])


# --- plain data ------------------------------------------------------------------------------------------------------


@dataclass
class Odd:
    """A selector with an option and details of any kind."""

    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()
    option: Any = None
    details: Any = None

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        return Selection(sources.items.index[:k], details={"kept": self.details})


class Careless(Odd):
    """A selector whose details are not plain data."""

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        return Selection(sources.items.index[:k], details={"found": object()})


def test_numpy_dates_and_nan_become_plain(matrix: ResponseMatrix, tmp_path: Path) -> None:
    details = {
        "a": np.arange(2), "b": np.float32(0.5), "c": float("nan"), "d": pd.Timestamp("2024-02-03"), "e": {2, 1},
        "f": pd.Index(["x"]), 3: (np.True_, None, pd.NaT),
    }  # fmt: skip
    anchors = select(matrix, Odd(details=details), k=3, calibration=0.3)
    plain = {"a": [0, 1], "b": 0.5, "c": None, "d": "2024-02-03", "e": [1, 2], "f": ["x"], "3": [True, None, None]}
    assert anchors.details == {"kept": plain}
    anchors.save(tmp_path / "set")
    assert_same(load_anchors(tmp_path / "set"), anchors)


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        (Odd(option=object()), r"selector odd: options\.option is a object, not plain data"),
        (Odd(details=[1, {"x": len}]), r"options\.details\[1\]\.x is a builtin_function_or_method"),
        (Careless(), r"selector careless: details\.found is a object"),
        (Odd(option=float("inf")), r"options\.option is infinite"),
    ],
)
def test_what_is_not_plain_is_refused(matrix: ResponseMatrix, selector: Odd, message: str) -> None:
    with pytest.raises(MethodError, match=message):
        select(matrix, selector, k=3)


def test_an_executable_reference_is_not_even_written(matrix: ResponseMatrix, tmp_path: Path) -> None:
    anchors = select(matrix, Odd(option={"deep": [{"_target_": "os.system"}]}), k=3)
    with pytest.raises(AnchorSetError, match=r"deep\[0\]: key '_target_' is an executable reference"):
        anchors.save(tmp_path / "set")
    assert not (tmp_path / "set").exists()


ARRAYS = st.one_of(
    hnp.arrays(
        st.sampled_from([np.dtype(t) for t in ("?", "i1", "u2", "<i4", "i8", "f2", "f4", "f8", ">f8", ">i4")]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
    hnp.arrays("U5", hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)),
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.text(), ARRAYS, max_size=4))
def test_any_state_comes_back_exactly(state: dict[str, np.ndarray[Any, Any]]) -> None:
    back = read_state(Path("state.parquet"), state_bytes(state))
    assert list(back) == list(state)
    for name, array in state.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype.newbyteorder("<")
        assert back[name].shape == array.shape
        assert back[name].flags.writeable


@pytest.mark.parametrize("array", [np.array([object()]), np.array([1j]), np.array(["2024"], "M8[D]"), np.array([b"x"])])
def test_other_arrays_are_refused(array: np.ndarray[Any, Any]) -> None:
    with pytest.raises(AnchorSetError, match="the estimator's array 'thing' has dtype"):
        state_bytes({"thing": array})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"dtype": "|O"}, r"array 'a' has dtype '\|O', which is not allowed"),
        ({"dtype": "<M8[D]"}, "is not allowed"),
        ({"dtype": None}, "is not allowed"),
        ({"shape": [3]}, r"array 'a' is damaged: 16 bytes do not make shape \[3\]"),
        ({"shape": [-1, -2]}, "is damaged"),
        ({"data": None}, "is damaged: 0 bytes"),
    ],
)
def test_an_odd_state_file_is_refused(row: dict[str, Any], message: str) -> None:
    table = pq.read_table(pa.BufferReader(state_bytes({"a": np.zeros(2)})))
    rows = [{**table.to_pylist()[0], **row}]
    stream = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), stream)
    with pytest.raises(AnchorSetError, match=message) as caught:
        read_state(Path("here/state.parquet"), stream.getvalue().to_pybytes())
    assert str(caught.value).startswith("here/state.parquet: ")


# --- the right benchmark ---------------------------------------------------------------------------------------------


def test_the_right_benchmark_passes_in_any_order(anchors: AnchorSet, matrix: ResponseMatrix) -> None:
    anchors.check_benchmark(matrix)
    anchors.check_benchmark(matrix.sorted_by_id())
    anchors.check_benchmark(matrix.subset(models=["model001"]))


def test_another_benchmark_is_named_with_the_first_item_that_differs(
    anchors: AnchorSet, matrix: ResponseMatrix
) -> None:
    first = anchors.items[0]
    hashes = matrix.items["doc_hash"].where(matrix.items.index != first, "changed")
    spare = matrix.items.index.difference(anchors.items)
    cases = {
        f"there is no item {first!r}": matrix.subset(items=matrix.items.index.drop(first)),
        f"item {first!r} has doc_hash changed, not": rebuilt(matrix, items=matrix.items.assign(doc_hash=hashes)),
        f"item {first!r} carries .* of its weight, not": rebuilt(matrix, aggregation="micro", drop=spare[:5]),
        "all anchors are there, other items are not the same": rebuilt(
            matrix,
            items=matrix.items.assign(doc_hash=matrix.items["doc_hash"].where(matrix.items.index != spare[0], "x")),
        ),
    }
    for reason, other in cases.items():
        both = r"anchor set of another benchmark: made for 'demo', used with '\w+'"
        with pytest.raises(AnchorSetError, match=f"{both}: {reason}") as caught:
            anchors.check_benchmark(other)
        assert "\n" not in str(caught.value)


def rebuilt(matrix: ResponseMatrix, *, drop: Any = (), **changes: Any) -> ResponseMatrix:
    keep = ~matrix.items.index.isin(drop)
    arguments = {"models": matrix.models, "items": matrix.items[keep], "aggregation": "macro", **changes}
    return ResponseMatrix.from_arrays(matrix.scores[:, keep], **arguments)


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def saved(anchors: AnchorSet, matrix: ResponseMatrix, tmp_path: Path) -> Path:
    anchors.with_reconstruction(reconstruct(matrix, anchors, "signature")).save(tmp_path / "set")
    return tmp_path / "set"


def edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def edited(folder: Path) -> None:
        document = json.loads((folder / "anchors.json").read_text(encoding="utf-8"))
        document.pop("digest")  # which would give any edit away first
        change(document)
        (folder / "anchors.json").write_text(json.dumps(document), encoding="utf-8")

    return edited


def rewrite(file: str, change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], object]:
    """Change a Parquet file and put its new digest into the document, as a forger would."""

    def rewritten(folder: Path) -> None:
        import hashlib

        pq.write_table(change(pq.read_table(folder / file)), folder / file)
        digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
        edit(lambda d: d["files"].update({file: digest}))(folder)

    return rewritten


def with_column(name: str, value: Any) -> Callable[[pa.Table], pa.Table]:
    return lambda t: t.set_column(t.column_names.index(name), name, pa.array([value] * len(t)))


JSON = "anchors.json"
DAMAGE: list[tuple[str, Callable[[Path], object], str, str]] = [
    ("no document", lambda f: (f / JSON).unlink(), JSON, "there is no such file"),
    ("bad JSON", lambda f: (f / JSON).write_text("{,"), JSON, "is not a JSON document"),
    ("NaN", edit(lambda d: d.update(expected_error=float("nan"))), JSON, "NaN is no JSON number"),
    ("newer", edit(lambda d: d.update(schema=2)), JSON, "schema version 2 is unknown; this anchoreval reads 1"),
    ("no schema", edit(lambda d: d.pop("schema")), JSON, "schema version null is unknown"),
    ("target", edit(lambda d: d["estimator"]["options"].update(_target_="os.system")), JSON,
     r"\$\.estimator\.options: key '_target_' is an executable reference"),
    ("target in an anchor", edit(lambda d: d["anchors"][1].update(x=[{"_target_": "os.system"}])), JSON,
     r"\$\.anchors\[1\]\.x\[0\]: key '_target_' is an executable"),
    ("partial", edit(lambda d: d["details"].update(_partial_=True)), JSON, "key '_partial_' is an executable"),
    ("extra key", edit(lambda d: d.update(more=1)), JSON, r"\$: .*'more' was unexpected"),
    ("missing key", edit(lambda d: d.pop("seed")), JSON, r"\$: 'seed' is a required property"),
    ("negative weight", edit(lambda d: d["anchors"][2].update(weight=-0.1)), JSON, r"\$\.anchors\[2\]\.weight: -0.1"),
    ("text for a number", edit(lambda d: d["anchors"][0].update(share="all")), JSON, r"\$\.anchors\[0\]\.share: 'all'"),
    ("no anchors", edit(lambda d: d.update(anchors=[])), JSON, r"\$\.anchors: "),
    ("twice", edit(lambda d: d["anchors"][1].update(item=d["anchors"][0]["item"])), JSON, "item .* stands twice"),
    ("weights", edit(lambda d: d["anchors"][0].update(weight=0.9)), JSON, "weights sum to 1.8"),
    ("inclusion", edit(lambda d: d["anchors"][3].pop("inclusion")), JSON, "item .* and the first one differ"),
    ("k", edit(lambda d: d.update(k=3)), JSON, "k is 3, there are 12 anchors"),
    ("an anchor less", edit(lambda d: d.update(k=11, anchors=d["anchors"][:11], weighted=d["anchors"][10].update(
        weight=d["anchors"][10]["weight"] + d["anchors"][11]["weight"]) or False)), "source.parquet",
     "not the sources of these anchors"),
    ("no item weight", edit(lambda d: [a.pop("item_weight") for a in d["anchors"]]), JSON, "item_weight"),
    ("other file", edit(lambda d: d["files"].update({"../x": "0" * 64})), JSON, r"\$\.files: "),
    ("sources denied", edit(lambda d: d.update(sources=None)), JSON, "says of source.parquet both"),
    ("no sources", lambda f: (f / "source.parquet").unlink(), "source.parquet", "there is no such file"),
    ("sources cut", lambda f: (f / "source.parquet").write_bytes(b"PAR1"), "source.parquet", "damaged or edited"),
    ("state edited", lambda f: (f / "state.parquet").write_bytes(b""), "state.parquet", "damaged or edited"),
    ("a role", rewrite("source.parquet", with_column("role", "boss")), "source.parquet",
     "model 'model000' has role 'boss', not one of select, calibrate"),
    ("models twice", rewrite("source.parquet", with_column("model", "same")), "source.parquet", "'same' stands twice"),
    ("score", rewrite("source.parquet", with_column("full_score", 7.0)), "source.parquet", "full_score 7 is outside"),
    ("a model less", rewrite("source.parquet", lambda t: t.slice(1)), "source.parquet",
     "its models or roles are not those"),
    ("no scores", rewrite("source.parquet", lambda t: t.drop_columns(["scores"])), "source.parquet",
     "not the sources of these anchors"),
    ("some table", rewrite("state.parquet", lambda t: t.drop_columns(["dtype"])), "state.parquet",
     "has no column 'dtype'"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "file", "reason"), [case[1:] for case in DAMAGE], ids=[case[0] for case in DAMAGE])
def test_damage_is_one_line_that_names_the_file(
    saved: Path, damage: Callable[[Path], object], file: str, reason: str
) -> None:
    damage(saved)
    with pytest.raises(AnchorSetError, match=reason) as caught:
        load_anchors(saved)
    assert str(caught.value).startswith(f"{saved / file}: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


# --- saving as a whole -----------------------------------------------------------------------------------------------


def test_saving_again_replaces_the_whole_folder(saved: Path, anchors: AnchorSet) -> None:
    assert (saved / "state.parquet").exists()
    anchors.save(saved)
    assert sorted(p.name for p in saved.iterdir()) == ["anchors.json", "source.parquet"]
    assert [p.name for p in saved.parent.iterdir()] == ["set"]


@pytest.mark.parametrize("moment", ["write_json", "write_bytes"])
def test_a_failure_while_saving_leaves_the_old_folder(
    saved: Path, anchors: AnchorSet, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    before = {p.name: p.read_bytes() for p in saved.iterdir()}

    def full(path: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(anchors_folder, moment, full)
    with pytest.raises(AnchorSetError, match="cannot be written: No space left on device"):
        anchors.save(saved)
    assert {p.name: p.read_bytes() for p in saved.iterdir()} == before
    assert [p.name for p in saved.parent.iterdir()] == ["set"]


def test_a_folder_that_is_no_anchor_set_is_left_alone(anchors: AnchorSet, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_bytes(b"cat")
    (tmp_path / "file").write_text("x")
    for name in ("photos", "file"):
        with pytest.raises(AnchorSetError, match=f"{name}: is there already and is no anchor set"):
            anchors.save(tmp_path / name)
    assert (tmp_path / "photos" / "cat.png").read_bytes() == b"cat"
    (tmp_path / "empty").mkdir()
    anchors.save(tmp_path / "empty")
    assert load_anchors(tmp_path / "empty").k == 12


def test_temporary_folders_are_hidden(anchors: AnchorSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    write = atomic.write_bytes

    def watched(path: Path, data: bytes) -> None:
        seen.append(path.parent.name)
        write(path, data)

    monkeypatch.setattr(anchors_folder, "write_bytes", watched)
    anchors.save(tmp_path / "set")
    assert seen
    assert all(name.startswith(".") and name.endswith(".tmp") for name in seen)


# --- real data -------------------------------------------------------------------------------------------------------


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["livebench", "mmlu_options", "openllm_large_winogrande"])
def test_real_anchor_sets_reconstruct_from_their_folder(
    real: Callable[[str], ResponseMatrix], tmp_path: Path, name: str
) -> None:
    matrix = real(name)
    matrix = matrix.subset(models=matrix.models.index[:200])
    anchors = select(matrix, "random", k=50, missing="allow")
    made = reconstruct(matrix, anchors, "auto", seed=1)
    anchors.with_reconstruction(made).save(tmp_path / name)
    again = load_anchors(tmp_path / name)
    assert_same(again, anchors.with_reconstruction(made))
    targets = matrix.subset(models=matrix.models.index[:25])
    pd.testing.assert_frame_equal(quietly(again.reconstruction(), targets), quietly(made, targets), check_exact=True)
