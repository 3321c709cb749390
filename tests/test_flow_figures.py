"""The pictures of the data flow: boxes lie where a click finds them, and what is drawn is what was computed."""

import json
import warnings

import numpy as np
import pytest

from pages.kit.live import FURTHEST, Feed
from seqcore.figures.flow_diagram import LETTERS, Block, Chip, Tower, cut, flow_diagram, place
from seqcore.figures.palette import ATTENTION, STATES, palette
from seqcore.figures.tensor import PRINTED, tensor
from seqcore.figures.terms import profile, terms
from seqcore.figures.token_axis import breadth
from tests.test_figures import SAME

HOSTILE = "<b>x</b> & %{z} {0}"
SAFE = "&lt;b&gt;x&lt;/b&gt; &amp; %{z} {0}"


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def row(side, *names):
    return tuple(Chip(f"{side}.{name}", f"{side} {name}", "3×4", "attention") for name in names)


LEFT = Tower((Block((row("a", "ids"),)), Block((row("a", "q", "k", "v"), row("a", "out", "sum")), "Attention", "a.sum"),
              Block((row("a", "states"),))), "how are you", "")  # fmt: skip
RIGHT = Tower((Block((row("b", "k", "q"),)), Block((row("b", "loss"),))), HOSTILE, "→ 你 · 0.93")
TOWERS = (LEFT, RIGHT)


def drawing(theme="light", towers=TOWERS, **change):
    return flow_diagram(SAME, theme, "Flow", towers, **{"across": ("a.states", "b.k"), **change})


def labels(picture):
    """The labels of the boxes with their places."""
    data = picture.traces[1].data
    return dict(zip(data["text"].tolist(), zip(data["x"].tolist(), data["y"].tolist(), strict=True), strict=True))


def test_a_click_finds_the_box_whose_label_is_there():
    picture, boxes = (
        drawing(),
        [chip for tower in TOWERS for block in tower.blocks for line in block.rows for chip in line],
    )
    data = picture.traces[1].data
    assert len(data["x"]) == len(boxes) and picture.clickable
    for chip, x, y, text in zip(boxes, data["x"], data["y"], data["text"], strict=True):
        assert place(TOWERS, float(x), float(y)) == chip.name and chip.label in text
        assert place(TOWERS, round(float(x)), round(float(y))) == chip.name  # clicks come as whole numbers
    assert place(TOWERS, 0, 0) is place(TOWERS, FURTHEST, FURTHEST) is None
    assert max(*picture.layout["xaxis"]["range"], *picture.layout["yaxis"]["range"]) <= FURTHEST


def test_data_flows_upwards_and_boxes_do_not_overlap():
    at = labels(drawing())
    assert at["a ids"][1] < at["a q"][1] < at["a out"][1] < at["a states"][1] and at["b k"][0] > at["a v"][0]
    spots = [place(TOWERS, x, y) for x in np.arange(0, 60, 0.5) for y in np.arange(0, 40, 0.5)]
    assert len(set(spots) - {None}) == 10


def test_the_open_box_is_filled_and_said():
    picture = drawing(opened="b.k")
    fills = [shape["fillcolor"] for shape in picture.layout["shapes"] if "fillcolor" in shape]
    assert fills.count(palette("light")["free"]) == 1 and "Open: b k." in picture.alt
    assert [text for text in picture.traces[1].data["text"] if "<b>" in text] == ["<b>b k</b>"]
    assert not [shape for shape in drawing().layout["shapes"] if shape.get("fillcolor") == palette("light")["free"]]


def test_what_goes_around_and_across_ends_at_its_box():
    heads = [(note["x"], note["y"]) for note in drawing().layout["annotations"] if note.get("showarrow")]
    found = [place(TOWERS, x, y - 0.5) for x, y in heads] + [place(TOWERS, x + 0.5, y) for x, y in heads]
    assert "a.sum" in found and "b.k" in found
    assert len(heads) == 3 + 2  # from block to block, the residual and what goes across


def test_words_are_no_markup_and_not_too_long():
    notes = [note["text"] for note in drawing().layout["annotations"]]
    assert SAFE in notes and "how are you" in notes and "→ 你 · 0.93" in notes
    assert cut("x" * LETTERS) == "x" * LETTERS and cut("x" * 99).endswith("x…") and breadth(cut("你" * 99)) <= LETTERS


