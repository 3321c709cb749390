"""Training: exact, repeatable, interruptible."""

import dataclasses
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.metrics import root_mean_squared_error
from torch import nn

from seqcore.catalogue import ARCHITECTURES
from seqcore.data.windows import cut
from seqcore.look import Look
from seqcore.spec import RunSpec
from seqcore.text import UserError
from seqcore.training.events import Changed, Diverged, Epoch, Finished, Progress, Started
from seqcore.training.trainer import Trainer, as_arrays

SMALL = RunSpec().replace(hidden_size=8, seq_length=6, epochs=12)
ALL = [a.name for a in ARCHITECTURES]


def epochs_of(trainer):
    return [event for event in trainer if isinstance(event, Epoch)]


def untimed(epochs):
    return [dataclasses.replace(e, seconds=0.0, grad_norm=0.0 if e.epoch == 0 else e.grad_norm) for e in epochs]


@pytest.mark.parametrize("architecture", ALL)
def test_events_come_in_order_and_the_loss_falls(series, architecture):
    events = list(Trainer(SMALL.replace(architecture=architecture), series))
    epochs = [e for e in events if isinstance(e, Epoch)]
    assert isinstance(events[0], Started) and isinstance(events[-1], Finished)
    assert [e.epoch for e in epochs] == list(range(13))
    assert math.isnan(epochs[0].grad_norm) and all(e.grad_norm > 0 for e in epochs[1:])
    assert epochs[-1].train_loss < epochs[0].train_loss
    assert all(a.seconds < b.seconds for a, b in pairwise(epochs))


@pytest.mark.parametrize("architecture", ALL)
@pytest.mark.parametrize("changes", [{}, {"batch_size": 32}, {"num_layers": 2, "dropout": 0.3}])
def test_the_same_spec_gives_the_same_bits(series, architecture, changes):
    spec = SMALL.replace(architecture=architecture, **changes)
    assert untimed(epochs_of(Trainer(spec, series))) == untimed(epochs_of(Trainer(spec, series)))


def test_runs_that_share_a_process_do_not_share_their_randomness(series):
    spec = SMALL.replace(architecture="mlp", dropout=0.5, num_layers=2)
    alone = untimed(epochs_of(Trainer(spec, series)))
    one, other = iter(Trainer(spec, series)), iter(Trainer(spec.replace(seed=5), series))
    together = []
    for event in one:
        next(other, None)
        torch.rand(3)
        together += [event] if isinstance(event, Epoch) else []
    assert untimed(together) == alone


def test_another_seed_gives_another_curve(series):
    assert untimed(epochs_of(Trainer(SMALL, series))) != untimed(epochs_of(Trainer(SMALL.replace(seed=1), series)))


def plain_loop(spec, series):
    """The homework's loop as its notebook has it, with `torch.nn` alone: train RMSE after every update."""
    windows = cut(series.values, spec.data)
    x, y = torch.from_numpy(windows.train_x), torch.from_numpy(windows.train_y)
    torch.manual_seed(spec.seed)
    cell = nn.LSTM(1, spec.model.hidden_size, spec.model.num_layers, batch_first=True)
    head = nn.Linear(spec.model.hidden_size, 1)
    optimiser = torch.optim.Adam([*cell.parameters(), *head.parameters()], lr=spec.training.lr)
    curve = []
    for _ in range(spec.training.epochs + 1):
        zeros = torch.zeros(spec.model.num_layers, len(x), spec.model.hidden_size)
        output, _ = cell(x, (zeros, zeros))
        loss = nn.functional.mse_loss(head(output[:, -1, :]), y)
        curve.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return curve


@pytest.mark.parametrize("layers", [1, 2])
def test_a_run_is_the_homeworks_plain_loop(series, layers):
    spec = SMALL.replace(num_layers=layers, epochs=30)
    ours = as_arrays(epochs_of(Trainer(spec, series)))["train_loss"]
    np.testing.assert_allclose(ours, plain_loop(spec, series), rtol=2e-4)


def test_scores_are_the_rmse_in_the_datas_units(series):
    trainer = Trainer(SMALL.replace(horizon=3), series)
    last = epochs_of(trainer)[-1]
    arrays = trainer.snapshot().arrays
    windows = trainer.windows
    for at, forecast, score in (
        (windows.train_at, arrays["train_prediction"], last.train_rmse),
        (windows.test_at, arrays["test_prediction"], last.test_rmse),
    ):
        truth = series.values[at[:, None] + np.arange(3)]
        assert forecast.shape == truth.shape
        assert score == pytest.approx(root_mean_squared_error(truth.ravel(), forecast.ravel()), rel=1e-6)


