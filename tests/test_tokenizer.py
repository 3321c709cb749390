"""Tokenizers: nothing of a text is lost, and the library merges what counting by hand merges."""

import pickle
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import models

from seqcore.data.text import BOS, EOS, TYPED, UNK
from seqcore.data.text.corpus import corpus
from seqcore.data.text.tokenizer import KIND, MOST, SIZE, Tokenizer, learn, split
from seqcore.text import UserError

ENGLISH, CHINESE = (corpus(name, 2000, 0) for name in ("english", "chinese"))
LEARNT = {(kind, name): learn(kind, texts, 400) for kind in KIND.choices
          for name, texts in (("english", ENGLISH), ("chinese", CHINESE))}  # fmt: skip

kinds = pytest.mark.parametrize("kind", KIND.choices)
all_learnt = pytest.mark.parametrize("tokenizer", LEARNT.values(), ids=map("-".join, LEARNT))


def by_hand(texts, size):
    """Byte-pair encoding as it is told in a lecture: count all pairs, merge the most frequent one, begin again."""
    words = [(list(word), times) for word, times in Counter(w for text in texts for w in split("bpe", text)).items()]
    pieces = sorted({" "}.union(*(word for word, _ in words)))
    merges = []
    while len(pieces) < size:
        counts = Counter()
        for word, times in words:
            for pair in pairwise(word):
                counts[pair] += times
        pair = min(counts, key=lambda pair: (-counts[pair], *map(pieces.index, pair)), default=None)
        if counts[pair] < 2:
            break
        merges.append((*pair, counts[pair]))
        pieces.append("".join(pair))
        for word, _ in words:
            for place in range(len(word)):
                if tuple(word[place : place + 2]) == pair:
                    word[place : place + 2] = ["".join(pair)]
    return tuple(merges), tuple(pieces)


def test_a_corpus_small_enough_to_count_on_paper():
    tokenizer = learn("bpe", ["ababab abab", "abc"], 10)
    assert split("bpe", "ababab abab") == [" ababab", " abab"]
    assert tokenizer.merges == (("a", "b", 6), (" ", "ab", 3), (" ab", "ab", 2))
    assert tokenizer.vocabulary.tokens == (" ", "a", "b", "c", "ab", " ab", " abab")
    assert tokenizer.steps("abab c") == [
        [" ", "a", "b", "a", "b", " ", "c"],
        [" ", "ab", "ab", " ", "c"],
        [" ab", "ab", " ", "c"],
        [" abab", " ", "c"],
    ]


@pytest.mark.parametrize(("texts", "size"), [(ENGLISH[:500], 200), (CHINESE[:500], 300)], ids=["english", "chinese"])
def test_the_library_merges_the_most_frequent_pair_and_its_counts_are_right(texts, size):
    tokenizer = learn("bpe", texts, size)
    assert len(tokenizer.merges) > 40
    assert (tokenizer.merges, tokenizer.vocabulary.tokens) == by_hand(texts, size)


@given(st.lists(st.text("aabc 我你", max_size=20), min_size=1, max_size=12).filter("".join))
@settings(max_examples=60, deadline=None)
def test_it_does_so_whatever_the_corpus(texts):
    tokenizer = learn("bpe", texts, 16)
    assert (tokenizer.merges, tokenizer.vocabulary.tokens) == by_hand(texts, 16)


def test_the_first_merges_are_these_on_every_machine():
    merges = [LEARNT["bpe", name].merges[:5] for name in ("english", "chinese")]
    assert merges == [
        ((" ", "t", 1116), ("h", "e", 1113), (" ", "a", 829), ("r", "e", 810), ("i", "s", 779)),
        (("他", "們", 311), ("我", "們", 310), ("今", "天", 163), ("什", "麼", 160), ("正", "在", 143)),
    ]


@kinds
def test_the_same_texts_give_the_same_tokenizer_in_any_order_and_after_a_journey(kind):
    again = learn(kind, ENGLISH[::-1], 400)
    assert again == LEARNT[kind, "english"] and again.merges == LEARNT[kind, "english"].merges
    sent = pickle.loads(pickle.dumps(again))
    assert sent == again and sent.encode("We are tired.") == again.encode("We are tired.")


@all_learnt
def test_what_it_learnt_from_comes_back_as_it_was(tokenizer):
    texts = ENGLISH if LEARNT[tokenizer.kind, "english"] is tokenizer else CHINESE
    assert [tokenizer.decode(tokenizer.encode(text)) for text in texts] == list(texts)
    ids = tokenizer.vocabulary.encode(tokenizer.encode(texts[0]))
    assert UNK not in ids and tokenizer.decode(tokenizer.vocabulary.decode(ids)) == texts[0]


