"""What is drawn of the inside is what was measured."""

import json
import warnings

import numpy as np
import pytest

from seqcore.figures.matches import matches
from seqcore.figures.matrix import matrix
from seqcore.figures.openness import openness, openness_units
from seqcore.figures.palette import palette
from seqcore.figures.readout import readout
from seqcore.figures.trace import trace
from seqcore.figures.trajectory import trajectory
from tests.test_figures import SAME, words

RANDOM = np.random.default_rng(7)
WAVE = np.sin(np.arange(12) / 2)
COUNTS = np.zeros((2, 20), int)
COUNTS[0, [0, 1, 10]] = [30, 10, 20]
COUNTS[1, [17, 18, 19]] = [10, 10, 20]


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def named(picture) -> list[str]:
    """What the panel's legend will show."""
    return [
        trace.style["name"] for trace in picture.traces if trace.style["type"] == "scatter" and "name" in trace.style
    ]


def test_a_unit_is_drawn_on_the_input_and_the_span_is_shaded():
    picture = trace(SAME, "light", "Layer 1: forget gate f, unit 3", 0.5 + 0.4 * WAVE, 9 * WAVE, kind="f", span=(2, 5))
    came_in, unit = picture.figure().data
    np.testing.assert_allclose(unit.y, 0.5 + 0.4 * WAVE, rtol=1e-6)
    np.testing.assert_allclose(came_in.y, 9 * WAVE, rtol=1e-6)
    assert (unit.x0, unit.line.color) == (1, palette("light")["f"]) and unit.line.width > came_in.line.width
    assert came_in.yaxis == "y2" and named(picture) == ["input, scaled", "this unit"]
    shade = picture.figure().layout.shapes[0]
    assert (shade.x0, shade.x1) == (2.5, 6.5)
    assert "from 0.11 to 0.90" in picture.alt and "is 1.00" in picture.alt and "Steps 3 to 6" in picture.alt
    assert picture.layout["yaxis"]["range"] == [-0.04, 1.04]


def test_the_axis_of_a_unit_moves_in_steps_and_stops_at_one():
    def reach(size, kind="hidden"):
        return trace(SAME, "dark", "", size * WAVE / WAVE.max(), WAVE, kind=kind).layout["yaxis"]["range"][1] / 1.04

    assert [reach(size) for size in (0.0, 0.11, 0.12, 0.99, 1.0)] == pytest.approx([1, 0.15, 0.15, 1, 1])
    assert reach(4.2, "cell") == 5
    assert trace(SAME, "dark", "", WAVE, WAVE, kind="cell").layout["shapes"] == []


def test_a_unit_without_numbers_says_so():
    picture = trace(SAME, "dark", "unit 3", np.full(3, np.nan), WAVE[:3], kind="hidden")
    assert picture.alt == "unit 3: no finite value." and np.isfinite(picture.layout["yaxis"]["range"]).all()
    partly = trace(SAME, "dark", "unit 3", np.array([np.inf, 1, 2]), WAVE[:3], kind="cell")
    assert "from 1.00 to 2.00" in partly.alt
    assert "correlation" not in trace(SAME, "dark", "unit 3", np.ones(1), WAVE[:1], kind="cell").alt


def test_the_gates_openness_is_shared_out_and_told_at_the_sides():
    picture = openness(SAME, "light", {"forget": COUNTS, "output": COUNTS[::-1] * [[1], [0]]}, ["f", "o"])
    forget, _ = picture.figure().data
    assert forget.y[[0, 1, 10, 17, 18, 19]].tolist() == [30, 10, 20, 10, 10, 20]
    assert (forget.x0, forget.dx, forget.line.color) == (0.025, 0.05, palette("light")["f"])
    assert named(picture) == ["forget", "output"]
    assert words(picture)[1:] == ["shut", "open", "<b>f</b> 40 %", "<b>f</b> 30 %", "<b>o</b> 0 %", "<b>o</b> 75 %"]
    assert "forget: 40 % shut, 30 % open; output: 0 % shut, 75 % open." in picture.alt
    assert picture.layout["yaxis"]["range"][1] >= 50


def test_each_units_openness_is_a_row_in_the_order_asked_for():
    picture = openness_units(SAME, "dark", "forget gate", COUNTS, np.array([1, 0]))
    drawn = picture.figure().data[0]
    np.testing.assert_allclose(np.array(drawn.z)[:, [0, 17, 19]], [[0, 25, 50], [50, 0, 0]])
    assert np.array(drawn.customdata)[:, 0].tolist() == [2, 1]
    low, high = picture.layout["yaxis"]["range"]
    assert low > high and picture.layout["yaxis"]["ticktext"] == ["2", "1"]  # the first at the top
    assert "Shut more than half the time: 1; open as often: 1." in picture.alt
    own = openness_units(SAME, "dark", "forget gate", COUNTS)
    assert np.array(own.figure().data[0].customdata)[:, 0].tolist() == [1, 2]


