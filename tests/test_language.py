"""Language models: what a decoder and an encoder learn of sentences, what they say, and how they are made to read."""

import numpy as np
import pytest
import torch

from seqcore.data.text import BOS, EOS, PAD, TYPED, UNK
from seqcore.data.text.corpus import MASK, with_gaps
from seqcore.data.text.spec import (
    HALVES,
    TRANSFORMER_TASK,
    LanguageSpec,
    TransformerSpec,
    task_of,
    transformer_spec,
)
from seqcore.data.text.tokenizer import learn
from seqcore.engine.limits import bytes_needed
from seqcore.look import Drawing, Look, Reading, Sentence
from seqcore.models.transformer import TransformerDecoder, TransformerEncoder
from seqcore.models.transformer.draw import NEVER, cut, go_on
from seqcore.models.transformer.inside import altered
from seqcore.reports.run_file import RunFile, load, save
from seqcore.spec import from_json, to_json
from seqcore.text import UserError
from seqcore.training import readings
from seqcore.training.events import EPOCH_FIELDS, Epoch, Finished, History, Started
from seqcore.training.foretold import most
from seqcore.training.language import LanguageTrainer
from seqcore.training.make import make_trainer
from seqcore.training.readings import MOST_MAPS, maps
from seqcore.training.textual import judged
from seqcore.training.trainer import as_arrays

TINY = LanguageSpec().replace(d_model=16, num_heads=2, num_layers=1, d_ff=32, sentences=300, batch_size=32, epochs=2)
GUESSES = TINY.replace(architecture="encoder")


@pytest.fixture(scope="module")
def decoder():
    """One that has learnt a little, with the events of that."""
    trainer = LanguageTrainer(TINY.replace(epochs=30, lr=0.01))
    return trainer, list(trainer)


@pytest.fixture(scope="module")
def encoder():
    trainer = LanguageTrainer(GUESSES.replace(epochs=30, lr=0.01))
    return trainer, list(trainer)


def told(trainer, window=0, **sentence):
    return trainer.snapshot(Look(window=window, sentence=Sentence(**sentence))).arrays


def curves(events):
    return as_arrays([event for event in events if isinstance(event, Epoch)])


@pytest.mark.parametrize("task", TRANSFORMER_TASK.choices)
def test_each_task_is_a_run_that_knows_its_task(task):
    spec = transformer_spec({"task": task, "d_model": 32, "architecture": "nonsense"})
    assert task_of(spec) == task and spec.model.d_model == 32
    assert isinstance(spec, LanguageSpec if task in HALVES else TransformerSpec)
    assert from_json(to_json(spec), type(spec)) == spec


def test_a_half_is_no_translator_and_the_whole_no_language_model():
    for wrong in (lambda: TransformerSpec().replace(architecture="encoder"),
                  lambda: LanguageSpec().replace(architecture="transformer")):  # fmt: skip
        with pytest.raises(UserError, match="architecture must be one of"):
            wrong()
    with pytest.raises(UserError, match="d_model \\(60\\) must be divisible by num_heads \\(8\\)"):
        transformer_spec({"task": "next", "d_model": 60, "num_heads": 8})


@pytest.mark.parametrize("spec", (TINY, GUESSES, TINY.replace(tokens="characters", dropout=0.1)))
def test_the_same_spec_gives_the_same_numbers(spec):
    first, again = (curves(list(LanguageTrainer(spec))) for _ in range(2))
    for name in set(EPOCH_FIELDS) - {"seconds"}:
        np.testing.assert_array_equal(first[name], again[name])
    assert not np.array_equal(curves(list(LanguageTrainer(spec.replace(seed=1))))["train_loss"], first["train_loss"])


@pytest.mark.parametrize("model", ("decoder", "encoder"))
def test_both_halves_learn_more_than_how_often_a_token_stands(model, request):
    trainer, events = request.getfixturevalue(model)
    history = curves(events)
    assert isinstance(trainer.model, TransformerDecoder if model == "decoder" else TransformerEncoder)
    assert isinstance(events[-1], Finished) and events[-1].epoch == 30
    assert history["test_rmse"][-1] < events[0].naive_rmse - 0.05
    assert history["train_loss"][0] == pytest.approx(np.log(len(trainer.vocabulary)), rel=0.3)


@pytest.mark.parametrize("spec", (GUESSES, TINY.replace(dropout=0.2)))
def test_looking_at_it_does_not_change_what_it_learns(spec):
    plain, watched = LanguageTrainer(spec), LanguageTrainer(spec)
    before, after = list(plain), []
    for event in watched:
        after.append(event)
        if isinstance(event, Epoch):
            told(watched, heads=True, reading=Reading(positions=False))
    for name in set(EPOCH_FIELDS) - {"seconds"}:
        np.testing.assert_array_equal(curves(before)[name], curves(after)[name])


