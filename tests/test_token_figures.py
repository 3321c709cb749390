"""What is drawn of sentences is what was computed, and a token is text, whatever it looks like."""

import json
import re
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.kit.live import Feed
from seqcore.figures.by_length import by_length
from seqcore.figures.likeliest import likeliest
from seqcore.figures.palette import ATTENTION, BACKGROUND, STATES, palette
from seqcore.figures.picture import MOST_POINTS
from seqcore.figures.states import states
from seqcore.figures.token_axis import LONGEST, breadth, plain, short, token_axis
from seqcore.figures.token_map import height, token_map
from seqcore.figures.tokens import accuracy, token_loss
from seqcore.figures.vector import vector
from tests.test_figures import SAME, luminance, words

SOURCE = ["how", "are", "how", "<b>x</b>", "<end>"]
OUTPUT = ["你", "好", "<unk>", "<end>"]
WEIGHTS = np.array(
    [[0.7, 0.1, 0.1, 0.05, 0.05], [0.1, 0.6, 0.1, 0.1, 0.1], [0, 0, 0.2, 0.8, 0], [0.05, 0.05, 0.05, 0.05, 0.8]]
)
HOSTILE = "<b>x</b> & %{z} {0}"


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def attention(theme="light", values=WEIGHTS, **change):
    return token_map(SAME, theme, "Attention", values, SOURCE, OUTPUT, **{"kind": "weights", **change})


def below(picture, axis="xaxis") -> list[str]:
    """The labels of an axis of tokens, by their places."""
    names = picture.layout[axis]
    return [names["labelalias"][place] for place in names["categoryarray"]]


def test_a_token_is_no_markup():
    assert plain("<b>x</b> & &lt;") == "&lt;b&gt;x&lt;/b&gt; &amp; &amp;lt;"
    assert short("<end>") == "&lt;end&gt;" and short("你好") == "你好"


@given(st.text(max_size=80))
def test_a_label_is_short_and_escaped(token):
    shown = re.sub("&(amp|lt|gt);", ".", short(token))
    assert breadth(shown) <= LONGEST and not set("<>&") & set(shown)
    assert breadth(token) > LONGEST or shown == re.sub("[<>&]", ".", token)


def test_repeated_tokens_have_places_of_their_own():
    axis = token_axis(["的", "的", "a"])
    assert axis["categoryarray"] == ["0", "1", "2"] and axis["labelalias"] == {"0": "的", "1": "的", "2": "a"}
    assert axis["type"] == "category" and axis["range"] == [-0.5, 2.5]


def test_the_map_shows_the_weights_from_the_top_down():
    picture = attention()
    drawn = picture.figure().data[0]
    np.testing.assert_allclose(drawn.z, WEIGHTS, rtol=1e-6)
    assert (drawn.zmin, drawn.zmax, drawn.x0, drawn.y0) == (0, 1, 0, 0)
    assert below(picture) == ["how", "are", "how", "&lt;b&gt;x&lt;/b&gt;", "&lt;end&gt;"]
    assert below(picture, "yaxis") == ["你", "好", "&lt;unk&gt;", "&lt;end&gt;"]
    assert picture.layout["yaxis"]["range"] == [3.5, -0.5]
    assert drawn.text[2][3] == "output: &lt;unk&gt;<br>source: &lt;b&gt;x&lt;/b&gt;"
    assert words(picture) == ["Output token", "weight"] and picture.layout["shapes"] == []
    assert "4 output tokens by 5 source tokens" in picture.alt and "<unk> ← <b>x</b> 0.80" in picture.alt
    assert height(40) > height(20) > height(1) == 205


def test_an_effect_is_coloured_around_nothing_in_steps():
    for most, limit in ((0.3, 1), (2.4, 5), (-7, 10)):
        effect = attention(values=WEIGHTS * 0 + most, kind="effect").figure().data[0]
        assert (effect.zmin, effect.zmax) == (-limit, limit) and effect.colorscale[2][1] == STATES["light"][2][1]
    picture = attention(values=WEIGHTS * 3, kind="effect")
    assert words(picture)[1] == "nats" and "Hidden, it costs most, in nats: 你 ← how 2.10" in picture.alt


