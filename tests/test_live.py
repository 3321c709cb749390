"""What the live pictures send: the whole once, then only what changed."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import plotly.offline
from hypothesis import given, settings
from hypothesis import strategies as st

from pages.kit.live import LOADER, OVERLAP, Feed, picked
from seqcore.figures.convergence import Curve, convergence
from seqcore.figures.gradient import gradient
from seqcore.figures.states import states

ROOT = Path(__file__).parents[1]
LONG = np.random.default_rng(1).uniform(4, 9, 501).astype(np.float32)


def pictures(n: int):
    return [
        convergence(
            str, "light", Curve("", LONG[:n], LONG[:n] + 1), unit="m", epochs=500, pinned=[Curve("A", LONG, LONG)]
        ),
        gradient(str, "light", LONG[:n], epochs=500),
    ]


class Browser:
    """What live.js does with messages, in Python."""

    def __init__(self):
        self.seq, self.parts = None, {}

    def take(self, message) -> bool:
        message = json.loads(json.dumps(message))
        if not message["whole"] and (self.seq is None or message["seq"] - self.seq > OVERLAP):
            return False
        if message["whole"]:
            self.parts = {}
        self.seq = message["seq"]
        for name, parts in message["pictures"].items():
            for key, part in parts.items():
                old = self.parts.get((name, key))
                if "f" not in part:
                    self.parts[name, key] = part["v"]
                    continue
                fresh = np.frombuffer(base64.b64decode(part["f"]), "<f4")
                start = part.get("from", 0)
                if start and (old is None or len(old) < start):
                    return False
                self.parts[name, key] = np.concatenate([old[:start], fresh]) if start else fresh
        return True


def test_what_was_away_and_comes_back_is_sent_again():
    feed, browser, curve = Feed(), Browser(), Curve("", LONG, LONG)
    for naive in (6.5, None, None, None, 6.5):  # a run that begins has no naive forecast yet
        assert browser.take(feed.message([convergence(str, "light", curve, unit="m", epochs=500, naive=naive)]))
    assert (
        browser.parts["convergence", "2.style"]["name"].startswith("naive") and browser.parts["convergence", "2.y"].size
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=40))
def test_a_browser_that_misses_messages_still_has_the_curve(ticks):
    feed, browser, n = Feed(), Browser(), 1
    for grown, lost in ticks:
        n = min(501, n + grown)
        message = feed.message(pictures(n), moving=True)
        if lost:
            continue
        if not browser.take(message):
            feed.forget()
            assert browser.take(feed.message(pictures(n), moving=True))
        assert browser.parts["gradient", "alt"]
        np.testing.assert_array_equal(browser.parts["convergence", "2.y"], LONG[:n])
        np.testing.assert_array_equal(browser.parts["gradient", "0.y"], LONG[1:n])


def test_a_browser_that_misses_the_first_messages_need_not_ask():
    feed, browser = Feed(), Browser()
    messages = [feed.message(pictures(n), moving=True) for n in (10, 20, 30)]
    assert browser.take(messages[-1])
    np.testing.assert_array_equal(browser.parts["gradient", "0.y"], LONG[1:30])


def test_a_new_run_takes_the_place_of_the_old_one():
    feed, browser = Feed(), Browser()
    for values in (LONG, LONG[::-1]):
        for n in (100, 140, 180, 220):
            run = Curve("", values[:n], values[:n])
            assert browser.take(feed.message([convergence(str, "light", run, unit="m", epochs=500)]))
            np.testing.assert_array_equal(browser.parts["convergence", "0.y"], values[:n])


def test_a_tick_of_the_curves_is_small():
    feed = Feed()
    sizes = [len(json.dumps(feed.message(pictures(n), moving=True))) for n in range(40, 501, 40)]
    assert max(sizes[OVERLAP:]) + len(LOADER) <= 5_000
    assert len(json.dumps([feed.message(pictures(500)) for _ in range(4)][-1])) < 300


def test_a_change_of_the_look_is_sent_and_nothing_else():
    feed = Feed()
    for _ in range(OVERLAP + 1):
        feed.message(pictures(100))
    dark = feed.message([convergence(str, "dark", Curve("", LONG[:100], LONG[:100] + 1), unit="m", epochs=500,
                                     pinned=[Curve("A", LONG, LONG)]), pictures(100)[1]])  # fmt: skip
    assert set(dark["pictures"]["convergence"]) == {"layout", "0.style", "1.style", "2.style", "3.style"}
    assert dark["pictures"]["gradient"] == {}


def test_a_heat_map_keeps_its_shape():
    values = np.arange(12.0).reshape(4, 3)
    message = Feed().message([states(str, "light", "h", values, kind="hidden")])
    part = message["pictures"]["states"]["0.z"]
    assert part["shape"] == [3, 4]
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(part["f"]), "<f4").reshape(3, 4), values.T)


def test_the_bundle_is_the_python_packages_version_and_draws_what_we_draw():
    bundle = (ROOT / "static/plotly-cartesian.min.js").read_text(encoding="utf-8")
    assert (
        re.search(r"plotly\.js \(cartesian - minified\) v([\d.]+)", bundle)[1] == plotly.offline.get_plotlyjs_version()
    )
    assert '"heatmap"' in bundle and '"scatter"' in bundle


def test_the_browsers_side_builds_no_markup_from_data():
    script = (ROOT / "static/live.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script)
    assert f"const OVERLAP = {OVERLAP};" in script


def test_words_follow_a_moving_picture_slowly_and_a_resting_one_at_once():
    feed = Feed()
    feed.message(pictures(40), moving=True)
    for n in (81, 82, 83):
        last = feed.message(pictures(n), moving=True)
    assert "alt" not in last["pictures"]["convergence"]
    assert "after 83 epochs" in feed.message(pictures(84))["pictures"]["convergence"]["alt"]["v"]


def test_a_trace_that_takes_anothers_place_inherits_nothing_of_it():
    feed, browser = Feed(), Browser()
    run = Curve("", LONG[:9], LONG[:9])
    for pinned in ([], [Curve("A", LONG, LONG)], []):
        browser.take(feed.message([convergence(str, "light", run, unit="m", epochs=9, naive=5.0, pinned=pinned)]))
        wanted = [["y"]] * (2 + 2 * len(pinned)) + [["x", "y"]]
        assert browser.parts["convergence", "arrays"] == wanted


def test_a_click_is_a_place_in_a_clickable_picture_and_nothing_else():
    names = {"attention"}
    assert picked({"name": "attention", "x": 3, "y": 0.5}, names) == ("attention", 3.0, 0.5)
    for bad in (-1, 1001, float("nan"), float("inf"), True, "3", None, [3], 10**400):
        assert picked({"name": "attention", "x": bad, "y": 0}, names) is None
        assert picked({"name": "attention", "x": 0, "y": bad}, names) is None
    for sent in (None, "attention", 3, [], {}, {"name": "states", "x": 0, "y": 0}, {"name": ["attention"], "x": 0}):
        assert picked(sent, names) is None


def test_whether_a_picture_takes_clicks_is_sent_when_it_changes():
    feed, made = Feed(), pictures(9)[1]
    first = feed.message([made])["pictures"]["gradient"]["clickable"]
    for _ in range(OVERLAP):
        feed.message([made])
    then = feed.message([replace(made, clickable=True)])["pictures"]["gradient"]
    assert (first, then) == ({"v": False}, {"clickable": {"v": True}})
    assert feed.message([replace(made, clickable=True, tall=True)])["pictures"]["gradient"]["tall"] == {"v": True}
