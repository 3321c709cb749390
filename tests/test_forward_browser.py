"""The Forward pass page in a real browser: by mouse, and by keyboard alone."""

import pytest

from tests.browser import NOISE, wait_for

HOME = "/forward"
MOMENT = 700
"""Milliseconds in which a page that was asked to move would have moved."""

OPERATIONS = 9
"""Of one step of an LSTM."""


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1400, "height": 800}, locale="en-GB")
    opened = context.new_page()
    opened.problems = []
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.on("console", lambda line: opened.problems.append(line.text) if line.type == "error" else None)
    yield opened
    assert [problem for problem in opened.problems if not NOISE.search(problem)] == []
    context.close()


def visit(page, address, query=""):
    page.goto(address + HOME + query)
    page.wait_for_selector(".seqlab-origin")
    page.wait_for_selector(".seqlab-plot .main-svg")


def told(page) -> str:
    """The explanation of the picked number."""
    return page.locator(".seqlab-origin").get_attribute("aria-label")


def until(page, text: str) -> None:
    wait_for(lambda: text in told(page), 15)


def at_rest(locator) -> dict:
    """Where an element is, once what opens around it has come to rest."""
    box = None
    while box is None or box != locator.bounding_box():
        box = locator.bounding_box()
        locator.page.wait_for_timeout(250)
    return box


def focused(page) -> str:
    return page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''")


def test_by_mouse_from_a_number_back_to_where_it_came_from(page, address):
    visit(page, address)
    page.evaluate("document.querySelectorAll('.seqlab-cell').forEach(cell => cell.marked = true)")
    assert told(page).startswith("xi_1[0, 0] = weight_ih_l0[0, 0] · input[0, 0, 0] + bias_ih_l0[0] = ")
    page.get_by_role("button", name="Next").click()
    until(page, "hi_1[0, 0] = ")
    page.locator("[aria-label^='l0.1.h[0,2]']").click()
    until(page, "h_1[0, 2] = o_1[0, 2] · tanh(c_1[0, 2]) = ")
    page.locator(".seqlab-origin button", has_text="c_1[0, 2]").click()
    until(page, "c_1[0, 2] = f_1[0, 2] · c_0[0, 0, 2] + i_1[0, 2] · g_1[0, 2] = ")
    page.get_by_role("button", name="Step on").click()
    until(page, "c_2[0, 2] = f_2[0, 2] · c_1[0, 2]")
    page.locator("[aria-label^='weight_hh_l0[5,1]']").click()
    until(page, "weight_hh_l0[5, 1] = ")
    assert page.locator(".seqlab-cell[aria-selected=true]").get_attribute("aria-label").startswith("weight_hh_l0[5,1]")
    assert page.locator(".seqlab-stages").first.evaluate(
        "box => [...box.querySelectorAll('.seqlab-cell')].every(cell => cell.marked)"
    )
    assert page.locator("[data-mounts]").evaluate_all("all => all.map(one => one.dataset.mounts)") == ["1"] * 4


def test_by_keyboard_alone(page, address):
    visit(page, address)
    for _ in range(OPERATIONS):
        before = told(page)
        page.keyboard.press("ArrowRight")
        wait_for(lambda before=before: told(page) != before, 15)
    until(page, "xi_2[0, 0] = ")
    for key, start in (
        ("ArrowLeft", "h_1["),
        ("Shift+ArrowRight", "h_2["),
        ("Shift+End", "h_6["),
        ("Shift+Home", "xi_1["),
    ):
        page.keyboard.press(key)
        until(page, start)

    cell = page.locator("[aria-label^='l0.1.xf[0,0]']")
    cell.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # there is no fourth
    page.wait_for_timeout(MOMENT)
    assert focused(page).startswith("l0.1.xf[0,2]") and told(page).startswith("xi_1[")
    page.keyboard.press("Enter")
    until(page, "xf_1[0, 2] = weight_ih_l0[5, 0]")
    assert focused(page).startswith("l0.1.xf[0,2]")
    page.locator(".seqlab-origin button").first.focus()
    page.keyboard.press("Enter")
    until(page, "weight_ih_l0[5, 0] = ")
    field = page.get_by_role("spinbutton", name="Set weight_ih_l0[5, 0]")
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("2")
    page.keyboard.press("ArrowLeft")  # in the field, and nowhere else
    page.keyboard.press("Enter")
    until(page, "weight_ih_l0[5, 0] = 2")
    wait_for(lambda: "forward.edits=weight_ih_l0" in page.url, 10)


def test_arrows_belong_to_what_has_the_focus(page, address):
    visit(page, address)
    slider = page.get_by_role("slider", name="Hidden size").first
    slider.focus()
    page.keyboard.press("ArrowRight")
    wait_for(lambda: page.locator(".seqlab-matrix").first.is_visible() and "hidden_size=4" in page.url, 15)
    tab = page.get_by_role("tab", name="What to notice")
    tab.focus()
    page.keyboard.press("ArrowRight")
    radio = page.get_by_role("radio", name="LSTM")
    radio.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(MOMENT)
    assert told(page).startswith("xi_1[0, 0]")


def test_the_input_is_drawn_by_pointer_and_by_keyboard_and_an_empty_drawing_is_told(page, address):
    page.set_viewport_size({"width": 1400, "height": 1100})
    visit(page, address)
    page.get_by_text("Input", exact=True).click()
    pad = page.get_by_role("slider", name="Draw the input")
    box = at_rest(pad)
    left, top, width, height = box["x"], box["y"], box["width"], box["height"]
    page.mouse.move(left + 2, top + height - 7)
    page.mouse.down()
    page.mouse.move(left + width - 3, top + 6, steps=4)
    page.mouse.up()
    field = page.get_by_role("textbox", name="Numbers")
    wait_for(lambda: field.input_value() != "0.5, 1, 0.2, -0.6, -1, 0.3", 15)
    drawn = [float(word) for word in field.input_value().split(",")]
    assert len(drawn) == 6 and drawn == sorted(drawn) and drawn[0] <= -0.9 and drawn[-1] >= 0.9
    pad.focus()
    page.keyboard.press("ArrowRight")
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    for _ in range(4):
        page.keyboard.press("ArrowUp")
    wait_for(lambda: float(field.input_value().split(",")[0]) == pytest.approx(drawn[0] + 0.2), 15)
    assert told(page).startswith("xi_1")  # no step was taken
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("The input is empty").wait_for()
    assert page.locator("[aria-label^='l0.1.xi']").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_cell_can_be_read(browser, address, scheme):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme, locale="en-GB")
    page = context.new_page()
    visit_phone = f"{address}{HOME}?forward.hidden_size=8&forward.batch=2&forward.at=l0.3.h"
    page.goto(visit_phone)
    page.wait_for_selector(".seqlab-cell")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    contrasts = page.locator(".seqlab-cell").evaluate_all(
        """cells => cells.map(cell => {
          const light = (text) => {
            const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(c => c / 255)
              .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const style = getComputedStyle(cell);
          const [a, b] = [light(style.color), light(style.backgroundColor)].sort((x, y) => y - x);
          return (a + 0.05) / (b + 0.05);
        })"""
    )
    assert len(contrasts) > 300 and min(contrasts) >= 4.5
    context.close()
