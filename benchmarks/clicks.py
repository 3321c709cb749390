"""How soon the homework's page answers a click while fifteen runs train: `python -m benchmarks.clicks`.

Server, workers and a browser that draws without a GPU share the machine. A click's answer is the text it asks for, on
the screen. The last line is one JSON object.
"""

import argparse
import json
import time

import numpy as np
from playwright.sync_api import Page

from tests.browser import chromium, serve

CLICKS = (("data", "Which data"), ("mathematics", "Scores are root mean"), ("naive", "Why does nothing"))
"""Views to ask for, and how what each shows begins."""


def answered(page: Page, view: str, words: str) -> float:
    """Seconds from the click on a view to its words."""
    position = ["naive", "predictions", "shift", "lags", "paired", "leak", "data", "mathematics"].index(view)
    button = page.locator(".st-key-homework-view button").nth(position)
    began = time.perf_counter()
    button.click()
    page.get_by_text(words).first.wait_for()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with serve(workers=options.workers) as (address, _), chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 800}, locale="en-GB")
        page.goto(f"{address}/homework?homework.epochs=5000")
        page.wait_for_selector(".seqlab-panel .main-svg")
        page.wait_for_timeout(6000)
        quiet = [answered(page, *CLICKS[k % 3]) for k in range(1, 13)]
        page.locator(".st-key-homework-start button:visible").first.click()
        page.wait_for_timeout(12_000)  # the classical forecasters are done, the networks train
        busy = []
        for k in range(1, options.clicks + 1):
            busy.append(answered(page, *CLICKS[k % 3]))
            page.wait_for_timeout(300)
        still = page.locator('[data-testid="stProgress"]').first.inner_text()
    print(json.dumps({
        "progress_at_the_end": still, "clicks": len(busy), "median_s": round(float(np.median(busy)), 3),
        "p95_s": round(float(np.percentile(busy, 95)), 3), "worst_s": round(max(busy), 3),
        "median_before_training_s": round(float(np.median(quiet)), 3),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
