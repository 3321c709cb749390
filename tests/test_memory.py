"""Training on memory tasks: the same numbers for the same spec, remedies that do what they say, how far it reaches."""

import json

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from seqcore.catalogue import RECURRENT
from seqcore.data.tasks import TASKS
from seqcore.data.tasks.spec import MemorySpec, RemedySpec, TaskSpec
from seqcore.engine.actor import RunActor
from seqcore.engine.limits import bytes_needed
from seqcore.look import Look
from seqcore.memory import UPDATES, fit, found, side_by_side, written
from seqcore.models import build
from seqcore.models.remedied import Remedied
from seqcore.probes.gradients import gradients_by_step, itemise
from seqcore.reports.result import Result
from seqcore.spec import ModelSpec, from_flat
from seqcore.text import UserError
from seqcore.training import memory
from seqcore.training.events import EPOCH_FIELDS, Changed, Diverged, Epoch, Finished, History, Started
from seqcore.training.memory import MemoryTrainer
from seqcore.training.reach import profile_epochs
from seqcore.training.trainer import as_arrays

TINY = MemorySpec().replace(lag=9, hidden_size=6, epochs=2, batch_size=16)
ALL = {"truncate": 5, "init": "orthogonal", "gain": 1.2, "layer_norm": True, "skip": 3, "attention": True}


def curves(trainer):
    return as_arrays([event for event in trainer if isinstance(event, Epoch)])


@pytest.mark.parametrize(
    "spec", [*(fit(TINY.flat(), cell) for cell in RECURRENT), TINY.replace(dropout=0.3, num_layers=2, **ALL)]
)
def test_equal_specs_give_equal_bits(spec):
    first, second = curves(MemoryTrainer(spec)), curves(MemoryTrainer(spec))
    for name in EPOCH_FIELDS[:-1]:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize("task", TASKS)
def test_every_task_can_be_trained_on_and_its_chance_is_told(task):
    started, first, *_ = MemoryTrainer(TINY.replace(task=task))
    assert isinstance(started, Started) and started.naive_rmse == TASKS[task].error(TASKS[task].chance_score)
    assert first.epoch == 0 and np.isfinite(first.test_rmse)


@pytest.mark.parametrize("cell", RECURRENT)
def test_without_remedies_it_is_the_plain_network(cell):
    spec = ModelSpec(cell, hidden_size=5, num_layers=2)
    torch.manual_seed(3)
    plain = build(spec, 2, 12, 1)
    torch.manual_seed(3)
    ours = Remedied(spec, RemedySpec(), 2, 1)
    x = torch.randn(8, 12, 2)
    assert_close(ours.state_dict(), plain.state_dict(), rtol=0, atol=0)
    assert torch.equal(ours(x), plain(x))


def remedied(cell="rnn", layers=1, **remedies):
    torch.manual_seed(0)
    return Remedied(ModelSpec(cell, hidden_size=6, num_layers=layers), RemedySpec(**remedies), 2, 1).double()


def test_matrices_to_begin_with():
    for matrix in remedied("gru", init="orthogonal", gain=1.5).cell.weight_hh_l0.split(6):
        assert_close(matrix @ matrix.T, 1.5**2 * torch.eye(6).double(), rtol=1e-5, atol=1e-6)
    assert torch.equal(remedied(init="identity", relu=True).cell.weight_hh_l0, torch.eye(6).double())
    cell = remedied("lstm", forget_bias=1.0).cell
    both = cell.bias_ih_l0 + cell.bias_hh_l0
    assert torch.equal(both[6:12], torch.ones(6).double()) and (both[:6] != 1).all()


def test_relu_is_torchs_relu():
    model, x = remedied(relu=True), torch.randn(4, 9, 2).double()
    reference = torch.nn.RNN(2, 6, nonlinearity="relu", batch_first=True).double()
    reference.load_state_dict(model.cell.state_dict())
    assert_close(model(x), model.head(reference(x)[0][:, -1]))


