"""The app in a real browser: what only a browser can show."""

import math
import os
import re
import signal
import time

import psutil
import pytest
from playwright.sync_api import expect

from pages.kit.lessons import LESSONS
from tests.browser import NOISE, serve, wait_for

HOMEWORK = "/train?train.epochs=5000"


@pytest.fixture(scope="module")
def server():
    with serve() as (address, process):
        yield address, process


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1400, "height": 800})
    opened = context.new_page()
    opened.problems = []
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.on("console", lambda line: opened.problems.append(line.text) if line.type == "error" else None)
    yield opened
    assert [problem for problem in opened.problems if not NOISE.search(problem)] == []
    context.close()


def button(page, name):
    return page.locator(f".st-key-train-bar-{name} button").first


def state(page) -> str:
    return page.locator(".st-key-state").inner_text()


def epoch(page) -> int:
    found = re.search(r"epoch ([\d,]+) of", state(page))
    return int(found[1].replace(",", "")) if found else -1


def begin(page, address, path=HOMEWORK):
    page.goto(address + path)
    page.wait_for_selector(".seqlab-panel .main-svg")
    button(page, "start").click()
    wait_for(lambda: "Training" in state(page) and epoch(page) > 20, 60)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_deep_link_is_a_fresh_servers_first_visit(page, lesson):
    with serve() as (address, _):
        page.goto(f"{address}/{lesson.name}?train.hidden_size=7" if lesson.name != "home" else address)
        page.wait_for_selector(".seqlab-panel .main-svg", timeout=30_000)
        expect(page.get_by_role("link", name="Home")).to_be_visible()
        if lesson.name == "train":
            expect(page.get_by_role("slider", name="Hidden size").first).to_have_value("7")
            assert "train.hidden_size=7" in page.url


def test_training_moves_pauses_steps_and_stops(page, server):
    begin(page, server[0])
    here = epoch(page)
    wait_for(lambda: epoch(page) > here + 50, 20)
    button(page, "pause").click()
    wait_for(lambda: "Paused" in state(page), 5)
    here = epoch(page)
    time.sleep(1)
    assert epoch(page) == here
    button(page, "step").click()
    wait_for(lambda: epoch(page) == here + 1, 5)
    button(page, "resume").click()
    wait_for(lambda: epoch(page) > here + 20, 10)
    clicked = time.monotonic()
    button(page, "stop").click()
    wait_for(lambda: "Stopped" in state(page), 5)
    assert time.monotonic() - clicked < 2
    here = epoch(page)
    time.sleep(0.5)
    assert epoch(page) == here


def test_no_chart_is_rebuilt_while_a_run_moves(page, server):
    begin(page, server[0])
    page.evaluate("document.querySelectorAll('.seqlab-plot .main-svg').forEach(svg => svg.marked = true)")
    board = page.locator("[data-draws]")
    before = int(board.get_attribute("data-draws"))
    time.sleep(3)
    assert int(board.get_attribute("data-draws")) > before + 12
    assert page.evaluate("[...document.querySelectorAll('.seqlab-plot .main-svg')].every(svg => svg.marked)")
    assert board.get_attribute("data-mounts") == "1"
    button(page, "stop").click()


def test_a_reload_finds_the_run_again(page, server):
    begin(page, server[0])
    here = epoch(page)
    page.reload()
    page.wait_for_selector(".seqlab-panel .main-svg")
    wait_for(lambda: epoch(page) > here, 15)
    assert "Training" in state(page)
    button(page, "stop").click()
    wait_for(lambda: "Stopped" in state(page), 5)


def test_the_learning_rate_can_be_changed_while_it_trains(page, server):
    begin(page, server[0])
    page.get_by_role("slider", name="Learning rate now").press("ArrowRight")
    wait_for(lambda: "lr 0.015" in page.locator(".seqlab-plot").first.inner_text(), 10)
    button(page, "stop").click()


def test_the_homework_trains_to_its_end(page, server):
    page.goto(server[0] + "/train")
    page.wait_for_selector(".seqlab-panel .main-svg")
    button(page, "start").click()
    wait_for(lambda: "Finished" in state(page), 60)
    assert epoch(page) == 500
    words = page.locator('.seqlab-plot[data-name="convergence"]')
    wait_for(lambda: "after 500 epochs" in words.get_attribute("aria-label"), 5)


def test_an_uploaded_file_is_read_explained_and_trained_on(page, server, tmp_path):
    good, bad = tmp_path / "wave.csv", tmp_path / "bad.csv"
    rows = [f"{k},{math.sin(k / 4):.4f}" for k in range(150)]
    good.write_text("\n".join(["step,height", *rows]))
    bad.write_text("\n".join(["step,height", *rows[:50], "50,<img src=x onerror=alert(1)>", *rows[51:]]))
    page.goto(server[0] + "/train?train.series=upload&train.epochs=20")
    page.wait_for_selector(".seqlab-panel .main-svg")
    chooser = page.locator('input[type="file"]')
    chooser.set_input_files(bad)
    expect(page.get_by_role("alert").first).to_contain_text("Row 52 of column 'height'")
    assert not page.locator("img[src=x]").count()
    expect(button(page, "start")).to_be_disabled()
    chooser.set_input_files(good)
    expect(button(page, "start")).to_be_enabled()
    button(page, "start").click()
    wait_for(lambda: "Finished" in state(page), 20)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_everything_in_one_column(browser, server, theme):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=theme)
    page = context.new_page()
    page.goto(server[0] + "/train")
    page.wait_for_selector(".seqlab-panel", state="attached")
    expect(button(page, "start")).to_be_in_viewport()
    widths = page.eval_on_selector_all(".seqlab-panel", "all => all.map(p => p.getBoundingClientRect().right)")
    assert widths and max(widths) <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_a_killed_worker_is_seen_explained_and_replaced(page, server):
    address, process = server
    begin(page, address)
    worker = max(psutil.Process(process.pid).children(recursive=True), key=lambda child: child.memory_info().rss)
    os.kill(worker.pid, signal.SIGKILL)
    wait_for(lambda: "Failed" in state(page), 10)
    expect(page.get_by_role("alert").first).to_contain_text("Train")
    button(page, "start").click()
    wait_for(lambda: "Training" in state(page) and epoch(page) > 20, 60)
    button(page, "stop").click()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind_when_the_app_ends(browser, end):
    with serve() as (address, process):
        visit = browser.new_page()
        visit.goto(address)
        visit.wait_for_selector(".seqlab-panel .main-svg")
        wait_for(lambda: len(psutil.Process(process.pid).children(recursive=True)) >= 2, 30)
        visit.close()
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(end)
        process.wait(15)
        wait_for(lambda: not any(member.is_running() for member in family), 10)


def test_a_pinned_run_stays_behind_the_next(page, server):
    page.goto(server[0] + "/train?train.epochs=30")
    page.wait_for_selector(".seqlab-panel .main-svg")
    button(page, "start").click()
    wait_for(lambda: "Finished" in state(page), 20)
    button(page, "pin").click()
    button(page, "start").click()
    plot = page.locator('.seqlab-plot[data-name="convergence"]')
    wait_for(lambda: len(plot.evaluate("p => p.data.map(trace => trace.name)")) == 5, 10)
    wait_for(lambda: "Finished" in state(page), 20)
    lengths = wait_for(
        lambda: len(set(found := plot.evaluate("p => p.data.slice(0, 4).map(trace => trace.y.length)"))) == 1 and found,
        5,
    )
    assert lengths[0] == 31
    assert plot.evaluate("p => p.data.slice(0, 4).every(trace => trace.x === undefined)")
