"""The time machine: what is kept of a training, and what goes on from it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcore.data.series import load
from seqcore.look import Clamp, Look
from seqcore.spec import RunSpec
from seqcore.training.events import Epoch, Progress
from seqcore.training.recording import MOST_BYTES, Recording, digest, kept_epochs
from seqcore.training.trainer import Trainer

SMALL = RunSpec().replace(series="airline", seq_length=12, epochs=8, hidden_size=5)

WAYS = {
    "full batch": {"architecture": "lstm"},
    "mini-batches": {"architecture": "gru", "batch_size": 32},
    "dropout": {"architecture": "rnn", "num_layers": 2, "dropout": 0.4},
    "clipped": {"architecture": "gru", "clip": 0.05},
    "rmsprop": {"optimiser": "rmsprop", "architecture": "rnn"},
    "momentum": {"optimiser": "momentum", "architecture": "mlp"},
    "sgd": {"optimiser": "sgd", "architecture": "cnn"},
}


@pytest.fixture(scope="module")
def series():
    return load("airline")


def trained(spec, series) -> tuple[Trainer, Recording, list[Epoch]]:
    """A run trained to its end, with its states at all epochs."""
    trainer, recording, epochs = Trainer(spec, series), Recording(range(spec.training.epochs + 1)), []
    for event in trainer:
        if isinstance(event, Epoch):
            recording.keep(trainer.state())
            epochs.append(event)
    return trainer, recording, epochs


def untimed(epoch: Epoch) -> tuple:
    return epoch.epoch, epoch.train_loss, epoch.train_rmse, epoch.test_rmse, str(epoch.grad_norm)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at", [0, 3, 8])
def test_a_training_that_goes_on_from_a_state_is_the_same_to_the_last_bit(series, way, at):
    spec = SMALL.replace(**WAYS[way])
    _, recording, epochs = trained(spec, series)
    other = Trainer(spec, series)
    other.go_on_from(recording.at(at))
    again = []
    for event in other:
        if isinstance(event, Epoch):
            again.append(untimed(event))
            assert digest(other.state().weights) == recording.at(event.epoch).digest
    assert again == [untimed(epoch) for epoch in epochs[at:]]


@pytest.mark.parametrize("change", [{"lr": 0.03}, {"clip": 0.001}, {"optimiser": "sgd"}, {"epochs": 11}])
def test_another_setting_changes_what_follows_and_not_the_epoch_it_leaves_at(series, change):
    _, recording, epochs = trained(SMALL, series)
    other = Trainer(SMALL.replace(**change), series)
    other.go_on_from(recording.at(4), optimiser="optimiser" not in change)
    first, *rest = [event for event in other if isinstance(event, Epoch)]
    assert untimed(first) == untimed(epochs[4])
    assert [e.test_rmse for e in rest] != [e.test_rmse for e in epochs[5:]]
    assert rest[-1].epoch == change.get("epochs", 8)


def test_a_fork_with_a_held_gate_holds_it_and_trains_the_others(series):
    spec = SMALL.replace(optimiser="sgd", lr=0.1)
    _, recording, _ = trained(spec, series)
    other = Trainer(spec, series, [Clamp("l0.f", 1.0)])
    other.go_on_from(recording.at(4))
    epochs = [event for event in other if isinstance(event, Epoch)]
    inside = other.snapshot(Look(3)).arrays
    assert (inside["l0.f"] == 1).all() and (inside["l0.i"] != 1).all()
    assert epochs[-1].train_rmse != epochs[0].train_rmse
    ours = dict(other.model.named_parameters())["cell.weight_hh_l0"].detach().numpy()
    stayed = np.isin(ours, recording.at(4).weights).reshape(4, -1)  # i, f, g, o
    assert stayed[1].all() and not stayed[[0, 2, 3]].any()  # what is held has no gradient


@pytest.mark.parametrize("way", WAYS)
def test_the_past_is_shown_as_it_was_and_leaves_nothing_behind(series, way):
    spec = SMALL.replace(**WAYS[way])
    trainer, live, states = Trainer(spec, series), {}, {}
    for event in trainer:
        if isinstance(event, Epoch):
            live[event.epoch] = trainer.snapshot(Look(7, weights=True))
            states[event.epoch] = trainer.state()
            if event.epoch == 6:  # in the middle of the training
                _same(trainer.snapshot(Look(7, weights=True), states[2]), live[2])
    now = trainer.state().digest
    for epoch, state in states.items():
        _same(trainer.snapshot(Look(7, weights=True), state), live[epoch])
    assert trainer.state().digest == now == live[8].digest
    assert now == digest(trained(spec, series)[0].state().weights)


def _same(again, live):
    assert again.epoch == live.epoch and again.digest == live.digest
    assert again.arrays.keys() == live.arrays.keys()
    for name, values in live.arrays.items():
        if name.endswith("prediction"):  # with and without gradient a pass may be rounded differently
            np.testing.assert_allclose(again.arrays[name], values, rtol=1e-5)
        else:
            np.testing.assert_array_equal(again.arrays[name], values)


def test_a_look_in_the_middle_of_an_epoch_changes_nothing(series):
    spec = SMALL.replace(num_layers=2, dropout=0.5)
    reference = [untimed(epoch) for epoch in trained(spec, series)[2]]
    trainer = Trainer(spec, series)
    trainer.block, state, seen = 16, None, []
    whole = Trainer(spec, series)
    whole.block = 16
    for event in trainer:
        if isinstance(event, Progress) and state is not None:
            trainer.snapshot(Look(3), state)
        if isinstance(event, Epoch):
            state = state or trainer.state()
            seen.append(untimed(event))
    assert seen == [untimed(event) for event in whole if isinstance(event, Epoch)]
    assert len(seen) == len(reference)


@given(epochs=st.integers(1, 5000), size=st.integers(1, 10**8))
def test_what_is_kept_fits_and_reaches_from_the_first_epoch_to_the_last(epochs, size):
    kept = kept_epochs(epochs, size)
    assert kept[0] == 0 and kept[-1] == epochs
    assert all(a < b for a, b in pairwise(kept))
    assert len(kept) <= max(2, MOST_BYTES // size)
    if len(kept) == epochs + 1:
        return
    gaps = np.diff(kept)
    assert len(kept) == max(2, MOST_BYTES // size) and gaps[0] <= gaps[-1]


@pytest.mark.parametrize("way", WAYS)
def test_a_state_takes_what_was_planned_for_it(series, way):
    trainer, recording, _ = trained(SMALL.replace(**WAYS[way]), series)
    for state in recording.states.values():
        assert state.nbytes <= trainer.state_bytes + 4  # and a step count
    assert recording.at(8).nbytes >= trainer.state_bytes


def test_a_recording_finds_the_state_at_or_before():
    recording = Recording([0, 5])
    assert recording.at(3) is None
    trainer = Trainer(SMALL, load("airline"))
    recording.keep(trainer.state())
    assert recording.at(3).epoch == 0 and recording.until(-1) == {}
