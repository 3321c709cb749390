"""What is drawn of a Transformer is what was computed: weights, products, positions, effects, distributions."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.kit.live import FURTHEST, Feed, picked
from seqcore.figures.attention_grid import attention_grid, left_margin, place
from seqcore.figures.attention_grid import height as grid_height
from seqcore.figures.head_effects import head_effects
from seqcore.figures.head_effects import height as effects_height
from seqcore.figures.head_view import BINS, head_view
from seqcore.figures.head_view import height as view_height
from seqcore.figures.neuron_view import height as neuron_height
from seqcore.figures.neuron_view import neuron_view
from seqcore.figures.palette import ATTENTION, STATES, palette
from seqcore.figures.positions import positions, wave
from seqcore.figures.sampling import SHOWN, sampling
from tests.test_figures import SAME, words

HOSTILE = "<b>x</b> & %{z} {0}"
SAFE = "&lt;b&gt;x&lt;/b&gt; &amp; %{z} {0}"
RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def weights(heads: int, rows: int, columns: int) -> np.ndarray:
    """Rows of positive numbers that add up to 1 (heads, rows, columns)."""
    return RANDOM.dirichlet(np.ones(columns), (heads, rows))


MAPS = {"encoder 1": weights(3, 5, 5), "decoder 1 self": weights(2, 4, 4), HOSTILE: weights(3, 4, 5)}


def test_every_weight_of_every_head_is_in_its_own_tile():
    drawn = attention_grid(SAME, "light", "All", MAPS).figure().data[0]
    assert (drawn.x0, drawn.y0, drawn.zmin, drawn.zmax) == (0, 0, 0, 1) and drawn.colorscale[-1][1] == ATTENTION[
        "light"
    ][-1][1]
    found = {}
    for y, x in np.argwhere(np.isfinite(drawn.z)):
        found.setdefault(place(MAPS, x, y), []).append(drawn.z[y, x])
    assert list(found) and set(found) == {(name, head) for name, maps in MAPS.items() for head in range(len(maps))}
    for (name, head), cells in found.items():
        np.testing.assert_allclose(cells, MAPS[name][head].ravel(), rtol=1e-6)


@given(st.data())
def test_a_click_tells_its_head_and_nothing_between_two(data):
    sizes = st.tuples(st.integers(1, 4), st.integers(1, 40), st.integers(1, 40))
    shapes = data.draw(st.lists(sizes, min_size=1, max_size=4))
    maps = {str(k): np.full(shape, 0.5, np.float32) for k, shape in enumerate(shapes)}
    z = attention_grid(SAME, "dark", "All", maps).traces[0].data["z"]
    y, x = (data.draw(st.integers(0, side - 1)) for side in z.shape)
    assert (place(maps, x, y) is None) == np.isnan(z[y, x])
    assert place(maps, z.shape[1], y) is place(maps, x, z.shape[0]) is place(maps, -1, y) is None
    assert np.isnan(z).any(axis=1).sum() >= len(maps) - 1
    assert picked({"name": "a", "x": x, "y": y}, {"a"}) == ("a", x, y)


def test_the_largest_model_that_can_be_looked_at_can_be_clicked():
    maps = {str(k): np.zeros((16, 45, 45), np.float32) for k in range(18)}
    assert max(attention_grid(SAME, "light", "All", maps).traces[0].data["z"].shape) <= FURTHEST
    assert grid_height(maps) == 330 and grid_height(MAPS) == 205


def test_a_head_that_is_off_is_crossed_and_the_picked_one_framed():
    picture = attention_grid(SAME, "dark", "All", MAPS, off=[("encoder 1", 1)], picked=(HOSTILE, 2))
    falling, rising, frame = picture.layout["shapes"]
    assert falling["type"] == rising["type"] == "line" and falling["y0"] == rising["y1"] < falling["y1"]
    assert frame["type"] == "rect" and frame["line"]["color"] == palette("dark")["mark"]
    for shape, head, (rows, columns) in ((falling, ("encoder 1", 1), (5, 5)), (frame, (HOSTILE, 2), (4, 5))):
        assert (shape["x1"] - shape["x0"], shape["y1"] - shape["y0"]) == (columns, rows)
        assert place(MAPS, shape["x0"] + 0.5, shape["y0"] + 0.5) == head
        assert place(MAPS, shape["x1"] - 0.5, shape["y1"] - 0.5) == head
    assert picture.clickable and picture.alt.endswith(f"Off: encoder 1, head 2. Picked: {HOSTILE}, head 3.")
    plainly = attention_grid(SAME, "dark", "All", MAPS)
    assert plainly.layout["shapes"] == [] and "Off" not in plainly.alt and "Picked" not in plainly.alt


def test_the_tiles_are_named_by_attention_and_head():
    sharp = {**MAPS, "encoder 1": np.stack([np.full((5, 5), 0.2), np.eye(5), np.full((5, 5), 0.2)])}
    picture = attention_grid(SAME, "light", "All", sharp)
    rows, columns = picture.layout["yaxis"], picture.layout["xaxis"]
    assert rows["ticktext"] == ["encoder 1", "decoder 1 self", SAFE] and columns["ticktext"] == ["1", "2", "3"]
    at = [place(sharp, columns["tickvals"][1], middle) for middle in rows["tickvals"]]
    assert at == [(name, 1) for name in sharp]
    assert rows["range"][0] > rows["range"][1] == -0.5 and words(picture) == ["Attention", "weight"]
    assert picture.alt.startswith("All: attentions: 3, heads in all: 8. encoder 1: head 2 looks most sharply, its "
                                  "largest weights are 1.00 on average.")  # fmt: skip
    assert left_margin([]) == 50 < left_margin(["decoder 12 cross"]) < left_margin(["解碼器" * 6])
    nothing = attention_grid(SAME, "light", "All", {})
    assert nothing.traces[0].data["z"].shape == (0, 0) and place({}, 0, 0) is None


ROWS, COLUMNS = ["你", HOSTILE, "嗎"], ["how", "are", "you", HOSTILE]
LOOKS = np.array([[0.7, 0.2, 0.06, 0.04], [0.01, 0.02, 0.57, 0.4], [0.25, 0.25, 0.25, 0.25]])


def drawn_lines(trace) -> set[tuple[int, int]]:
    """The rows and columns that a trace of lines connects."""
    ends = np.stack([trace.data["x"], trace.data["y"]], axis=1).reshape(-1, 3, 2)
    assert (ends[:, 0, 0] == 0).all() and (ends[:, 1, 0] == 1).all() and np.isnan(ends[:, 2]).all()
    return {(int(line[0, 1]), int(line[1, 1])) for line in ends}


def view(theme="light", values=LOOKS, **change):
    return head_view(SAME, theme, values, ROWS, COLUMNS, **change)


def test_a_line_is_as_wide_as_its_weight_and_small_ones_are_left_out():
    picture = view(values=np.where(LOOKS == 0.01, np.nan, LOOKS))
    pale, *bins, left, right = picture.traces
    assert [drawn_lines(trace) for trace in bins] == [
        {(0, 2)}, {(0, 1), (2, 0), (2, 1), (2, 2), (2, 3)}, {(1, 2), (1, 3)}, {(0, 0)}
    ]  # fmt: skip
    assert [trace.style["name"] for trace in bins] == ["0.05–0.15", "0.15–0.35", "0.35–0.65", "0.65–1"]
    widths = [trace.style["line"]["width"] for trace in bins]
    assert widths == sorted(set(widths)) and len(BINS) == 4 and drawn_lines(pale) == set()
    assert picture.layout["xaxis"]["title"]["text"] == "Not drawn: weights below 0.05, together 2.0%"
    assert list(left.data["x"]) == [0, 0, 0] and list(right.data["x"]) == [1] * 4
    assert list(right.data["y"]) == [0, 1, 2, 3] and (left.style["yaxis"], right.style["yaxis"]) == ("y2", "y3")
    assert right.data["customdata"][3] == SAFE + f"<br>← {SAFE} 0.400<br>← 嗎 0.250<br>← 你 0.040"


def test_the_weights_below_the_least_are_told_wherever_it_is():
    most = view(least=0.5)
    assert [trace.style["name"] for trace in most.traces[1:-2]] == ["0.5–0.65", "0.65–1"]
    assert most.layout["xaxis"]["title"]["text"].endswith("below 0.5, together 57.7%")
    every = view(least=0)
    assert sum(len(drawn_lines(trace)) for trace in every.traces[:-2]) == LOOKS.size
    whole = view(values=np.eye(3, 4))
    assert drawn_lines(whole.traces[-3]) == {(0, 0), (1, 1), (2, 2)}


def test_one_tokens_lines_stand_out():
    picture = view("dark", row=1)
    pale, *bins, _, _ = picture.traces
    assert drawn_lines(pale) == {(0, 0), (0, 1), (0, 2), (2, 0), (2, 1), (2, 2), (2, 3)}
    assert set.union(*(drawn_lines(trace) for trace in bins)) == {(1, 2), (1, 3)}
    assert pale.style["line"]["color"] == palette("dark")["grid"]
    labels = picture.layout["yaxis2"]["labelalias"]
    assert labels["1"].startswith("<b>▸ &lt;b&gt;") and labels["0"] == "你"
    assert f"{HOSTILE} looks at: how 0.01, are 0.02, you 0.57, {HOSTILE} 0.40. Not drawn" in picture.alt
    assert f"你 → how 0.70; {HOSTILE} → you 0.57; 嗎 → how 0.25. Not drawn" in view().alt
    axes = [picture.layout[axis]["range"] for axis in ("yaxis", "yaxis2", "yaxis3")]
    assert axes == [[3.5, -0.5]] * 3 and picture.clickable
    assert view_height(5) == 205 < view_height(20) < view_height(40)


def test_products_of_query_and_key_add_up_to_scores_and_become_weights():
    q, k = RANDOM.normal(size=8), RANDOM.normal(size=(3, 8))
    picture = neuron_view(SAME, "light", q, k, ["how", HOSTILE, "you"], scale=8**0.5)
    strip, cells, numbers = picture.figure().data
    np.testing.assert_allclose(strip.z, q[None], rtol=1e-6)
    np.testing.assert_allclose(cells.z, q * k, rtol=1e-5)
    assert cells.zmin == strip.zmin == -cells.zmax and cells.colorscale[2][1] == STATES["light"][2][1]
    scores = k @ q
    scaled = scores / 8**0.5
    shares = np.exp(scaled) / np.exp(scaled).sum()
    told = [f"{value:.2f}".replace("-", "−") for row in zip(scores, scaled, shares, strict=True) for value in row]
    assert list(numbers.text) == told and list(numbers.y) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert cells.text[1][2] == f"{SAFE}<br>q 3 · k 3 = {q[2]:.3f} · {k[1, 2]:.3f}"
    assert words(picture)[2:] == ["q·k", "/ 2.83", "softmax"] and "−2</span>" not in words(picture)[1]
    best = int(shares.argmax())
    name = ["how", HOSTILE, "you"][best]
    assert picture.alt.endswith(f"goes to {name}, mostly for dimension {(q * k[best]).argmax() + 1}.")
    assert f"how: q·k {scores[0]:.2f}, softmax {shares[0]:.2f}" in picture.alt
    low, high = picture.layout["yaxis"]["domain"][1], picture.layout["yaxis2"]["domain"][0]
    assert low < high and neuron_height(40) > neuron_height(3) == 205


def test_large_scores_do_not_overflow_and_the_colours_reach_as_far():
    picture = neuron_view(SAME, "dark", np.full(2, 100.0), np.array([[100.0, 100], [0, 0]]), ["a", "b"], scale=1)
    assert list(picture.traces[2].data["text"]) == ["20000", "20000", "1.00", "0.00", "0.00", "0.00"]
    assert picture.traces[1].style["zmax"] == 10_000 and "−10000" in words(picture)[1]


TABLE = np.stack([np.sin(np.arange(20) * speed) for speed in (1, 0.5, 0.1)], axis=1)


def test_a_position_and_a_dimension_cross_at_their_value():
    picture = positions(SAME, "light", TABLE, place=4, dimension=2)
    drawn = picture.figure().data[0]
    np.testing.assert_allclose(drawn.z, TABLE, rtol=1e-6)
    assert (drawn.zmin, drawn.zmax, drawn.x0, drawn.y0) == (-1, 1, 0, 0) and picture.clickable
    upright, across = picture.layout["shapes"]
    assert (upright["x0"], upright["x1"], upright["yref"]) == (2, 2, "paper")
    assert (across["y0"], across["y1"], across["xref"]) == (4, 4, "paper")
    value = f"PE[4, 2] = {np.sin(0.4):.4f}"
    assert words(picture) == ["Position", f"<b>{value}</b>"] and picture.alt.endswith(value + ".")
    assert picture.layout["yaxis"]["range"] == [19.5, -0.5]
    half = positions(SAME, "light", TABLE * 3, place=4)
    assert len(half.layout["shapes"]) == 1 and words(half) == ["Position"] and half.traces[0].style["zmax"] == 5


def test_dimensions_are_waves_told_apart_by_colour_and_dash():
    table = np.tile(TABLE, (1, 2))
    picture = wave(SAME, "dark", table, [0, 1, 2, 5], place=7)
    drawn = picture.figure().data
    for line, dimension in zip(drawn, [0, 1, 2, 5], strict=True):
        np.testing.assert_allclose(line.y, table[:, dimension], rtol=1e-6, atol=1e-7)
        assert line.name == f"dimension {dimension}" and list(line.x[:2]) == [0, 1]
    assert len({(line.line.color, line.line.dash) for line in drawn}) == 4
    assert drawn[0].line.color == drawn[2].line.color != drawn[1].line.color == drawn[3].line.color
    assert [line["x0"] for line in picture.layout["shapes"]] == [7] and picture.layout["yaxis"]["range"][1] > 1
    changes = np.count_nonzero(np.diff(np.signbit(table[:, 0])))
    assert f"Dimension 0: sign changes: {changes}, from -1.00 to 0.99." in picture.alt
    assert wave(SAME, "dark", table, [0]).layout["shapes"] == []


EFFECTS = {"encoder 1": np.array([0.4, -0.1, np.nan]), HOSTILE: np.array([-0.02, -0.3]), "later": np.full(2, np.nan)}


def test_what_a_head_is_good_for_lies_right_of_nothing():
    picture = head_effects(SAME, "light", EFFECTS, unit="nats")
    bars = picture.figure().data[0]
    np.testing.assert_allclose(bars.x, np.concatenate(list(EFFECTS.values())), rtol=1e-6)
    assert list(bars.y) == [0, 1, 2, 4, 5, 7, 8]
    assert list(bars.text) == ["head 1", "", "", "", "", "", ""]
    colours = STATES["light"]
    assert bars.marker.color[0] == colours[-1][1] and bars.marker.color[1] == bars.marker.color[3] == colours[0][1]
    assert bars.customdata[3] == f"{SAFE}, head 1"
    axis, names = picture.layout["xaxis"], picture.layout["yaxis"]
    assert axis["zeroline"] and axis["range"][0] < -0.3 and axis["range"][1] > 0.4
    assert names["tickvals"] == [1, 4.5, 7.5] and names["ticktext"] == ["encoder 1", SAFE, "later"]
    assert axis["title"]["text"] == "Change of the loss (nats)" and names["range"] == [8.5, -0.5]
    assert "encoder 1: head 1 is missed most (+0.4); heads without which the loss does not rise: 1 of 2." in picture.alt
    assert f"{HOSTILE}: head 1 is missed most (-0.02)" in picture.alt and "later" not in picture.alt


def test_losses_that_only_rise_need_no_left_side():
    picture = head_effects(SAME, "dark", {"a": np.array([0.1, 0.2])}, unit="nats")
    assert picture.layout["xaxis"]["range"][0] == 0
    many = {str(k): np.zeros(8) for k in range(18)}
    assert effects_height(many) >= 18 * 16 and effects_height(EFFECTS) == 205


def test_tokens_that_are_cut_away_are_hatched_and_the_others_share():
    shares = np.array([0.1, 0.4, 0.2, *np.full(12, 0.025)])
    tokens = ["你", HOSTILE, "好", *(f"w{k}" for k in range(12))]
    picture = sampling(SAME, "light", tokens, shares, shares > 0.15, temperature=0.7)
    bars = picture.figure().data[0]
    np.testing.assert_allclose(bars.x, np.sort(shares)[::-1][:SHOWN], rtol=1e-6)
    assert list(bars.text[:4]) == ["0.400 → 0.667", "0.200 → 0.333", "0.100", "0.025"]
    assert list(bars.marker.pattern.shape) == ["", "", *"/" * 8]
    assert bars.marker.color == bars.marker.line.color == palette("light")["free"]
    names = picture.layout["yaxis"]["ticktext"]
    assert names[0].startswith("&lt;b&gt;") and names[2] == "<s>你</s>" and bars.customdata[0] == SAFE
    assert words(picture) == ["Token", "struck out: 13 tokens"]
    assert picture.layout["xaxis"]["title"]["text"] == "Probability; 5 more tokens: 0.125"
    assert picture.title == "Temperature 0.7: what may come next"
    assert picture.alt.endswith("Kept: 2 of 15 tokens, with 0.600 in all.") and f"{HOSTILE} 0.400; 好" in picture.alt


def test_where_nothing_is_cut_nothing_is_shared_anew():
    flat = np.full(4, 0.25)
    picture = sampling(SAME, "dark", list("abcd"), flat, np.ones(4, bool), temperature=9)
    assert set(picture.traces[0].data["text"]) == {"0.250"} and words(picture) == ["Token"]
    assert picture.layout["xaxis"]["range"] == pytest.approx([0, 0.3])
    assert picture.layout["xaxis"]["title"]["text"] == "Probability"
    none = sampling(SAME, "dark", list("abcd"), np.array([1, 0, 0, 0]), np.zeros(4, bool), temperature=1)
    assert list(none.traces[0].data["text"]) == ["1.000", *["&lt; 0.001"] * 3]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_picture_is_drawn_told_and_sent(theme):
    for picture in (
        attention_grid(SAME, theme, "All", MAPS, off=[(HOSTILE, 0)], picked=("encoder 1", 0)),
        attention_grid(SAME, theme, "All", {}),
        view(theme, row=np.int64(2)),
        head_view(SAME, theme, np.zeros((0, 2)), [], ["a", "b"]),
        neuron_view(SAME, theme, np.ones(64), np.ones((40, 64)), ["a"] * 40, scale=8),
        positions(SAME, theme, TABLE, place=0, dimension=0),
        wave(SAME, theme, TABLE, [0, 1, 2], place=0),
        head_effects(SAME, theme, EFFECTS, unit="nats"),
        head_effects(SAME, theme, {}, unit="nats"),
        sampling(SAME, theme, COLUMNS, LOOKS[0], LOOKS[0] > 0.1, temperature=1),
    ):
        json.dumps([picture.layout, *(trace.style for trace in picture.traces)])
        json.dumps(Feed().message([picture]))
        assert picture.figure() and picture.alt and picture.layout["xaxis"]["title"]["text"] and words(picture)[0]
        assert len(picture.traces) <= 7
        drawn = [values for trace in picture.traces for name, values in trace.data.items() if name in "xyz"]
        assert all(values.dtype == np.float32 for values in drawn)


def test_names_of_the_grid_that_would_overlap_are_left_out():
    maps = {f"Encoder {k}: self": np.full((8, 6, 6), 1 / 6) for k in range(6)}
    maps |= {f"Decoder {k}: self": np.full((8, 18, 18), 1 / 18) for k in range(12)}
    axis = attention_grid(str, "light", "Maps", maps).layout["yaxis"]
    named = [at for at, text in zip(axis["tickvals"], axis["ticktext"], strict=True) if text]
    rows = axis["range"][0] + 0.5
    assert 9 <= len(named) < 18 and min(np.diff(named)) / rows * (grid_height(maps) - 90) >= 11.9
    few = dict(list(maps.items())[-6:])
    assert all(attention_grid(str, "light", "Maps", few).layout["yaxis"]["ticktext"])
