"""Corpora of sentences, and the words of them that are to be guessed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from seqcore.data.text import PAD, SPECIAL, UNK, Vocabulary, make
from seqcore.data.text.corpus import CORPUS, MASK, corpus, masked, with_mask
from seqcore.data.text.reviews import reviews
from seqcore.text import UserError

V = 40
"""Tokens of the vocabulary below, the special ones and `MASK` among them."""

SENTENCES = np.random.default_rng(1).integers(len(SPECIAL), V - 1, (4000, 20))


@pytest.mark.parametrize("name", ["english", "chinese"])
def test_a_corpus_is_one_side_of_the_sentences(name):
    pairs = make("sentences", 30, 7)
    assert corpus(name, 30, 7) == (pairs.source if name == "english" else pairs.target)
    assert corpus(name, 30, 7) != corpus(name, 30, 8)


def test_or_it_is_the_reviews_without_their_labels():
    assert corpus("reviews", 30, 7) == reviews(30, 7)[0] != corpus("reviews", 30, 8)
    assert corpus("reviews", 30, 7, "test") == reviews(30, 7, "test")[0]


@pytest.mark.parametrize("name", CORPUS.choices)
def test_no_sentence_is_in_both_parts(name):
    train, test = (set(corpus(name, 3000, 1, part)) for part in ("train", "test"))
    assert len(test) > 1000 and not train & test


@pytest.mark.parametrize("name", CORPUS.choices)
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": "german"}, "corpus must be one of english, chinese, reviews, not 'german'."),
        ({"count": 0}, "count (0) must be between 1 and 50000."),
        ({"seed": -1}, "seed (-1) must be between 0 and 2147483647."),
        ({"part": "exam"}, "part must be one of train, test, not 'exam'."),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_numbers(name, wrong, sentence):
    with pytest.raises(UserError) as problem:
        corpus(**{"name": name, "count": 5, "seed": 0, **wrong})
    assert str(problem.value) == sentence


def test_the_mask_is_the_last_token_and_changes_no_other_id():
    plain = Vocabulary(("a", "b"))
    longer = with_mask(plain)
    assert longer.encode(["a", "b", "c", MASK]) == [*plain.encode(["a", "b", "c"]), len(longer) - 1] == [4, 5, UNK, 6]
    with pytest.raises(ValueError, match="each must be new"):
        with_mask(longer)


rows = arrays(np.int64, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=30), elements=st.integers(0, V - 1))


@given(rows, st.integers(0, 2**32), st.floats(0.01, 1))
@settings(max_examples=200, deadline=None)
def test_only_tokens_are_hidden_as_many_as_asked_for_and_nothing_else_changes(ids, seed, share):
    before = ids.copy()
    inputs, targets = masked(ids, np.random.default_rng(seed), V, share)
    assert (ids == before).all() and inputs.shape == targets.shape == ids.shape
    assert inputs.dtype == targets.dtype == np.int64
    tokens, chosen = (ids >= len(SPECIAL)) & (ids < V - 1), targets != PAD
    assert not (chosen & ~tokens).any() and (targets[chosen] == ids[chosen]).all()
    assert (inputs[~chosen] == ids[~chosen]).all() and (inputs[chosen] >= len(SPECIAL)).all()
    for row, picked in zip(tokens, chosen, strict=True):
        assert picked.sum() == (max(1, round(share * row.sum())) if row.any() else 0)


def test_of_the_chosen_ones_eight_in_ten_are_masked_one_is_another_and_one_stays():
    inputs, targets = masked(SENTENCES, np.random.default_rng(0), V)
    chosen = targets != PAD
    assert chosen.mean() == pytest.approx(0.15, abs=1e-12)
    became = inputs[chosen]
    stayed = (became == targets[chosen]).mean()
    kinds = V - 1 - len(SPECIAL)
    assert (became == V - 1).mean() == pytest.approx(0.8, abs=0.01)
    assert stayed == pytest.approx(0.1 + 0.1 / kinds, abs=0.01)  # one drawn from all may be the same
    drawn = became[(became != V - 1) & (became != targets[chosen])]
    assert set(drawn) == set(range(len(SPECIAL), V - 1))


def test_every_place_is_chosen_as_often_and_a_seed_chooses_alike():
    first, again, other = (masked(SENTENCES, np.random.default_rng(seed), V)[1] for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).any()
    assert (first != PAD).mean(0) == pytest.approx(np.full(20, 0.15), abs=0.03)


@pytest.mark.parametrize("share", [0, -0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match=r"share \(.*\) must be above 0 and at most 1"):
        masked(SENTENCES, np.random.default_rng(0), V, share)