VALUES = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
ROWS, COLUMNS = ["how", HOSTILE, "how"], ["0", "1", "2", "3"]


def shown(values=VALUES, theme="light", rows=ROWS, columns=COLUMNS, **change):
    return tensor(SAME, theme, "Q", values, rows, columns, axes=("d", "token"), **change)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_tensor_is_drawn_as_it_is(theme):
    picture = shown(theme=theme, picked=(1, 2))
    trace = picture.figure().data[0]
    np.testing.assert_array_equal(trace.z, VALUES)
    assert trace.zmin == -trace.zmax and trace.colorscale[0][1] == STATES[theme][0][1]
    assert trace.text[1][2] == f"{VALUES[1, 2]:.2f}".replace("-", "−") and SAFE in trace.hovertext[1][2]
    assert list(picture.layout["yaxis"]["range"]) == [2.5, -0.5] and picture.clickable
    (frame,) = picture.layout["shapes"]
    assert (frame["x0"], frame["x1"], frame["y0"], frame["y1"]) == (1.5, 2.5, 0.5, 1.5)
    assert frame["line"]["color"] == palette(theme)["mark"] and f"{VALUES[1, 2]:.4f}" in picture.alt
    assert shown(abs(VALUES), shares=True).traces[0].style["colorscale"] == ATTENTION["light"]


def test_what_may_not_be_looked_at_has_no_colour_and_says_so():
    values = VALUES.copy()
    values[0, 1:], values[2, 0] = -np.inf, np.nan
    picture = shown(values, picked=(0, 1))
    assert np.isnan(picture.traces[0].data["z"][0, 1:]).all()
    assert picture.traces[0].data["text"][0, 1] == "−∞" and picture.traces[0].data["text"][2, 0] == ""
    assert "-inf" in picture.alt


def test_a_wide_tensor_has_no_numbers_and_marks_are_told_apart():
    wide = np.zeros((2, PRINTED + 1))
    picture = shown(
        wide, rows=["a", "b"], columns=[str(k) for k in range(PRINTED + 1)], largest=[(0, 1)], true=[(1, 0)]
    )
    assert "texttemplate" not in picture.traces[0].style and "text" not in picture.traces[0].data
    assert [shape["line"].get("dash") for shape in picture.layout["shapes"]] == [None, "dot"]
    assert "the largest" in picture.layout["annotations"][1]["text"]
    texts = np.array([[HOSTILE]])
    words = shown(np.zeros((1, 1)), rows=["a"], columns=[""], written=texts).traces[0]
    assert words.data["text"][0, 0] == SAFE and words.style["showscale"] is False


def test_terms_are_bars_and_the_number_they_are_about_is_marked():
    values = np.array([0.5, -2.0, 0.25])
    picture = terms(SAME, "light", "q = −1.25", ["a", HOSTILE, "b"], values, axis="Term", total=-1.25)
    trace = picture.figure().data[0]
    assert trace.x.tolist() == values.tolist() and trace.text.tolist() == ["+0.500", "−2.000", "+0.250"]
    assert picture.layout["yaxis"]["ticktext"][1] == SAFE and "-1.2500" in picture.alt
    low, high = picture.layout["xaxis"]["range"]
    assert low < -2 and high > 0.5
    ink = terms(SAME, "light", "p", ["a", "b"], values[:2], axis="Share", total=0.5, marked=0).traces[0].style["marker"]
    assert ink["color"][0] == palette("light")["hidden"] != ink["color"][1]


def test_a_row_is_drawn_with_its_names():
    values = np.array([0.5, -np.inf, 2.0])
    picture = profile(SAME, "dark", "row", ["a", HOSTILE, "c"], values, axis="token", picked=2)
    trace = picture.figure().data[0]
    assert trace.y[[0, 2]].tolist() == [0.5, 2.0] and np.isnan(trace.y[1]) and trace.hovertext[1] == SAFE
    assert trace.marker.color[2] == palette("dark")["hidden"] and "2 numbers, mean 1.250" in picture.alt


def test_all_of_them_can_be_sent():
    nothing = profile(SAME, "light", "row", ["a"], np.array([-np.inf]), axis="", picked=0)
    for pictures in ([drawing(), shown(), nothing], [terms(SAME, "light", "q", ["a"], np.ones(1, np.float32), axis="",
                                                           total=1.0)]):  # fmt: skip
        json.dumps(Feed().message(pictures), allow_nan=False)
