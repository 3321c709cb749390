"""Training on text tasks: the same numbers for the same spec, and what is told of a sentence is what is computed."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from pages.kit.sentence_field import PAIRS
from pages.kit.translation_pictures import MOST_EFFECTS
from seqcore.data.text import PAD, TEXT_TASKS, TYPED, make
from seqcore.data.text.spec import ATTENTION, CoderSpec, TeachingSpec, TranslationSpec
from seqcore.engine import limits
from seqcore.engine.actor import RunActor
from seqcore.engine.limits import bytes_needed
from seqcore.look import MOST_HELD, Look, Sentence
from seqcore.models.seq2seq import greedy
from seqcore.reports.result import Result
from seqcore.reports.run_file import RunFile, load, save
from seqcore.spec import from_flat, from_json, to_json
from seqcore.text import UserError
from seqcore.training import said, textual
from seqcore.training.events import EPOCH_FIELDS, Changed, Diverged, Epoch, Finished, History, Started
from seqcore.training.trainer import as_arrays
from seqcore.training.translation import TranslationTrainer
from seqcore.translation import MOST_RUNS, UPDATES, found, right_by_length, side_by_side, written

TINY = TranslationSpec().replace(hidden_size=12, embedding_size=6, pairs=200, batch_size=16, epochs=2, lr=0.01)


def trained(spec):
    trainer = TranslationTrainer(spec)
    return trainer, list(trainer)


def curves(events):
    return as_arrays([event for event in events if isinstance(event, Epoch)])


@pytest.fixture(scope="module")
def little():
    return trained(TINY.replace(task="sentences"))[0]


@pytest.mark.parametrize(
    "more", [{}, {"architecture": "lstm", "num_layers": 2, "dropout": 0.3, "bidirectional": True},
             {"attention": "none", "teacher_forcing": 0.3, "schedule": "linear"}]
)  # fmt: skip
def test_equal_specs_give_equal_bits(more):
    spec = TINY.replace(**more)
    first, second = curves(trained(spec)[1]), curves(trained(spec)[1])
    for name in EPOCH_FIELDS[:-1]:
        np.testing.assert_array_equal(first[name], second[name])


def test_another_seed_and_other_teaching_give_other_numbers():
    plain = curves(trained(TINY)[1])["train_loss"]
    for more in ({"seed": 1}, {"teacher_forcing": 0.0}, {"attention": "general"}):
        assert not np.array_equal(plain, curves(trained(TINY.replace(**more))[1])["train_loss"])


def test_a_watched_run_is_the_run_unwatched():
    watched = TranslationTrainer(TINY)
    events = []
    for event in watched:
        events.append(event)
        if isinstance(event, Epoch):
            watched.snapshot(Look(sentence=Sentence("may 3rd, 1998", own=True, effects=True, beam=3)))
    np.testing.assert_array_equal(curves(events)["train_loss"], curves(trained(TINY)[1])["train_loss"])


@pytest.mark.parametrize("task", TEXT_TASKS)
def test_every_task_can_be_trained_on(task):
    trainer, events = trained(TINY.replace(task=task, epochs=1))
    assert isinstance(events[0], Started) and events[0].train_windows == 200 and isinstance(events[-1], Finished)
    assert 0 < events[0].naive_rmse < 1 and events[0].weights == sum(p.numel() for p in trainer.model.parameters())
    assert len(trainer.over["whole"]) == 2 and all(math.isfinite(loss) for loss in trainer.over["loss"])


def test_it_learns_what_it_is_shown():
    spec = TINY.replace(task="dates_iso", pairs=16, hidden_size=48, epochs=60)
    history = curves(trained(spec)[1])
    assert history["train_rmse"][0] > 0.8 and history["train_rmse"][-1] < 0.02


def test_the_first_loss_is_that_of_every_token_equally_likely():
    first = next(event for event in TranslationTrainer(TINY) if isinstance(event, Epoch))
    sources, targets = TEXT_TASKS[TINY.data.task].vocabularies
    assert first.train_loss == pytest.approx(math.log(len(targets)), rel=0.15) and len(sources) > 4


def test_every_pair_is_met_once_in_a_round():
    trainer = TranslationTrainer(TINY.replace(pairs=32, batch_size=8))
    drawn = torch.cat([next(trainer.batches) for _ in range(4)])
    assert sorted(drawn.tolist()) == list(range(32))
    assert sorted(torch.cat([next(trainer.batches) for _ in range(4)]).tolist()) == list(range(32))


def test_teaching_follows_its_schedule():
    def shares(**more):
        trainer = TranslationTrainer(TINY.replace(**more))
        return [round(trainer.teaching(done), 3) for done in (0.0, 0.5, 1.0)]

    assert shares(teacher_forcing=0.4) == [0.4, 0.4, 0.4]
    assert shares(teacher_forcing=0.4, schedule="linear") == [1.0, 0.7, 0.4]
    assert shares(teacher_forcing=0.0, schedule="sigmoid") == [0.998, 0.5, 0.002]


def test_what_is_assigned_holds_from_the_next_epoch_on():
    trainer = TranslationTrainer(TINY)
    changes = []
    for event in trainer:
        if isinstance(event, Epoch) and event.epoch == 1:
            trainer.lr, trainer.teacher_forcing = 0.5, 0.25
        changes += [event] if isinstance(event, Changed) else []
    assert changes == [Changed(1, "lr", 0.5), Changed(1, "teacher_forcing", 0.25)]
    assert trainer.optimiser.param_groups[0]["lr"] == 0.5 and trainer.teaching(0.5) == 0.25


def test_what_explodes_is_told():
    trainer = TranslationTrainer(TINY)
    stream = iter(trainer)
    next(event for event in stream if isinstance(event, Epoch))
    trainer.flat.data.fill_(float("nan"))
    assert isinstance(list(stream)[-1], Diverged)


def test_the_snapshot_tells_what_the_model_computes(little):
    shot = little.snapshot(Look(window=2, sentence=Sentence(own=True, effects=True, beam=3)))
    arrays, source = shot.arrays, little.test_x[2]
    source = source[source != PAD]
    alone = greedy(little.model.eval(), source, little.task.target_length + said.SLACK)
    assert said.text(little, alone.ids) == arrays["said"] and arrays["truth"] == little.pairs.target[2]
    steps, count = arrays["attention"].shape
    assert (steps, count) == (len(alone.ids), len(source)) and shot.epoch == 2
    np.testing.assert_allclose(arrays["attention"], alone.weights, atol=1e-6)
    np.testing.assert_allclose(arrays["attention"].sum(1), 1, atol=1e-6)
    np.testing.assert_array_equal(arrays["top"][:, 0], arrays["rows"])
    np.testing.assert_allclose(arrays["surprise"], -np.log(arrays["probabilities"][:, 0]), rtol=1e-4)
    assert arrays["encoder"].shape == (count, 12) and arrays["bottleneck"].shape == (1, 12)
    assert arrays["decoder"].shape == (steps, 12) and arrays["input"][0] == "<bos>"
    assert arrays["beam.kept"].sum() >= 1 and arrays["beam.finished"][arrays["beam.best"]] in (True, False)


def test_a_known_pair_is_shown_by_its_true_translation(little):
    arrays = little.snapshot(Look(window=1)).arrays
    assert said.text(little, little.test_y[1, 1:].tolist()) == arrays["truth"] == "".join(arrays["rows"][:-1])
    assert arrays["rows"][-1] == "<eos>" and "effect.removed" not in arrays and "beam.best" not in arrays


def test_hiding_a_token_raises_the_loss_by_what_is_told(little):
    arrays = little.snapshot(Look(window=3, sentence=Sentence(effects=True))).arrays
    count = len(arrays["read"])
    for place in range(count):
        others = tuple(k for k in range(count) if k != place)
        without = little.snapshot(Look(window=3, sentence=Sentence(order=others))).arrays
        np.testing.assert_allclose(
            arrays["effect.removed"][:, place], without["surprise"] - arrays["surprise"], atol=1e-5
        )
        every = tuple((step, place) for step in range(len(arrays["rows"])))
        masked = little.snapshot(Look(window=3, sentence=Sentence(masked=every))).arrays
        np.testing.assert_allclose(
            arrays["effect.masked"][:, place], masked["surprise"] - arrays["surprise"], atol=1e-5
        )
        assert not masked["attention"][:, place].any()
    assert -1 <= arrays["effect.removed.rank"] <= 1


def test_what_hiding_costs_is_told_of_the_network_as_it_is_held(little):
    held = {"forced": ((0, 1, 1.0),), "masked": ((1, 0),)}
    arrays = little.snapshot(Look(window=3, sentence=Sentence(effects=True, **held))).arrays
    every = tuple((step, 2) for step in range(len(arrays["rows"])))
    both = {**held, "masked": (*held["masked"], *every)}
    masked = little.snapshot(Look(window=3, sentence=Sentence(**both))).arrays
    np.testing.assert_allclose(arrays["effect.masked"][:, 2], masked["surprise"] - arrays["surprise"], atol=1e-5)


def test_rank_agreement_is_that_of_known_orders():
    weights = np.array([[0.1, 0.2, 0.7], [0.2, 0.3, 0.5]])
    assert said.rank_agreement(weights, weights**2) == pytest.approx(1)
    assert said.rank_agreement(weights, -weights) == pytest.approx(-1)
    assert math.isnan(said.rank_agreement(weights, np.zeros((2, 3))))


def test_forced_weights_are_forced_and_places_outside_are_let_be(little):
    wanted = Sentence(own=True, forced=((0, 1, 1.0), (150, 0, 1.0)), masked=((1, 0), (0, 150)))
    arrays = little.snapshot(Look(sentence=wanted)).arrays
    assert arrays["attention"][0, 1] == 1 and arrays["attention"][1, 0] == 0 and "before" in arrays
    plain = little.snapshot(Look(sentence=Sentence(own=True))).arrays
    assert arrays["before"] == plain["said"] and "before" not in plain
    with pytest.raises(UserError, match="at most 100"):
        Sentence(masked=tuple((k, 0) for k in range(MOST_HELD + 1)))


def test_the_source_may_be_shuffled_and_cut(little):
    arrays = little.snapshot(Look(sentence=Sentence(order=(1, 0)))).arrays
    assert arrays["read"].tolist() == arrays["given"][[1, 0]].tolist()
    nowhere = little.snapshot(Look(sentence=Sentence(order=(150,)))).arrays
    assert nowhere["read"].tolist() == nowhere["given"].tolist()


@pytest.mark.parametrize("text", ["blorp", "😀 is 很", "مرحبا", "<b>x</b>", "a " * (TYPED // 2), "?"])
def test_whatever_is_typed_is_answered(little, text):
    arrays = little.snapshot(Look(sentence=Sentence(text, own=True, effects=True, beam=2))).arrays
    assert len(arrays["read"]) == len(arrays["unknown"]) and "truth" not in arrays and arrays["said"].shape == ()
    assert arrays["unknown"].tolist() == [token not in little.vocabularies[0] for token in arrays["read"]]


def test_the_past_is_as_it_was():
    trainer = TranslationTrainer(TINY)
    for event in trainer:
        if isinstance(event, Epoch) and event.epoch == 1:
            state, seen = trainer.state(), trainer.snapshot()
    now = trainer.snapshot()
    past = trainer.snapshot(state=state)
    assert past.digest == seen.digest == state.digest != now.digest and past.epoch == 1
    np.testing.assert_array_equal(past.arrays["attention"], seen.arrays["attention"])
    assert trainer.snapshot().digest == now.digest


def test_without_attention_there_is_none_to_tell():
    arrays = trained(TINY.replace(attention="none", epochs=1))[0].snapshot(Look(sentence=Sentence(effects=True))).arrays
    assert "attention" not in arrays and "effect.removed" in arrays and "effect.masked" not in arrays


def test_a_run_of_the_engine_tells_its_conclusion():
    actor = RunActor()
    actor.open(TINY.replace(epochs=1), None, concludes=True)
    slices = []
    while not slices or not slices[-1].ended:
        slices.append(actor.advance(1.0, 10**9))
    arrays = slices[-1].snapshot.arrays
    assert arrays["whole"].shape == arrays["free"].shape == arrays["length"].shape == (textual.TESTED,)
    assert arrays["length"].max() <= TEXT_TASKS["dates_zh"].source_length and set(arrays["whole"]) <= {0, 1}


def test_numbers_that_are_written_twice_agree():
    assert UPDATES == textual.UPDATES and limits.TRANSLATED == textual.TESTED == PAIRS
    assert MOST_EFFECTS == said.MOST_EFFECTS


def test_a_spec_comes_back_from_json_and_says_what_does_not_fit():
    spec = TINY.replace(attention="dot", teacher_forcing=0.5)
    assert from_json(json.loads(json.dumps(to_json(spec))), TranslationSpec) == spec
    with pytest.raises(UserError, match="compares states of one size, and the encoder's have 24"):
        spec.replace(bidirectional=True)
    with pytest.raises(UserError):
        TeachingSpec(teacher_forcing=1.5)
    with pytest.raises(UserError):
        CoderSpec(architecture="mlp")
    assert from_flat({"attention": "none", "bidirectional": True}, TranslationSpec).model.bidirectional


def test_a_run_too_large_is_known_before_it_starts():
    assert bytes_needed(TranslationSpec(), 0) < 100e6
    assert bytes_needed(TranslationSpec().replace(batch_size=4096, hidden_size=256), 0) > 4e9
    dot = TranslationSpec().replace(attention="dot")
    assert bytes_needed(dot, 0) < bytes_needed(dot.replace(attention="additive"), 0)


def test_a_run_comes_back_from_its_file(tmp_path, little):
    history = History(*(np.zeros(3) for _ in EPOCH_FIELDS))
    shot = little.snapshot()
    save(tmp_path / "run.npz", RunFile(little.spec, little.started(), history, shot))
    back = load(tmp_path / "run.npz")
    assert back.spec == little.spec and back.snapshot.arrays["said"] == shot.arrays["said"]
    np.testing.assert_array_equal(back.snapshot.arrays["samples.target"], shot.arrays["samples.target"])


def test_settings_side_by_side_and_what_they_found():
    specs = side_by_side(TINY, ["none", "additive"], [1.0, 0.5], 2)
    assert len(specs) == 8 and {spec.seed for spec in specs} == {0, 1}
    assert set(ATTENTION) >= {spec.model.attention for spec in specs}
    with pytest.raises(UserError, match="at least one"):
        side_by_side(TINY, [], [1.0], 1)
    with pytest.raises(UserError, match=f"1 to {MOST_RUNS}"):
        side_by_side(TINY, list(ATTENTION), [1.0, 0.5, 0.0], 5)
    trainer, events = trained(TINY.replace(epochs=1))
    history = History(*(curves(events)[name] for name in EPOCH_FIELDS))
    ended = Result(TINY, "finished", history, trainer.started(), trainer.conclusion())
    lengths, shares = right_by_length(ended)
    assert lengths.shape == shares.shape and np.nanmax(shares) <= 1 and np.isnan(shares[-1])
    assert found(ended)["Without a mistake"] == pytest.approx(ended.snapshot.arrays["whole"].mean())
    waiting = replace(ended, status="running", snapshot=None)
    assert np.isnan(right_by_length(waiting)[1]).all() and "| – |" in written("markdown", [waiting])
    assert json.loads(written("json", [ended]))[0]["Task"] == "dates_zh"


def test_right_by_length_counts_each_pair_in_its_group():
    arrays = {"whole": np.array([1.0, 0, 1, 1, 1, 0]), "length": np.array([5, 5, 6, 6, 5, 36])}
    shot = trained(TINY.replace(epochs=1))[0].snapshot()
    ended = Result(TINY, "finished", None, None, replace(shot, arrays=arrays))
    lengths, shares = right_by_length(ended)
    assert lengths[1] - lengths[0] == 4 and shares[1] == pytest.approx(0.8)
    assert np.isnan(shares[-1]), "one pair is no share"


def test_test_pairs_are_never_trained_on():
    train, test = make("sentences", 3000, 0), make("sentences", 1000, 5, "test")
    assert not set(train.target) & set(test.target)