def test_the_gradient_is_clipped_and_its_norm_before_that_is_told(series):
    free, clipped = (epochs_of(Trainer(SMALL.replace(clip=c, optimiser="sgd"), series)) for c in (0.0, 0.01))
    assert clipped[1].grad_norm == free[1].grad_norm > 0.01
    assert abs(clipped[1].train_loss - clipped[0].train_loss) < abs(free[1].train_loss - free[0].train_loss)


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd", "momentum", "rmsprop"])
def test_every_optimiser_learns(series, optimiser):
    epochs = epochs_of(Trainer(SMALL.replace(optimiser=optimiser, epochs=40), series))
    assert epochs[-1].train_loss < 0.9 * epochs[0].train_loss


def test_a_changed_learning_rate_is_told_and_takes_effect(series):
    trainer = Trainer(SMALL, series)
    reference = untimed(epochs_of(Trainer(SMALL, series)))
    seen, told = [], []
    for event in trainer:
        seen += [event] if isinstance(event, Epoch) else []
        told += [event] if isinstance(event, Changed) else []
        if isinstance(event, Epoch) and event.epoch == 5:
            trainer.lr = 0.2
    assert told == [Changed(5, "lr", 0.2)]
    assert untimed(seen)[:6] == reference[:6] and untimed(seen)[6] != reference[6]


def test_looking_changes_nothing(series):
    spec = SMALL.replace(num_layers=2, dropout=0.2, batch_size=20)
    reference = untimed(epochs_of(Trainer(spec, series)))
    trainer, seen = Trainer(spec, series), []
    for event in trainer:
        trainer.snapshot(Look(3, free_running=True))
        seen += [event] if isinstance(event, Epoch) else []
    assert untimed(seen) == reference


@pytest.mark.parametrize("architecture", ALL)
def test_a_snapshot_holds_what_it_says(series, architecture):
    trainer = Trainer(SMALL.replace(architecture=architecture, horizon=2), series)
    list(trainer)
    count = len(trainer.windows.train_x)
    shot = trainer.snapshot(Look(count + 2, free_running=True))
    np.testing.assert_array_equal(shot.arrays["input"], trainer.windows.test_x[2])
    assert shot.arrays["free_running"].shape == (len(series.values) - trainer.windows.split,)
    assert shot.arrays["l0.hidden"].shape == (1 if architecture == "mlp" else 6, 8)
    assert trainer.snapshot(Look(10**6)).window == count + len(trainer.windows.test_x) - 1


def test_the_free_running_forecast_begins_with_the_one_step_forecast_and_sees_no_test_value(series):
    trainer = Trainer(SMALL.replace(split="windows"), series)
    list(trainer)
    shot = trainer.snapshot(Look(free_running=True))
    assert shot.arrays["free_running"][0] == pytest.approx(shot.arrays["test_prediction"][0, 0], rel=1e-5)
    changed = dataclasses.replace(series, values=np.where(np.arange(160) >= trainer.windows.split, 51.0, series.values))
    other = Trainer(SMALL.replace(split="windows"), changed)
    list(other)
    again = other.snapshot(Look(free_running=True))
    np.testing.assert_array_equal(again.arrays["free_running"], shot.arrays["free_running"])


def test_a_learning_rate_without_bound_ends_in_a_sentence(series):
    *_, last = Trainer(SMALL.replace(optimiser="sgd", lr=10.0, scaler="none", epochs=200), series)
    assert isinstance(last, Diverged) and last.epoch < 200
    assert f"epoch {last.epoch}" in last.template.format(**last.values)


def test_a_large_model_can_be_interrupted_inside_an_epoch(series):
    trainer = Trainer(SMALL.replace(hidden_size=256, num_layers=4, seq_length=20), series)
    trainer.block = 8
    events = [event for event, _ in zip(trainer, range(8), strict=False)]
    assert sum(isinstance(event, Progress) for event in events) >= 3


def test_blocks_change_the_speed_and_not_the_result(series):
    whole, blocks = Trainer(SMALL, series), Trainer(SMALL, series)
    blocks.block = 32
    a, b = as_arrays(epochs_of(whole)), as_arrays(epochs_of(blocks))
    np.testing.assert_allclose(a["test_rmse"], b["test_rmse"], rtol=1e-4)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_device_that_is_not_there_is_refused(series):
    with pytest.raises(UserError, match="no CUDA device: choose auto or one of CPU"):
        Trainer(SMALL.replace(device="cuda"), series)


def test_a_series_too_short_is_refused(series):
    with pytest.raises(UserError):
        Trainer(RunSpec().replace(seq_length=200), series)
