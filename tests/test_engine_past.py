"""The time machine through real processes: what a run was, and what forks make of it."""

import numpy as np
import pytest

from seqcore.engine import connect
from seqcore.look import Clamp, Look
from seqcore.spec import RunSpec
from seqcore.text import UserError
from seqcore.training.events import EPOCH_FIELDS, Epoch
from tests.test_engine import wait_for

LONG = RunSpec().replace(hidden_size=16, epochs=5000)
PAST = RunSpec().replace(architecture="gru", hidden_size=8, epochs=60)


@pytest.fixture(scope="module")
def engine():
    engine = connect(workers=1)
    assert wait_for(lambda: engine.status().warm == 1, 60), engine.status()
    yield engine
    engine.close()


@pytest.fixture
def submit(engine, series):
    """Submits runs, and drops them after the test."""
    runs = []

    def submit(spec=LONG):
        runs.append(engine.submit(spec, series, "me"))
        return runs[-1]

    yield submit
    for run in runs:
        run.forget()


def curves(run) -> np.ndarray:
    """All curves of a run but the seconds: (5, epochs)."""
    return np.array([getattr(run.view().history, name) for name in EPOCH_FIELDS[:-1]])


def test_any_recorded_epoch_is_shown_as_it_was(submit, series):
    from seqcore.training.trainer import Trainer

    run = submit(PAST)
    assert wait_for(lambda: run.view().status == "finished")
    np.testing.assert_array_equal(run.view().recorded, np.arange(61))
    trainer = Trainer(PAST, series)
    for event in trainer:
        if isinstance(event, Epoch) and event.epoch in (0, 7, 33, 60):
            look = Look(3, weights=True, epoch=event.epoch)
            run.watch(look, wait=5)
            shown, direct = run.view().snapshot, trainer.snapshot(look)
            assert run.view().look == look and shown.epoch == event.epoch and shown.digest == direct.digest
            np.testing.assert_array_equal(shown.arrays["l0.z"], direct.arrays["l0.z"])
    run.watch(Look(3), wait=5)
    assert run.view().snapshot.digest == trainer.state().digest  # the past has left nothing behind


def test_the_past_of_a_run_in_training_is_shown_while_it_goes_on(submit):
    run = submit()
    assert wait_for(lambda: run.view().epoch > 60)
    run.watch(Look(epoch=20), wait=5)
    digest, epoch = run.view().snapshot.digest, run.view().epoch
    assert run.view().snapshot.epoch == 20
    assert wait_for(lambda: run.view().epoch > epoch + 40)
    assert run.view().status == "running" and run.view().snapshot.digest == digest


def test_a_fork_is_its_parent_up_to_there_and_without_a_change_beyond(engine, submit):
    run = submit(PAST)
    assert wait_for(lambda: run.view().status == "finished")
    same = engine.fork(run, 25, PAST)
    other = engine.fork(run, 25, PAST.replace(lr=0.1, epochs=80))
    try:
        assert wait_for(lambda: same.view().ended and other.view().ended)
        assert same.owner == run.owner and (other.view().fork.parent, other.view().fork.epoch) == (run.id, 25)
        np.testing.assert_array_equal(curves(same), curves(run))
        np.testing.assert_array_equal(curves(other)[:, :26], curves(run)[:, :26])
        assert other.view().epoch == 80 and (curves(other)[3, 26:61] != curves(run)[3, 26:]).all()
        np.testing.assert_array_equal(other.view().recorded, np.arange(81))
        digests = []
        for each in (run, other):
            each.watch(Look(epoch=12), wait=5)
            digests.append(each.view().snapshot.digest)
        assert digests[0] == digests[1]  # its time machine reaches back beyond the fork
    finally:
        same.forget()
        other.forget()


def test_a_fork_can_hold_a_gate_and_be_forked_itself(engine, submit):
    run = submit(PAST)
    assert wait_for(lambda: run.view().status == "finished")
    fork = engine.fork(run, 30, PAST, [Clamp("l0.z", 1.0)])
    try:
        assert wait_for(lambda: fork.view().ended)
        fork.watch(Look(), wait=5)
        assert (fork.view().snapshot.arrays["l0.z"] == 1).all()
        again = engine.fork(fork, 45, PAST)
        assert wait_for(lambda: again.view().ended)
        np.testing.assert_array_equal(curves(again)[:, :45], curves(fork)[:, :45])
        assert curves(again)[3, 45] != curves(fork)[3, 45]  # the same weights, and nothing held any more
        again.forget()
    finally:
        fork.forget()


def test_a_fork_that_cannot_be_is_refused_in_a_sentence(engine, submit):
    run = submit(PAST)
    assert wait_for(lambda: run.view().status == "finished")
    for spec, epoch, clamps, words in (
        (PAST, 61, (), "Epoch 61 of this run is not recorded"),
        (PAST.replace(epochs=10), 20, (), "Epoch 20 of this run is not recorded"),
        (PAST.replace(hidden_size=9), 20, (), "A fork keeps hidden_size"),
        (PAST, 20, [Clamp("l0.f", 1.0)], "This network has no l0.f"),
        (PAST, 20, [Clamp("l0.z", 1.0, 8)], "units 0 to 7, and no unit 8"),
    ):
        with pytest.raises(UserError, match=words):
            engine.fork(run, epoch, spec, clamps)
