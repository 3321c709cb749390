"""Tokenizers: what the view cuts, lists, counts and draws is what the core computes, and it is never empty."""

import io
import json
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.sentence_field import PASTED
from pages.kit.tokenizer_board import FIELDS, FIRST, INSTEAD, MEANWHILE, READERS, vocabulary_table
from pages.kit.tokenizer_pictures import COUNTS, LISTED, by_merges, chips, learnt, sizes_of, strange, unseen, visible
from seqcore.data.text import SPECIAL, TYPED, UNK
from seqcore.data.text.corpus import CORPUS, corpus
from seqcore.data.text.tokenizer import KIND, SIZE, learn
from seqcore.text import UserError

TEXTS = {name: corpus(name, COUNTS["train"], 0) for name in CORPUS.choices}
UNSEEN = {name: corpus(name, COUNTS["test"], 0, "test") for name in CORPUS.choices}
PIECES = learn("bpe", TEXTS["english"], FIRST["tok_size"])
MOST = len(PIECES.merges)
TEXT = FIRST["tok_text"]

every_corpus = pytest.mark.parametrize("name", CORPUS.choices)


def page():
    import streamlit as st

    from pages.kit.form import open_form
    from pages.kit.tokenizer_board import FIRST, READERS, as_link, tokenizer_board

    st.session_state["problems"] = open_form("transformer", FIRST, READERS)
    tokenizer_board("transformer")
    st.session_state["link"] = as_link("transformer")


def opened(**query):
    app = AppTest.from_function(page, default_timeout=30)
    for name, text in query.items():
        app.query_params[f"transformer.{name}"] = text
    return checked(app.run())


def checked(app):
    assert not app.exception
    return app


def after(merges):
    """The view's first tokenizer, with so many merges done."""
    return replace(PIECES, merges=PIECES.merges[:merges], pieces={})


def html(app):
    """The chips and the list."""
    found = [element.proto.body for element in app.get("html")]
    return next(body for body in found if "<ol>" in body), next(body for body in found if "<ul>" in body)


def shown(app):
    """Tokens and ids of the chips."""
    found = re.findall(r"<b>(.*?)</b><small>(\d+)</small>", html(app)[0])
    return [unescape(token) for token, _ in found], [int(number) for _, number in found]


def listed(app):
    """The lines of the list: number, tokens, count."""
    lines = re.findall(r"<li.*?><small>(\d+)</small><span>(.*?)</span><small>(.*?) ×</small>", html(app)[1])
    return [(int(number), [unescape(token) for token in re.findall(r"<b.*?>(.*?)</b>", tokens)],
             int(times.replace(",", ""))) for number, tokens, times in lines]  # fmt: skip


def drawn(app, picture):
    """The lines of a picture, by their name, and the place of the ring."""
    known = app.session_state["transformer.tokens.board.feed"].known
    parts = {part: value for (name, part), value in known.items() if name == picture}
    lines = {parts[f"{k}.style"]["name"]: (parts[f"{k}.x"], parts[f"{k}.y"]) for k in range(3)}
    return lines, (parts["3.x"].item(), parts["3.y"].item())


def said(app):
    return " ".join(part.value for part in (*app.markdown, *app.caption, *app.warning)).replace("\\", "")


def test_it_opens_with_a_sentence_cut_into_pieces_above_their_ids():
    app = opened()
    tokens = PIECES.encode(TEXT)
    assert shown(app) == ([visible(token) for token in tokens], PIECES.vocabulary.encode(tokens))
    words = said(app)
    assert f"**Merge {MOST} of {MOST}:**" in words and f"**{len(tokens)} tokens** of {len(TEXT)} characters" in words
    rows, first = len(PIECES.vocabulary), PIECES.vocabulary.ids[tokens[0]]
    assert f"has the id {first}." in words and f"row {first}, counted from 0, of a table ({rows}, 512)" in words
    letters = sum(map(len, TEXTS["english"]))
    assert f"{COUNTS['train']:,} sentences ({letters:,} characters): {rows - 4 - MOST} characters + {MOST}" in words
    assert app.session_state["problems"] == [] and app.session_state["link"] == {} and not app.warning


