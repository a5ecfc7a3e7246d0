"""Columns of option probabilities, logits or log-likelihoods, turned into probabilities."""

from __future__ import annotations

import warnings

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, Probabilities
from anchoreval.errors import ResponseDataError
from anchoreval.importers.columns import numbers
from anchoreval.importers.table_files import Table
from anchoreval.validation import SUM_TOLERANCE

PREFIXES = ("prob_", "logit_", "logprob_")


def option_names(table: Table) -> list[str]:
    """The option columns of a table in their order; empty where it has none.

    Raises:
        ResponseDataError: columns of more than one kind.
    """
    names = [name for name in table.frame.columns if name.startswith(PREFIXES)]
    kinds = sorted({name.split("_")[0] for name in names})
    if len(kinds) > 1:
        raise ResponseDataError(f"{table.label}: has option columns of two kinds, {kinds[0]}_* and {kinds[1]}_*")
    return names


def option_probabilities(table: Table, names: list[str]) -> Probabilities:
    """(rows, options) probabilities, NaN beyond an item's options and in rows that have none.

    Probabilities are taken as given. Logits and log-likelihoods go through a softmax over the options that the row
    has; minus infinity is an option of probability 0.

    Raises:
        ResponseDataError: naming the row: a gap among the options, probabilities outside [0, 1] or not summing to 1,
            no finite logit, or a value that is not a number.
    """
    values = np.column_stack([numbers(table, name) for name in names])
    there: BoolArray = ~np.isnan(values)
    gaps = there[:, 1:] & ~there[:, :-1]
    if gaps.any():
        row, option = np.argwhere(gaps)[0]
        table.refuse(row, f"{names[option]} is missing, {names[option + 1]} is not")
    if not names[0].startswith("prob_"):
        return _softmax(table, names, values, there)
    half = all(table.frame[name].dtype == np.float16 for name in names)
    _check(table, names, values, there, SUM_TOLERANCE[2 if half else 4])
    return values.astype(np.float16) if half else values.astype(np.float32)


def _check(table: Table, names: list[str], values: Float64Array, there: BoolArray, tolerance: float) -> None:
    outside = (values < 0.0) | (values > 1.0)
    if outside.any():
        row, option = np.argwhere(outside)[0]
        table.refuse(row, f"{names[option]} {values[row, option]:g} is outside [0, 1]")
    sums = np.nansum(values, axis=1)
    far = there.any(axis=1) & (np.abs(sums - 1.0) > tolerance)
    if far.any():
        row = int(np.argmax(far))
        table.refuse(row, f"option probabilities sum to {sums[row]:.4f}, not 1")


def _softmax(table: Table, names: list[str], values: Float64Array, there: BoolArray) -> Probabilities:
    too_large = np.isposinf(values)
    if too_large.any():
        row, option = np.argwhere(too_large)[0]
        table.refuse(row, f"{names[option]} is infinite")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # rows without options have no largest
        largest = np.nanmax(values, axis=1, keepdims=True)
    impossible = np.isneginf(largest[:, 0])
    if impossible.any():
        table.refuse(int(np.argmax(impossible)), "no option has a finite value")
    shares = np.exp(values - largest)
    total = np.where(there, shares, 0.0).sum(axis=1, keepdims=True)
    probabilities: Probabilities = (shares / np.where(total > 0, total, np.nan)).astype(np.float32)
    return probabilities
