"""Reviews have to be put together to be judged, and a pre-trained encoder, frozen, does so with few labels."""

import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch

from seqcore.data.text import PAD
from seqcore.data.text.reviews import BLAME, DEGREES, PRAISE, part_of, reviews
from seqcore.data.text.spec import SizeSpec
from seqcore.data.text.transfer import GUESSED, LABELS, UPDATES, WAYS, TransferSpec
from seqcore.engine.limits import bytes_needed
from seqcore.spec import from_json, to_json
from seqcore.text import UserError
from seqcore.training import textual
from seqcore.training.device import OwnRandomness
from seqcore.training.events import Diverged, Epoch, Finished, Progress, Started
from seqcore.training.make import make_trainer
from seqcore.training.transfer import Classifier, TransferTrainer, in_turn, judged, pooled

SMALL = TransferSpec().replace(texts=1_000, pretraining=100, updates=20, d_model=8, num_layers=1, d_ff=16)


def judgements(text):
    """The words that join, and of each judgement whether it is praise: by rules of its own."""
    words = re.findall(r"\w+", text.lower())[3:]
    joints = [word for word in words if word in ("and", "but")]
    said = re.split(r"\b(?:and|but)\b", " ".join(words))
    kinds = []
    for part in said:
        (adjective,) = {*PRAISE, *BLAME} & {*part.split()}
        kinds.append((adjective in PRAISE) != ("not" in part.split()))
    return joints, kinds


def test_a_review_is_labelled_by_its_last_judgement_which_the_others_agree_with_or_not():
    texts, labels = reviews(3000, 1)
    for text, label in zip(texts, labels, strict=True):
        joints, kinds = judgements(text)
        assert kinds[-1] == label and len(kinds) == len(joints) + 1 <= 2
        if joints:
            assert (kinds[0] == kinds[1]) == (joints[0] == "and"), text
    assert labels.dtype == np.int64 and labels.mean() == pytest.approx(0.5, abs=0.03)
    shapes = Counter("".join(judgements(text)[0]) for text in texts)
    assert np.array([shapes[""], shapes["and"], shapes["but"]]) / 3000 == pytest.approx([0.25, 0.5, 0.25], abs=0.03)


def test_no_word_alone_tells_the_label():
    texts, labels = reviews(6_000, 0)
    rows = [set(re.findall(r"\w+", text.lower())) for text in texts]
    for word in set.union(*rows):
        there = np.array([word in row for row in rows])
        assert 0.1 < labels[there].mean() < 0.9, word
        if word not in (*PRAISE, *BLAME, *DEGREES[True], *DEGREES[False]):
            assert 0.4 < labels[there].mean() < 0.6, word


def test_adverbs_show_which_adjectives_are_alike():
    words = " ".join(reviews(5000, 2)[0]).replace(".", "").split()
    for before, after in pairwise(words):
        assert before not in DEGREES[True] or after in PRAISE
        assert before not in DEGREES[False] or after in BLAME
    assert len(set(PRAISE)) == len(set(BLAME)) == 15 and not set(PRAISE) & set(BLAME)


def test_the_same_seed_gives_the_same_reviews_and_none_is_in_both_parts():
    texts, labels = reviews(3000, 5)
    again, other = reviews(3000, 5), reviews(3000, 6)
    assert texts == again[0] != other[0] and (labels == again[1]).all()
    assert not set(texts) & set(reviews(3000, 5, "test")[0])
    assert part_of("The book is not dull.") == "train" and part_of("This book was funny.") == "train"
    assert [text for text in texts if part_of(text) != "train"] == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"count": 0}, "count (0) must be between 1 and 50000."),
        ({"seed": -1}, "seed (-1) must be between 0 and 2147483647."),
        ({"part": "exam"}, "part must be one of train, test, not 'exam'."),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_numbers(wrong, sentence):
    with pytest.raises(UserError) as problem:
        reviews(**{"count": 5, "seed": 0, **wrong})
    assert str(problem.value) == sentence