def test_a_decoder_is_asked_for_the_token_after_each(decoder):
    trainer, _ = decoder
    x, y = trainer.read(torch.arange(3), None)[0], trainer.read(torch.arange(3), None)[1]
    rows = trainer.x[:3]
    assert (rows[:, 0] == BOS).all() and (x.shape[1] == y.shape[1] == (rows != PAD).sum(1).max() - 1)
    assert y.equal(rows[:, 1 : 1 + y.shape[1]])
    assert all(row[row != PAD][-1] == EOS for row in y)


def test_an_encoder_is_asked_for_what_was_masked_only(encoder):
    trainer, _ = encoder
    mask = len(trainer.vocabulary) - 1
    asked = trainer.test_y != PAD
    assert trainer.test_x[~asked].equal(trainer.test[~asked])
    assert trainer.test_y[asked].equal(trainer.test[asked])
    assert (trainer.test_x[asked] == mask).double().mean() == pytest.approx(0.8, abs=0.05)


def test_an_encoder_fills_the_gap_that_is_typed_or_chosen(encoder):
    trainer, _ = encoder
    arrays = told(trainer, text="How ___ you?")
    assert arrays["read"].tolist() == [" How", MASK, " you", "?"] and arrays["asked"].tolist() == [0, 1, 0, 0]
    likeliest = trainer.model(torch.tensor([trainer.vocabulary.encode(arrays["read"])]))[0, 1].argmax()
    word = trainer.vocabulary.decode([int(likeliest)])[0]
    assert arrays["said"] == f"How{word} you?" and "truth" not in arrays
    chosen = told(trainer, hidden=(0, 2))
    assert chosen["read"][[0, 2]].tolist() == [MASK, MASK] and chosen["asked"].sum() == 2
    assert chosen["truth"] == trainer.texts[0]


def test_a_gap_is_one_token_in_every_kind_of_text():
    texts = ["How are you?", "We are tired."]
    for kind, parts in (("characters", ("How ", " you?")), ("words", ("How", "you?")), ("bpe", ("How", "you?"))):
        tokenizer = learn(kind, texts, 30)
        before, behind = map(tokenizer.encode, parts)
        assert with_gaps(tokenizer, "How ___ you?") == [*before, MASK, *behind]
        assert with_gaps(tokenizer, "_") == [MASK]
    for text in ("", "_" * (TYPED + 1)):
        with pytest.raises(UserError, match=f"1 to {TYPED} characters here, not {len(text)}"):
            with_gaps(learn("words", texts, 50), text)


def test_a_decoder_goes_on_from_what_is_typed(decoder):
    trainer, _ = decoder
    arrays = told(trainer, text="Where is", drawing=Drawing(temperature=0.1), steps=1)
    assert str(arrays["said"]).startswith("Where is") and arrays["prompt"] == 2
    assert arrays["drawn"][-1] == "<eos>" or len(arrays["drawn"]) == most(trainer)
    assert arrays["input"].tolist() == ["<bos>", " Where", " is", *arrays["drawn"].tolist()[:-1]]
    ids = torch.tensor([[BOS, *trainer.vocabulary.encode([" Where", " is"])]])
    with torch.no_grad():
        logits = trainer.model(ids)[0, -1]
    logits[list(NEVER)] = -torch.inf
    torch.testing.assert_close(torch.from_numpy(arrays["next.probabilities"]), (logits / 0.1).softmax(-1))
    assert arrays["next.tokens"][arrays["next.probabilities"].argmax()] == arrays["drawn"][0]


def test_the_same_dice_fall_alike_and_others_do_not(decoder):
    trainer, _ = decoder
    once, again, other = (told(trainer, drawing=Drawing(2.0, seed=seed))["samples.said"].tolist() for seed in (3, 3, 4))
    assert once == again != other
    assert len({*told(trainer, drawing=Drawing(0.1, top_k=1))["samples.said"].tolist()}) == 1


def test_the_cut_keeps_the_fewest_that_together_have_top_p():
    logits = torch.full((8,), -20.0)
    logits[4:] = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    probabilities, kept = cut(logits, Drawing(top_p=0.7))
    torch.testing.assert_close(probabilities[4:], torch.tensor([0.5, 0.3, 0.15, 0.05]), atol=1e-6, rtol=0)
    assert kept.tolist() == [False] * 4 + [True, True, False, False]
    assert cut(logits, Drawing(top_k=1))[1].sum() == 1
    assert cut(logits, Drawing(top_p=0.05))[1].tolist().index(True) == 4  # the likeliest always stays
    hot, cold = (cut(logits, Drawing(temperature))[0][4] for temperature in (2.0, 0.5))
    assert cold > 0.5 > hot
    assert not cut(torch.zeros(9), Drawing())[1][list(NEVER)].any()


