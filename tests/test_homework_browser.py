"""The homework's table in a real browser: it fills live from one click, and nothing that is finished is lost."""

import re

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser import NOISE, serve, wait_for

SMALL = "/homework?homework.epochs=150&homework.seeds=2&homework.hidden_size=8"
DRAWN = '.seqlab-plot[data-name="overlay"]'


@pytest.fixture(scope="module")
def server():
    with serve() as (address, process):
        yield address, process


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, locale="en-GB")
    opened = context.new_page()
    opened.problems = []
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.on("console", lambda line: opened.problems.append(line.text) if line.type == "error" else None)
    yield opened
    assert [problem for problem in opened.problems if not NOISE.search(problem)] == []
    context.close()


def button(page, name):
    return page.locator(f".st-key-homework-{name} button:visible").first


def done(page) -> tuple[int, int]:
    found = re.search(r"(\d+) of (\d+) runs", page.locator('[data-testid="stProgress"]').first.inner_text())
    return int(found[1]), int(found[2])


def scores(page) -> list[str]:
    """Test scores of the rows below the given one."""
    return page.locator(".st-key-homework-table tbody tr td:nth-child(3)").all_inner_texts()[1:]


def fill(page, address, path=SMALL) -> None:
    page.goto(address + path)
    page.wait_for_selector(f"{DRAWN} .main-svg")
    button(page, "start").click()


def test_the_table_fills_live_from_one_click_and_survives_a_reload(page, server):
    address, _ = server
    fill(page, address)
    page.evaluate("document.querySelectorAll('.seqlab-plot .main-svg').forEach(svg => svg.marked = true)")
    seen = set()
    wait_for(lambda: seen.add(done(page)[0]) or done(page) == (12, 12), 120, 0.1)
    assert len(seen) >= 4  # it was watched while it filled
    assert page.evaluate("[...document.querySelectorAll('.seqlab-plot .main-svg')].every(svg => svg.marked)")
    wait_for(lambda: len(scores(page)) == 9 and "–" not in scores(page), 20)
    expect(page.get_by_text("No network beats the naive forecast")).to_be_visible()
    before = scores(page)
    page.reload()
    page.wait_for_selector(f"{DRAWN} .main-svg")
    wait_for(lambda: scores(page) == before, 20)
    assert done(page) == (12, 12) and button(page, "start").is_disabled()


def test_closing_the_tab_in_the_middle_loses_nothing_that_is_finished(page, server):
    address, _ = server
    path = "/homework?homework.epochs=2000&homework.seeds=3&homework.models=rnn&homework.hidden_size=8"
    fill(page, address, path)
    wait_for(lambda: done(page)[0] >= 7, 120)  # six classical forecasters and a network
    context, link = page.context, page.url
    page.close()
    again = context.new_page()
    again.goto(link)
    again.wait_for_selector(f"{DRAWN} .main-svg")
    assert done(again)[0] >= 7
    assert "–" not in scores(again)[0]
    button(again, "stop").click()
    wait_for(lambda: button(again, "start").is_enabled(), 20)
    assert done(again)[0] >= 7


def test_the_notebook_is_a_download(page, server):
    address, _ = server
    fill(page, address, SMALL + "&homework.models=rnn&homework.view=home")
    wait_for(lambda: done(page)[0] == done(page)[1], 120)
    take = page.locator(".st-key-homework-take-ipynb button")
    expect(take).to_be_enabled(timeout=20_000)
    with page.expect_download() as waiting:
        take.click()
    made = nbformat.read(waiting.value.path(), as_version=4)
    assert waiting.value.suggested_filename == "HW02.ipynb"
    assert "hidden_size=8" in "".join(cell.source for cell in made.cells)
