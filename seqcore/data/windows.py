from dataclasses import dataclass

import numpy as np

from seqcore.data.scaler import Scaler, fit
from seqcore.spec import DataSpec
from seqcore.text import N_, UserError


@dataclass(frozen=True, eq=False)
class Windows:
    train_x: np.ndarray
    train_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray
    train_at: np.ndarray
    test_at: np.ndarray
    split: int
    scaler: Scaler


def cut(values: np.ndarray, spec: DataSpec) -> Windows:
    n, t, k = len(values), spec.seq_length, spec.horizon
    size = t + k
    if spec.split == "rows":
        split = int(spec.train_fraction * n)
        starts = np.arange(0, split - size + 1), np.arange(split, n - size + 1)
    else:
        every = np.arange(0, n - size + 1)
        count = round(spec.train_fraction * len(every))
        starts = every[:count], every[count:]
        split = count + t
    if not len(starts[0]) or not len(starts[1]):
        raise UserError(N_("too short {n} for {size}"), n=n, size=size)
    scaler = fit(spec.scaler, values[:split] if spec.scaler_fit == "train" else values)
    scaled = scaler.apply(values).astype(np.float32)
    parts = []
    for s in starts:
        parts += [scaled[s[:, None] + np.arange(t)][:, :, None], scaled[s[:, None] + t + np.arange(k)]]
    return Windows(*parts, starts[0] + t, starts[1] + t, split, scaler)