def test_what_is_drawn_is_drawn_as_often_as_it_is_likely():
    torch.manual_seed(0)
    model = TransformerDecoder(16, 2, 1, 32, size=8).eval()
    with torch.no_grad():
        ids, logits = go_on(model, torch.full((20_000, 1), BOS), 1, Drawing(top_k=3))
    probabilities, kept = cut(logits[0, 0], Drawing(top_k=3))
    wanted = (probabilities * kept) / (probabilities * kept).sum()
    torch.testing.assert_close(ids[:, 0].bincount(minlength=8) / 20_000, wanted, atol=0.015, rtol=0)


def test_going_on_step_by_step_is_the_same_as_reading_it_all(decoder):
    trainer, _ = decoder
    with torch.no_grad():
        prompt = trainer.test_x[:1, :3]
        ids, logits = go_on(trainer.model, prompt, most(trainer), Drawing(seed=5))
        whole = trainer.model(torch.cat([prompt, ids[:, :-1]], 1))[:, 2:]
    torch.testing.assert_close(logits, whole, atol=1e-4, rtol=1e-4)


def test_a_decoder_that_may_look_ahead_cheats_and_cannot_go_on():
    fair, cheat = (LanguageTrainer(TINY.replace(epochs=60, lr=0.01, causal=causal)) for causal in (True, False))
    honest, false = (curves(list(trainer)) for trainer in (fair, cheat))
    assert false["test_rmse"][-1] < honest["test_rmse"][-1] - 0.2
    assert cheat.over["free"][-1] < fair.over["free"][-1] - 0.1
    assert fair.over["free"][-1] == pytest.approx(1 - honest["test_rmse"][-1])
    assert cheat.model.decoder.causal is False


def test_reading_without_the_mask_shows_the_answer_to_one_that_never_saw_it(decoder):
    trainer, _ = decoder
    arrays = told(trainer, reading=Reading(mask=False))
    weights = arrays["decoder.l0.self.weights"]
    assert (weights[:, 0, 1:] > 0).all()
    assert (told(trainer)["decoder.l0.self.weights"][:, 0, 1:] == 0).all()
    assert arrays["tested.loss"][1] != arrays["tested.loss"][0] and "before" in arrays


@pytest.mark.parametrize("model", ("decoder", "encoder"))
def test_what_a_head_is_good_for_is_what_its_absence_costs(model, request):
    trainer, _ = request.getfixturevalue(model)
    name = f"{model}.l0.self"
    arrays = told(trainer, heads=True)
    with torch.no_grad(), altered(trainer.model, {name: [True, False]}):
        without = trainer.tested()[0]
    assert arrays[f"heads.{name}"][1] == pytest.approx(without - trainer.tested()[0])
    off = told(trainer, reading=Reading(off=((name, 1), ("decoder.l9.self", 0))))
    assert off["tested.loss"].tolist() == pytest.approx([trainer.tested()[0], without])


def test_what_is_known_of_the_heads_is_forgotten_when_the_weights_change(decoder):
    trainer, _ = decoder
    before = told(trainer, heads=True)["heads.decoder.l0.self"]
    kept = trainer.flat.detach().clone()
    trainer.flat.data += 0.05
    after = told(trainer, heads=True)["heads.decoder.l0.self"]
    trainer.flat.data.copy_(kept)
    assert not np.allclose(before, after)
    np.testing.assert_array_equal(told(trainer, heads=True)["heads.decoder.l0.self"], before)


def test_without_positions_a_shuffle_does_not_move_the_mean_of_the_states(encoder):
    trainer, _ = encoder
    text = "This story is long and not very interesting."
    order = (0, 1, 2, 5, 6, 7, 4, 3, 8)
    arrays = told(trainer, text=text, order=order)
    assert arrays["read"].tolist() == arrays["given"][list(order)].tolist()
    with_positions, without = arrays["moved"]
    assert without < 1e-5 < 1e-3 < with_positions


@pytest.mark.parametrize("model", ("decoder", "encoder"))
def test_the_inside_that_is_asked_for_is_told(model, request):
    trainer, _ = request.getfixturevalue(model)
    names = f"{model}.l0.self.q", f"{model}.input"
    arrays = told(trainer, inside=names)
    assert {name for name in arrays if name.startswith("inside.")} == {f"inside.{name}" for name in names}
    assert arrays[f"inside.{model}.l0.self.q"].shape == (2, len(arrays["input"]), 8)


