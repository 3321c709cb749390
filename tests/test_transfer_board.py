"""What transfer is worth: what the view trains, draws and says is what the core computes."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import lab
from pages.kit.transfer_board import (
    ABOUT,
    FIELDS,
    FIRST,
    FOUND,
    LEAD,
    NAMES,
    READERS,
    VERDICTS,
    WAIT,
    found,
    interval,
    shares_of,
    table_of,
    verdict,
    ways_of,
)
from seqcore.data.text.reviews import reviews
from seqcore.data.text.transfer import LABELS, WAYS, TransferSpec
from seqcore.figures.palette import Look
from seqcore.figures.transfer import LEVEL, Way, by_labels, guesses
from seqcore.reports.result import Result
from seqcore.text import UserError
from seqcore.training.events import History, Snapshot
from seqcore.training.make import make_trainer
from tests.browser import wait_for

N = len(LABELS)
COUNTS = np.array(LABELS)
TINY = {"tr_seeds": "2", "tr_pretraining": "100", "tr_texts": "1000", "tr_updates": "20"}


@pytest.fixture(scope="module", autouse=True)
def one_worker():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLAB_WORKERS", "1")
        yield
        lab.engine().close()
        lab.engine.clear()


def page():
    import streamlit as st

    from pages.kit.form import open_form
    from pages.kit.transfer_board import FIRST, READERS, as_link, transfer_board

    st.session_state["problems"] = open_form("transformer", FIRST, READERS)
    transfer_board("transformer")
    st.session_state["link"] = as_link("transformer")


def opened(**query):
    app = AppTest.from_function(page, default_timeout=30)
    for name, text in query.items():
        app.query_params[f"transformer.{name}"] = text
    app.run()
    assert not app.exception
    return app


def drawn(app, picture):
    """What the browser has been sent of a picture."""
    known = app.session_state["transformer.transfer.board.feed"].known
    return {part: value for (name, part), value in known.items() if name == picture}


def lines(app, picture):
    """The lines of a picture that have a name, by it."""
    parts = drawn(app, picture)
    named = {key: style["name"] for key, style in parts.items() if key.endswith(".style") and "name" in style}
    return {name: parts[key.replace("style", "y")] for key, name in named.items()}


def said(app):
    return " ".join(part.value for part in (*app.markdown, *app.caption, *app.info)).replace("\\", "")


def test_it_opens_with_what_is_compared_and_with_reviews_to_read():
    app = opened(tr_seeds="2")
    words = said(app)
    assert LEAD in words and "5,000 short reviews" in words and "33 weights" in words
    assert all(f"**{NAMES[way]}**" in words for way in ABOUT) and set(ABOUT) == set(NAMES) == set(WAYS)
    for text in reviews(4, 3)[0]:
        assert text in words
    assert lines(app, "by_labels")["chance 50%"].tolist() == [0.5, 0.5]
    assert drawn(app, "by_labels")["alt"].count("none yet") == len(WAYS)
    assert app.session_state["problems"] == [] and app.session_state["link"] == {"tr_seeds": "2"}
    assert opened().slider(key="transformer.tr_seeds").value == 3


def test_what_is_drawn_is_what_the_core_computes():
    app = opened(**TINY)
    assert app.session_state["link"] == TINY
    assert LEAD in said(app)
    app.button(key="transformer.transfer.start").click().run()
    assert LEAD not in said(app) and WAIT in said(app)
    runs = lab.engine().of(f"{app.session_state['seqlab.viewer']}/transformer.transfer")
    wait_for(lambda: all(run.view().ended for run in runs), 150)
    app.run()
    assert not app.exception and not app.error and len(runs) == 2
    arrays = []
    for run in sorted(runs, key=lambda run: run.spec.seed):
        trainer = make_trainer(run.spec)
        list(trainer)
        arrays.append(trainer.conclusion().arrays)
    for way in WAYS:
        mean = np.mean([each[way] for each in arrays], axis=0)
        np.testing.assert_allclose(lines(app, "by_labels")[NAMES[way]], mean, rtol=1e-6)
    loss = np.mean([each["over.loss"] for each in arrays], axis=0)
    np.testing.assert_allclose(lines(app, "guesses")["never seen"], loss, rtol=1e-6)
    assert len(lines(app, "guesses")["while learning"]) == 21
    table = app.dataframe[0].value
    points = 100 * np.array([each["frozen"][0] - each["scratch"][0] for each in arrays])
    assert table.loc["8 labels", "gain (points)"].startswith(f"{points.mean():+.1f} (")
    assert "2 seeds" in said(app) and LEAD not in said(app) and WAIT not in said(app)


def test_a_link_says_what_is_wrong_in_it():
    bad = {"tr_seeds": "6", "tr_pretraining": "99", "tr_texts": "1e9", "tr_updates": "<b>"}
    app = opened(**bad)
    assert len(app.session_state["problems"]) == len(bad) and app.session_state["link"] == {}


@pytest.mark.parametrize("name", FIELDS)
def test_both_ends_of_every_field_are_taken_and_nothing_beyond(name):
    facts = FIELDS[name]
    assert facts.low <= FIRST[name] <= facts.high
    for end in (facts.low, facts.high):
        assert READERS[name](str(end)) == end
    for beyond in (facts.low - 1, facts.high + 1):
        with pytest.raises(UserError):
            READERS[name](str(beyond))


def shares(**by_seed):
    """Shares of right answers, the same for all numbers of labels, by way and seed."""
    return {way: np.outer(by_seed.get(way, np.full(len(by_seed["frozen"]), 0.5)), np.ones(N)) for way in WAYS}


@pytest.mark.parametrize(
    ("kind", "frozen", "scratch"),
    [
        ("few", [0.7], [0.6]),
        ("helps", [0.7, 0.71, 0.72], [0.6, 0.6, 0.61]),
        ("hurts", [0.6, 0.61, 0.6], [0.7, 0.72, 0.71]),
        ("open", [0.7, 0.6, 0.65], [0.6, 0.65, 0.64]),
    ],
)
def test_the_verdict_is_what_the_seeds_support(kind, frozen, scratch):
    words = verdict(shares(frozen=frozen, scratch=scratch)).replace("\\", "")
    first, second = 100 * np.mean(frozen), 100 * np.mean(scratch)
    assert words.startswith(FOUND.format(counts=N, frozen=first, scratch=second, difference=first - second))
    assert words.endswith(VERDICTS[kind]) and ("95 % interval" in words) == (kind != "few")


def test_a_run_that_has_not_ended_does_not_count():
    made = shares(frozen=[0.7, 0.9], scratch=[0.6, 0.6])
    made["frozen"][1, 3:] = np.nan
    assert "70.0 %" in verdict(made).replace("\\", "") and VERDICTS["few"] in verdict(made)
    assert verdict(shares_of([])) == WAIT
    assert ways_of(made)[0].mean.tolist() == pytest.approx([0.8] * 3 + [0.7] * 3)
    assert np.isnan(ways_of(made)[0].low).tolist() == [False] * 3 + [True] * 3


def test_the_interval_is_students():
    low, mean, high = interval(np.array([0.6, 0.7, np.nan, 0.8]))
    assert (low, mean, high) == pytest.approx((0.7 - 4.3027 * 0.1 / 3**0.5, 0.7, 0.7 + 4.3027 * 0.1 / 3**0.5), abs=1e-5)
    assert np.isnan(interval(np.array([0.6]))).tolist() == [True, False, True]
    table = table_of(shares(frozen=[0.6, 0.8], scratch=[0.5, 0.5]))
    assert list(table.index) == [f"{count} labels" for count in LABELS]
    assert table.loc["16 labels", "Pre-trained, frozen (%)"] == "70.0 (-57.1 … 197.1)"
    assert table.loc["16 labels", "gain (points)"] == "+20.0 (-107.1 … +147.1)"
    assert set(table_of(shares_of([])).to_numpy().ravel()) == {"–"}


def test_a_run_in_plain_numbers():
    spec = TransferSpec(seed=4)
    waiting = found(Result(spec, "queued", History(*np.empty((6, 0))), None, None))
    assert waiting["Seed"] == 4 and waiting["frozen 8"] is None and waiting["Seconds"] is None
    arrays = {way: np.linspace(0.5, 1, N) for way in WAYS} | {"labels": COUNTS}
    arrays["tuned"] = np.full(N, np.nan)
    ended = found(Result(spec, "running", History(*np.full((6, 1), 2.0)), None, Snapshot(9, 0, arrays)))
    assert (ended["frozen 8"], ended["scratch 256"], ended["tuned 8"], ended["Seconds"]) == (0.5, 1.0, None, 2.0)
    assert list(ended) == list(waiting)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_right_answers_are_drawn_by_the_number_of_labels(theme):
    mean = np.linspace(0.5, 0.9, N)
    low = mean - 0.2
    low[3] = np.nan
    ways = [Way("A", Look("gru"), low, mean, mean + 0.2), Way("B", Look("rnn"), *np.full((3, N), np.nan))]
    picture = by_labels(str, theme, COUNTS, ways, chance=0.5)
    lower, upper, _, _, a, b, chance = (trace.data for trace in picture.traces)
    assert a["x"].tolist() == list(LABELS) and a["y"].tolist() == pytest.approx(mean, rel=1e-6)
    assert lower["x"].tolist() == upper["x"].tolist() == [n for n in LABELS if n != 64]
    assert upper["y"].max() == 1 and lower["y"][0] == pytest.approx(0.3)
    assert np.isnan(b["y"]).all() and chance["y"].tolist() == [0.5, 0.5]
    axis = picture.layout["xaxis"]
    assert axis["type"] == "log" and axis["range"][0] < np.log10(8) < np.log10(256) < axis["range"][1]
    assert picture.layout["yaxis"]["range"][0] == LEVEL  # an interval does not move the axis, a mean does
    low_one = Way("C", Look("lstm"), mean, mean - 0.22, mean)
    assert by_labels(str, theme, COUNTS, [low_one], chance=0.5).layout["yaxis"]["range"][0] == pytest.approx(0.25)
    assert "A: 8: 50% (30% … 70%)" in picture.alt and "64: 74%, 128" in picture.alt and "B: none yet." in picture.alt
    assert picture.figure()
    assert by_labels(str, theme, COUNTS, [], chance=0.5).layout["yaxis"]["range"][0] == LEVEL


def test_the_masked_words_are_drawn_by_updates():
    picture = guesses(
        str, "light", [np.array([4.0, 2.0]), np.array([3.0])], [np.array([5.0, 3.0])], epochs=10, updates=5
    )
    low, high, mean, *_, unseen = (trace.data["y"].tolist() for trace in picture.traces)
    assert (low, high, mean, unseen) == ([3, 2], [4, 2], [3.5, 2], [5, 3])
    assert picture.traces[2].style["dx"] == 5 and picture.layout["xaxis"]["range"] == [0, 50]
    assert "while learning: 3.5 at first, 2 after 5 updates." in picture.alt and picture.figure()
    assert "None yet." in guesses(str, "dark", [], [], epochs=10, updates=5).alt
