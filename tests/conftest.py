"""What all tests share."""

import numpy as np
import pytest

from tests.browser import NOISE, chromium, serve


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """The thread count of a worker, so that numbers here are numbers there."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    threadpool_limits(1)


@pytest.fixture
def series():
    """A short noisy wave in made-up units: 160 rows."""
    from seqcore.data.series import Series

    steps = np.arange(160)
    values = 50 + 10 * np.sin(steps / 4) + np.random.default_rng(3).normal(0, 0.5, 160)
    return Series("wave", "Wave", "m", values, steps, 0, "made here", "public domain", True)


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def address():
    """The app's, on a server of this file's own."""
    with serve() as (address, _):
        yield address


@pytest.fixture
def visited(browser, address):
    """Opens a path of the app; afterwards no complaint of it may be in the console."""
    pages = []

    def visit(path, width=1400, height=800, theme="light"):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
        page = context.new_page()
        pages.append(page)
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda line: page.problems.append(line.text) if line.type == "error" else None)
        page.goto(address + path)
        page.wait_for_selector(".seqlab-panel strong", state="attached")
        return page

    yield visit
    for page in pages:
        assert [problem for problem in page.problems if not NOISE.search(problem)] == []
        page.context.close()
