"""What a training tells whoever listens: small frozen events, the same for a page, a table, a shell and a test."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Started:
    """The model is built: `weights` trainable numbers, on `device`, by `kernel` ("fused" or "torch").

    Window `k` of the training part has its first target at row `train_from + k` of the series, and so for the test
    part; rows from `split` on are the test part. `naive_rmse` is the test RMSE, in the data's own units, of the
    forecast that repeats the last value seen.
    """

    weights: int
    device: str
    kernel: str
    train_windows: int
    test_windows: int
    train_from: int
    test_from: int
    split: int
    naive_rmse: float


@dataclass(frozen=True)
class Epoch:
    """Where the model stands after `epoch` passes over the training windows; epoch 0 is the untrained model.

    `train_loss` is the mean squared error in scaled units; `train_rmse` and `test_rmse` are in the data's own units,
    both of the weights as they are after this epoch, in evaluation mode. `grad_norm` is the norm of the last update's
    gradient before clipping (NaN at epoch 0). `seconds` is the training time so far, pauses left out.
    """

    epoch: int
    train_loss: float
    train_rmse: float
    test_rmse: float
    grad_norm: float
    seconds: float


@dataclass(frozen=True, eq=False)
class History:
    """The curves of a run so far: one read-only float64 array (n,) for each field of `Epoch`."""

    epoch: np.ndarray
    train_loss: np.ndarray
    train_rmse: np.ndarray
    test_rmse: np.ndarray
    grad_norm: np.ndarray
    seconds: np.ndarray

    def __len__(self) -> int:
        return len(self.epoch)


EPOCH_FIELDS = tuple(History.__dataclass_fields__)


@dataclass(frozen=True)
class Progress:
    """A place inside an epoch where a run may be paused or ended: `done` in 0..1 of the epoch."""

    done: float


@dataclass(frozen=True)
class Changed:
    """The setting called `name` was changed by hand; it holds from the update after `epoch` on."""

    epoch: int
    name: str
    value: float


@dataclass(frozen=True)
class Snapshot:
    """What the model does at `epoch`, as NumPy arrays by name.

    `train_prediction` and `test_prediction`: (windows, horizon), in the data's own units.
    `free_running`: (test rows,), in the data's own units, where it was asked for.
    `input`: (T, C), the chosen window, scaled. Every tap of the model, such as `l0.hidden`: (T, H).
    Where asked for: `weight.<name>` each of the weights; `study.` see `seqcore.probes.study`; and of the model with
    values held `held.train_prediction`, `held.test_prediction`, `held.<tap>`, and `held.rmse` (2,), its train and
    test RMSE in the data's own units. `digest` is the fingerprint of all weights.
    """

    epoch: int
    window: int
    arrays: Mapping[str, np.ndarray]
    digest: str = ""


@dataclass(frozen=True)
class Finished:
    """All epochs are done."""

    epoch: int


@dataclass(frozen=True)
class Failed:
    """The run cannot go on. `template` and `values` are a `UserError`'s: a sentence to translate and its numbers."""

    epoch: int
    template: str
    values: Mapping[str, object]


@dataclass(frozen=True)
class Diverged(Failed):
    """The loss is infinite, not a number or a million times what it was: the learning rate is too large."""
