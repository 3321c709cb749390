"""The beam search as it was, drawn as a tree."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pages.kit.live import Feed
from seqcore.figures.beam_tree import SMALLEST, beam_tree, height
from tests.test_figures import SAME, words

TOKENS = ["<start>", "你", "您", "好", "<end>", "們", "<b>x</b>", "<end>", "嗎"]
PARENTS = np.array([0, 0, 0, 1, 1, 1, 2, 3, 3])
STEPS = np.array([0, 1, 1, 2, 2, 2, 2, 3, 3])
LOGS = -np.array([0, 0.1, 1, 0.3, 1.5, 4, 3, 0.4, 2])
KEPT = np.array([1, 1, 1, 1, 1, 0, 0, 1, 0], bool)
FINISHED = np.array([0, 0, 0, 0, 1, 0, 0, 1, 0], bool)


def tree(theme="light", **change):
    return beam_tree(SAME, theme, TOKENS, PARENTS, STEPS, LOGS, KEPT, FINISHED, 7, **change)


def grown(width: int, steps: int, seed: int):
    """A tree as a beam search of this width grows it: arrays, and the number of the best."""
    rng, live = np.random.default_rng(seed), [0]
    parents, at, logs, kept = [0], [0], [0.0], [True]
    for step in range(1, steps + 1):
        new = []
        for parent in live:
            for _ in range(width):
                new.append(len(parents))
                parents.append(parent)
                at.append(step)
                logs.append(logs[parent] - rng.exponential())
        live = sorted(new, key=lambda k: -logs[k])[:width]
        kept += [k in live for k in new]
    tokens = ["<start>", *(chr(0x4E00 + k % 99) for k in range(1, len(parents)))]
    arrays = [np.array(part) for part in (parents, at, logs, kept)]
    return tokens, *arrays, np.zeros(len(parents), bool), live[0]


def test_the_best_path_is_heavy_and_every_node_says_its_sentence():
    picture = tree()
    pruned, kept, best, nodes = picture.figure().data
    np.testing.assert_array_equal(best.x[~np.isnan(best.x)], [0, 1, 1, 2, 2, 3])
    assert best.line.width > kept.line.width > pruned.line.width and pruned.line.dash == "dot"
    assert len(pruned.x) == 9 and len(kept.x) == 6  # two ends and a gap for each edge
    np.testing.assert_array_equal(nodes.x, STEPS)
    assert list(nodes.text) == ["<b>&lt;start&gt;</b>", "<b>你</b>", "您", "<b>好</b>", "&lt;end&gt;", "們",
                                "&lt;b&gt;x&lt;/b&gt;", "<b>&lt;end&gt;</b>", "嗎"]  # fmt: skip
    assert [k for k, symbol in enumerate(nodes.marker.symbol) if symbol == "square"] == [4, 7]
    assert nodes.customdata[6] == "您 &lt;b&gt;x&lt;/b&gt;<br>log-probability -3.000 nats"
    assert picture.title == "Beam search: 你 好 <end>" and words(picture) == ["Hypotheses", "■ finished"]
    assert "3 steps: kept hypotheses 5, pruned 3, finished 2. The best: 你 好 <end>, log-probability -0.400 nats." in (
        picture.alt
    )


def test_of_many_pruned_ones_the_likeliest_are_drawn_and_that_is_said():
    picture = tree(most=1)
    nodes = picture.traces[-1].data
    assert len(nodes["x"]) == 8 and "們" not in nodes["text"]  # of 們 and <b>x</b> the likelier
    assert words(picture)[1] == "■ finished · pruned, not drawn: 1"
    assert picture.alt.endswith("Of the pruned ones, 1 of the less likely are not drawn.")
    assert "not drawn" not in tree().alt


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 3), st.integers(0, 99))
def test_no_nodes_lie_on_each_other_and_no_edges_cross(width, steps, most, seed):
    picture = beam_tree(SAME, "dark", *grown(width, steps, seed), most=most)
    edges = {}  # by step: (height of the parent, height of the node)
    for trace in picture.traces[:3]:
        x, y = trace.data["x"].reshape(-1, 3), trace.data["y"].reshape(-1, 3)
        for (_, step, _), (start, end, _) in zip(x, y, strict=True):
            edges.setdefault(step, []).append((start, end))
    for lines in edges.values():
        ordered = sorted(lines, key=lambda line: line[1])
        assert all(low[1] + 1 <= high[1] and low[0] <= high[0] for low, high in pairwise(ordered))
    nodes = picture.traces[-1].data
    assert nodes["y"].min() == 0 and len(nodes["x"]) == 1 + sum(map(len, edges.values()))
    assert len(nodes["x"]) <= 1 + steps * (width + most)


def test_the_widest_and_longest_search_is_drawn_and_still_small():
    picture = beam_tree(SAME, "light", *grown(10, 30, 1))
    nodes = picture.traces[-1]
    assert len(nodes.data["x"]) == 1 + 10 + 29 * 13
    assert sum(text != "" for text in nodes.data["text"]) == 31  # the best path alone is named
    assert nodes.style["textfont"]["size"] == SMALLEST
    assert len(picture.title) < 60 and picture.title.endswith("…")
    assert max(len(line) for line in nodes.data["customdata"][-1].split("<br>")) <= 40
    assert len(json.dumps(Feed().message([picture]))) < 120_000
    assert height(13) > height(6) > 205


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_search_that_has_not_begun_is_a_root(theme):
    one = np.zeros(1)
    picture = beam_tree(SAME, theme, ["<start>"], one.astype(int), one, one, one == 0, one > 0, 0)
    assert len(picture.figure().data[-1].x) == 1 and picture.title == "Beam search: …"
    for made in (picture, tree(theme)):
        json.dumps([made.layout, *(trace.style for trace in made.traces)])
        drawn = [values for trace in made.traces for name, values in trace.data.items() if name in "xy"]
        assert all(values.dtype == np.float32 for values in drawn) and made.layout["xaxis"]["title"]["text"]