@pytest.mark.parametrize("merges", [0, 1, 30, MOST])
def test_the_slider_shows_the_text_the_pair_and_its_places_at_each_merge(merges):
    app = opened()
    checked(app.slider(key="transformer.tok_merges").set_value(merges).run())
    tokens = after(merges).encode(TEXT)
    assert shown(app) == ([visible(token) for token in tokens], PIECES.vocabulary.encode(tokens))
    lines, current = listed(app), re.findall(r"aria-current=step><small>(\d+)", html(app)[1])
    assert len(lines) == LISTED and current == ([str(merges)] if merges else [])
    for number, pair, places in lines:
        left, right, expected = PIECES.merges[number - 1]
        assert (pair, places) == ([visible(piece) for piece in (left, right, left + right)], expected)
    if not merges:
        assert "**Before the first merge**" in said(app) and tokens == list(f" {TEXT}") and lines[0][0] == 1
        return
    left, right, places = PIECES.merges[merges - 1]
    here = len(after(merges - 1).encode(TEXT)) - len(tokens)
    assert f"the pair stood in {places:,} places then, the most of all; in this text in {here}." in said(app)
    framed = set(re.findall(r'new"><b>(.*?)</b>', html(app)[0]))
    assert framed == ({visible(left + right)} if here else set())


def test_the_buttons_go_by_one_merge_or_to_the_next_that_changes_the_text():
    app = opened(tok_merges="30")
    lengths = [len(after(k).encode(TEXT)) for k in range(MOST + 1)]
    changing = [k for k in range(1, MOST + 1) if lengths[k] != lengths[k - 1]]
    goals = {"on": 31, "back": 30, "later": min(k for k in changing if k > 30), "earlier": 30}
    assert 30 in changing and goals["later"] > 31
    for name, goal in goals.items():
        checked(app.button(key=f"transformer.tokens.{name}").click().run())
        assert app.slider(key="transformer.tok_merges").value == goal
    for merges, dead in ((0, ("earlier", "back")), (MOST, ("on", "later"))):
        checked(app.slider(key="transformer.tok_merges").set_value(merges).run())
        assert {name for name in goals if app.button(key=f"transformer.tokens.{name}").disabled} == set(dead)


@every_corpus
@pytest.mark.parametrize("kind", KIND.choices)
def test_vocabulary_list_and_downloads_are_what_was_learnt(name, kind):
    app = opened(tok_corpus=name, tok_kind=kind)
    tokenizer = learn(kind, TEXTS[name], FIRST["tok_size"])
    met = pd.Series([token for text in TEXTS[name] for token in tokenizer.encode(text)]).value_counts()
    table = app.dataframe[0].value
    tokens = [*SPECIAL, *tokenizer.vocabulary.tokens]
    assert table["Id"].tolist() == list(range(len(tokens))) and table["Token"].tolist() == list(map(visible, tokens))
    assert table["Times in the corpus"].tolist() == [met.get(token, 0) for token in tokens]
    made = [f"{visible(left)} + {visible(right)}" for left, right, _ in tokenizer.merges]
    assert ("Made of" in table) == bool(made) and (not made or table["Made of"].tolist()[-len(made) :] == made)
    lines = listed(app)
    if kind == "bpe":
        assert [number for number, _, _ in lines][-1] == len(tokenizer.merges)
    else:
        assert [times for _, _, times in lines] == met.drop("<unk>", errors="ignore").iloc[:LISTED].tolist()
        assert all([visible(tokens[number])] == token for number, token, _ in lines)
        assert not app.slider
    assert len(shown(app)[0]) == len(tokenizer.encode(TEXT))


def test_the_files_hold_every_token_as_it_is(monkeypatch):
    files = {}
    monkeypatch.setattr("streamlit.download_button", lambda label, made, name, *_, **__: files.update({name: made()}))
    opened()
    kept = json.loads(files["vocabulary_english_bpe.json"])
    assert kept["vocabulary"] == PIECES.vocabulary.ids
    assert [tuple(merge) for merge in kept["merges"]] == list(PIECES.merges)
    table = pd.read_csv(io.StringIO(files["vocabulary_english_bpe.csv"]), keep_default_na=False)
    assert dict(zip(table["token"], table["id"], strict=True)) == PIECES.vocabulary.ids
    assert table["times"].tolist() == vocabulary_table(*learnt("english", "bpe", 300))["Times in the corpus"].tolist()


