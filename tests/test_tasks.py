"""Memory tasks: the answer hangs on the steps it is said to hang on, and chance is what it is said to be."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seqcore.data.tasks as tasks
from seqcore.data.tasks import TASKS, make
from seqcore.text import UserError

names = pytest.mark.parametrize("name", TASKS)
every = st.tuples(st.sampled_from(list(TASKS)), st.integers(2, 200), st.integers(0, 40), st.integers(0, 2**31 - 1))
"""Task, lag, how much longer than the lag, seed."""


def made(case, count=24):
    name, lag, more, seed = case
    length = min(lag + 1 + more, 256)
    return TASKS[name], make(name, lag, count, seed, length=length), length - 1 - lag


def same_places(at):
    """Pairs of sequences whose answers hang on the same steps: the first of each group with all others."""
    for places in np.unique(at, axis=0):
        first, *others = np.flatnonzero((at == places).all(axis=1))
        yield from ((first, other, places) for other in others)


def test_every_file_is_listed():
    files = {path.stem for path in Path(tasks.__file__).parent.glob("*.py")}
    assert files - {"__init__", "task", "spec", "race"} == set(TASKS)
    assert all(task.name == name for name, task in TASKS.items())


@given(every)
@settings(deadline=None)
def test_sequences_have_the_shapes_and_types_they_promise(case):
    task, batch, far = made(case)
    assert batch.x.shape == (24, far + case[1] + 1, len(task.channels)) and batch.x.dtype == np.float32
    assert batch.y.shape == ((24,) if task.classes else (24, 1))
    assert batch.y.dtype == (np.int64 if task.classes else np.float32) and batch.at.dtype == np.int64
    if task.classes:
        assert batch.y.min() >= 0 and batch.y.max() < task.outputs == len(task.classes)
    else:
        assert task.outputs == 1
    assert (batch.at[:, 0] == far).all() and (batch.at >= far).all() and (batch.at < batch.x.shape[1]).all()
    assert all(len(set(row)) == len(row) for row in batch.at.tolist())


@given(every)
@settings(deadline=None)
def test_nothing_but_the_steps_that_matter_changes_the_answer(case):
    task, batch, _ = made(case)
    for one, other, places in same_places(batch.at):
        mixed = batch.x[other].copy()
        mixed[places] = batch.x[one, places]
        assert task.answer(mixed[None])[0] == pytest.approx(batch.y[one], abs=1e-6)


@given(every)
@settings(deadline=None)
def test_each_step_that_matters_changes_the_answer(case):
    task, batch, _ = made(case)
    for one, other, places in same_places(batch.at):
        for place in places:
            mixed = batch.x[one].copy()
            mixed[place] = batch.x[other, place]
            differs = not np.array_equal(mixed, batch.x[one])
            assert (abs(float(np.squeeze(task.answer(mixed[None])[0] - batch.y[one]))) > 1e-7) == differs


@pytest.mark.parametrize("lag", [2, 9])
def test_sequences_are_as_the_rules_say(lag):
    for name in ("copy", "order"):
        x = make(name, lag, 400, 0, length=lag + 3).x
        assert ((x == 1).sum(axis=2) == 1).all() and (x.sum(axis=2) == 1).all()
        assert (x.sum(axis=(0, 1)) > 0).all()  # every symbol occurs
    symbols = make("copy", lag, 400, 0, length=lag + 3).x.argmax(axis=2)
    kept = min(3, lag)
    assert (symbols[:, :2] == 8).all() and (symbols[:, -1] == 9).all() and (symbols[:, 2 : 2 + kept] < 8).all()
    assert (symbols[:, 2 + kept : -1] == 8).all()
    for name, marks in (("adding", 2), ("last", 1)):
        batch = make(name, lag, 400, 0, length=lag + 3)
        rows, steps = np.nonzero(batch.x[:, :, 1])
        np.testing.assert_array_equal(steps.reshape(400, marks), np.sort(batch.at, axis=1))
        assert batch.x.min() >= 0 and batch.x.max() <= 1 and len(rows) == 400 * marks
    for name in ("adding", "order"):
        near = make(name, lag, 400, 0, length=lag + 3).at[:, 1]
        assert set(near) == set(range(lag + 3 - min(4, lag), lag + 3))
    bits = make("parity", lag, 400, 0, length=lag + 3).x[:, :, 0]
    assert (bits[:, :2] == 0).all() and (abs(bits[:, 2:5]) == 1).all() and (bits[:, 5:] == 0).all()


@names
def test_the_rules_by_hand(name):
    values = np.array([0.5, 0.25, 0.125, 1.0], np.float32)
    by_hand = {
        "adding": (np.stack([values, [0, 1, 0, 1]], 1), [1.25]),
        "last": (np.stack([values, [0, 1, 0, 0]], 1), [0.25]),
        "copy": (np.eye(10)[[8, 5, 2, 8, 8, 9]], 5),
        "order": (np.eye(6)[[3, 1, 4, 0, 2]], 2),
        "parity": (np.array([[1], [-1], [1], [0], [0]]), 0),
    }
    x, y = by_hand[name]
    np.testing.assert_array_equal(TASKS[name].answer(x[None])[0], y)


@names
def test_chance_is_the_best_of_those_who_know_all_but_the_far_step(name):
    # The far step is put in from many other sequences: what the answers then are is what is left to guess.
    task, batch = TASKS[name], make(name, 7, 3150, 3)
    far = batch.at[0, 0]
    answers = []
    for other in batch.x[:3000, far]:
        changed = batch.x[3000:].copy()
        changed[:, far] = other
        answers.append(task.answer(changed))
    answers, truth = np.array(answers), batch.y[3000:]  # (3000, 150), or (3000, 150, 1) of a regression
    if task.classes:
        likely = np.stack([(answers == k).mean(axis=0) for k in range(task.outputs)], axis=1)  # (150, classes)
        right = likely[np.arange(150), truth]
        assert -np.log(right).mean() == pytest.approx(task.chance_loss, rel=0.03)
        assert likely.max(axis=1).mean() == pytest.approx(task.chance_score, abs=0.03)
    else:
        loss = answers.var(axis=0).mean()  # the mean answers, and is off by what is spread around it
        assert loss == pytest.approx(task.chance_loss, rel=0.03)
        assert loss**0.5 == pytest.approx(task.chance_score, rel=0.03)
        assert ((answers.mean(axis=0) - truth) ** 2).mean() == pytest.approx(loss, rel=0.25)


def least_squares(x, wanted, count):
    """Errors (N - count,) or (N - count, classes) on the rest, of a linear fit to the first `count` of x (N, F)."""
    x = np.column_stack([x, np.ones(len(x))])
    weights = np.linalg.lstsq(x[:count], wanted[:count], rcond=None)[0]
    return x[count:] @ weights


@names
def test_the_rest_of_the_sequence_does_not_give_the_far_step_away(name):
    task, batch = TASKS[name], make(name, 6, 6000, 5)
    far = batch.at[0, 0]
    rest = np.delete(batch.x, far, axis=1).reshape(6000, -1)
    told = np.column_stack([rest, batch.x[:, far]])
    wanted = np.eye(task.outputs)[batch.y] if task.classes else batch.y

    def score(x):
        guess = least_squares(x, wanted, 4000)
        if task.classes:
            return (guess.argmax(axis=1) == batch.y[4000:]).mean()
        return ((guess - batch.y[4000:]) ** 2).mean() ** 0.5

    blind = score(rest)
    assert not task.solves(blind)
    assert blind < task.chance_score + 0.035 if task.classes else blind > 0.97 * task.chance_score
    if name in ("last", "copy"):  # what a straight line can compute, once it knows the far step
        assert task.solves(score(told))


@names
def test_every_answer_is_as_frequent_as_it_should_be(name):
    task, batch = TASKS[name], make(name, 20, 8000, 1)
    if task.classes:
        shares = np.bincount(batch.y, minlength=task.outputs) / 8000
        np.testing.assert_allclose(shares, 1 / task.outputs, atol=0.02)
    else:
        marks = batch.at.shape[1]
        assert batch.y.mean() == pytest.approx(marks / 2, abs=0.02) and batch.y.var() == pytest.approx(marks / 12, 0.06)


@names
def test_the_same_seed_gives_the_same_bits_and_another_stream_none_of_them(name):
    first, again = make(name, 30, 50, 7), make(name, 30, 50, 7)
    for field in ("x", "y", "at"):
        assert getattr(first, field).tobytes() == getattr(again, field).tobytes()
    for other in (make(name, 30, 50, 7, part="test"), make(name, 30, 50, 8)):
        assert first.x.tobytes() != other.x.tobytes()
    if name in ("adding", "last", "order"):  # 35 random steps never repeat by chance
        both = np.concatenate([first.x, make(name, 30, 50, 7, part="test").x])
        assert len(np.unique(both, axis=0)) == 100


def test_what_is_solved_lies_between_chance_and_perfect():
    for task in TASKS.values():
        assert not task.solves(task.chance_score) and not task.solves(float("nan"))
        assert task.solves(1.0 if task.classes else 0.0) and task.solves(task.solved_score)
        assert task.chance_loss > 0
    assert TASKS["copy"].chance_loss == pytest.approx(2.0794, abs=1e-4)
    assert TASKS["adding"].chance_loss == TASKS["adding"].chance_score ** 2 == pytest.approx(0.08333, abs=1e-5)
    # 0.04 of a range of 1 in 1997; the sums reach from 0 to 2 here
    assert (TASKS["adding"].solved_score, TASKS["last"].solved_score) == (0.08, 0.04)


@names
def test_a_length_is_the_lag_one_step_and_a_lead(name):
    task = TASKS[name]
    assert make(name, 30, 1, 0).x.shape[1] == task.length(30) == 31 + task.lead
    assert make(name, 30, 1, 0, length=31).at[0, 0] == 0


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"lag": 1}, "lag (1) must be between 2 and 200."),
        ({"lag": 201}, "lag (201) must be between 2 and 200."),
        ({"lag": 2.5}, "lag must be a whole number, not 2.5."),
        ({"count": 0}, "count (0) must be between 1 and 10000."),
        ({"count": 10_001}, "count (10001) must be between 1 and 10000."),
        ({"seed": -1}, "seed (-1) must be between 0 and 2147483647."),
        ({"length": 257}, "length (257) must be between 3 and 256."),
        ({"name": "juggling"}, "task must be one of copy, adding, last, order, parity, not 'juggling'."),
        (
            {"length": 30},
            "A lag of 30 steps needs a sequence of at least 31 steps, and this one has 30: choose a lag of at most 29, "
            "or a longer sequence.",
        ),
    ],
)
def test_what_cannot_be_batchis_refused_with_the_numbers(wrong, sentence):
    with pytest.raises(UserError) as problem:
        make(**{"name": "adding", "lag": 30, "count": 5, "seed": 0, **wrong})
    assert str(problem.value) == sentence
