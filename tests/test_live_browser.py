"""The browser's side of the live pictures, in a real browser: what arrives is what was sent."""

from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from tests.browser import ROOT, serve, wait_for

EPOCHS = 500
TRAIN = (4 + 6 * np.exp(-np.arange(EPOCHS + 1) / 80)).astype(np.float32)
"""The curve of benchmarks/live_demo/app.py."""

STATIC = ROOT / "static"
PLOT = '.seqlab-plot[data-name="{}"]'
DRAWN = "plot => Array.from(plot._fullData?.[0]?.y ?? [])"


@pytest.fixture(scope="module")
def address():
    with serve("benchmarks/live_demo/app.py") as (address, _):
        yield address


def serve_files(page, pattern: str) -> None:
    """Hand over what the browser asks for below app/static/, if its name is like `pattern`."""
    page.route(
        f"**/app/static/{pattern}",
        lambda route: route.fulfill(path=STATIC / Path(urlsplit(route.request.url).path).name),
    )


def drawn(page, name: str) -> list[float]:
    return page.locator(PLOT.format(name)).evaluate(DRAWN)


def test_the_curves_arrive_whole_and_no_chart_is_rebuilt(browser, address):
    page = browser.new_page(viewport={"width": 1400, "height": 800})
    serve_files(page, "*")
    page.goto(address)
    wait_for(lambda: page.locator(".seqlab-plot .svg-container").count() == 3, 20)
    page.evaluate("document.querySelectorAll('.seqlab-plot .main-svg').forEach(svg => svg.marked = true)")
    wait_for(lambda: len(drawn(page, "convergence")) == EPOCHS + 1, 20)
    np.testing.assert_array_equal(drawn(page, "convergence"), TRAIN)
    np.testing.assert_array_equal(drawn(page, "gradient"), TRAIN[1:])
    assert page.evaluate("[...document.querySelectorAll('.seqlab-plot .main-svg')].every(svg => svg.marked)")
    board = page.locator("[data-mounts]")
    assert board.get_attribute("data-mounts") == "1"
    assert int(board.get_attribute("data-resyncs") or 0) <= 3  # a busy browser may miss messages

    page.get_by_text("Look inside").click()
    page.wait_for_selector(PLOT.format("states"), state="hidden")
    page.get_by_text("Shown").click()
    page.wait_for_selector(".seqlab-panel", state="detached")
    page.get_by_text("Shown").click()
    wait_for(lambda: page.locator(PLOT.format("gradient")).count() == 1, 10)
    wait_for(lambda: len(drawn(page, "convergence")) == EPOCHS + 1, 10)
    np.testing.assert_array_equal(drawn(page, "gradient"), TRAIN[1:])
    page.close()


def test_what_cannot_be_loaded_is_words_instead_of_a_blank(browser, address):
    page = browser.new_page()
    page.goto(address)
    wait_for(lambda: "could not be drawn" in page.locator(".seqlab-board").inner_text(), 20)
    page.close()


def test_without_the_library_each_picture_says_so_and_keeps_its_alternative(browser, address):
    page = browser.new_page()
    serve_files(page, "live.*")
    page.goto(address)
    plot = page.locator(PLOT.format("convergence"))
    wait_for(lambda: "could not be drawn" in plot.inner_text(), 20)
    wait_for(lambda: "after 500 epochs" in plot.get_attribute("aria-label"), 20)
    page.close()
