"""The homework's table through the engine, against the plain loop: `python -m benchmarks.homework`.

Three networks, five seeds, 500 epochs each. The engine takes all cores and scores the test part after every epoch; the
plain loop is a notebook's: one run after the other, torch's own number of threads, the test part scored once, at the
end (`plain`), or after every epoch as the table's best epoch needs it (`scored`). In turns, and in
processes of their own. The last line is one JSON object.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

from seqcore.data.series import load
from seqcore.data.windows import cut
from seqcore.engine import Engine, Limits, connect
from seqcore.homework import ASKED, SEEDS, recipe
from seqcore.spec import RunSpec
from tests.browser import wait_for


def table(seeds: int, epochs: int) -> list[RunSpec]:
    """All runs of the homework's table."""
    return [recipe().replace(architecture=name, seed=seed, epochs=epochs) for seed in range(seeds) for name in ASKED]


def through_the_engine(engine: Engine, specs: list[RunSpec]) -> tuple[float, list[float]]:
    """Seconds from the click to the last number, and the test RMSE of each run."""
    began = time.perf_counter()
    runs = engine.submit_batch(specs, load(specs[0].data.series), f"benchmark {began}")
    wait_for(lambda: all(run.view().ended for run in runs), 3600, 0.01)
    seconds = time.perf_counter() - began
    return seconds, [float(run.view().history.test_rmse[-1]) for run in runs]


def plain_loop(spec: RunSpec, scored: bool) -> float:
    """One run as a notebook does it; its test RMSE."""
    import torch
    from torch import nn

    class Forecaster(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = getattr(nn, spec.model.architecture.upper())(1, spec.model.hidden_size, batch_first=True)
            self.head = nn.Linear(spec.model.hidden_size, 1)

        def forward(self, x):
            out, _ = self.cell(x)
            return self.head(out[:, -1])

    windows = cut(load(spec.data.series).values, spec.data)
    train_x, train_y, test_x, test_y = map(
        torch.from_numpy, (windows.train_x, windows.train_y, windows.test_x, windows.test_y)
    )
    torch.manual_seed(spec.seed)
    model = Forecaster()
    optimiser = torch.optim.Adam(model.parameters(), lr=spec.training.lr)
    loss_of = nn.MSELoss()
    for _ in range(spec.training.epochs):
        optimiser.zero_grad()
        loss = loss_of(model(train_x), train_y)
        loss.backward()
        optimiser.step()
        loss.item()
        if scored:
            with torch.no_grad():
                loss_of(model(test_x), test_y).item()
    with torch.no_grad():
        return loss_of(model(test_x), test_y).sqrt().item() * windows.scaler.scale


def plain(specs: list[RunSpec], scored: bool) -> float:
    """Seconds the plain loop takes for all runs, torch's import and a first short run left out."""
    plain_loop(specs[0].replace(epochs=5), scored)
    began = time.perf_counter()
    for spec in specs:
        plain_loop(spec, scored)
    return time.perf_counter() - began


def in_a_process(seeds: int, epochs: int, scored: bool) -> float:
    command = [sys.executable, "-m", "benchmarks.homework", "--alone", "--seeds", str(seeds), "--epochs", str(epochs)]
    done = subprocess.run([*command, *(["--scored"] if scored else [])], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured")
    parser.add_argument("--alone", action="store_true", help="only the plain loop, here")
    parser.add_argument("--scored", action="store_true", help="the plain loop that scores every epoch")
    options = parser.parse_args()
    specs = table(options.seeds, options.epochs)
    if options.alone:
        print(plain(specs, options.scored))
        return
    engine = connect(limits=Limits(batches=10_000, run_seconds=3600))
    wait_for(lambda: engine.status().warm and engine.status().warm == engine.status().workers, 120)
    rounds = []
    for _ in range(options.rounds):
        ours, scores = through_the_engine(engine, specs)
        rounds.append({
            "engine_s": ours, "plain_s": in_a_process(options.seeds, options.epochs, False),
            "scored_s": in_a_process(options.seeds, options.epochs, True), "scores": scores,
        })  # fmt: skip
        print(json.dumps({name: value for name, value in rounds[-1].items() if name != "scores"}), flush=True)
    workers = engine.status().workers
    engine.close()
    summary = {
        "runs": len(specs), "epochs": options.epochs, "workers": workers,
        "plain_over_engine": statistics.median(r["plain_s"] / r["engine_s"] for r in rounds),
        "scored_over_engine": statistics.median(r["scored_s"] / r["engine_s"] for r in rounds),
        "same_numbers_each_round": len({tuple(r["scores"]) for r in rounds}) == 1,
    }  # fmt: skip
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
