"""`AnchorSet`: the items that were picked, and what is needed to reconstruct full scores from answers on them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.anchors.document import facts_of, plain_data, versions_with
from anchoreval.anchors.folder import read_folder, write_folder
from anchoreval.anchors.sources import ROLES, kept_of
from anchoreval.anchors.table import first_difference, table_of
from anchoreval.arrays import Float64Array
from anchoreval.errors import AnchorSetError
from anchoreval.groups import model_groups
from anchoreval.methods import Estimator, Selection, Selector
from anchoreval.reconstruction import Reconstruction, reconstruct_from
from anchoreval.registry import make_estimator, method_name, method_options
from anchoreval.responses import ResponseMatrix

State = Mapping[str, np.ndarray[Any, Any]]
CALIBRATION = "calibration"
"""Where an anchor set's details say `cross`: no model was set aside, errors come from repetitions in folds."""


@dataclass(frozen=True, eq=False)
class AnchorSet:
    """Anchors of a benchmark. Made by `anchoreval.select`; kept in a folder by `save`, read by `load_anchors`.

    Attributes:
        benchmark: the benchmark's name.
        items_digest: digest of all its items (see `ResponseMatrix.items_digest`).
        n_items: how many they are; None where that was not recorded.
        table: one row an anchor, indexed by item id in the benchmark's order: `weight` (sums to 1), `share` (of the
            whole benchmark's weight), and where known `inclusion`, `task`, `doc_id`, `doc_hash`, `subject`, `text`,
            `options`.
        sources: what the source models answered on the anchors, with their full scores; None if made elsewhere.
        roles: by source model `select` or `calibrate`; None where the anchors were made without roles.
        selector, selector_options, k, unit, seed: how the anchors were selected; `unit` is what k counts.
        weighted: whether `weight` is the selector's; else it is the benchmark's own, scaled.
        estimator, estimator_options, estimator_seed: the estimator that is attached (see `with_reconstruction`), or
            None.
        state: what the attached estimator learnt, as plain arrays.
        expected_error: mean absolute error of the attached estimator on the calibration models, in score units.
        details: what the selector tells about its choice, as plain data.
        versions: of Python, libraries and plug-ins that made it.
        groups: by source model, which of them are variants or copies of one another.
        intervals: the rule by which the attached estimator's errors become intervals (see
            `anchoreval.reconstruction.INTERVALS`).
        residuals: where no model was set aside to calibrate, what the attached estimator got wrong on models that
            took no part in selecting and fitting (see `anchoreval.reconstruction.cross_residuals`).
        whole_matrix: whether fitting the attached estimator reads more than `sources` holds.
    """

    benchmark: str
    items_digest: str
    table: pd.DataFrame
    sources: ResponseMatrix | None
    roles: pd.Series[Any] | None
    selector: str
    selector_options: Mapping[str, Any]
    k: int
    unit: str
    seed: int
    weighted: bool
    estimator: str | None = None
    estimator_options: Mapping[str, Any] = field(default_factory=dict)
    estimator_seed: int = 0
    state: State | None = None
    expected_error: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    groups: pd.Series[Any] | None = None
    whole_matrix: bool = False
    intervals: str = "auto"
    residuals: pd.DataFrame | None = None
    n_items: int | None = None

    @classmethod
    def make(
        cls,
        matrix: ResponseMatrix,
        selection: Selection,
        *,
        roles: pd.Series[Any] | None,
        selector: Selector,
        k: int,
        seed: int,
    ) -> Self:
        """Put together an anchor set from what a selector returned.

        Args:
            matrix: the benchmark, with all models that have a role (all models where `roles` is None).
            selection: as `anchoreval.contract.choose` returns it.
            roles: by model, `select`, `calibrate`, or anything else for none.
            selector: that made the selection.
            k: number of units that were asked for.
            seed: of the selection.

        Raises:
            MethodError: the selector's options or details are not plain data.
            AnchorSetError: a model with a role is not in the matrix.
        """
        if roles is not None:
            roles = roles[roles.isin(ROLES)]
            if (strangers := roles.index.difference(matrix.models.index)).size:
                raise AnchorSetError(f"model {strangers[0]!r} has a role and is not in benchmark {matrix.name}")
        name = method_name(selector)
        sources = kept_of(matrix, selection.items, roles)
        kept = sources.models.index
        return cls(
            benchmark=matrix.name,
            items_digest=matrix.items_digest,
            n_items=matrix.n_items,
            table=table_of(matrix, selection, sources),
            sources=sources,
            roles=None if roles is None else roles.reindex(kept).astype(object).rename("role"),
            selector=name,
            selector_options=plain_data(method_options(selector), f"selector {name}: options"),
            k=int(k),
            unit=selector.unit,
            seed=int(seed),
            weighted=selection.weights is not None,
            details=plain_data(selection.details, f"selector {name}: details"),
            versions=versions_with(selector=name),
            groups=model_groups(matrix).reindex(kept).astype(object),
        )

    @property
    def items(self) -> pd.Index[Any]:
        """Ids of the anchors, in the benchmark's order."""
        return self.table.index

    @property
    def weights(self) -> Float64Array:
        """(anchors,) weights that sum to 1: the selector's, or the benchmark's own."""
        return np.asarray(self.table["weight"].to_numpy(dtype=np.float64))

    @property
    def inclusion(self) -> Float64Array | None:
        """(anchors,) probability with which the design drew each anchor; None unless the design is random."""
        if "inclusion" not in self.table:
            return None
        return np.asarray(self.table["inclusion"].to_numpy(dtype=np.float64))

    @property
    def selection(self) -> Selection:
        """The anchors as estimators see them."""
        weights = self.weights if self.weighted else None
        return Selection(items=self.items, weights=weights, inclusion=self.inclusion, details=self.details)

    @property
    def crossed(self) -> bool:
        """Whether no model was set aside: errors are measured where selection and fit are repeated without a fold."""
        return self.roles is not None and self.details.get(CALIBRATION) == "cross"

    def check_benchmark(self, matrix: ResponseMatrix) -> None:
        """Raise AnchorSetError unless the anchors belong to this benchmark; names the first item that differs."""
        if matrix.items_digest == self.items_digest:
            return
        both = f"anchor set of another benchmark: made for {self.benchmark!r}, used with {matrix.name!r}"
        raise AnchorSetError(f"{both}: {first_difference(self.table, matrix)}")

    def reconstruction(
        self, estimator: str | Estimator | None = None, seed: int | None = None, intervals: str | None = None
    ) -> Reconstruction:
        """Reconstruct from what the anchor set itself holds.

        Where no model was set aside to calibrate (`crossed`), intervals need the attached estimator as it is: errors of
        another one take the whole benchmark (`anchoreval.reconstruct`), and without them intervals are NaN.

        Args:
            estimator: name or estimator; None takes the attached one, and `auto` where none is attached.
            seed: of the estimator; None takes the attached one's, else 0. The attached estimator is restored from its
                state, with another seed or other options it is fitted again.
            intervals: how errors become widths; None takes the attached estimator's rule, else `auto`.

        Raises:
            AnchorSetError: the anchor set holds no source models.
            NotApplicableError: a need of the estimator is not met, or fitting it takes the whole benchmark.
            UnknownMethodError: the attached estimator is not installed.
        """
        if self.sources is None:
            raise AnchorSetError(
                f"the anchors of {self.benchmark!r} hold no source models: reconstruct from the benchmark"
            )
        made = self._estimator() if estimator is None else make_estimator(estimator)
        attached = self._is_attached(made, seed)
        return reconstruct_from(
            self.sources,
            self.selection,
            self.roles,
            made,
            seed=self.estimator_seed if attached else seed or 0,
            groups=self.groups,
            attached_state=self.state if attached else None,
            items_digest=self.items_digest,
            intervals=intervals or (self.intervals if attached else "auto"),
            residuals=self.residuals if attached else None,
        )

    def with_reconstruction(self, reconstruction: Reconstruction) -> AnchorSet:
        """The same anchors with a fitted estimator attached: its name, options, state, errors and rule for intervals.

        Raises:
            AnchorSetError: the reconstruction is one from other anchors.
            MethodError: the estimator's options are not plain data.
        """
        if reconstruction.items_digest != self.items_digest or set(reconstruction.anchors) != set(self.items):
            raise AnchorSetError(f"the reconstruction is not one from these anchors of {self.benchmark!r}")
        made = reconstruction.estimator
        name = method_name(made)
        return dataclasses.replace(
            self,
            estimator=name,
            estimator_options=plain_data(method_options(made), f"estimator {name}: options"),
            estimator_seed=int(reconstruction.estimator_seed),
            state=made.state() or None,
            expected_error=reconstruction.expected_error,
            versions={**self.versions, **versions_with(estimator=name)},
            whole_matrix=bool(made.whole_matrix),
            intervals=reconstruction.intervals,
            residuals=reconstruction.residuals if reconstruction.crossed else None,
        )

    def save(self, folder: Path | str) -> None:
        """Write the anchor set into a folder, as a whole (see `anchoreval.anchors.folder`).

        An anchor set that is in the folder already is replaced.

        Raises:
            AnchorSetError: the attached estimator would need the whole source matrix; the folder holds something
                else; or something cannot be stored.
        """
        if self.whole_matrix and self.state is None:
            raise AnchorSetError(
                f"estimator {self.estimator} needs the whole source matrix and gives no state to keep instead: "
                "these anchors cannot be saved with it"
            )
        write_folder(self, Path(folder))

    def __repr__(self) -> str:
        roles = "no roles" if self.roles is None else f"{len(self.roles)} sources"
        attached = f", {self.estimator} attached" if self.estimator else ""
        return f"AnchorSet({self.benchmark!r}: {len(self.items)} items by {self.selector}, {roles}{attached})"

    def _estimator(self) -> Estimator:
        return (
            make_estimator("auto")
            if self.estimator is None
            else make_estimator(self.estimator, **self.estimator_options)
        )

    def _is_attached(self, made: Estimator, seed: int | None) -> bool:
        if self.estimator != method_name(made) or seed not in (None, self.estimator_seed):
            return False
        return bool(plain_data(method_options(made), "options") == self.estimator_options)


def load_anchors(folder: Path | str) -> AnchorSet:
    """Read an anchor set that `AnchorSet.save` wrote.

    Raises:
        AnchorSetError: one line that names the file: not there, damaged, of an unknown schema, or odd in any way.
    """
    parts = read_folder(Path(folder))
    return AnchorSet(
        **facts_of(parts.document),
        sources=parts.sources,
        roles=parts.roles,
        groups=parts.groups,
        state=parts.state,
        residuals=parts.residuals,
    )
