"""Gradients through time in a real browser, live, by keyboard and by mouse, down to a phone's width."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser import wait_for

SMALL = "/gradients?gradients.lag=8&gradients.hidden_size=8&gradients.epochs=12&gradients.stop=false"
LONG = SMALL.replace("epochs=12", "epochs=5000")
TELESCOPE = """([...document.querySelectorAll('.seqlab-plot')].find((plot) => plot.dataset.name === 'telescope')
    ?.data ?? []).map((trace) => [...trace.y].map((y) => (Number.isFinite(y) ? y : null)))"""
FINITE = """(plot) => plot.data.some(({ y, z }) => [...(z ?? [y ?? []])].some((row) => row.some(Number.isFinite)))"""
MARK = "document.querySelectorAll('.seqlab-plot .main-svg').forEach((svg) => (svg.marked = true))"
MARKED = "[...document.querySelectorAll('.seqlab-plot .main-svg')].every((svg) => svg.marked)"


@pytest.fixture
def opened(visited):
    """Opens the page, of small networks where nothing else is asked for."""
    return lambda path=SMALL, *size, **more: visited(path, *size, **more)


def state(page) -> str:
    return page.locator(".st-key-state").inner_text()


def epochs(page) -> list[int]:
    """How far each network is, of those that train."""
    return [int(number.replace(",", "")) for number in re.findall(r"epoch ([\d,]+) of", state(page))]


def button(page, name):
    return page.locator(f".st-key-gradients-bar-{name} button").first


def view(page, name):
    page.locator(".st-key-gradients-view").get_by_role("radio", name=name).click()


def begun(page):
    """Training, by keyboard, of all three."""
    page.keyboard.press("Control+Enter")
    wait_for(lambda: len(epochs(page)) == 3 and min(epochs(page)) > 2, 60)


def stopped(page):
    button(page, "stop").click()
    wait_for(lambda: state(page).count("Stopped") == 3, 20)


def test_three_networks_train_live_pause_go_on_and_stop_within_a_second(opened):
    page = opened(LONG)
    expect(page.locator(".st-key-state")).to_contain_text("Recorded run, not live")
    page.wait_for_selector(".seqlab-panel .main-svg")
    assert len(page.evaluate(TELESCOPE)) == 3 and all(any(curve) for curve in page.evaluate(TELESCOPE))
    begun(page)
    page.evaluate(MARK)
    board = page.locator("[data-draws]")
    draws, first = int(board.get_attribute("data-draws")), page.evaluate(TELESCOPE)
    assert {len(curve) for curve in first} == {13} and all(all(curve) for curve in first)
    time.sleep(2)
    assert int(board.get_attribute("data-draws")) > draws + 10
    wait_for(lambda: all(old != new for old, new in zip(first, page.evaluate(TELESCOPE), strict=True)), 20)
    button(page, "pause").click()
    wait_for(lambda: state(page).count("Paused") == 3, 20)
    time.sleep(0.5)
    held = page.evaluate(TELESCOPE)
    time.sleep(0.7)
    assert page.evaluate(TELESCOPE) == held
    button(page, "resume").click()
    wait_for(lambda: len(epochs(page)) == 3 and page.evaluate(TELESCOPE) != held, 20)
    clicked = time.monotonic()
    stopped(page)
    assert time.monotonic() - clicked < 2  # a second, and what the browser of a busy machine takes to click and read
    assert page.evaluate(MARKED) and board.get_attribute("data-mounts") == "1"


def test_by_keyboard_alone_one_trains_goes_back_through_time_and_returns(opened):
    page = opened(SMALL)
    page.keyboard.press("Control+Enter")
    wait_for(lambda: state(page).count("solved after") == 3, 60)
    expect(button(page, "pause")).to_be_disabled(timeout=20_000)  # all have ended
    wait_for(lambda: len(page.evaluate(TELESCOPE)) == 3, 20)
    time.sleep(0.5)
    now = page.evaluate(TELESCOPE)
    slider = page.get_by_role("slider", name="Time machine")
    slider.focus()
    page.keyboard.press("Home")
    wait_for(lambda: all(old != new for old, new in zip(now, page.evaluate(TELESCOPE), strict=True)), 20)
    expect(slider).to_have_attribute("aria-valuetext", re.compile("Epoch 0:"))
    page.keyboard.press("End")
    wait_for(lambda: page.evaluate(TELESCOPE) == now, 20)
    views = page.locator(".st-key-gradients-view")
    views.get_by_role("radio", name="Telescope").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".seqlab-panel:not([hidden]) strong").first).to_have_text("Who learns to remember?")


def test_the_past_stays_in_view_while_the_networks_go_on_and_a_reload_finds_them_again(opened):
    page = opened(LONG)
    begun(page)
    slider = page.get_by_role("slider", name="Time machine")
    slider.focus()
    page.keyboard.press("Home")
    wait_for(lambda: "Epoch 0:" in slider.get_attribute("aria-valuetext"), 20)
    time.sleep(1.5)  # until all three are shown so
    past, here = page.evaluate(TELESCOPE), epochs(page)
    wait_for(lambda: min(now - then for now, then in zip(epochs(page), here, strict=True)) > 5, 20)
    assert page.evaluate(TELESCOPE) == past and "Epoch 0:" in slider.get_attribute("aria-valuetext")
    here = epochs(page)
    page.reload()
    wait_for(lambda: len(epochs(page)) == 3 and min(epochs(page)) > min(here), 15)
    assert all(name in state(page) for name in ("Vanilla RNN", "LSTM", "GRU"))
    stopped(page)


def test_an_explosion_is_told_with_its_step_and_drawn(opened):
    page = opened("/gradients?gradients.cells=rnn&gradients.cell=rnn&gradients.lag=100&gradients.init=identity"
                  "&gradients.relu=true&gradients.gain=1.6&gradients.clip=0")  # fmt: skip
    page.keyboard.press("Control+Enter")
    told = page.get_by_role("alert")
    wait_for(lambda: "overflows at step 7 of 105" in " ".join(told.all_inner_texts()), 20)
    assert "Diverged at epoch 1" in told.first.inner_text()
    curve = wait_for(lambda: len(found := page.evaluate(TELESCOPE)) == 1 and len(found[0]) == 105 and found[0], 20)
    assert curve[0] < curve[20] < curve[60] and curve[-1] is None
    for plot in page.locator(".seqlab-panel:not([hidden]) .seqlab-plot").all():
        plot.scroll_into_view_if_needed()
        wait_for(lambda plot=plot: plot.evaluate(FINITE) or "overflow" in plot.inner_text(), 20)


def test_the_exploding_experiment_ends_with_a_sentence(opened):
    page = opened("/gradients")
    page.get_by_role("button", name="What does an explosion look like?").click()
    wait_for(lambda: "Diverged at epoch" in " ".join(page.get_by_role("alert").all_inner_texts()), 20)
    wait_for(lambda: page.locator(".seqlab-panel:visible").count() == 4, 20)
    assert all(part in page.evaluate("location.href") for part in ("gradients.clip=0.0", "gradients.cells=rnn"))


def test_the_lag_map_fills_and_stop_keeps_what_is_done(opened):
    page = opened(SMALL + "&gradients.view=lags&gradients.lags=2,3,5,8,10,15&gradients.seeds=3")
    page.keyboard.press("Control+Enter")
    bar = page.locator(".stProgress")
    ended = lambda: int(re.search(r"(\d+) of 54", bar.inner_text())[1])  # noqa: E731
    wait_for(lambda: ended() >= 6, 40)
    filled = """() => [...document.querySelector('.seqlab-plot[data-name="lag_map"]').data[0].z]
        .flatMap((row) => [...row]).filter(Number.isFinite).length"""
    wait_for(lambda: page.evaluate(filled) >= 2, 20)
    stop = page.locator(".st-key-gradients-lagmap-stop button").first
    stop.click()
    expect(stop).to_be_disabled(timeout=2000)
    kept, fields = ended(), page.evaluate(filled)
    assert 6 <= kept < 54 and fields >= 2
    time.sleep(1)
    assert ended() == kept and page.evaluate(filled) >= fields


def test_on_a_phone_nothing_is_wider_than_the_screen(opened):
    page = opened("/gradients?gradients.view=numbers", 390, 844)
    pictures = {"The numbers": 2, "Telescope": 4, "Memory task": 4, "Which lag?": 1}
    for name, count in pictures.items():
        view(page, name)
        wait_for(lambda count=count: page.locator(".seqlab-panel:not([hidden])").count() == count, 20)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        edges = page.eval_on_selector_all(".seqlab-panel", "all => all.map((p) => p.getBoundingClientRect().right)")
        assert max(edges) <= 390, name
