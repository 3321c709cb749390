"""How smoothly the live view moves, in a real browser: `python -m benchmarks.live`.

Trains an LSTM with the homework's settings for 5,000 epochs and watches the page for a while: frames per second,
charts rebuilt, bytes per tick, long tasks, click to first point; then the same pictures by `st.plotly_chart`. The
browser draws without a GPU and shares the machine with the server and the worker. The last line is one JSON object.
"""

import argparse
import json
import sys
import time

import psutil
from playwright.sync_api import Page, WebSocket

from tests.browser import chromium, serve, wait_for

EPOCHS = 5000

FIRST_POINT = """(epochs) => [...document.querySelectorAll(".js-plotly-plot")].some(
  (plot) => plot.layout?.xaxis?.range?.[1] === epochs && plot._fullData?.[0]?._length > 0)"""

WATCH = """() => {
  const seen = (window.seen = { frames: 0, mounts: 0, long: 0, longest: 0 });
  const last = new Map();
  new MutationObserver((changes) => {
    const now = document.timeline.currentTime;
    for (const change of changes) {
      for (const node of change.addedNodes)
        if (node.matches?.(".plot-container") || node.querySelector?.(".plot-container")) seen.mounts += 1;
      const plot = change.type === "attributes" && change.target.closest(".js-plotly-plot");
      if (!plot) continue;
      if (!(now - last.get(plot) < 40)) seen.frames += 1;
      last.set(plot, now);
    }
  }).observe(document.body, { childList: true, subtree: true, attributeFilter: ["d", "href", "xlink:href"] });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) { seen.long += 1; seen.longest = Math.max(seen.longest, entry.duration); }
  }).observe({ type: "longtask" });
}"""
"""A frame is one redraw of one chart: its lines or its image change; changes less than 40 ms apart are one redraw."""

CHARTS = 4


def measure(page: Page, sizes: list[int], asked: list[int], seconds: float) -> dict:
    """Click Train and watch for `seconds` once the first point is there.

    `sizes` gets the bytes of each frame the browser receives, `asked` those it sends: one for each tick.
    """
    page.evaluate(WATCH)
    clicked = time.perf_counter()
    page.locator(".st-key-train-bar-start button, .st-key-start button").first.click()
    page.wait_for_function(FIRST_POINT, arg=EPOCHS, polling="raf")
    first = time.perf_counter() - clicked
    page.wait_for_timeout(1000)
    sizes.clear()
    asked.clear()
    before = page.evaluate("({ ...window.seen })")
    began = time.perf_counter()
    page.wait_for_timeout(1000 * seconds)
    took = time.perf_counter() - began
    after = page.evaluate("({ ...window.seen })")
    return {
        "first_point_s": round(first, 3),
        "frames_per_s": round((after["frames"] - before["frames"]) / CHARTS / took, 2),
        "remounts": after["mounts"] - before["mounts"],
        "long_tasks_per_s": round((after["long"] - before["long"]) / took, 2),
        "longest_task_ms": round(after["longest"]),
        "bytes_per_tick": round(sum(sizes) / max(1, len(asked))),
    }


def visit(browser, address: str, path: str, ready: str, seconds: float) -> dict:
    """Open a page of a fresh server, wait until its worker is warm, and measure."""
    page = browser.new_page(viewport={"width": 1400, "height": 800})
    sizes: list[int] = []
    asked: list[int] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: sizes.append(len(frame)))
        socket.on("framesent", lambda frame: asked.append(len(frame)))

    page.on("websocket", listen)
    page.goto(address + path)
    page.wait_for_selector(ready)
    page.wait_for_timeout(8000)
    return measure(page, sizes, asked, seconds)


def memory(process) -> dict:
    """Resident megabytes of the page process, and of the app as a whole."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    sizes = [member.memory_info().rss / 2**20 for member in family]
    return {"page_process_mb": round(sizes[0]), "app_mb": round(sum(sizes))}


def first_paint(browser, address: str) -> float:
    """Seconds from opening Home, on a server nobody has visited, to its first picture."""
    page = browser.new_page(viewport={"width": 1400, "height": 800})
    began = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(".seqlab-panel .main-svg")
    took = time.perf_counter() - began
    page.close()
    return round(took, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="how long to watch each")
    seconds = parser.parse_args().seconds
    with chromium() as browser:
        print("our live board ...", file=sys.stderr)
        with serve() as (address, process):
            result = {"home_first_paint_s": first_paint(browser, address)}
            wait_for(lambda: psutil.Process(process.pid).children(recursive=True), 10)
            query = f"/train?train.epochs={EPOCHS}"
            time.sleep(8)
            result |= {"idle": memory(process)}
            result["board"] = visit(browser, address, query, ".seqlab-panel .main-svg", seconds)
        print("st.plotly_chart ...", file=sys.stderr)
        with serve("benchmarks/plotly_chart_app.py") as (address, _):
            result["plotly_chart"] = visit(browser, address, "", "button", seconds)
    ours, theirs = result["board"], result["plotly_chart"]
    for name in ours:
        print(f"{name:>24}: board {ours[name]:>10}   st.plotly_chart {theirs[name]:>10}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