@pytest.mark.parametrize("text", ("x", "<b>bold</b> & 日本", "y" * TYPED, "qwertz " * 20))
@pytest.mark.parametrize("model", ("decoder", "encoder"))
def test_any_text_is_read(model, text, request):
    trainer, _ = request.getfixturevalue(model)
    arrays = told(trainer, text=text[:TYPED], own=True)
    assert arrays["unknown"].any() and np.isfinite(arrays["probabilities"]).all()
    assert trainer.vocabulary.encode(["qwertz"]) == [UNK]


def test_a_run_that_is_not_to_be_trained_ends_as_it_was_born():
    trainer = LanguageTrainer(TINY.replace(trained=False))
    born = trainer.flat.detach().clone()
    events = list(trainer)
    assert [type(event) for event in events] == [Started, Epoch, Finished] and trainer.flat.equal(born)
    assert "decoder.l0.self.weights" in told(trainer)
    assert bytes_needed(TINY.replace(trained=False), 0) < bytes_needed(TINY, 0)


def test_the_papers_own_size_can_be_looked_at_in_little_memory():
    base = TransformerSpec().replace(d_model=512, num_heads=8, num_layers=6, d_ff=2048, trained=False)
    assert bytes_needed(base, 0) < 0.6 * 2**30 < bytes_needed(base.replace(trained=True), 0)


def test_a_finished_run_goes_into_a_file_and_comes_back(tmp_path, decoder):
    trainer, events = decoder
    run = RunFile(trainer.spec, events[0], History(**curves(events)), trainer.conclusion())
    save(tmp_path / "run.npz", run)
    back = load(tmp_path / "run.npz")
    assert back.spec == trainer.spec and isinstance(make_trainer(back.spec), LanguageTrainer)
    np.testing.assert_array_equal(back.snapshot.arrays["drawn"], run.snapshot.arrays["drawn"])


def test_a_network_that_has_diverged_says_nothing():
    trainer = LanguageTrainer(TINY)
    trainer.flat.data.fill_(torch.nan)
    assert told(trainer)["samples.said"].tolist() == [""] * 6 and told(trainer)["drawn"].tolist() == ["<eos>"]
    guesser = LanguageTrainer(GUESSES)
    guesser.flat.data.fill_(torch.nan)
    assert told(guesser)["read"].tolist() and np.isnan(told(guesser)["probabilities"]).all()


def test_the_loss_that_is_told_has_no_smoothing_in_it():
    plain, smooth = (LanguageTrainer(TINY.replace(label_smoothing=share)) for share in (0.0, 0.4))
    assert curves(list(plain))["train_loss"][1] == pytest.approx(curves(list(smooth))["train_loss"][1], rel=0.05)
    assert plain.flat.sub(smooth.flat).abs().max() > 1e-4  # but they learn otherwise


def test_where_nothing_is_asked_nothing_is_wrong():
    loss, right = judged(torch.randn(2, 3, 5), torch.full((2, 3), PAD))
    assert loss.item() == 0 and right == 1


def test_a_look_asks_for_nothing_that_cannot_be():
    for wrong in (dict(steps=-1), dict(order=(-1,)), dict(hidden=(-2,)), dict(cell=("logits", 0, -1, 0)),
                  dict(masked=((0, -5),))):  # fmt: skip
        with pytest.raises(ValueError, match="counted from 0 on"):
            Sentence(**wrong)
    with pytest.raises(ValueError, match="counted from 0 on"):
        Reading(off=(("encoder.l0.self", -1),))
    for wrong in (dict(inside=("",)), dict(inside=("encoder",)), dict(cell=("__class__", 0, 0, 0))):
        with pytest.raises(ValueError, match="is no name of what is computed"):
            Sentence(**wrong)


def test_the_maps_of_a_long_text_stay_within_their_room(encoder):
    trainer, _ = encoder
    rows = torch.zeros(1, dtype=torch.long)
    big = {f"encoder.l{k}.self.weights": np.zeros((16, 180, 180), np.float32) for k in range(4)}
    found = maps(trainer.model, lambda names: {**big, "logits": np.zeros((1, 9), np.float32)}, rows,
                 Sentence(inside=("encoder.l3.self.q",)))  # fmt: skip
    kept = [name for name in found if name.endswith(".weights")]
    assert kept == ["encoder.l3.self.weights"] and found[kept[0]].nbytes <= MOST_MAPS


def test_what_each_head_is_good_for_is_not_asked_of_what_would_take_too_long(encoder, monkeypatch):
    trainer, _ = encoder
    monkeypatch.setattr(readings, "MOST_WORK", 1.0)
    trainer.known = readings.Known()
    arrays = told(trainer, heads=True)
    assert "tested.loss" in arrays and not [name for name in arrays if name.startswith("heads.")]
