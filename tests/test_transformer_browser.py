"""The Transformer in a real browser: all maps move while it trains, a click switches a head off, a sentence is read."""

import pytest
from playwright.sync_api import expect

from tests.browser import wait_for

SMALL = ("/transformer?transformer.d_model=32&transformer.d_ff=64&transformer.num_layers=1&transformer.pairs=2000"
         "&transformer.sentences=2000&transformer.epochs=60")  # fmt: skip
GRID = """() => [...document.querySelectorAll('.seqlab-plot')].find((plot) => plot.dataset.name === 'attention_grid')
    ?.data?.[0]?.z?.map((row) => [...row].map((weight) => (Number.isFinite(weight) ? weight : 0))) ?? null"""
SHAPES = """() => [...document.querySelectorAll('.seqlab-plot')].find((plot) => plot.dataset.name === 'attention_grid')
    ?.layout?.shapes?.length ?? 0"""
MARK = "document.querySelectorAll('.seqlab-plot .main-svg').forEach((svg) => (svg.marked = true))"
MARKED = "[...document.querySelectorAll('.seqlab-plot .main-svg')].every((svg) => svg.marked)"
VIEWS = ("Train", "Data flow", "Attention", "Intervene", "Transfer", "Against recurrence", "Tokenizers")


@pytest.fixture
def opened(visited):
    """Opens the page, of a small network where nothing else is asked for."""
    return lambda path=SMALL, **size: visited(path, **size)


def state(page) -> str:
    return page.locator(".st-key-state").first.inner_text()


def button(page, name):
    return page.locator(f".st-key-transformer-bar-{name} button").first


def view(page, name):
    page.locator(".st-key-transformer-view").get_by_role("radio", name=name).click()


def trained(page):
    """Train to the end."""
    button(page, "start").click()
    wait_for(lambda: "Finished" in state(page), 90)
    page.wait_for_timeout(1500)  # the last look at it comes with the next tick


def sharp(page) -> float:
    """The largest weight of each row of a picture, on average."""
    rows = [max(row) for row in page.evaluate(GRID) if max(row) > 0]
    return sum(rows) / len(rows)


@pytest.mark.parametrize("task", ["sentences", "next", "masked"])
def test_all_maps_move_while_it_trains_and_can_be_scrubbed_back(opened, task):
    page = opened(f"{SMALL}&transformer.task={task}".replace("epochs=60", "epochs=240"))
    expect(page.locator(".st-key-state")).to_contain_text("Recorded run, not live")
    page.wait_for_selector(".seqlab-panel .main-svg")
    page.keyboard.press("Control+Enter")
    wait_for(lambda: "Training" in state(page), 60)
    page.evaluate(MARK)
    maps = []
    wait_for(lambda: maps.append(page.evaluate(GRID)) or "Finished" in state(page), 90, pause=0.1)
    assert len({str(seen) for seen in maps if seen}) > 3, "the maps move"
    assert page.evaluate(MARKED), "no picture was made anew"
    page.wait_for_timeout(1500)
    now, shown = sharp(page), page.evaluate(GRID)
    slider = page.get_by_role("slider", name="Time machine")
    slider.fill("0")
    wait_for(lambda: page.evaluate(GRID) != shown, 20)
    if task == "sentences":
        wait_for(lambda: sharp(page) < now - 0.02, 20)
    slider.press("End")
    wait_for(lambda: page.evaluate(GRID) == shown, 20)


def test_a_click_switches_a_head_off_and_another_on_again(opened):
    page = opened()
    trained(page)
    view(page, "Intervene")
    wait_for(lambda: page.locator('.seqlab-plot[data-name="head_effects"] .main-svg').first.is_visible(), 20)
    page.wait_for_timeout(1500)  # until what was left of the other view has gone
    area = page.locator('.seqlab-plot[data-name="attention_grid"] .nsewdrag').first.bounding_box()
    place = (area["x"] + 4, area["y"] + 4)
    page.mouse.click(*place)
    wait_for(lambda: "off=encoder.l0.self.0" in page.evaluate("location.href"), 20)
    wait_for(lambda: page.evaluate(SHAPES) == 2, 20)  # crossed out
    expect(page.get_by_text("untouched:")).to_be_visible()
    page.mouse.click(*place)
    wait_for(lambda: "off=" not in page.evaluate("location.href") and page.evaluate(SHAPES) == 0, 20)


def test_a_typed_sentence_is_read_and_markup_stays_text(opened):
    page = opened(f"{SMALL}&transformer.task=masked")
    trained(page)
    field = page.get_by_label("Type a sentence")
    field.fill("How ___ you?")
    field.press("Enter")
    expect(page.get_by_text("How ___ you?").first).to_be_visible()
    field.fill("<img src=x onerror=alert(1)> you")
    field.press("Enter")
    expect(page.get_by_text("unknown to this network").first).to_be_visible()
    assert page.locator("img[src=x]").count() == 0


def test_a_box_of_the_drawing_opens_and_its_numbers_add_up(opened):
    page = opened()
    trained(page)
    view(page, "Data flow")
    wait_for(lambda: page.locator('.seqlab-plot[data-name="tensor"] .main-svg').first.is_visible(), 30)
    assert page.locator(".stException").count() == 0
    expect(page.locator(".st-key-transformer-flow-words")).to_contain_text("=")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_every_view_without_sideways_scroll(opened, theme):
    page = opened("/transformer", width=390, height=844, theme=theme)
    for name in VIEWS:
        view(page, name)
        page.wait_for_timeout(1500)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        assert page.locator(".stException").count() == 0, name


def test_after_a_reload_the_buttons_still_follow_the_run(opened):
    page = opened(SMALL.replace("epochs=60", "epochs=300"))
    button(page, "start").click()
    wait_for(lambda: "Training" in state(page), 60)
    page.reload()
    wait_for(lambda: page.locator(".st-key-state").count() and "Finished" in state(page), 90)
    expect(button(page, "stop")).to_be_disabled()
