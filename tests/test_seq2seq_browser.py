"""Seq2seq in a real browser: the attention map moves while it trains, a click holds a weight, a sentence is read."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser import wait_for

SMALL = "/seq2seq?seq2seq.hidden_size=32&seq2seq.embedding_size=16&seq2seq.pairs=2000&seq2seq.lr=0.01"
MAP = """() => [...document.querySelectorAll('.seqlab-plot')].find((plot) => plot.dataset.name === 'attention')
    ?.data?.[0]?.z?.map((row) => [...row]) ?? null"""
MARK = "document.querySelectorAll('.seqlab-plot .main-svg').forEach((svg) => (svg.marked = true))"
MARKED = "[...document.querySelectorAll('.seqlab-plot .main-svg')].every((svg) => svg.marked)"


@pytest.fixture
def opened(visited):
    """Opens the page, of small networks where nothing else is asked for."""
    return lambda path=SMALL, *size, **more: visited(path, *size, **more)


def state(page) -> str:
    return page.locator(".st-key-state").inner_text()


def link(page) -> str:
    """The address as the browser shows it now."""
    return page.evaluate("location.href")


def button(page, name):
    return page.locator(f".st-key-seq2seq-bar-{name} button").first


def view(page, name):
    page.locator(".st-key-seq2seq-view").get_by_role("radio", name=name).click()


def sharp(page) -> float:
    """The largest weight of each row, on average."""
    return sum(max(row) for row in page.evaluate(MAP)) / len(page.evaluate(MAP))


def trained(page):
    """Train to the end."""
    button(page, "start").click()
    wait_for(lambda: "Finished" in state(page), 90)


@pytest.mark.parametrize("task", ["dates_zh", "sentences"])
def test_both_tasks_train_live_with_the_attention_map_moving(opened, task):
    page = opened(f"{SMALL}&seq2seq.task={task}&seq2seq.epochs=120")
    expect(page.locator(".st-key-state")).to_contain_text("Recorded run, not live")
    page.wait_for_selector(".seqlab-panel .main-svg")
    page.keyboard.press("Control+Enter")
    wait_for(lambda: "Training" in state(page), 60)
    page.evaluate(MARK)
    maps = []
    wait_for(lambda: maps.append(page.evaluate(MAP)) or "Finished" in state(page), 90, pause=0.1)
    assert len({str(seen) for seen in maps if seen}) > 5, "the map moves"
    assert page.evaluate(MARKED), "no picture was made anew"
    assert all(abs(sum(row) - 1) < 1e-3 for row in page.evaluate(MAP))
    trained_map = sharp(page)
    page.get_by_role("slider", name="Time machine").fill("0")
    wait_for(lambda: sharp(page) < trained_map - 0.1, 20)  # and it has sharpened


def test_pause_holds_stop_ends_and_a_reload_finds_the_run(opened):
    page = opened(f"{SMALL}&seq2seq.epochs=5000")
    button(page, "start").click()
    wait_for(lambda: "Training" in state(page), 60)
    button(page, "pause").click()
    wait_for(lambda: "Paused" in state(page), 10)
    page.wait_for_timeout(1500)  # the last look at it comes with the next tick
    held = page.evaluate(MAP)
    time.sleep(0.7)
    assert page.evaluate(MAP) == held
    button(page, "resume").click()
    wait_for(lambda: "Training" in state(page), 10)
    button(page, "stop").click()
    wait_for(lambda: "Stopped" in state(page), 5)
    page.reload()
    wait_for(lambda: page.locator(".st-key-state").count() and "Stopped" in state(page), 20)


def test_a_click_masks_a_weight_and_another_lets_it_go(opened):
    page = opened(f"{SMALL}&seq2seq.epochs=10")
    trained(page)
    view(page, "Intervene")
    wait_for(lambda: page.locator('.seqlab-plot[data-name="effect"] .main-svg').first.is_visible(), 20)
    page.wait_for_timeout(1000)  # until what was left of the other view has gone
    area = page.locator('.seqlab-plot[data-name="attention"] .nsewdrag').first.bounding_box()
    rows, columns = len(page.evaluate(MAP)), len(page.evaluate(MAP)[0])
    place = (area["x"] + area["width"] * 2.5 / columns, area["y"] + area["height"] * 1.5 / rows)
    page.mouse.click(*place)
    wait_for(lambda: page.evaluate(MAP)[1][2] == 0 and "held=1.2%3Dmasked" in link(page), 20)
    expect(page.get_by_text("untouched:")).to_be_visible()
    page.mouse.click(*place)
    wait_for(lambda: page.evaluate(MAP)[1][2] > 0 and "held" not in link(page), 20)


def test_no_click_counts_twice_while_the_network_trains(opened):
    page = opened(f"{SMALL}&seq2seq.epochs=5000&seq2seq.view=intervene")
    button(page, "start").click()
    wait_for(lambda: "Training" in state(page), 60)
    page.wait_for_timeout(1500)  # the recorded run's map has gone
    columns = len(wait_for(lambda: page.evaluate(MAP), 20)[0])
    for place in range(4):
        area = page.locator('.seqlab-plot[data-name="attention"] .nsewdrag').first.bounding_box()
        page.mouse.click(area["x"] + area["width"] * (place + 0.5) / columns, area["y"] + 5)
        page.wait_for_timeout(3000)
        held = re.findall(r"0\.(\d+)%3Dmasked", link(page))
        assert set(held) <= {str(k) for k in range(place + 1)} and len(held) == len(set(held))
    assert len(held) >= 3, "a redraw may swallow a click; twice it never counts, or it would be let go at once"
    button(page, "stop").click()


def test_a_typed_sentence_is_answered_at_once_and_markup_stays_text(opened):
    page = opened(f"{SMALL}&seq2seq.task=sentences&seq2seq.epochs=10&seq2seq.view=inside")
    trained(page)
    field = page.get_by_label("Type a sentence")
    field.fill("how are you?")
    asked = time.monotonic()
    field.press("Enter")
    wait_for(lambda: page.get_by_text("how are you ?").count(), 20)
    assert time.monotonic() - asked < 5
    field.fill("<img src=x onerror=alert(1)> you")
    field.press("Enter")
    expect(page.get_by_text("Unknown to this network").first).to_be_visible()
    assert page.locator("img[src=x]").count() == 0


def test_the_time_machine_shows_the_map_as_it_was(opened):
    page = opened(f"{SMALL}&seq2seq.epochs=30")
    trained(page)
    page.wait_for_timeout(1500)  # the last look at it comes with the next tick
    now = page.evaluate(MAP)
    slider = page.get_by_role("slider", name="Time machine")
    slider.fill("0")
    wait_for(lambda: page.evaluate(MAP) != now, 10)
    wait_for(lambda: sharp(page) < 0.35, 10)
    slider.press("End")
    wait_for(lambda: page.evaluate(MAP) == now, 10)


@pytest.mark.parametrize("name", ["Train", "Look inside", "Intervene", "The bottleneck"])
def test_a_phone_shows_every_view_without_sideways_scroll(opened, name):
    page = opened("/seq2seq", width=390, height=844)
    view(page, name)
    page.wait_for_timeout(1500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".stException").count() == 0