def test_held_cells_unknown_and_wrong_tokens_are_marked_without_colour_too():
    picture = attention(cells=[(1, 0, "forced"), (2, 3, "masked")], unknown=[0, 0, 0, 1, 0], wrong=np.eye(4)[1] > 0)
    *edges, frame, falling, rising = picture.layout["shapes"]
    assert frame["type"] == "rect" and (frame["x0"] + frame["x1"], frame["y0"] + frame["y1"]) == (0, 2)
    assert falling["type"] == rising["type"] == "line" and falling["y0"] == rising["y1"] < falling["y1"]
    assert [round(line["x0"] + line["x1"]) for line in (falling, rising)] == [6, 6]
    assert below(picture)[3] == "<u>&lt;b&gt;x&lt;/b&gt;</u>" and below(picture, "yaxis")[1] == "✗ 好"
    assert [(edge["xref"] if "xref" in edge else edge["yref"]) for edge in edges] == ["paper", "paper"]
    assert edges[0]["y0"] + edges[0]["y1"] == 2 and edges[1]["x0"] + edges[1]["x1"] == 6
    assert words(picture)[2] == "<u>unknown</u> · ✗ wrong"
    assert "好 (wrong)<br>source: &lt;b&gt;x&lt;/b&gt; (unknown)" in picture.traces[0].data["text"][1, 3]
    assert picture.alt.endswith("Forced: 好 ← how. Masked: <unk> ← <b>x</b>. Unknown source tokens: <b>x</b>. "
                                "Output tokens that differ from the true ones: 好.")  # fmt: skip


def test_before_the_first_output_token_the_map_is_empty():
    picture = token_map(SAME, "dark", "Attention", np.zeros((0, 2)), ["a", "b"], [], kind="effect")
    assert picture.traces[0].data["text"].shape == (0, 2) and picture.alt == (
        "Attention: 0 output tokens by 2 source tokens."
    )
    gap = attention(values=np.where(WEIGHTS > 0.65, np.nan, WEIGHTS))
    assert "你 ← are 0.10" in gap.alt


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_attention_is_the_page_and_more_stands_out_more(theme):
    colours = [colour for _, colour in ATTENTION[theme]]
    assert colours[0] == BACKGROUND[theme]
    steps = np.diff([luminance(colour) for colour in colours])
    assert (steps < 0).all() if theme == "light" else (steps > 0).all()


EPOCH = np.arange(11)
FALL = 6 * 0.7**EPOCH


def losses(**change):
    facts = {"epochs": 20, "updates": 50, "uniform": 6.2, **change}
    return token_loss(SAME, "light", EPOCH, FALL, FALL + 0.1, **facts)


def test_the_loss_of_a_token_falls_from_guessing():
    picture = losses(others=[("A", EPOCH[:3], FALL[:3] * 2)], at=4)
    other, train, test, uniform, cursor = picture.figure().data
    np.testing.assert_allclose(train.y, FALL, rtol=1e-6)
    np.testing.assert_allclose(test.y, FALL + 0.1, rtol=1e-6)
    np.testing.assert_array_equal(train.x, EPOCH)
    assert (train.line.color, test.line.color) == (palette("light")["train"], palette("light")["test"])
    assert list(uniform.y) == [pytest.approx(6.2)] * 2 and uniform.name == "equally likely: 6.2"
    assert uniform.line.dash == "dash" and list(cursor.x) == [4, 4]
    assert other.line.color == palette("light")["naive"] and other.line.dash != "solid" and other.line.width < 2
    assert picture.layout["yaxis"]["type"] == "log" and picture.layout["xaxis"]["range"] == [0, 20]
    low, high = 10.0 ** np.array(picture.layout["yaxis"]["range"])
    assert low < FALL[-1] and high > 2 * FALL[0]
    assert picture.layout["xaxis"]["title"]["text"] == "Epoch, updates in each: 50"
    assert words(picture) == ["Loss per token (nats)"]
    assert "it would be 6.2. After epoch 10: train 0.169, test 0.269. A: 5.88." in picture.alt