@all_learnt
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_text_of_what_is_known_comes_back_as_it_was(tokenizer, data):
    known = list(tokenizer.vocabulary.tokens)
    text = "".join(data.draw(st.lists(st.sampled_from([*known, " ", " "]), max_size=TYPED // 16)))
    tokens = tokenizer.encode(text)
    if tokenizer.kind != "words" and (" " in known or " " not in text):
        assert "<unk>" not in tokens
    if "<unk>" not in tokens:
        assert tokenizer.decode(tokens) == text


@all_learnt
@given(st.text(max_size=TYPED))
@settings(max_examples=60, deadline=None)
def test_any_text_becomes_tokens_and_what_is_not_known_is_marked(tokenizer, text):
    tokens = tokenizer.encode(text)
    assert len(tokens) <= len(text) + 1 and all(token in tokenizer.vocabulary for token in tokens)
    assert tokenizer.steps(text)[-1] == tokens
    if tokenizer.kind != "words":
        strange = sum(character not in tokenizer.vocabulary for character in text)
        assert tokens.count("<unk>") == strange


def test_words_and_marks_are_cut_apart_and_take_the_space_along():
    assert split("words", "Is it my mother's?  No, 我們a.") == [
        " Is", " it", " my", " mother", "'s", "?", " ", " No", ",", " 我", "們", "a", ".",
    ]  # fmt: skip
    assert split("bpe", "你好嗎?我很好。") == ["你好嗎", "?", "我很好", "。"]
    assert split("bpe", "你好") == ["你好"] and split("words", "") == [] and split("words", " a") == [" ", " a"]
    assert split("characters", "a b") == ["a", " ", "b"]
    for special in ("<eos>", "<unk>", "<mask>"):
        assert special not in {*split("words", special), *split("bpe", special)}


def test_what_is_not_known_is_unknown_to_each_kind_in_its_own_way():
    said = {kind: LEARNT[kind, "english"].encode("We zap 🐈!") for kind in KIND.choices}
    assert said["characters"] == [*"We zap ", "<unk>", "!"]
    assert said["words"] == [" We", "<unk>", "<unk>", "!"]
    assert said["bpe"][0] == " We" and said["bpe"][-3:] == [" ", "<unk>", "!"] and said["bpe"].count("<unk>") == 1
    assert LEARNT["words", "english"].vocabulary.encode(said["words"])[1] == UNK
    assert LEARNT["characters", "english"].encode("<eos>") == ["<unk>", *"eos", "<unk>"]


@pytest.mark.parametrize(("name", "texts"), [("english", ENGLISH), ("chinese", CHINESE)])
def test_a_text_is_cut_as_the_library_would(name, texts):
    tokenizer = LEARNT["bpe", name]
    vocabulary, merges = tokenizer.vocabulary, [(left, right) for left, right, _ in tokenizer.merges]
    model = models.BPE(vocabulary.ids, merges, unk_token="<unk>")
    bare = Tokenizer("bpe", vocabulary, tokenizer.merges)  # knows no words, so that all are cut anew
    for text in (*texts[:200], "Theythemintheintheatre"):
        by_library = [token.value for word in split("bpe", text) for token in model.tokenize(word)]
        assert tokenizer.encode(text) == bare.encode(text) == by_library


def test_steps_begin_with_characters_and_merge_one_pair_at_a_time():
    tokenizer = LEARNT["bpe", "english"]
    order = {left + right: number for number, (left, right, _) in enumerate(tokenizer.merges)}
    steps = tokenizer.steps("They are tired.")
    assert steps[0] == list(" They are tired.") and steps[-1] == tokenizer.encode("They are tired.")
    made = [set(after) - set(before) for before, after in pairwise(steps)]
    assert all(len(new) == 1 for new in made)
    ranks = [order[new.pop()] for new in made]
    assert ranks == sorted(ranks) and len(ranks) > 5
    assert {"".join(step) for step in steps} == {" They are tired."}
    assert LEARNT["words", "english"].steps("They are") == [[" They", " are"]]


@kinds
def test_the_most_frequent_tokens_stay_within_the_size(kind):
    smaller = learn(kind, ENGLISH, 60)
    assert len(smaller.vocabulary.tokens) == min(60, len(LEARNT[kind, "english"].vocabulary.tokens))
    if kind == "words":
        counts = Counter(word for text in ENGLISH for word in split("words", text))
        rarest = min(counts[word] for word in smaller.vocabulary.tokens)
        assert rarest >= max(times for word, times in counts.items() if word not in smaller.vocabulary)
    assert (len(smaller.merges) > 0) == (kind == "bpe")
    assert smaller.vocabulary.decode([BOS, EOS]) == ["<bos>", "<eos>"]


TOO_MANY = f"The texts to learn from have {{}} characters, and 1 to {MOST} can be learnt from: choose fewer texts."


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"kind": "bytes"}, "kind must be one of characters, words, bpe, not 'bytes'."),
        ({"size": 9}, "size (9) must be between 10 and 5000."),
        ({"size": 5001}, "size (5001) must be between 10 and 5000."),
        ({"size": 10}, "10 tokens are fewer than the 12 characters that every piece is made of: choose 12 or more."),
        ({"texts": ["", ""]}, TOO_MANY.format(0)),
        ({"texts": ["abcdefghij" * 20] * (MOST // 200) + ["a"]}, TOO_MANY.format(MOST + 1)),
        ({"texts": ["a" * 201]}, "This text has 201 characters, and at most 200 are read: shorten it."),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_is_refused_with_the_numbers(wrong, sentence):
    with pytest.raises(UserError) as problem:
        learn(**{"kind": "bpe", "texts": ["abcdefghijk"], "size": 20, **wrong})
    assert str(problem.value) == sentence


@all_learnt
def test_a_text_that_is_too_long_is_refused_with_the_numbers(tokenizer):
    for read in (tokenizer.encode, tokenizer.steps):
        with pytest.raises(UserError, match="This text has 201 characters, and at most 200 are read"):
            read("a" * 201)


def test_sizes_and_kinds_can_be_asked_for_in_a_form():
    assert (SIZE.low, SIZE.high) == (10, 5000) and list(KIND.choices) == ["characters", "words", "bpe"]


def test_the_library_is_loaded_by_the_learning_alone_and_torch_by_nothing():
    code = (
        "import sys; from seqcore.data.text.tokenizer import learn; assert 'tokenizers' not in sys.modules; "
        "learn('words', ['a b'], 10); assert 'tokenizers' not in sys.modules; "
        "learn('bpe', ['ab ab'], 10); assert 'tokenizers' in sys.modules and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
