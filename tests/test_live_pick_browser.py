"""A click on a picture of the live board, in a real browser: the page learns which one, and where."""

import ast

import pytest

from tests.browser import ROOT, chromium, serve, wait_for
from tests.test_live_browser import PLOT, serve_files

APP = f"""
import sys
from dataclasses import replace

import numpy as np
import streamlit as st

sys.path.insert(0, {str(ROOT)!r})

from pages.kit.live import board, theme
from seqcore.figures.beam_tree import beam_tree
from seqcore.figures.token_map import token_map

shade = st.slider("Shade", 0.0, 1.0, 0.5)
picks = st.session_state.setdefault("picks", [])
source = ["how", "are", "<b>x</b>", "%{{z}}"]
made = token_map(str, theme(), "Attention", np.full((3, 4), shade), source, ["你", "你", "<end>"], kind="weights",
                 cells=[(1, 1, "masked")])
tree = beam_tree(str, theme(), ["<start>", "你", "您"], [0, 0, 0], [0, 1, 1], [0, -1, -2], [True] * 3, [False] * 3, 1)
pictures = [replace(made, clickable=True), replace(made, name="still"), replace(tree, clickable=True)]
board(pictures, key="pick.board", on_pick=lambda *place: picks.append(place))
st.write(f"Picks: {{picks}}")
"""

CELL = """(plot, [row, column]) => {
  const { xaxis, yaxis } = plot._fullLayout;
  const box = plot.getBoundingClientRect();
  return { x: box.x + xaxis._offset + xaxis.r2p(column), y: box.y + yaxis._offset + yaxis.r2p(row) };
}"""
REDRAW = "plot => Plotly.react(plot, plot.data, plot.layout)"
CURSOR = "plot => getComputedStyle(plot.querySelector('.nsewdrag')).cursor"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    script = tmp_path_factory.mktemp("pick") / "app.py"
    script.write_text(APP, encoding="utf-8")
    with serve(str(script)) as (address, _), chromium() as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 800}, has_touch=True)
        serve_files(page, "*")
        page.goto(address)
        wait_for(lambda: page.locator(".seqlab-plot .svg-container").count() == 3, 20)
        yield page
        page.close()


def at(page, name: str, row: float, column: float) -> tuple[float, float]:
    place = page.locator(PLOT.format(name)).evaluate(CELL, [row, column])
    return place["x"], place["y"]


def told(page) -> list[tuple[str, float, float]]:
    return ast.literal_eval(page.get_by_text("Picks:").inner_text().removeprefix("Picks: "))


def test_a_click_or_tap_tells_its_cell_once_whatever_is_redrawn_meanwhile(page):
    plot = page.locator(PLOT.format("attention"))
    page.mouse.move(*at(page, "attention", 1, 2))
    plot.evaluate(REDRAW)
    page.mouse.down()
    plot.evaluate(REDRAW)
    page.mouse.up()
    wait_for(lambda: told(page) == [("attention", 2.0, 1.0)], 10)
    page.get_by_role("slider").press("ArrowRight")
    page.mouse.click(*at(page, "attention", 1, 1))  # below the cross of a masked cell
    wait_for(lambda: told(page)[1:] == [("attention", 1.0, 1.0)], 10)
    page.touchscreen.tap(*at(page, "attention", 2, 0))
    wait_for(lambda: told(page)[2:] == [("attention", 0.0, 2.0)], 10)


def test_of_a_tree_the_nearest_node_is_told(page):
    before = told(page)
    page.mouse.click(*at(page, "beam", 0.5, 0.5))  # far from all of them
    x, y = at(page, "beam", 0, 1)
    page.mouse.click(x - 8, y + 8)
    wait_for(lambda: told(page) == [*before, ("beam", 1.0, 0.0)], 10)


def test_what_is_not_clickable_or_not_a_click_is_silent_and_only_the_former_has_no_pointer(page):
    before = told(page)
    page.mouse.click(*at(page, "still", 0, 0))
    page.mouse.click(*at(page, "attention", 0, 0), button="right")
    page.mouse.move(*at(page, "attention", 0, 0))
    page.mouse.down()
    page.mouse.move(*at(page, "attention", 2, 3))
    page.mouse.up()
    page.mouse.click(*at(page, "attention", 0, 3))
    wait_for(lambda: told(page) == [*before, ("attention", 3.0, 0.0)], 10)
    assert page.locator(PLOT.format("attention")).evaluate(CURSOR) == "pointer"
    assert page.locator(PLOT.format("still")).evaluate(CURSOR) != "pointer"


def test_tokens_are_shown_letter_by_letter(page):
    plot = page.locator(PLOT.format("attention"))
    assert plot.locator(".xtick text").all_text_contents() == ["how", "are", "<b>x</b>", "%{z}"]
    assert sorted(plot.locator(".ytick text").all_text_contents()) == ["<end>", "你", "你"]
    page.mouse.move(*at(page, "attention", 0, 2))
    wait_for(lambda: "source: <b>x</b>" in plot.locator(".hoverlayer").text_content(), 5)
    page.mouse.move(*at(page, "attention", 0, 3))
    wait_for(lambda: "source: %{z}" in plot.locator(".hoverlayer").text_content(), 5)