def test_a_loss_that_is_not_finite_or_0_leaves_a_gap():
    broken = np.array([6.0, np.nan, np.inf, 0.0, 1.0])
    drawn = token_loss(
        SAME, "dark", EPOCH[:5], broken, broken, epochs=9, updates=1, uniform=6.2, at=None
    )  # fmt: skip
    np.testing.assert_array_equal(drawn.traces[0].data["y"], [6, np.nan, np.nan, np.nan, 1])
    nothing = token_loss(SAME, "dark", EPOCH[:0], FALL[:0], FALL[:0], epochs=9, updates=1, uniform=6.2)
    assert nothing.alt.endswith("it would be 6.2.") and nothing.figure().data


def test_a_long_run_sends_few_points_and_only_what_is_new():
    many = np.arange(5001)
    picture = token_loss(SAME, "light", many, 1 + many, 1 + many, epochs=5000, updates=9, uniform=3)
    assert len(picture.traces[0].data["y"]) <= MOST_POINTS
    assert picture.layout["xaxis"]["title"]["text"] == "Epoch (1 in 9 drawn), updates in each: 9"
    feed, slow = Feed(), 4 * 0.99**EPOCH
    for count in range(4, 9):
        curves = (EPOCH[:count], slow[:count], slow[:count])
        facts = {"epochs": 20, "updates": 50, "uniform": 6.2}
        parts = feed.message([token_loss(SAME, "light", *curves, **facts)], moving=True)["pictures"]["token_loss"]
    assert parts["0.x"]["from"] == parts["1.y"]["from"] == 5  # what it had three messages ago
    assert "layout" not in parts


def test_right_tokens_and_whole_sentences_differ_by_more_than_colour():
    tokens, own, whole = EPOCH / 10, EPOCH / 12, (EPOCH / 10) ** 2
    picture = accuracy(SAME, "dark", EPOCH, tokens, own, whole, epochs=20, others=[("A", EPOCH, whole / 2)], at=3)
    other, drawn_tokens, drawn_own, drawn_whole, cursor = picture.figure().data
    np.testing.assert_allclose(drawn_own.y, own, rtol=1e-6)
    np.testing.assert_allclose(drawn_tokens.y, tokens, rtol=1e-6)
    np.testing.assert_allclose(drawn_whole.y, whole, rtol=1e-6)
    assert (drawn_tokens.line.dash, drawn_own.line.dash, drawn_whole.line.dash) == ("dot", "dash", None)
    assert drawn_tokens.line.width < drawn_whole.line.width and other.hoverinfo == "skip"
    axis = picture.layout["yaxis"]
    assert axis["range"][0] < 0 and axis["range"][1] > 1 and axis["ticktext"][-1] == "100" and axis["tickvals"][-1] == 1
    assert list(cursor.y) == pytest.approx(axis["range"])
    assert "tokens 100.0% where it reads the true ones before, 83.3% where it reads its own" in picture.alt
    assert "whole sentences 100.0%. A: 50.0%." in picture.alt


def test_the_likeliest_tokens_are_bars_on_a_fixed_axis():
    shares = np.array([0.7, 0.2, 0.05, 1e-5])
    picture = likeliest(SAME, "light", ["你", HOSTILE, "好", "<end>"], shares, chosen=1, step=3)
    bars = picture.figure().data[0]
    np.testing.assert_allclose(bars.x, shares, rtol=1e-6)
    assert list(bars.text) == ["0.700", "0.200", "0.050", "&lt; 0.001"]
    axis = picture.layout["yaxis"]
    assert axis["ticktext"][1].startswith("<b>▸ &lt;b&gt;x") and axis["ticktext"][0] == "你"
    assert axis["range"] == [3.5, -0.5] and picture.layout["xaxis"]["range"] == [0, 1]
    assert list(bars.marker.line.width) == [0, 2, 0, 0] and bars.marker.color[1] == palette("light")["free"]
    assert bars.customdata[1] == plain(HOSTILE) and "x" not in bars.hovertemplate.replace("%{x", "").replace(
        "extra", ""
    )
    assert picture.title == "Step 3: what comes next?"
    assert picture.alt.endswith(f"你 0.700, {HOSTILE} 0.200, 好 0.050, <end> 0.000. Chosen: {HOSTILE}.")
    none = likeliest(SAME, "dark", ["你"], shares[:1], chosen=None, step=1)
    assert "Chosen" not in none.alt and none.layout["yaxis"]["ticktext"] == ["你"]


