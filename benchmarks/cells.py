"""A training step with our recurrent cells against the homework's plain `torch.nn` loop, in turns, on one thread.

python -m benchmarks.cells [--quick] [--seconds S]

Each side does forward pass, mean squared error, backward pass and Adam over the full batch. The plain side is the
homework's notebook line by line; ours is what the trainer does. Ratios are taken pair by pair, so that whatever else
the machine is doing meets both. The last line is one JSON object.
"""

import argparse
import itertools
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator

for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import torch  # noqa: E402
from torch import nn  # noqa: E402

from seqcore.models import build  # noqa: E402
from seqcore.spec import ModelSpec, TrainingSpec  # noqa: E402
from seqcore.training.flat import flatten  # noqa: E402
from seqcore.training.optimiser import make_optimiser  # noqa: E402
from seqcore.training.trainer import block_size  # noqa: E402

STEPS = 19
HOMEWORK = 792
"""Training windows of the homework: 80 % of 1,008 closes, less the window."""

SLICE = 0.05
"""Seconds a run may compute before another one's turn, in the engine and here."""

KINDS = ("RNN", "LSTM", "GRU")


class Plain(nn.Module):
    """The homework's model."""

    def __init__(self, kind: str, hidden: int, layers: int):
        super().__init__()
        self.lstm = kind == "LSTM"
        self.shape = layers, hidden
        self.cell = getattr(nn, kind)(1, hidden, layers, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        h0 = torch.zeros(self.shape[0], x.size(0), self.shape[1])
        c0 = torch.zeros(self.shape[0], x.size(0), self.shape[1])
        out, _ = self.cell(x, (h0, c0) if self.lstm else h0)
        return self.fc(out[:, -1, :])


def plain_step(kind: str, hidden: int, layers: int, x: torch.Tensor, y: torch.Tensor) -> Callable[[], None]:
    model, criterion = Plain(kind, hidden, layers), nn.MSELoss()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)

    def step():
        loss = criterion(model(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def our_step(kind: str, hidden: int, layers: int, x: torch.Tensor, y: torch.Tensor) -> tuple[Callable[[], None], str]:
    """The step, and the kernel it runs."""
    spec = ModelSpec(architecture=kind.lower(), hidden_size=hidden, num_layers=layers)
    model = build(spec, 1, STEPS, 1)
    flat, gradient = flatten(model)
    optimiser = make_optimiser(TrainingSpec(), flat)
    block = block_size(flat.numel(), STEPS)

    def step():
        gradient.zero_()
        for part, target in zip(x.split(block), y.split(block), strict=True):
            ((model(part) - target).square().sum() / y.numel()).backward()
        optimiser.step()

    return step, model.cell.kernel_for(x[:block])


def in_turns(plain: Callable, ours: Callable, seconds: float) -> tuple[list[float], list[float]]:
    """Milliseconds a step of each side's turns, one after the other for `seconds`, at least seven of each.

    A turn is as many steps as the slower side makes in `SLICE`, as in the engine: a step right after the other
    side's would find the caches full of what that one left.
    """
    slowest = max(clock(side, 3) for side in (plain, ours))
    count = max(1, round(SLICE * 1e3 / slowest))
    theirs, mine = [], []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(mine) < 7:
        theirs.append(clock(plain, count))
        mine.append(clock(ours, count))
    return theirs, mine


def clock(step: Callable, count: int) -> float:
    """Milliseconds a step, of `count` in a row."""
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) * 1e3 / count


def spread(values: list[float]) -> list[float]:
    """Tenth percentile, median, ninetieth percentile."""
    tenths = statistics.quantiles(values, n=10, method="inclusive")
    return [round(v, 3) for v in (tenths[0], statistics.median(values), tenths[-1])]


def measure(seconds: float, quick: bool) -> Iterator[dict]:
    sizes = [(HOMEWORK, 32, 1)] if quick else list(itertools.product((HOMEWORK, 2400), (8, 32, 128), (1, 2)))
    for (windows, hidden, layers), kind in itertools.product(sizes, KINDS):
        torch.manual_seed(0)
        x, y = torch.randn(windows, STEPS, 1), torch.randn(windows, 1)
        ours, kernel = our_step(kind, hidden, layers, x, y)
        plain, mine = in_turns(plain_step(kind, hidden, layers, x, y), ours, seconds)
        yield {
            "cell": kind, "windows": windows, "hidden": hidden, "layers": layers, "kernel": kernel,
            "plain_ms": spread(plain), "ours_ms": spread(mine),
            "ratio": spread([p / m for p, m in zip(plain, mine, strict=True)]),
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the homework's size only")
    parser.add_argument("--seconds", type=float, default=4.0, help="measuring time of each line")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'':34}{'plain ms':>12}{'ours ms':>12}{'ratio (p10 .. p90)':>26}")
    rows = []
    for row in measure(options.seconds, options.quick):
        rows.append(row)
        title = f"{row['cell']:5}{row['windows']:5} windows, H {row['hidden']:3}, L {row['layers']}, {row['kernel']}"
        low, middle, high = row["ratio"]
        times = f"{row['plain_ms'][1]:12.2f}{row['ours_ms'][1]:12.2f}"
        print(f"{title:34}{times}{middle:10.2f}  ({low:.2f} .. {high:.2f})", flush=True)
        print(f"{len(rows)} measured", file=sys.stderr, flush=True)
    told = {name: value for name, value in os.environ.items() if name.startswith(("MALLOC_", "OPENBLAS_"))}
    facts = {"benchmark": "cells", "steps": STEPS, "torch": torch.__version__, "environment": told}
    print(json.dumps({**facts, "rows": rows}))


if __name__ == "__main__":
    main()
