"""A series cut into windows: what the model sees, and what it should say."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from seqcore.data.scaler import Scaler, fit
from seqcore.spec import SETTINGS, DataSpec
from seqcore.text import N_, UserError

LAGS = 30
"""Steps ahead a forecast fed with itself is scored at most."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Scaled inputs (B, T, 1) and targets (B, K), float32 and contiguous, of the training and of the test part.

    `train_at` and `test_at` (B,) int64 hold the row of each window's first target; rows from `split` on are the test
    part.
    """

    train_x: np.ndarray
    train_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray
    train_at: np.ndarray
    test_at: np.ndarray
    split: int
    scaler: Scaler

    def origins(self, rows: int) -> tuple[np.ndarray, int]:
        """Where forecasts of many steps begin that can still be scored: (first target rows, number of steps).

        Those test windows of a series of `rows` after which that many values follow: at most `LAGS`, and few enough
        to leave half of the windows.
        """
        lags = min(LAGS, max(1, len(self.test_at) // 2))
        return self.test_at[self.test_at + lags <= rows], lags


def cut(values: np.ndarray, spec: DataSpec) -> Windows:
    """Every window of `values` (N,): `spec.seq_length` inputs and the `spec.horizon` targets that follow them.

    "rows" cuts the series at row round(train_fraction * N) and windows each part alone. "windows" makes all windows
    first and trains on the first round(train_fraction * their number), as the homework does: the first test windows
    then begin in the training part, and with a horizon above 1 the last training targets lie in the test part.

    Raises `UserError` where a part is too short for one window, where the training part does not vary, and where a
    value is not finite or too large.
    """
    values = np.asarray(values, np.float64)
    _check_finite(values)
    size = spec.seq_length + spec.horizon
    if spec.split == "rows":
        split = _split_rows(len(values), spec)
        train, test = slice(0, split - size + 1), slice(split, len(values) - size + 1)
    else:
        count = _count_training_windows(len(values), spec)
        split = count + spec.seq_length
        train, test = slice(0, count), slice(count, len(values) - size + 1)
    scaler, scaled = _scale(values, split, spec)
    windows = sliding_window_view(scaled, size)  # (N - size + 1, T + K)
    firsts = np.arange(len(windows)) + spec.seq_length
    return Windows(
        *_inputs_and_targets(windows[train], spec.seq_length), *_inputs_and_targets(windows[test], spec.seq_length),
        firsts[train], firsts[test], split, scaler,
    )  # fmt: skip


def _inputs_and_targets(windows: np.ndarray, seq_length: int) -> tuple[np.ndarray, np.ndarray]:
    """(B, T + K) -> (B, T, 1), (B, K), copied: the windows given overlap in memory and are read-only."""
    return windows[:, :seq_length, None].copy(), windows[:, seq_length:].copy()


def _split_rows(rows: int, spec: DataSpec) -> int:
    """The first row of the test part; both parts hold at least one window."""
    split, need = round(spec.train_fraction * rows), spec.seq_length + spec.horizon
    shorter = min(split, rows - split)
    if shorter < need:
        message = N_(
            "The training part has {train} rows and the test part {test}; each needs seq_length + horizon = {need} "
            "rows. Choose a seq_length of at most {most}."
        )
        raise _too_short(message, rows, shorter - spec.horizon, spec, train=split, test=rows - split, need=need)
    return split


def _count_training_windows(rows: int, spec: DataSpec) -> int:
    """How many windows train; at least one is left for the test."""
    need = spec.seq_length + spec.horizon
    total = max(0, rows - need + 1)
    count = round(spec.train_fraction * total)
    if not 0 < count < total:
        fewest = next(n for n in range(2, 100) if 0 < round(spec.train_fraction * n) < n)
        message = N_(
            "{rows} rows give {total} windows of seq_length + horizon = {need} rows; a training and a test part need "
            "{fewest}. Choose a seq_length of at most {most}."
        )
        most = rows - spec.horizon - fewest + 1
        raise _too_short(message, rows, most, spec, total=total, need=need, fewest=fewest)
    return count


def _too_short(message: str, rows: int, most: int, spec: DataSpec, **numbers: int) -> UserError:
    if most >= SETTINGS["seq_length"][1].low:
        return UserError(message, rows=rows, most=most, **numbers)
    return UserError(
        N_(
            "{rows} rows are too few for a horizon of {horizon} and a training part of {fraction:.0%}: choose a longer "
            "series, or a smaller horizon."
        ),
        rows=rows, horizon=spec.horizon, fraction=spec.train_fraction,
    )  # fmt: skip


def _check_finite(values: np.ndarray) -> None:
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise UserError(
            N_("Row {row} holds a missing or infinite value (of such rows there are {count}): fill or remove them."),
            row=int(wrong[0]) + 1, count=len(wrong),
        )  # fmt: skip


@np.errstate(over="ignore", invalid="ignore")
def _scale(values: np.ndarray, split: int, spec: DataSpec) -> tuple[Scaler, np.ndarray]:
    """The fitted scaler and all values scaled, (N,) float32."""
    train = values[:split]
    scaler = fit(spec.scaler, train if spec.scaler_fit == "train" else values)
    if train.min() == train.max() or scaler.scale == 0:
        raise UserError(
            N_(
                "The first {rows} rows, the training part, all hold {value:g}: there is nothing to learn. Choose "
                "another series, or a training part in which the values change."
            ),
            rows=split, value=float(train[0]),
        )  # fmt: skip
    scaled = scaler.apply(values).astype(np.float32)
    if not (np.isfinite(scaler.scale) and np.isfinite(scaled).all()):
        raise UserError(
            N_("Scaled values reach beyond what a network can count with ({low:g} to {high:g}): use a smaller unit, "
               "or choose another scaler."),
            low=float(values.min()), high=float(values.max()),
        )  # fmt: skip
    return scaler, scaled