def test_a_spec_counts_its_epochs_and_is_an_encoder():
    spec = TransferSpec().replace(pretraining=101)
    assert UPDATES == textual.UPDATES and spec.training.guessing == 21 and spec.training.epochs == 21 + len(LABELS)
    assert from_json(to_json(spec), TransferSpec) == spec
    language = spec.language()
    assert language.data.corpus == "reviews" and language.training.batch_size == GUESSED
    assert (language.seed, language.model, language.training.epochs) == (spec.seed, spec.model, 21)
    assert bytes_needed(spec, 0) > bytes_needed(spec.language(), 0) > 20e6
    with pytest.raises(UserError, match="architecture must be one of encoder, not 'transformer'"):
        TransferSpec(model=SizeSpec())


def test_labels_come_in_turn():
    labels = np.array([1, 1, 1, 0, 0, 1, 0])
    assert labels[in_turn(labels)].tolist() == [1, 0, 1, 0, 1, 0, 1]
    assert in_turn(labels).tolist() == [0, 3, 1, 4, 2, 6, 5]


@pytest.fixture(scope="module")
def done():
    """A small run that has ended, its events, and the encoder's weights when its first classifier was trained."""
    trainer, events, before = make_trainer(SMALL), [], None
    for event in trainer:
        events.append(event)
        if isinstance(event, Epoch) and event.epoch == SMALL.training.guessing:
            before = trainer.guesser.flat.detach().clone(), trainer.snapshot(), trainer.state()
    return trainer, events, before


def test_the_events_tell_of_the_pre_training_and_then_of_each_number_of_labels(done):
    trainer, events, _ = done
    assert isinstance(trainer, TransferTrainer)
    assert isinstance(events[0], Started) and isinstance(events[-1], Finished)
    epochs = [event for event in events if isinstance(event, Epoch)]
    assert [event.epoch for event in epochs] == list(range(SMALL.training.epochs + 1))
    alone = [event for event in make_trainer(SMALL.language()) if isinstance(event, Epoch)]
    for ours, theirs in zip(epochs, alone, strict=False):
        assert (ours.train_loss, ours.test_rmse) == (theirs.train_loss, theirs.test_rmse)
    right = trainer.conclusion().arrays["frozen"]
    assert [event.test_rmse for event in epochs[-len(LABELS) :]] == (1 - right).tolist()
    assert all(np.isfinite([event.train_loss, event.train_rmse, event.test_rmse]).all() for event in epochs)
    assert all(a.seconds <= b.seconds for a, b in pairwise(epochs))
    after = [event for event in events[events.index(epochs[SMALL.training.guessing]) :] if isinstance(event, Progress)]
    assert len(after) == len(LABELS) * len(WAYS) * SMALL.training.updates  # it can be paused at each update


def test_the_frozen_weights_do_not_change_and_what_is_not_measured_is_no_number(done):
    trainer, _, (weights, early, state) = done
    assert torch.equal(weights, trainer.guesser.flat)
    assert early.digest == trainer.conclusion().digest
    for way in WAYS:
        assert np.isnan(early.arrays[way]).all() and np.isfinite(trainer.conclusion().arrays[way]).all()
    past = trainer.snapshot(state=state)
    assert np.isnan(past.arrays["frozen"]).all() and past.epoch == state.epoch == SMALL.training.guessing
    assert len(past.arrays["over.loss"]) == SMALL.training.guessing + 1
    assert trainer.state_bytes == state.weights.nbytes and trainer.state().epoch == SMALL.training.epochs
    assert trainer.conclusion().arrays["labels"].tolist() == list(LABELS)


def test_a_run_is_the_same_to_the_last_bit_whoever_draws_in_between(done):
    again = make_trainer(SMALL)
    for _ in again:
        torch.rand(3)
    for way in WAYS:
        assert again.conclusion().arrays[way].tolist() == done[0].conclusion().arrays[way].tolist()
    other = make_trainer(SMALL.replace(seed=1))
    assert not torch.equal(other.guesser.flat, make_trainer(SMALL).guesser.flat)


