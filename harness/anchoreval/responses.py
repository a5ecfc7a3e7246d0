"""`ResponseMatrix`: the per-item results of many models on one benchmark, validated once and then frozen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float32Array, Float64Array, IntArray, Probabilities
from anchoreval.errors import ResponseDataError
from anchoreval.numerics.additive import additive_item_effects, fill_in
from anchoreval.tables import item_table, item_weights, measured_elsewhere, model_table
from anchoreval.validation import check_probabilities, check_scores, check_shapes

MISSING_LIMIT = 0.05
"""A model that misses more than this share of the weight has no full score of its own."""

SCORE = "score"
"""Name of the total's column wherever a total and its subjects stand side by side."""

Ids = Iterable[str]


@dataclass(frozen=True, eq=False)
class ResponseMatrix:
    """Per-item results of models on one benchmark. Build it with `ResponseMatrix.from_arrays` or a reader.

    Attributes:
        scores: (models, items) float32 in [0, 1]; NaN where a model did not answer.
        models: one row a model, indexed by model id. Optional columns with a meaning: `base_model`, `family`,
            `released`, `prompt`, `run`, `full_score` and `full_score/<subject>` (known scores on the whole
            benchmark, of which this matrix may be a part). Other columns are carried along.
        items: one row an item, indexed by item id, in the benchmark's order. Columns with a meaning: `position`,
            `task`, `doc_id`, `subject`, `text`, `options`, `doc_hash`, `cost`, `label_status`.
        weights: (items,) float64 summing to 1: how the items add up to the score.
        probabilities: (models, items, options) float16 or float32, or None. Each answered row sums to 1 over the
            item's options and is NaN beyond them.
        name: the benchmark's name.
        provenance: where the data come from, as plain data.
        coverage: by output column (`score`, then each subject) the share of the whole benchmark's weight that these
            items carry: 1 for a whole benchmark, less for a part of it (see `part`), 0 for `score` where
            `full_score` was measured outside of these items.
    """

    scores: Float32Array
    models: pd.DataFrame
    items: pd.DataFrame
    weights: Float64Array
    probabilities: Probabilities | None = None
    name: str = "benchmark"
    provenance: Mapping[str, Any] = field(default_factory=dict)
    coverage: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_shapes(self.scores, self.models, self.items, self.weights, self.probabilities)
        check_scores(self.scores, self.models.index, self.items.index)
        if self.probabilities is not None:
            check_probabilities(self.probabilities, self.models.index, self.items.index)
        self._freeze()

    @classmethod
    def from_arrays(
        cls,
        scores: Any,
        *,
        models: pd.DataFrame | Ids | None = None,
        items: pd.DataFrame | Ids | None = None,
        probabilities: Any = None,
        weights: Any = None,
        aggregation: str = "micro",
        name: str = "benchmark",
        provenance: Mapping[str, Any] | None = None,
    ) -> ResponseMatrix:
        """Build a matrix from arrays and tables, validating everything.

        Args:
            scores: (models, items) in [0, 1], NaN for a missing answer.
            models: ids, or a DataFrame indexed by id; `m0`, `m1` ... without it.
            items: ids, or a DataFrame indexed by id; `i0`, `i1` ... without it.
            probabilities: (models, items, options), or None.
            weights: (items,) non-negative; overrides `aggregation`.
            aggregation: `micro` (every item counts the same) or `macro` (every subject counts the same).
            name: the benchmark's name.
            provenance: plain data kept with the matrix.

        Raises:
            ResponseDataError: naming the model, the item or the table at fault.
        """
        score_array = np.array(scores, dtype=np.float32, ndmin=2)
        model_rows = model_table(models, score_array.shape[0])
        item_rows = item_table(items, score_array.shape[1])
        weight_array = item_weights(item_rows, aggregation, weights)
        return cls(
            scores=score_array,
            models=model_rows,
            items=item_rows,
            weights=weight_array,
            probabilities=None if probabilities is None else _float_array(probabilities),
            name=name,
            provenance={"aggregation": "custom" if weights is not None else aggregation, **(provenance or {})},
            coverage={SCORE: 0.0} if measured_elsewhere(model_rows, score_array, weight_array) else {},
        )

    # --- what is in it -------------------------------------------------------------------------------------------

    @property
    def n_models(self) -> int:
        """Number of models."""
        return int(self.scores.shape[0])

    @property
    def n_items(self) -> int:
        """Number of items."""
        return int(self.scores.shape[1])

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """Names of the subjects in order of appearance; empty where items have none."""
        known = [c.removeprefix("full_score/") for c in self.models.columns if c.startswith("full_score/")]
        return tuple(known) or tuple(pd.unique(self.items["subject"])) if "subject" in self.items or known else ()

    @cached_property
    def missing_share(self) -> pd.Series[float]:
        """Share of the weight that each model did not answer."""
        return pd.Series(np.isnan(self.scores) @ self.weights, index=self.models.index, name="missing_share")

    @cached_property
    def option_counts(self) -> IntArray:
        """(items,) number of options with a probability; 0 where no model has any."""
        if self.probabilities is None:
            return np.zeros(self.n_items, dtype=np.int64)
        return np.asarray((~np.isnan(self.probabilities)).sum(axis=2).max(axis=0), dtype=np.int64)

    @cached_property
    def shares(self) -> pd.DataFrame:
        """(items, outputs) weight of each item in the total and in each subject's score.

        Weights are shares of the whole benchmark's: columns sum to `coverage`.
        """
        columns = {SCORE: self.weights * self.coverage.get(SCORE, 1.0)}
        subject = self.items["subject"].to_numpy() if "subject" in self.items else np.empty(self.n_items, dtype=object)
        for name in self.subjects:
            inside = np.where(subject == name, self.weights, 0.0)
            columns[name] = inside / (inside.sum() or 1.0) * self.coverage.get(name, 1.0)
        return pd.DataFrame(columns, index=self.items.index)

    def totals(self, missing: str = "refuse") -> pd.DataFrame:
        """Scores on the whole benchmark: column `score`, then one a subject; a row a model.

        A known `full_score` counts as given. Else it is the weighted mean over the answered items, and NaN where the
        model misses more than 5 % of the weight (unless `missing="allow"`) or the items are only a part of the whole.
        """
        answered = ~np.isnan(self.scores)
        filled = np.where(answered, self.scores, 0.0).astype(np.float64)
        limit = MISSING_LIMIT if missing == "refuse" else 1.0
        columns: dict[str, Any] = {}
        for name, weight in self._relative_weights().items():
            seen = answered @ weight
            with np.errstate(invalid="ignore", divide="ignore"):
                columns[name] = np.where((seen > 0) & (1.0 - seen <= limit + 1e-9), filled @ weight / seen, np.nan)
            if self.coverage.get(name, 1.0) < 1.0 - 1e-9:
                columns[name] = np.full(self.n_models, np.nan)
            known = "full_score" if name == SCORE else f"full_score/{name}"
            if known in self.models:
                given = self.models[known].to_numpy(dtype=np.float64)
                columns[name] = np.where(np.isnan(given), columns[name], given)
        return pd.DataFrame(columns, index=self.models.index)

    @property
    def full_scores(self) -> pd.Series[float]:
        """Full score of each model (see `totals`)."""
        return self.totals()[SCORE]

    @cached_property
    def items_digest(self) -> str:
        """SHA-256 of what makes two matrices the same benchmark: item ids, document hashes and weights, in any order.

        It stays the same for other models and for a permutation of the items.
        """
        hashes = self.items["doc_hash"].astype(str) if "doc_hash" in self.items else pd.Series("", self.items.index)
        rows = zip(self.items.index.astype(str), hashes, self.weights, strict=True)
        digest = hashlib.sha256()
        for item, doc_hash, weight in sorted(rows):
            digest.update(f"{item}\x1f{doc_hash}\x1f{weight:.9e}\x1e".encode())
        return digest.hexdigest()

    # --- views of it ---------------------------------------------------------------------------------------------

    def subset(self, models: Ids | None = None, items: Ids | None = None) -> ResponseMatrix:
        """The same data for some models and items, in the order given; a new, smaller benchmark if items are named.

        Args:
            models: ids of models, or None for all.
            items: ids of items, or None for all.

        Raises:
            ResponseDataError: naming an id that is not there or stands twice.
        """
        rows = self._positions(self.models.index, models, "model")
        columns = self._positions(self.items.index, items, "item")
        if items is None:
            return self._take(rows, None, {})
        weights = self.weights[columns]
        if not weights.sum() > 0:
            raise ResponseDataError(f"benchmark {self.name}: the {len(columns)} items asked for carry no weight")
        return self._take(rows, columns, {"weights": weights / weights.sum()})

    def part(self, items: Ids, missing: str = "refuse") -> ResponseMatrix:
        """These items as a part of this benchmark: known full scores stay those of the whole.

        This is what an anchor set keeps of its source models: `totals` is unchanged and `shares` still says how much
        of the whole each item carries.
        """
        columns = self._positions(self.items.index, items, "item")
        totals, shares = self.totals(missing), self.shares.iloc[columns]
        known = totals.rename(columns={c: "full_score" if c == SCORE else f"full_score/{c}" for c in totals})
        rest = self.models.drop(columns=known.columns, errors="ignore")
        weights = self.weights[columns]
        changes: dict[str, Any] = {
            "models": pd.concat([rest, known], axis=1),
            "weights": weights / (weights.sum() or 1.0),
            "coverage": {str(name): float(share) for name, share in shares.sum().items()},
        }
        if self.coverage and np.array_equal(columns, np.arange(self.n_items)):
            # all of a part is that part to the last bit, so that fitting on it and on the whole cannot differ
            changes |= {"weights": self.weights, "coverage": self.coverage}
        return self._take(np.arange(self.n_models), columns, changes)

    def sorted_by_id(self) -> ResponseMatrix:
        """Models and items in the order of their ids: what methods see, so that input order changes nothing."""
        rows = np.argsort(self.models.index.to_numpy(dtype=str), kind="stable")
        columns = np.argsort(self.items.index.to_numpy(dtype=str), kind="stable")
        return self._take(rows, columns, {"weights": self.weights[columns]})

    def completed(self, effects: pd.Series[float] | None = None) -> ResponseMatrix:
        """Fill missing scores with item effect plus model effect, clipped to [0, 1]; the one documented imputation.

        Args:
            effects: item effects learnt on other models (see `item_effects`), for targets; None learns them here.
        """
        if not np.isnan(self.scores).any():
            return self
        known = self.item_effects() if effects is None else effects.reindex(self.items.index)
        filled = fill_in(self.scores, np.asarray(known, dtype=np.float64))
        return self._take(np.arange(self.n_models), None, {"scores": filled.astype(np.float32)})

    def item_effects(self) -> pd.Series[float]:
        """Item means adjusted for which models answered (two-way additive fit by alternating means)."""
        effects = additive_item_effects(self.scores.astype(np.float64))
        return pd.Series(effects, index=self.items.index, name="item_effect")

    def __repr__(self) -> str:
        share = float(np.isnan(self.scores).mean()) if self.scores.size else 0.0
        options = "no option probabilities" if self.probabilities is None else f"{self.probabilities.shape[2]} options"
        return (
            f"ResponseMatrix({self.name!r}: {self.n_models} models x {self.n_items} items, "
            f"{len(self.subjects)} subjects, {share:.1%} missing, {options})"
        )

    # --- inside --------------------------------------------------------------------------------------------------

    def _relative_weights(self) -> dict[str, Float64Array]:
        relative = self.shares.to_numpy() / np.where(self.shares.sum() > 0, self.shares.sum(), 1.0)
        columns = dict(zip(self.shares.columns, relative.T, strict=True))
        columns[SCORE] = self.weights  # coverage 0 leaves no share, yet the items still have a mean
        return columns

    def _freeze(self) -> None:
        self.scores.setflags(write=False)
        self.weights.setflags(write=False)
        if self.probabilities is not None:
            self.probabilities.setflags(write=False)

    def _take(self, rows: IntArray, columns: IntArray | None, changes: Mapping[str, Any]) -> ResponseMatrix:
        """A copy of some rows and columns (None: all) of validated data; `changes` replace whole attributes."""
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        values["scores"] = self.scores[rows] if columns is None else self.scores[np.ix_(rows, columns)]
        values["models"] = self.models.iloc[rows]
        if columns is not None:
            values["items"] = self.items.iloc[columns]
        if self.probabilities is not None:
            kept = self.probabilities[rows]
            # take, not kept[:, columns]: that would put items before models in memory, and reductions over models crawl
            values["probabilities"] = kept if columns is None else np.take(kept, columns, axis=1)
        made = object.__new__(ResponseMatrix)
        for name, value in {**values, **changes}.items():
            object.__setattr__(made, name, value)
        made._freeze()
        return made

    def _positions(self, index: pd.Index[Any], ids: Ids | None, kind: str) -> IntArray:
        if ids is None:
            return np.arange(len(index))
        wanted = pd.Index(list(ids), dtype=object)
        if wanted.has_duplicates:
            raise ResponseDataError(f"{kind} {wanted[wanted.duplicated()][0]!r} is named twice")
        found = np.asarray(index.get_indexer(wanted), dtype=np.int64)
        if (found < 0).any():
            raise ResponseDataError(f"benchmark {self.name} has no {kind} {wanted[found < 0][0]!r}")
        return found


def _float_array(values: Any) -> Probabilities:
    array = np.array(values)
    return array if array.dtype in (np.float16, np.float32) else array.astype(np.float32)