LENGTHS = np.array([3, 5, 9])
CURVES = {
    "none": (LENGTHS, np.array([[1, 0.5, 0.0], [0.8, 0.7, np.nan], [np.nan] * 3])),
    HOSTILE: (LENGTHS, np.full((2, 3), np.nan)),
    "dot": (LENGTHS, np.ones((1, 3))),
}


def test_by_length_shows_the_mean_and_the_range_of_the_seeds_that_finished():
    picture = by_length(SAME, "light", CURVES, ["gru", "gru", "lstm"], what="Right sentences")
    low, high, *_ = picture.figure().data
    none, hostile, dot = picture.figure().data[-3:]
    np.testing.assert_allclose(none.y, [0.9, 0.6, 0], rtol=1e-6)
    np.testing.assert_allclose(low.y, [0.8, 0.5, 0], rtol=1e-6)
    np.testing.assert_allclose(high.y, [1, 0.7, 0], rtol=1e-6)
    assert np.isnan(hostile.y).all() and high.fill == "tonexty"
    assert none.line.color == hostile.line.color != dot.line.color and none.line.dash != hostile.line.dash
    assert len({line.marker.symbol for line in (none, hostile, dot)}) == 3
    assert hostile.name == HOSTILE and hostile.meta == plain(HOSTILE)
    assert words(picture) == ["Right sentences (%): mean and range of the seeds"]
    assert "none, seeds: 2: 3: 90%, 5: 60%, 9: 0%. " + f"{HOSTILE}: none yet. dot, seeds: 1: 3: 100%" in picture.alt
    low, high = picture.layout["xaxis"]["range"]
    assert low < 3 and high > 9


def test_states_may_have_names_for_their_steps():
    values = np.random.default_rng(0).uniform(-1, 1, (5, 3))
    picture = states(SAME, "light", "Encoder", values, kind="hidden", labels=SOURCE, axis="Source token")
    drawn = picture.figure().data[0]
    np.testing.assert_allclose(drawn.z, values.T, rtol=1e-6)
    assert below(picture)[3] == "&lt;b&gt;x&lt;/b&gt;" and drawn.x0 == 0
    assert picture.layout["xaxis"]["title"]["text"] == "Source token"
    assert "Source token %{x}" in drawn.hovertemplate
    plainly = states(SAME, "light", "Encoder", values, kind="hidden", first=4)
    assert plainly.layout["xaxis"]["range"] == [3.5, 8.5] and plainly.traces[0].style["x0"] == 4


def test_a_vector_has_a_row_a_layer():
    values = np.linspace(-3, 1, 8).reshape(2, 4)
    picture = vector(SAME, "dark", "Bottleneck", values)
    drawn = picture.figure().data[0]
    np.testing.assert_allclose(drawn.z, values, rtol=1e-6)
    assert (drawn.zmin, drawn.zmax, picture.name) == (-5, 5, "bottleneck")
    assert picture.layout["yaxis"]["range"] == [2.5, 0.5] and picture.layout["xaxis"]["range"] == [0.5, 4.5]
    assert picture.alt == "Bottleneck: 2 by 4 numbers (layers by units), from -3.00 to 1.00."


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_picture_is_drawn_told_and_sent(theme):
    for picture in (
        attention(theme, cells=[(0, 0, "forced")], wrong=np.ones(4, bool), unknown=np.ones(5, bool)),
        losses(),
        accuracy(SAME, theme, EPOCH, FALL, FALL, FALL, epochs=10),
        likeliest(SAME, theme, OUTPUT, WEIGHTS[0, :4], chosen=np.int64(1), step=1),
        by_length(SAME, theme, CURVES, ["gru", "gru", "lstm"], what="Right"),
        by_length(SAME, theme, {}, [], what="Right"),
        states(SAME, theme, "h", WEIGHTS, kind="f", labels=OUTPUT, axis="Output token", order=np.arange(5)),
        vector(SAME, theme, "b", WEIGHTS),
    ):
        json.dumps([picture.layout, *(trace.style for trace in picture.traces)])
        json.dumps(Feed().message([picture]))
        assert picture.figure() and picture.alt and picture.layout["xaxis"]["title"]["text"]
        drawn = [values for trace in picture.traces for name, values in trace.data.items() if name in "xyz"]
        assert all(values.dtype == np.float32 for values in drawn)
