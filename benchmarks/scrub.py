"""How fast the past is redrawn, in a real browser, and what it takes to keep it: `python -m benchmarks.scrub`.

Trains the homework's networks (hidden 32, 19 steps, 500 epochs), then moves the time machine's slider to random epochs
and waits each time until all four pictures are drawn: milliseconds at the median and the 95th percentile; a move that
is not drawn within 5 s counts as unanswered. Then plays the training. The bytes are those of a run's recorded states,
curves and last snapshot. The browser draws without a GPU and shares the machine with the server and the worker. The
last line is one JSON object.
"""

import argparse
import json
import sys

import numpy as np
from playwright.sync_api import Page

from seqcore.data.series import load
from seqcore.look import Look, Study
from seqcore.spec import RunSpec
from seqcore.training.events import EPOCH_FIELDS, Epoch
from seqcore.training.recording import Recording, kept_epochs
from seqcore.training.trainer import Trainer
from tests.browser import chromium, serve, wait_for

NETWORKS = ("rnn", "lstm", "gru")
PICTURES = 4

SCRUB = """([epoch, pictures]) => new Promise((resolve) => {
  const board = document.querySelector("[data-draws]");
  const slider = document.querySelector(".seqlab-timeline input");
  const wanted = Number(board.dataset.draws) + pictures;
  const began = performance.now();
  const drawn = new MutationObserver(() => {
    if (Number(board.dataset.draws) < wanted) return;
    drawn.disconnect();
    resolve(performance.now() - began);
  });
  drawn.observe(board, { attributeFilter: ["data-draws"] });
  setTimeout(() => resolve(null), 5000);
  slider.value = epoch;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
})"""

PLAY = """() => new Promise((resolve) => {
  const epochs = new Set();
  const words = document.querySelector(".seqlab-timeline output");
  const seen = new MutationObserver(() => words.textContent && epochs.add(words.textContent));
  seen.observe(words, { childList: true, characterData: true, subtree: true });
  const began = performance.now();
  document.querySelector(".seqlab-play").click();
  const ended = setInterval(() => {
    if (document.querySelector(".seqlab-pause")) return;
    clearInterval(ended);
    resolve([epochs.size, (performance.now() - began) / 1000]);
  }, 20);
})"""


def scrub(page: Page, times: int) -> dict:
    """Milliseconds from moving the slider to the last picture's drawing, of `times` moves."""
    rng = np.random.default_rng(0)
    for epoch in (50, 450):  # the first looks are slower: code is compiled, on both sides
        page.evaluate(SCRUB, [epoch, PICTURES])
    took = []
    for epoch in rng.permutation(480)[:times]:
        took.append(page.evaluate(SCRUB, [int(epoch), PICTURES]))
        page.wait_for_timeout(60)
    frames, seconds = page.evaluate(PLAY)
    unanswered = took.count(None)
    took = [each for each in took if each is not None]
    return {
        "p50_ms": round(float(np.median(took))), "p95_ms": round(float(np.percentile(took, 95))),
        "worst_ms": round(max(took)), "unanswered": unanswered,
        "played_frames_per_s": round(frames / seconds, 1),
    }  # fmt: skip


def bytes_of(architecture: str) -> dict:
    """What a run keeps: its recorded states, and all of it."""
    spec = RunSpec().replace(architecture=architecture)
    trainer = Trainer(spec, load(spec.data.series))
    recording = Recording(kept_epochs(spec.training.epochs, trainer.state_bytes))
    for event in trainer:
        if isinstance(event, Epoch) and event.epoch in recording.kept:
            recording.keep(trainer.state())
    shot = trainer.snapshot(Look(free_running=True, weights=True, study=Study()))
    rest = 8 * len(EPOCH_FIELDS) * (spec.training.epochs + 1) + sum(a.nbytes for a in shot.arrays.values())
    return {"epochs": len(recording.states), "bytes": recording.nbytes + rest}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=100, help="how often the slider is moved")
    times = parser.parse_args().times
    result = {name: bytes_of(name) for name in NETWORKS}
    with serve() as (address, _), chromium() as browser:
        for name in NETWORKS:
            print(f"{name} ...", file=sys.stderr)
            page = browser.new_page(viewport={"width": 1400, "height": 800})
            page.goto(f"{address}/train?train.architecture={name}")
            page.locator(".st-key-train-bar-start button").click()
            wait_for(lambda page=page: "Finished" in page.locator(".st-key-state").inner_text(), 120)
            page.wait_for_timeout(1500)
            result[name] |= scrub(page, times)
            page.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
