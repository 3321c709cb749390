"""The time machine in a real browser: scrubbed, played and forked by mouse and by keyboard."""

import re

import pytest

from tests.browser import chromium, serve, wait_for

SPEC = "/train?train.architecture=gru&train.hidden_size=8&train.epochs=120"
CURSOR = """name => {
  const traces = document.querySelector(`.seqlab-plot[data-name="${name}"]`).data;
  const line = traces.find((trace) => trace.hoverinfo === "skip" && trace.x?.length === 2 && trace.x[0] === trace.x[1]);
  return line ? line.x[0] : null;
}"""
FORECAST = """() => document.querySelector('.seqlab-plot[data-name="forecast"]').data
  .find((trace) => trace.name === "test")?.y?.[5]"""


@pytest.fixture(scope="module")
def page():
    with serve() as (address, _), chromium() as browser:
        context = browser.new_context(viewport={"width": 1400, "height": 800})
        page = context.new_page()
        page.goto(address + SPEC)
        page.wait_for_selector(".seqlab-panel .main-svg")
        page.locator(".st-key-train-bar-start button").click()
        wait_for(lambda: "Finished" in state(page), 60)
        yield page
        context.close()


def state(page) -> str:
    return page.locator(".st-key-state").inner_text()


def told(page) -> int | None:
    """The epoch that is shown, in the slider's words."""
    found = re.match(r"Epoch ([\d,]+):", page.locator(".seqlab-timeline output").inner_text())
    return int(found[1]) if found else None


def shows(page, epoch):
    return lambda: told(page) == epoch and page.evaluate(CURSOR, "convergence") == epoch


def test_the_keyboard_alone_goes_back_and_forth_and_all_pictures_follow(page):
    slider = page.get_by_role("slider", name="Time machine")
    slider.focus()
    now = page.evaluate(FORECAST)
    slider.press("Home")
    wait_for(shows(page, 0), 5)
    wait_for(lambda: page.evaluate(CURSOR, "gradient") == 0 and page.evaluate(FORECAST) not in (None, now), 5)
    untrained = page.evaluate(FORECAST)
    slider.press("ArrowRight")
    wait_for(shows(page, 1), 5)
    assert slider.get_attribute("aria-valuetext").startswith("Epoch 1: train ")
    slider.press("PageUp")
    wait_for(lambda: (told(page) or 0) > 5, 5)
    slider.press("Home")
    wait_for(lambda: page.evaluate(FORECAST) == untrained, 5)
    slider.press("End")
    wait_for(lambda: told(page) is None and page.evaluate(CURSOR, "convergence") is None, 5)
    wait_for(lambda: page.evaluate(FORECAST) == now, 5)  # the present is as it was


def test_no_chart_is_rebuilt_while_the_training_is_played_and_it_ends_at_now(page):
    page.evaluate("document.querySelectorAll('.seqlab-plot .main-svg').forEach(svg => svg.marked = true)")
    play = page.get_by_role("button", name="Play the training")
    play.focus()
    play.press("Enter")
    seen = set()
    wait_for(lambda: seen.add(told(page)) or len(seen) > 12, 30, pause=0.02)
    page.get_by_role("button", name="Pause the playback").click()
    page.wait_for_timeout(500)
    here = told(page)
    page.wait_for_timeout(500)
    assert told(page) == here
    page.get_by_role("button", name="Play the training").click()
    wait_for(lambda: told(page) is None and page.locator(".seqlab-play").count() == 1, 30)
    assert page.evaluate("[...document.querySelectorAll('.seqlab-plot .main-svg')].every(svg => svg.marked)")


def test_a_fork_from_an_epoch_shows_both_futures_and_can_be_taken_back(page):
    slider = page.get_by_role("slider", name="Time machine")
    slider.fill("60")
    wait_for(shows(page, 60), 5)
    page.get_by_role("button", name="Fork").click()
    page.get_by_label("Gradient clipping").last.fill("0.001")
    page.get_by_label("Gradient clipping").last.press("Enter")
    page.get_by_role("button", name="Fork here").click()
    lines = """() => document.querySelector('.seqlab-plot[data-name="convergence"]').data
      .map((trace) => [trace.name, [...(trace.y ?? [])]])"""
    wait_for(lambda: "Finished" in state(page) and "original test" in dict(page.evaluate(lines)), 30)
    wait_for(lambda: len(dict(page.evaluate(lines))["test"]) == 121, 10)
    curves = dict(page.evaluate(lines))
    fork, original = curves["test"], curves["original test"]
    assert fork[:61] == original[:61] and fork[70] != original[70] and len(fork) == len(original) == 121
    page.keyboard.press("Escape")
    page.wait_for_timeout(1500)  # a click while the page is being drawn anew may meet a button that is no more
    page.get_by_role("button", name="Fork").click()
    page.get_by_role("button", name="Take back this fork").click()
    wait_for(lambda: "original test" not in dict(page.evaluate(lines)), 30)  # a tick at rest comes every 20 seconds
    wait_for(lambda: dict(page.evaluate(lines))["test"] == original, 10)
