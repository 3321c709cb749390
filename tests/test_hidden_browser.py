"""Looking into a network in a real browser, by keyboard alone and by mouse, down to a phone's width."""

import re
import time

from tests.browser import NOISE, wait_for

SPEC = "/hidden?hidden.series=airline&hidden.seq_length=12&hidden.hidden_size=6&hidden.epochs=60"
TITLES = "[...document.querySelectorAll('.seqlab-panel:not([hidden]) strong')].map((title) => title.textContent)"
DRAWN = "[...document.querySelectorAll('.seqlab-panel:not([hidden]) .seqlab-plot')].every((plot) => plot.data?.length)"


def opened(browser, address, width=1400, height=800):
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda line: page.problems.append(line.text) if line.type == "error" else None)
    page.goto(address + SPEC)
    page.wait_for_selector(".seqlab-panel strong")
    return page


def trained(page):
    wait_for(lambda: "Finished" in page.locator(".st-key-state").inner_text(), 60)
    wait_for(lambda: page.evaluate(TITLES)[1:2] and "unit" in page.evaluate(TITLES)[1], 10)


def still(part) -> bool:
    """Whether it keeps its place and size for a moment: a menu that opens while the page grows is shut again."""
    before = part.bounding_box()
    time.sleep(0.2)
    return part.bounding_box() == before


def quiet(page) -> None:
    assert [problem for problem in page.problems if not NOISE.search(problem)] == []
    page.context.close()


def test_by_keyboard_alone_one_trains_looks_scrubs_and_sees_every_view(browser, address):
    page = opened(browser, address)
    page.keyboard.press("Control+Enter")
    trained(page)
    views = page.locator(".st-key-hidden-view")
    views.get_by_role("radio").first.focus()
    seen = {}
    for name in ("Gates", "State space", "What can be read", "Similar moments", "Weights"):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        wait_for(lambda name=name: views.get_by_role("radio", name=name).get_attribute("aria-checked") == "true", 5)
        wait_for(lambda: page.evaluate(TITLES)[2:] not in (*seen.values(), ["Convergence", "Forecast"]), 10)
        seen[name] = page.evaluate(TITLES)[2:]
    assert seen["Weights"] == ["cell.weight_hh_l0 · 24 × 6", "cell.weight_ih_l0 · 24 × 1"]
    wait_for(lambda: page.evaluate(DRAWN), 10)
    weights = "document.querySelector('.seqlab-plot[data-name=\"weights.0\"]').data[0].z[0][0]"
    now = page.evaluate(weights)
    slider = page.get_by_role("slider", name="Time machine")
    slider.focus()
    page.keyboard.press("Home")
    wait_for(lambda: page.evaluate(weights) != now, 10)
    page.keyboard.press("End")
    wait_for(lambda: page.evaluate(weights) == now, 10)
    quiet(page)


def test_a_gate_is_held_and_let_go_and_the_forecast_says_what_it_costs(browser, address):
    page = opened(browser, address)
    page.locator(".st-key-hidden-bar-start button").click()
    trained(page)
    titles = page.evaluate(TITLES)
    page.get_by_text("What if …").click()
    wait_for(lambda: still(page.locator("details", has_text="What if …")), 5)
    page.get_by_role("combobox", name=re.compile("^Hold|Hold$")).first.click()
    page.get_by_role("option", name="Layer 1: forget gate f").click()
    page.get_by_role("button", name="Hold it").click()
    wait_for(lambda: any(title.startswith("Held: test RMSE") for title in page.evaluate(TITLES)), 10)
    assert page.evaluate(TITLES)[0] == "Layer 1: hidden state, held" and "hidden.hold=l0.f%3D0" in page.url
    page.get_by_role("button", name="Let go").click()
    wait_for(lambda: page.evaluate(TITLES) == titles, 10)
    assert "hidden.hold" not in page.url
    quiet(page)


def test_on_a_phone_everything_is_in_reach(browser, address):
    page = opened(browser, address, 390, 844)
    page.locator(".st-key-hidden-bar-start button").click()
    trained(page)
    page.locator(".seqlab-board").scroll_into_view_if_needed()
    wait_for(lambda: page.locator(".seqlab-panel .main-svg").count() > 0, 10)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    quiet(page)
