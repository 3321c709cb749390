"""The Transformer page's promises, measured: `python -m benchmarks.transformer [--seeds N] [--edits N]`.

Translation trains through the engine, alone on a worker of its own, watched as a visitor watches it. The forecast is
the homework's, the mean of some seeds, beside the GRU's. An update with all maps captured once an epoch is timed
against one without, and against the same network made of `torch.nn` layers, in turns. The paper's own size is looked at
untrained. A token is edited in a real browser, which draws without a GPU and shares the machine with the server and the
worker: milliseconds from the key to the picture. The last line is one JSON object.
"""

import argparse
import json
import os
import statistics
import sys
import time

for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from playwright.sync_api import Page  # noqa: E402
from torch import nn  # noqa: E402

from seqcore.data.series import load  # noqa: E402
from seqcore.data.text import PAD  # noqa: E402
from seqcore.data.text.spec import TransformerSpec  # noqa: E402
from seqcore.engine import Limits, connect  # noqa: E402
from seqcore.look import Look, Sentence  # noqa: E402
from seqcore.models.transformer.position import Embedding  # noqa: E402
from seqcore.spec import RunSpec  # noqa: E402
from seqcore.training.textual import UPDATES, judged  # noqa: E402
from seqcore.training.trainer import Trainer  # noqa: E402
from seqcore.training.translation import TranslationTrainer  # noqa: E402
from tests.browser import chromium, serve, wait_for  # noqa: E402

ASKED = 0.97
BASE = {"d_model": 512, "num_heads": 8, "num_layers": 6, "d_ff": 2048, "norm_first": False, "trained": False}
WORDS = ("book", "pen", "car", "dog", "cat", "bird", "horse", "phone", "hat", "computer")

EDIT = """(text) => new Promise((resolve) => {
  const board = document.querySelector("[data-draws]");
  const field = document.querySelector(".st-key-transformer-text input");
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => {
    const before = board.dataset.draws;
    const began = performance.now();
    const drawn = new MutationObserver(() => {
      if (board.dataset.draws === before) return;
      drawn.disconnect();
      resolve(performance.now() - began);
    });
    drawn.observe(board, { attributeFilter: ["data-draws"] });
    setTimeout(() => resolve(null), 5000);
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", code: "Enter", keyCode: 13, bubbles: true }));
  });
})"""


class OfTorch(nn.Module):
    """The same network made of `torch.nn` layers."""

    def __init__(self, spec: TransformerSpec, sources: int, targets: int):
        super().__init__()
        m = spec.model
        size = dict(d_model=m.d_model, nhead=m.num_heads, dim_feedforward=m.d_ff, dropout=0.0, batch_first=True,
                    norm_first=m.norm_first)  # fmt: skip
        self.source, self.target = (
            Embedding(count, m.d_model, m.num_heads, 0.0, m.position, 200, name)
            for count, name in ((sources, "encoder"), (targets, "decoder"))
        )
        norms = [nn.LayerNorm(m.d_model) for _ in range(2)]
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(**size), m.num_layers, norms[0],
                                             enable_nested_tensor=False)  # fmt: skip
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(**size), m.num_layers, norms[1])
        self.output = nn.Linear(m.d_model, targets)

    def forward(self, x: torch.Tensor, y: torch.Tensor, *_) -> torch.Tensor:
        """x (B, S), y (B, T) -> logits (B, T, V)."""
        hidden = x == PAD
        memory = self.encoder(self.source(x), src_key_padding_mask=hidden)
        causal = torch.ones(y.shape[1], y.shape[1], dtype=torch.bool).triu(1)
        states = self.decoder(self.target(y), memory, tgt_mask=causal, tgt_key_padding_mask=y == PAD,
                              memory_key_padding_mask=hidden)  # fmt: skip
        return self.output(states)


def translation(engine) -> dict[str, float]:
    """One run at the default size, watched to its end."""
    run = engine.submit(TransformerSpec(), None, "benchmark")
    began = reached = None
    while not (view := run.view()).ended:
        began = began or (time.perf_counter() if view.epoch else None)
        if reached is None and len(view.history) and 1 - view.history.test_rmse[-1] >= ASKED:
            reached = time.perf_counter() - began
        run.watch(Look())
        time.sleep(0.05)
    engine.keep("benchmark")
    run.watch(Look(sentence=Sentence("how are you?")), wait=5.0)
    over = run.view().snapshot.arrays
    run.forget()
    return {
        "seconds_to_97_percent": round(reached or float("nan"), 1), "seconds": round(float(view.seconds), 1),
        "tokens": round(1 - float(view.history.test_rmse[-1]), 4), "whole": round(float(over["over.whole"][-1]), 3),
    }  # fmt: skip