def test_each_way_begins_as_it_says(done):
    trainer = done[0]
    pretrained = trainer.guesser.model.state_dict()
    tuned, scratch = (trainer._begun(way)[0].encoder.state_dict() for way in ("tuned", "scratch"))
    assert all(torch.equal(tuned[name], value) for name, value in pretrained.items())
    assert any(not torch.equal(scratch[name], value) for name, value in pretrained.items())
    head, features, unseen = trainer._begun("frozen")
    assert sum(weights.numel() for weights in head.parameters()) == SMALL.model.d_model + 1
    assert features.shape == (max(LABELS), SMALL.model.d_model) and not features.requires_grad
    with torch.no_grad():
        assert torch.equal(features, pooled(trainer.guesser.model.eval(), trainer.x)) and len(unseen) == len(
            trainer.test_y
        )
    trainer.randomness = OwnRandomness(SMALL.seed, trainer.guesser.device)
    born, untrained = trainer._born(), trainer.features["untrained"][0]
    with torch.no_grad():
        assert torch.equal(pooled(born.eval(), trainer.x), untrained)
    first = make_trainer(SMALL).guesser.model.state_dict()
    assert all(torch.equal(first[name], value) for name, value in born.state_dict().items())


def test_labelled_reviews_are_those_of_the_texts_with_their_labels(done):
    trainer = done[0]
    labels = dict(zip(*reviews(SMALL.data.texts, SMALL.seed), strict=True))
    for ids, answer in zip(trainer.x, trainer.y, strict=True):
        tokens = trainer.guesser.vocabulary.decode(ids[ids != PAD].tolist())
        assert labels[trainer.guesser.tokenizer.decode(tokens)] == answer
    assert all(trainer.y[:count].mean() == 0.5 for count in LABELS)


def test_padding_counts_for_nothing_in_what_stands_for_a_review(done):
    encoder, tokens = done[0].guesser.model.eval(), torch.tensor([[5, 9, 7, 6]])
    longer = torch.tensor([[5, 9, 7, 6, PAD, PAD]])
    with torch.no_grad():
        torch.testing.assert_close(pooled(encoder, tokens), encoder.states(tokens).mean(1))
        torch.testing.assert_close(pooled(encoder, longer), pooled(encoder, tokens))
        classifier = Classifier(encoder, SMALL.model.d_model)
        loss, right = judged(classifier, longer, (classifier(tokens)[:, 0] > 0).float())
    assert right == 1 and 0 < loss < 0.7


def test_training_a_classifier_moves_all_its_weights_and_lowers_its_loss(done):
    trainer = done[0]
    for way in ("frozen", "scratch"):
        network, x, _ = trainer._begun(way)
        before, loss = [p.clone() for p in network.parameters()], judged(network, x[:64], trainer.y[:64])[0]
        assert list(trainer._fit(network, x[:64], trainer.y[:64]))[-1] == 1
        assert judged(network, x[:64], trainer.y[:64])[0] < loss
        moved = [not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True)]
        head = 2 if way == "scratch" else 0  # of the masked words, which no classifier needs
        assert moved.count(False) == head


def test_with_few_labels_the_frozen_encoder_is_better_than_one_from_nothing():
    trainer = make_trainer(TransferSpec().replace(texts=3_000, pretraining=700, updates=40, lr=0.006))
    for _ in trainer:
        if trainer.stages == 3:
            break
    right = {way: trainer.right[way][:3].mean() for way in WAYS}
    assert right["frozen"] > max(right["scratch"], right["untrained"]) + 0.08


def test_a_pre_training_that_diverges_ends_the_run():
    trainer = make_trainer(SMALL)
    lost = Diverged(1, "", {})
    trainer.guesser = [Progress(1.0), lost]
    assert list(trainer)[-1] is lost and trainer.stages == 0
