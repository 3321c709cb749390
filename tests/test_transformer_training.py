"""A Transformer's training on text tasks: the same trainer, the same events, and maps that are the model's own."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from seqcore.data.text import TEXT_TASKS
from seqcore.data.text.spec import POSITIONS, SizeSpec, TransformerSpec
from seqcore.engine.actor import RunActor
from seqcore.engine.limits import bytes_needed
from seqcore.look import Look, Sentence
from seqcore.models import transformer
from seqcore.models.transformer.inside import attentions
from seqcore.reports.run_file import RunFile, load, save
from seqcore.spec import from_json, to_json
from seqcore.text import UserError
from seqcore.training.events import EPOCH_FIELDS, Changed, Epoch, Finished, History, Started
from seqcore.training.trainer import as_arrays
from seqcore.training.translation import TranslationTrainer

TINY = TransformerSpec().replace(
    d_model=16, num_heads=2, d_ff=32, pairs=200, batch_size=16, epochs=3, lr=0.01, warmup=5
)  # fmt: skip


def trained(spec):
    trainer = TranslationTrainer(spec)
    return trainer, list(trainer)


def curves(events):
    return as_arrays([event for event in events if isinstance(event, Epoch)])


@pytest.fixture(scope="module")
def little():
    return trained(TINY)[0]


@pytest.mark.parametrize(
    "more", [{}, {"dropout": 0.2, "norm_first": False, "position": "rotary"}, {"tied": True, "label_smoothing": 0.1}]
)  # fmt: skip
def test_equal_specs_give_equal_bits(more):
    first, second = (curves(trained(TINY.replace(**more))[1]) for _ in range(2))
    for name in EPOCH_FIELDS[:-1]:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize("task", TEXT_TASKS)
def test_every_task_can_be_trained_on(task):
    trainer, events = trained(TINY.replace(task=task, epochs=1))
    assert isinstance(events[0], Started) and events[0].kernel == "written" and isinstance(events[-1], Finished)
    assert events[0].weights == sum(p.numel() for p in trainer.model.parameters())


def test_it_learns_what_it_is_shown():
    history = curves(trained(TINY.replace(task="copy", pairs=16, d_model=32, d_ff=64, epochs=80))[1])
    assert history["train_rmse"][0] > 0.8 and history["train_rmse"][-1] < 0.05


def test_the_learning_rate_warms_up_and_stays():
    trainer, rates = TranslationTrainer(TINY), []
    step = trainer.optimiser.step
    trainer.optimiser.step = lambda: rates.append(trainer.optimiser.param_groups[0]["lr"]) or step()
    list(trainer)
    np.testing.assert_allclose(rates[:5], 0.01 * np.arange(1, 6) / 5)
    assert set(rates[5:]) == {0.01} and len(rates) == 15


def test_what_is_assigned_holds_and_teacher_forcing_is_none_of_it():
    trainer = TranslationTrainer(TINY)
    changes = []
    for event in trainer:
        if isinstance(event, Epoch) and event.epoch == 1:
            trainer.lr, trainer.teacher_forcing = 0.5, 0.25
        changes += [event] if isinstance(event, Changed) else []
    assert changes == [Changed(1, "lr", 0.5)] and trainer.teaching(0.5) == 1.0


def test_smoothing_makes_the_loss_that_of_a_softer_target():
    first = [curves(trained(TINY.replace(epochs=1, label_smoothing=share))[1])["train_loss"][-1] for share in (0, 0.3)]
    assert first[0] != first[1]
    logits, target = torch.randn(2, 3, 7), torch.tensor([[4, 5, 0], [6, 4, 5]])
    from seqcore.models.seq2seq import token_loss

    logs = logits.log_softmax(-1)
    real = target != 0
    sharp = -logs.gather(2, target[..., None])[..., 0][real].mean()
    soft = -logs.mean(-1)[real].mean()
    torch.testing.assert_close(token_loss(logits, target, 0.3), 0.7 * sharp + 0.3 * soft)


def test_the_snapshot_holds_every_map_of_the_sentence(little):
    arrays = little.snapshot(Look(window=2, sentence=Sentence(own=True, beam=3))).arrays
    rows, read = len(arrays["rows"]), len(arrays["read"])
    shapes = {"encoder.l0.self": (2, read, read), "decoder.l1.self": (2, rows, rows),
              "decoder.l0.cross": (2, rows, read)}  # fmt: skip
    for name in attentions(little.model):
        weights = arrays[f"{name}.weights"]
        np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
        assert name not in shapes or weights.shape == shapes[name]
    assert not np.triu(arrays["decoder.l0.self.weights"][0], 1).any(), "no token sees those after it"
    np.testing.assert_array_equal(arrays["top"][:, 0], arrays["rows"])
    assert arrays["beam.kept"].any() and "".join(arrays["rows"]).startswith(str(arrays["said"])[:1])


def test_a_known_pair_is_shown_by_its_true_translation(little):
    arrays = little.snapshot(Look(window=1)).arrays
    assert "".join(arrays["rows"][:-1]) == arrays["truth"] and arrays["samples.said"].shape == (6,)


def test_the_past_is_as_it_was():
    trainer = TranslationTrainer(TINY)
    for event in trainer:
        if isinstance(event, Epoch) and event.epoch == 1:
            state, seen = trainer.state(), trainer.snapshot()
    past = trainer.snapshot(state=state)
    assert past.digest == seen.digest == state.digest != trainer.snapshot().digest
    np.testing.assert_array_equal(past.arrays["encoder.l0.self.weights"], seen.arrays["encoder.l0.self.weights"])


def test_a_run_of_the_engine_tells_its_conclusion_and_comes_back_from_its_file(tmp_path):
    actor = RunActor()
    actor.open(TINY.replace(epochs=1), None, concludes=True)
    slices = []
    while not slices or not slices[-1].ended:
        slices.append(actor.advance(1.0, 10**9))
    shot = slices[-1].snapshot
    assert shot.arrays["whole"].shape == (1000,) and "decoder.l1.cross.weights" in shot.arrays
    started = next(event for event in slices[0].events if isinstance(event, Started))
    save(tmp_path / "run.npz", RunFile(TINY, started, History(*np.zeros((6, 2))), replace(shot, digest="")))
    assert load(tmp_path / "run.npz").spec == TINY


def test_a_spec_comes_back_from_json_and_says_what_does_not_fit():
    assert from_json(json.loads(json.dumps(to_json(TINY))), TransformerSpec) == TINY
    with pytest.raises(UserError, match=r"d_model \(64\) must be divisible by num_heads \(5\)"):
        SizeSpec(num_heads=5)
    with pytest.raises(UserError, match="a head has 3 of them"):
        SizeSpec(d_model=12, num_heads=4, position="rotary")
    assert tuple(POSITIONS) == tuple(transformer.POSITIONS)


def test_a_run_too_large_is_known_before_it_starts():
    assert bytes_needed(TransformerSpec(), 0) < 200e6
    assert bytes_needed(TransformerSpec().replace(batch_size=4096, d_model=512, num_layers=6, d_ff=2048), 0) > 20e9