def forecast(seeds: int) -> dict[str, float]:
    """The homework's test RMSE, at the last epoch, the mean of some seeds."""
    means = {}
    for name in ("gru", "transformer"):
        errors = []
        for seed in range(seeds):
            spec = RunSpec().replace(architecture=name, seed=seed)
            errors.append([event.test_rmse for event in Trainer(spec, load(spec.data.series))
                           if hasattr(event, "test_rmse")][-1])  # fmt: skip
        means[name] = round(float(np.mean(errors)), 3)
    return {**means, "ratio": round(means["transformer"] / means["gru"], 3)}


def updates(rounds: int = 40) -> dict[str, float]:
    """An epoch's time with all maps of one sentence captured in it, and of `torch.nn`'s layers, as ratios."""
    spec = TransformerSpec()
    ours, theirs = TranslationTrainer(spec), TranslationTrainer(spec)
    theirs.model = OfTorch(spec, *map(len, theirs.vocabularies)).train()
    optimiser = torch.optim.Adam(theirs.model.parameters(), lr=spec.training.lr)
    took: dict[str, list[float]] = {"plain": [], "captured": [], "torch": []}
    rows = ours.test_y[0][ours.test_y[0] != PAD]
    names = [name for name in ours.snapshot().arrays if name.endswith(".weights")]
    for number in range(rounds):
        for way in took:
            began = time.perf_counter()
            for _ in range(UPDATES):
                if way == "torch":
                    chosen = next(theirs.batches)
                    logits, y = theirs.read(chosen, 0.0)
                    optimiser.zero_grad()
                    judged(logits, y)[0].backward()
                    nn.utils.clip_grad_norm_(theirs.model.parameters(), 1.0)
                    optimiser.step()
                else:
                    ours._learn(0.0)
            if way == "captured":
                ours.model.inside(ours.test_x[0], rows[:-1], names)
            if number > 2:
                took[way].append(time.perf_counter() - began)
    middle = {way: statistics.median(seconds) for way, seconds in took.items()}
    return {"update_ms": round(1e3 * middle["plain"] / UPDATES, 2),
            "captured_to_plain": round(middle["captured"] / middle["plain"], 3),
            "ours_to_torch": round(middle["plain"] / middle["torch"], 3)}  # fmt: skip


def base(engine) -> dict[str, float]:
    """The paper's own size, untrained: until it can be looked at, and what a look takes."""
    began = time.perf_counter()
    run = engine.submit(TransformerSpec().replace(**BASE), None, "benchmark")
    wait_for(lambda: run.view().ended, 120)
    ready, looks = time.perf_counter() - began, []
    for number in range(10):
        asked = time.perf_counter()
        run.watch(Look(sentence=Sentence(f"how are you?{' ' * number}", inside=("encoder.l3.self.q",))), wait=20.0)
        looks.append(time.perf_counter() - asked)
    weights = run.view().started.weights
    engine.keep("benchmark")
    run.forget()
    return {"weights": weights, "ready_s": round(ready, 1), "look_ms": round(1e3 * statistics.median(looks)),
            "look_ms_max": round(1e3 * max(looks))}  # fmt: skip


def edits(page: Page, count: int) -> dict[str, float]:
    """Milliseconds from Enter, after one word of the sentence was changed, to the maps drawn anew."""
    took = []
    for number in range(count + 2):  # the first ones are slower: code is compiled, on both sides
        word, whose = WORDS[number % len(WORDS)], ("my", "your", "our")[number % 3]
        took.append(page.evaluate(EDIT, f"Where is {whose} {word}?"))
        page.wait_for_timeout(150)
    answered = [each for each in took[2:] if each is not None]
    return {"p50_ms": round(float(np.median(answered))), "p95_ms": round(float(np.percentile(answered, 95))),
            "unanswered": count - len(answered)}  # fmt: skip


def edited(count: int) -> dict[str, dict[str, float]]:
    """The same in the two views that show all maps."""
    with serve() as (address, _), chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 800})
        page.goto(f"{address}/transformer?transformer.epochs=60")
        page.locator(".st-key-transformer-bar-start button").click()
        wait_for(lambda: "Finished" in page.locator(".st-key-state").inner_text(), 120)
        told = {}
        for view in ("Train", "Intervene"):
            page.locator(".st-key-transformer-view").get_by_role("radio", name=view).click()
            page.wait_for_timeout(3000)
            told[view.lower()] = edits(page, count)
        return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="runs of each forecaster")
    parser.add_argument("--edits", type=int, default=60, help="how often a token is edited")
    options = parser.parse_args()
    torch.set_num_threads(1)
    result = {}
    engine = connect(1, Limits())
    try:
        for name, part in (("translation", translation), ("base", base)):
            result[name] = part(engine)
            print(name, result[name], file=sys.stderr)
    finally:
        engine.close()
    for name, part in (("update", updates), ("forecast", lambda: forecast(options.seeds)),
                       ("edit", lambda: edited(options.edits))):  # fmt: skip
        result[name] = part()
        print(name, result[name], file=sys.stderr)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