@every_corpus
def test_after_each_merge_a_text_has_as_many_tokens_as_counted(name):
    tokenizer = learn("bpe", TEXTS[name], FIRST["tok_size"])
    texts = [*UNSEEN[name][:20], "aaaaaa ththth 我我我"]
    for k in range(0, len(tokenizer.merges) + 1, 10):
        cut = replace(tokenizer, merges=tokenizer.merges[:k], pieces={})
        assert by_merges(tokenizer, texts)[k] == sum(len(cut.encode(text)) for text in texts)


@every_corpus
@pytest.mark.parametrize("kind", KIND.choices)
def test_what_a_size_buys_is_what_a_tokenizer_of_that_size_does(name, kind):
    sizes, tokens, unknown = unseen(name)[kind]
    whole = learn(kind, TEXTS[name], SIZE.high)
    assert sizes[-1] == len(whole.vocabulary.tokens) and np.diff(sizes).tolist() == [1] * (len(sizes) - 1)
    for size in {sizes[0], sizes[len(sizes) // 2], sizes[-1]}:
        tokenizer = learn(kind, TEXTS[name], int(size))
        found = [tokenizer.encode(text) for text in UNSEEN[name]]
        cut = [token for sentence in found for token in sentence]
        k = int(size - sizes[0])
        assert tokens[k] == pytest.approx(len(cut) / len(found))
        assert unknown[k] == pytest.approx(cut.count(SPECIAL[UNK]) / len(cut), abs=1e-12)


def test_the_pictures_hold_these_numbers_and_a_ring_where_the_slider_stands():
    app = opened(tok_merges="30")
    lines, ring = drawn(app, "text")
    assert list(lines) == ["characters", "words", "BPE"]
    whole = learn("bpe", TEXTS["english"], SIZE.high)
    sizes, tokens, _ = sizes_of(whole, [TEXT])
    np.testing.assert_array_equal(lines["BPE"][1], tokens[lines["BPE"][0].astype(int) - sizes[0]])
    characters = len(PIECES.vocabulary.tokens) - MOST
    assert ring == (characters + 30, len(after(30).encode(TEXT)))
    assert set(lines["characters"][1]) == {len(TEXT)} and set(lines["words"][1]) == {6}
    for picture, part in (("unseen", 1), ("unknown", 2)):
        lines, ring = drawn(app, picture)
        for kind, label in zip(KIND.choices, lines, strict=True):
            x, y = lines[label]
            np.testing.assert_allclose(y, unseen("english")[kind][part][x.astype(int) - int(x[0])], rtol=1e-6)
        assert ring[1] == pytest.approx(unseen("english")["bpe"][part][30])


@pytest.mark.parametrize(("length", "words"), [
    (TYPED + 1, "This text has 201 characters, and at most 200 are read"),
    (PASTED, "This text has 20000 characters, and at most 200 are read"),
    (0, f"There is nothing to cut into tokens: type 1 to {TYPED} characters."),
])  # fmt: skip
def test_a_text_that_cannot_be_cut_is_said_in_numbers_and_a_sentence_stands_in(length, words):
    app = opened()
    checked(app.text_input(key="transformer.tok_text").set_value("<b>" * (length // 3) + "x" * (length % 3)).run())
    assert words in said(app) and INSTEAD in said(app)
    assert len(shown(app)[0]) == len(PIECES.encode(TEXT)) and app.dataframe[0].value is not None
    assert app.session_state["link"] == ({} if length else {"tok_text": ""})
    checked(app.text_input(key="transformer.tok_text").set_value("We").run())
    assert shown(app)[0] == ["␣We"] and not app.warning


def test_too_small_a_vocabulary_is_said_in_numbers_and_the_text_is_cut_into_characters():
    app = opened(tok_size="10")
    assert "10 tokens are fewer than the 47 characters that every piece is made of" in said(app)
    assert MEANWHILE in said(app) and shown(app)[0] == [visible(letter) for letter in TEXT]
    checked(app.number_input(key="transformer.tok_size").set_value(47).run())
    assert not app.warning and not app.slider and "All 47 tokens are characters." in said(app)
    checked(app.number_input(key="transformer.tok_size").set_value(48).run())
    assert app.slider(key="transformer.tok_merges").value == 1 and app.session_state["link"] == {"tok_size": "48"}


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;b&gt; $x$ [a](b)"]
)
def test_markup_is_letters(text):
    for kind in KIND.choices:
        app = opened(tok_kind=kind, tok_text=text)
        body = html(app)[0]
        assert set(re.findall(r"<(/?\w+)", body)) <= {"ol", "/ol", "li", "/li", "b", "/b", "small", "/small"}
        missing = strange(learn(kind, TEXTS["english"], 300), text)
        assert "Not in this vocabulary, and read as <unk>: " + " ".join(map(visible, missing)) in said(app)
        assert shown(app)[0].count("<unk>") >= len(missing) > 0
    every = chips(learn("characters", [text], 100), list(text))
    assert [unescape(token) for token in re.findall(r"<b>(.*?)</b>", every)] == [visible(letter) for letter in text]


def test_what_no_font_shows_is_shown_by_its_number():
    assert [visible(token) for token in (" a", "\n", "\u202e", "我")] == ["␣a", "U+000A", "U+202E", "我"]


def test_another_corpus_brings_a_sentence_of_its_own_but_leaves_what_was_typed():
    app = opened()
    choose = app.selectbox(key="transformer.tok_corpus")
    checked(choose.set_value("chinese").run())
    assert app.text_input(key="transformer.tok_text").value == UNSEEN["chinese"][0]
    tokens = learn("bpe", TEXTS["chinese"], 300).encode(UNSEEN["chinese"][0])
    assert shown(app)[0] == tokens and "<unk>" not in tokens
    assert app.session_state["link"] == {"tok_corpus": "chinese", "tok_text": UNSEEN["chinese"][0]}
    offered = list(dict.fromkeys(UNSEEN["chinese"]))
    for text in (offered[1], offered[2]):
        checked(app.button(key="transformer.tokens.another").click().run())
        assert app.text_input(key="transformer.tok_text").value == text
    checked(choose.set_value("english").run())
    assert app.session_state["link"] == {}
    checked(app.text_input(key="transformer.tok_text").set_value("my own").run())
    checked(choose.set_value("chinese").run())
    assert app.text_input(key="transformer.tok_text").value == "my own"


def test_after_the_last_sentence_comes_the_first():
    last, first = list(dict.fromkeys(UNSEEN["english"]))[-1], UNSEEN["english"][0]
    app = opened(tok_text=last)
    checked(app.button(key="transformer.tokens.another").click().run())
    assert app.text_input(key="transformer.tok_text").value == first


def test_a_link_brings_it_back_and_what_is_wrong_in_it_is_said():
    link = {"tok_corpus": "chinese", "tok_size": "280", "tok_merges": "7", "tok_text": " 你好 <b>"}
    app = opened(**link)
    assert app.session_state["link"] == link and app.slider(key="transformer.tok_merges").value == 7
    bad = {"tok_corpus": "klingon", "tok_kind": "<b>", "tok_size": "9", "tok_merges": "-1", "tok_text": "x" * 201}
    app = opened(**bad)
    assert len(app.session_state["problems"]) == len(bad) and app.session_state["link"] == {}


def test_both_ends_of_every_number_are_taken_and_nothing_beyond():
    for name in ("tok_size", "tok_merges"):
        facts = FIELDS[name][1]
        for end in (facts.low, facts.high):
            assert READERS[name](str(end)) == end
            assert not opened(**{name: str(end)}).session_state["problems"]
        for beyond in (facts.low - 1, facts.high + 1):
            with pytest.raises(UserError):
                READERS[name](str(beyond))