def test_the_path_lies_in_the_plane_of_two_components():
    path, cloud = RANDOM.normal(size=(9, 3)), RANDOM.normal(size=(40, 3))
    picture = trajectory(SAME, "light", path, cloud, cloud[:, 0], explained=np.array([0.62, 0.2, 0.1]))
    ends, line, dots = picture.figure().data
    np.testing.assert_allclose(np.stack([line.x, line.y], 1), path[:, :2], rtol=1e-6)
    np.testing.assert_allclose(np.stack([ends.x, ends.y], 1), cloud[:, :2], rtol=1e-6)
    assert list(dots.marker.color) == list(range(1, 10)) and np.allclose(ends.marker.color, cloud[:, 0], atol=1e-4)
    assert picture.layout["xaxis"]["title"]["text"] == "PC 1 (62 %)" and words(picture)[0] == "PC 2 (20 %)"
    start, end = picture.layout["annotations"][-2:]
    assert (start["x"], end["y"]) == (path[0, 0], path[-1, 1]) and "start" in start["text"]
    assert "9 steps" in picture.alt and "62, 20 and 10 %" in picture.alt
    assert f"ends {np.linalg.norm(path[-1] - path[0]):.2f} from" in picture.alt
    low, high = picture.layout["xaxis"]["range"]
    assert low < min(path[:, 0].min(), cloud[:, 0].min()) and high > max(path[:, 0].max(), cloud[:, 0].max())


def seen(azimuth, elevation, path, cloud=None):
    cloud = np.array([[-1.0, -1, -1], [1, 1, 1]]) if cloud is None else cloud
    picture = trajectory(
        SAME, "dark", path, cloud, explained=np.ones(3) / 3, three_d=True, azimuth=azimuth, elevation=elevation
    )
    box, _, line, _ = picture.traces
    points = np.stack([line.data["x"], line.data["y"]], 1)
    edges = np.stack([box.data["x"], box.data["y"]], 1)
    return picture, points, edges[np.isfinite(edges).all(axis=1)]


def test_the_box_is_seen_as_an_engineer_would_draw_it():
    axes, edge = np.eye(3), 1 / 1.16  # the box has 8 % of room at each side
    _, front, _ = seen(0, 0, axes)
    np.testing.assert_allclose(front / edge, [[1, 0], [0, 0], [0, 1]], atol=1e-6)
    _, side, _ = seen(90, 0, axes)
    np.testing.assert_allclose(side / edge, [[0, 0], [1, 0], [0, 1]], atol=1e-6)
    _, above, _ = seen(0, 90, axes)
    np.testing.assert_allclose(above / edge, [[1, 0], [0, 1], [0, 0]], atol=1e-6)
    _, turned, _ = seen(90, 90, axes)
    np.testing.assert_allclose(turned / edge, [[0, -1], [1, 0], [0, 0]], atol=1e-6)


@pytest.mark.parametrize("azimuth", [0, 45, 130, 300])
@pytest.mark.parametrize("elevation", [0, 35, 80])
def test_whichever_way_it_is_turned_everything_stays_in_the_picture(azimuth, elevation):
    picture, points, edges = seen(azimuth, elevation, RANDOM.uniform(-1, 1, (30, 3)))
    assert len(edges) == 24
    for k, axis in enumerate(("xaxis", "yaxis")):
        low, high = picture.layout[axis]["range"]
        assert low < edges[:, k].min() <= points[:, k].min() and points[:, k].max() <= edges[:, k].max() < high
    assert [text for text in words(picture) if text.startswith("PC")] == ["PC 1 (33 %)", "PC 2 (33 %)", "PC 3 (33 %)"]


@pytest.mark.parametrize("three_d", [False, True])
@pytest.mark.parametrize("size", [1, 2])
def test_a_state_of_one_or_two_numbers_or_none_at_all_is_drawn_too(size, three_d):
    for path in (RANDOM.normal(size=(5, size)), np.ones((1, size)), np.full((4, size), np.nan)):
        picture = trajectory(
            SAME, "light", path, np.zeros((0, size)), np.zeros(0), explained=np.ones(size), three_d=three_d
        )
        for axis in ("xaxis", "yaxis"):
            assert np.isfinite(picture.layout[axis]["range"]).all()
        assert f"explain 100, {100 * (size - 1)} and 0 %" in picture.alt and f"{len(path)} steps" in picture.alt