def test_layer_norm_and_skips_are_what_they_say():
    model, x = remedied(layer_norm=True, skip=3), torch.randn(4, 9, 2).double()
    norm = model.cell.between[0].norm
    norm.weight.data.uniform_(0.5, 2)
    weights, states, h = model.cell, [], torch.zeros(4, 6).double()
    for t in range(9):
        last = (h + states[-3]) / 2 if len(states) >= 3 else h
        sums = (
            x[:, t] @ weights.weight_ih_l0.T + weights.bias_ih_l0 + last @ weights.weight_hh_l0.T + weights.bias_hh_l0
        )
        h = torch.nn.functional.layer_norm(torch.tanh(sums), (6,), norm.weight, norm.bias)
        states.append(h)
    assert_close(model(x), model.head(h))


def test_attention_reads_a_mean_of_all_states():
    model, x = remedied(attention=True), torch.randn(4, 9, 2).double()
    states = model.cell(x)[0]
    scores = torch.einsum("bh,hk,btk->bt", states[:, -1], model.query.weight.T, states)
    mean = torch.nn.functional.scaled_dot_product_attention(
        model.query(states[:, -1:]), states, states, scale=1.0
    )[:, 0]  # fmt: skip
    assert_close(torch.einsum("bt,bth->bh", scores.softmax(1), states), mean)
    assert_close(model(x), model.head(torch.cat([states[:, -1], mean], 1)))


@pytest.mark.parametrize("cell", RECURRENT)
def test_truncation_stops_the_gradient_and_nothing_else(cell):
    whole, short = remedied(cell), remedied(cell, truncate=4)
    x = torch.randn(8, 20, 2).double().requires_grad_()
    assert_close(short(x), whole(x))
    (gradient,) = torch.autograd.grad(short(x).sum(), x)
    assert (gradient[:, :16] == 0).all() and (gradient[:, 16:] != 0).all()


@pytest.mark.parametrize("cell", RECURRENT)
@pytest.mark.parametrize("remedies", [ALL, {"layer_norm": True}, {"skip": 2}, {"attention": True}, {"truncate": 4}])
def test_the_parts_of_a_gradient_sum_to_autograds_with_every_remedy(cell, remedies):
    model, x = remedied(cell, layers=2, **remedies), torch.randn(4, 9, 2).double()
    parts = itemise(model, x, lambda answer: answer.square().mean()).weights
    model.eval()(x).square().mean().backward()
    for name, values in parts.items():
        assert_close(torch.from_numpy(values).sum(0), getattr(model.cell, name).grad, rtol=1e-9, atol=1e-12)


def test_clipping_by_value_cuts_each_number():
    trainer = MemoryTrainer(TINY.replace(clip=0.0, clip_value=0.01, lr=0.001))
    curves(trainer)
    assert trainer.gradient.abs().max() == pytest.approx(0.01)
    assert trainer.clipped_norms[-1] == pytest.approx(trainer.gradient.norm().item())
    assert trainer.clipped_norms[-1] < trainer.grad_norm


def test_what_is_changed_by_hand_holds_from_the_next_epoch_on_and_is_told():
    trainer = MemoryTrainer(TINY.replace(epochs=3))
    told = []
    for event in trainer:
        if isinstance(event, Epoch) and event.epoch == 1:
            trainer.truncate, trainer.lr = 3, 0.5
        told += [event] if isinstance(event, Changed) else []
    assert told == [Changed(1, "lr", 0.5), Changed(1, "truncate", 3)]
    assert trainer.model.truncate == 3 and trainer.optimiser.param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_network_that_has_solved_a_lag_remembers_just_as_far(cell):
    spec = fit({}, cell).replace(lag=12, hidden_size=24, epochs=60)
    *_, last = (trainer := MemoryTrainer(spec))
    assert isinstance(last, Finished) and trainer.solved_at == last.epoch < 60
    arrays = trainer.conclusion().arrays
    assert abs(arrays["horizon.memory"] - 12) <= 1 and arrays["solved"] == last.epoch
    assert arrays["over.memory"][0] == -1 and arrays["over.memory"][-1] == arrays["horizon.memory"]


