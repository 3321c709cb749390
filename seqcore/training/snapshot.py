"""What a model in training shows of itself, without a number of the training changing."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from seqcore.cells.tap import Tap
from seqcore.look import Look
from seqcore.probes.clamp import clamped
from seqcore.probes.record import record
from seqcore.probes.study import study
from seqcore.training.events import Snapshot
from seqcore.training.forecast import free_run, free_runs, rmse_by_lag
from seqcore.training.recording import State, digest

MOST_WEIGHTS = 500_000
"""Weights of an attention that are kept of a run that has ended, at most: a megabyte."""


def snapshot(trainer, look: Look, state: State | None = None) -> Snapshot:
    """What `look` asks for, of the model as it is or, where `state` is given, as it was then; `look.epoch` is not read.

    Windows are counted through the training part and on into the test part; a number outside is moved inside.
    """
    count = len(trainer.train_x)
    window = min(max(look.window, 0), count + len(trainer.test_x) - 1)
    x = trainer.train_x[window] if window < count else trainer.test_x[window - count]  # (T, 1)
    with as_it_was(trainer, state), torch.no_grad():
        if state is None:
            forecasts = {"train": trainer.train_forecast, "test": trainer.test_forecast}
        else:
            forecasts = _forecasts(trainer)
        arrays = {"input": x.cpu().numpy(), **_told(trainer, forecasts), **_inside(trainer, x)}
        if look.free_running:
            arrays["free_running"] = _free_running(trainer)
        if look.weights:
            weights = trainer.model.named_parameters()
            arrays |= {f"weight.{name}": value.detach().cpu().numpy().copy() for name, value in weights}
        if look.study:
            windows = torch.cat([trainer.train_x, trainer.test_x]), torch.cat([trainer.train_y, trainer.test_y])
            arrays |= study(trainer.model, *windows, count, window, look.study)
        if look.clamps:
            with clamped(trainer.model, look.clamps):
                held = _held(trainer, x)
            arrays |= {f"held.{name}": values for name, values in held.items()}
        fingerprint = digest(trainer.flat.detach().cpu().numpy())
    return Snapshot(state.epoch if state else trainer.epoch, window, arrays, fingerprint)


def conclusion(trainer) -> Snapshot:
    """All forecasts of the model as it is: what is kept of a run whose model is not.

    `train_prediction`, `test_prediction`, `free_running`, and `lag_rmse` (L,): the RMSE of the forecast 1 to L steps
    ahead, fed with itself, over all test windows that many values follow. Of a network that has attention
    `test_attention` (windows, horizon, T), float16, if that is no more than `MOST_WEIGHTS` numbers.
    """
    origins, lags = trainer.windows.origins(len(trainer.values))
    far = free_runs(trainer.model, trainer.test_x[: len(origins)], lags).cpu().numpy()  # (B, L)
    arrays = {
        **_told(trainer, {"train": trainer.train_forecast, "test": trainer.test_forecast}),
        "free_running": _free_running(trainer),
        "lag_rmse": rmse_by_lag(trainer.windows.scaler.undo(far), trainer.values, origins),
    }
    return Snapshot(trainer.epoch, 0, arrays | _attention(trainer))


@contextmanager
def as_it_was(trainer, state: State | None) -> Iterator[None]:
    """The model in evaluation mode with the weights of `state`; afterwards with its own again, to the last bit."""
    trainer.model.eval()
    if state is None:
        yield
        return
    own = trainer.flat.detach().clone()
    trainer.flat.data.copy_(torch.from_numpy(state.weights))
    try:
        yield
    finally:
        trainer.flat.data.copy_(own)


def _forecasts(trainer) -> dict[str, torch.Tensor]:
    """Of all windows, block by block: (B, K) each, scaled."""
    parts = {"train": trainer.train_x, "test": trainer.test_x}
    return {name: torch.cat([trainer.model(block) for block in x.split(trainer.block)]) for name, x in parts.items()}


def _told(trainer, forecasts: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    undo = trainer.windows.scaler.undo
    return {f"{part}_prediction": undo(forecast.cpu().numpy()) for part, forecast in forecasts.items()}


def _inside(trainer, x: torch.Tensor) -> dict[str, np.ndarray]:
    """Every tap over one window x (T, 1)."""
    with record(trainer.model) as tape:
        trainer.model(x[None])
    return {name: values[0] for name, values in tape.arrays.items()}


def _free_running(trainer) -> np.ndarray:
    forecast = free_run(trainer.model, trainer.context, trainer.test_rows)
    return trainer.windows.scaler.undo(forecast)


def _attention(trainer) -> dict[str, np.ndarray]:
    """The weights at every test window, where there are such and not too many."""
    count = len(trainer.test_x) * trainer.spec.data.horizon * trainer.spec.data.seq_length
    has = any(isinstance(module, Tap) and module.name == "attention" for module in trainer.model.modules())
    if not has or count > MOST_WEIGHTS:
        return {}
    with torch.no_grad(), record(trainer.model) as tape:
        trainer.model(trainer.test_x)
    return {"test_attention": tape.arrays["attention"].astype(np.float16)}


def _held(trainer, x: torch.Tensor) -> dict[str, np.ndarray]:
    """Forecasts, their RMSE, and the taps, of the model as it now is, with values held."""
    forecasts = _forecasts(trainer)
    truth = {"train": trainer.train_y, "test": trainer.test_y}
    squares = [(forecasts[part] - truth[part]).double().square().mean().item() for part in ("train", "test")]
    rmse = np.array([math.sqrt(square) for square in squares]) * trainer.windows.scaler.scale
    return {**_told(trainer, forecasts), "rmse": rmse, **_inside(trainer, x)}