def test_a_probes_scores_are_told_for_all_units_and_the_best():
    units = np.array([[0.1, 0.9, np.nan], [0.6, 0.2, np.nan], [0.3, 0.0, np.nan]])
    picture = readout(SAME, "light", np.array([0.834, -2.0, np.nan]), units, np.array([2, 0, 1]))
    together, alone = picture.figure().data
    np.testing.assert_allclose(np.ravel(together.z), [0.834, -2, np.nan], rtol=1e-6)
    np.testing.assert_allclose(alone.z, units[[2, 0, 1]].T, rtol=1e-6)
    assert np.array(alone.customdata)[1].tolist() == [3, 1, 2] and (alone.zmin, alone.zmax) == (0, 1)
    assert words(picture)[-6:] == ["0.83", "< 0", "–", "unit 2: 0.60", "unit 1: 0.90", "–"]
    assert picture.layout["yaxis"]["ticktext"] == ["value", "slope", "position"]
    assert picture.layout["xaxis2"]["ticktext"] == ["3", "1", "2"]
    assert "value: R² 0.83 from all 3 units, at best unit 2: 0.60" in picture.alt


def test_similar_moments_are_small_pictures_on_one_scale():
    others = WAVE[:5] + 0.1 * np.arange(1, 7)[:, None]
    picture = matches(SAME, "light", WAVE[:5], others, [f"window {k}" for k in range(6)])
    drawn = picture.figure().data
    assert len(drawn) == 12
    for k in range(6):
        np.testing.assert_allclose(drawn[2 * k].y, WAVE[:5], rtol=1e-6)
        np.testing.assert_allclose(drawn[2 * k + 1].y, others[k], rtol=1e-6)
        assert drawn[2 * k].xaxis == drawn[2 * k + 1].xaxis
    layout = picture.figure().layout
    assert len({layout[f"yaxis{k or ''}"].range for k in (0, 2, 3, 4, 5, 6)}) == 1
    assert layout.yaxis.domain[0] > layout.yaxis5.domain[1] and layout.xaxis.domain == layout.xaxis5.domain
    assert layout.xaxis.domain[1] < layout.xaxis2.domain[0]
    assert named(picture) == ["the watched span", "the other"]
    assert "window 0: off by 0.10; window 1: off by 0.20" in picture.alt and "window 5" in words(picture)
    none = matches(SAME, "light", WAVE[:5], np.zeros((0, 5)), [])
    assert not none.traces and "No other span" in none.alt
    assert matches(SAME, "light", WAVE[:1], np.ones((1, 1)), ["a"]).traces[0].style["mode"] == "markers"


def test_a_matrix_has_its_first_row_at_the_top_and_lines_between_the_gates():
    values = RANDOM.normal(size=(8, 3)) / 5
    picture = matrix(SAME, "light", "weight_ih_l0", values, blocks="ifgo")
    drawn = picture.figure().data[0]
    np.testing.assert_allclose(drawn.z, values, rtol=1e-6)
    assert drawn.zmax == -drawn.zmin and np.abs(values).max() <= drawn.zmax
    low, high = picture.layout["yaxis"]["range"]
    assert low > high and picture.layout["yaxis"]["tickvals"] == [0.5, 2.5, 4.5, 6.5]
    assert picture.layout["yaxis"]["ticktext"] == ["i", "f", "g", "o"]
    assert [line["y0"] for line in picture.layout["shapes"]] == [1.5, 3.5, 5.5]
    assert f"8 rows, 3 columns, from {values.min():.3f} to {values.max():.3f}" in picture.alt
    plain = matrix(SAME, "dark", "fc.weight", values, rows="Forecast", columns="Unit")
    assert plain.layout["shapes"] == [] and words(plain) == ["Forecast"]
    assert plain.layout["xaxis"]["title"]["text"] == "Unit"
    assert "from nan" in matrix(SAME, "dark", "w", np.full((2, 2), np.nan)).alt


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_styles_and_layouts_are_plain_values_that_can_be_sent_and_compared(theme):
    path, cloud = RANDOM.normal(size=(9, 3)), RANDOM.normal(size=(40, 3)).astype(np.float32)
    units = RANDOM.uniform(size=(5, 3))
    for picture in (
        trace(SAME, theme, "", WAVE, WAVE, kind="cell", span=(np.int64(2), np.int64(3))),
        openness(SAME, theme, {"a": COUNTS}, ["z"]),
        openness_units(SAME, theme, "", COUNTS, np.array([1, 0])),
        trajectory(SAME, theme, path, cloud, cloud[:, 0], explained=units[0], three_d=False),
        trajectory(SAME, theme, path, cloud, cloud[:, 0], explained=units[0], three_d=True),
        readout(SAME, theme, units[0], units, np.arange(5)),
        matches(SAME, theme, WAVE[:5], WAVE[None, 3:8], ["a"]),
        matrix(SAME, theme, "", cloud, blocks="rz"),
    ):
        sent = [picture.layout, *(trace.style for trace in picture.traces)]
        assert json.loads(json.dumps(sent, allow_nan=False)) and picture.alt and picture.figure()
        assert sent == [picture.layout, *(trace.style for trace in picture.traces)]
        assert all(isinstance(values, np.ndarray) for trace in picture.traces for values in trace.data.values())