def test_the_profile_is_what_the_probe_gives():
    trainer = MemoryTrainer(TINY.replace(truncate=4))
    curves(trainer)
    x, y = trainer.test_x[:32], trainer.test_y[:32]
    expected = gradients_by_step(trainer.model, x, lambda answer: trainer.loss(answer, y))["l0.hidden.grad"]
    arrays = trainer.conclusion().arrays
    np.testing.assert_array_equal(arrays["over.norms"][-1][-4:], expected)
    assert len(arrays["over.norms"][-1]) == x.shape[1] and (arrays["over.norms"][-1][:-4] == 0).all()
    np.testing.assert_allclose(arrays["over.share"].sum(axis=1), 1, rtol=1e-4)


def test_looking_changes_nothing_and_shows_the_past():
    spec = TINY.replace(epochs=4)
    plain = curves(MemoryTrainer(spec))
    actor, rows, seen = RunActor(), [], None
    actor.open(spec, None)
    look = Look(gradients=True, horizons=True, jacobian=True)
    while not actor.ended:
        slice = actor.advance(0.01, 10**6, None, look)
        rows.extend(slice.rows)
        seen = slice.snapshot or seen
    assert {"gradient.l0.cell.kept", "horizon.gradient", "singular", "over.norms", "l0.f"} <= set(seen.arrays)
    np.testing.assert_array_equal(np.array(rows)[:, 1:4].T, [plain[name] for name in EPOCH_FIELDS[1:4]])
    past = actor.advance(0.0, -1, None, Look(epoch=2)).snapshot
    assert past.epoch == 2 and past.digest == actor.recording.at(2).digest and past.arrays["over.epochs"].max() <= 2


def test_an_explosion_is_an_event_with_its_step():
    spec = fit(TINY.flat(), "rnn").replace(lag=200, relu=True, init="orthogonal", gain=3.0, clip=0.0)
    *_, last = (trainer := MemoryTrainer(spec))
    assert isinstance(last, Diverged)
    arrays = trainer.snapshot(Look(gradients=True)).arrays
    assert str(arrays["bad.name"]) == "l0.hidden" and 0 <= arrays["bad.step"] < 205


@pytest.mark.parametrize(
    ("values", "words"),
    [({"architecture": "mlp"}, "rnn, lstm, gru"), ({"bidirectional": True}, "one direction"),
     ({"relu": True}, "relu is for rnn"), ({"lag": 0}, "between 2 and 200")],
)  # fmt: skip
def test_what_does_not_fit_is_a_sentence(values, words):
    with pytest.raises(UserError, match=words):
        MemorySpec().replace(**values)


def test_specs_side_by_side():
    spec = {"forget_bias": 1.0, "init": "orthogonal"}
    made = side_by_side(spec, lags=(5, 10), seeds=2)
    assert [(each.data.lag, each.model.architecture, each.seed) for each in made[:4]] == [
        (5, "rnn", 0), (5, "rnn", 1), (5, "lstm", 0), (5, "lstm", 1)]  # fmt: skip
    assert made[0].remedies.forget_bias == 0 and made[2].remedies.forget_bias == 1 and len(made) == 12
    assert from_flat(made[2].flat(), MemorySpec) == made[2]
    for cells, seeds in (("cnn",), 1), ((), 1), (RECURRENT, 30), (RECURRENT, 0):
        with pytest.raises(UserError):
            side_by_side(spec, cells, (5,), seeds)


def test_the_table_says_what_was_found():
    trainer = MemoryTrainer(TINY)
    events = [event for event in trainer if isinstance(event, Epoch)]
    result = Result(TINY, "finished", History(**as_arrays(events)), trainer.started(), trainer.conclusion())
    (row,) = json.loads(written("json", [result]))
    assert row["Error"] == events[-1].test_rmse and row["Solved after"] is None and row["Lag"] == 9
    assert "not solved" in written("markdown", [result])
    assert found(Result(TINY, "queued", History(*np.empty((6, 0))), None, None))["Error"] is None


def test_constants_that_are_told_twice():
    assert UPDATES == memory.UPDATES
    assert len(profile_epochs(100)) == 20 and {0, 1, 100} <= profile_epochs(100)
    assert 10e6 < bytes_needed(MemorySpec(TaskSpec("copy", 200)), 0) < 10e9
