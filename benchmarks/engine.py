"""What the engine costs, and how it shares: `python -m benchmarks.engine`. The last line is one JSON object.

(a) A run in a worker, with a viewer who looks at it ten times a second, against the same `Trainer` loop in a process
of its own: with the workers' allocator settings, and with the system's. In turns.
(b) Two and eight runs of different kinds and sizes on the same workers: the share of training time each got.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack

import psutil

from seqcore.data.series import load
from seqcore.engine import Engine, Limits, connect
from seqcore.engine.host import ENVIRONMENT
from seqcore.look import Look
from seqcore.spec import RunSpec

KINDS = {
    "rnn": RunSpec().replace(architecture="rnn", epochs=5000),
    "lstm": RunSpec().replace(architecture="lstm", epochs=5000),
    "lstm, 128, 2 layers": RunSpec().replace(architecture="lstm", hidden_size=128, num_layers=2, epochs=5000),
}

MIXED = [("rnn", 32), ("lstm", 64), ("lstm", 32), ("rnn", 8), ("gru", 48), ("lstm", 16), ("rnn", 128), ("gru", 32)]
"""The runs that share workers: architecture and hidden size."""

FRAME = 0.1
"""Seconds between two looks of the viewer."""

WARM_UP = 3
"""Epochs that are not counted: the first fill caches and buffers."""


QUIET = 0.15
"""Cores that other processes may use while something is measured."""


class Others:
    """In a `with` block: `cores` is what processes that are not ours used of the machine's cores meanwhile."""

    def _used(self) -> float:
        busy = psutil.cpu_times()
        own = 0.0
        for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
            own += sum(process.cpu_times()[:2])
        return busy.user + busy.system - own

    def __enter__(self):
        self.began, self.before = time.perf_counter(), self._used()
        return self

    def __exit__(self, *_):
        self.cores = (self._used() - self.before) / (time.perf_counter() - self.began)


class Alone:
    """A plain process that trains by itself: `rate(kind)` is its epochs per second."""

    def __init__(self, environment: dict[str, str]):
        command = [sys.executable, "-m", "benchmarks.engine", "--alone"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env={**os.environ, **environment}, stdin=pipe, stdout=pipe, text=True)

    def rate(self, kind: str, seconds: float) -> float:
        print(json.dumps([kind, seconds]), file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def serve_alone() -> None:
    """The plain process: a kind and seconds a line, epochs per second in answer."""
    import torch

    from seqcore.training.events import Epoch
    from seqcore.training.trainer import Trainer

    torch.set_num_threads(1)
    series = load(RunSpec().data.series)
    for line in sys.stdin:
        kind, seconds = json.loads(line)
        first = None
        for event in Trainer(KINDS[kind], series):
            now = time.perf_counter()
            if isinstance(event, Epoch):
                if event.epoch == WARM_UP:
                    first = now
                elif first and now - first > seconds:
                    break
        print((event.epoch - WARM_UP) / (now - first), flush=True)


def rate_in_engine(engine: Engine, kind: str, seconds: float) -> float:
    """Epochs per second of a run in a worker, with a viewer; its view is published when a slice has ended."""
    run = engine.submit(KINDS[kind], load(RunSpec().data.series), "viewer")
    first = last = None
    looked = 0.0
    while first is None or last[0] - first[0] < seconds:
        time.sleep(0.002)
        now, view = time.perf_counter(), run.view()
        if view.ended:
            raise RuntimeError(f"the run ended: {view.status} {view.failure}")
        if now - looked > FRAME:
            looked = now
            run.watch(Look(3))
        if view.epoch >= WARM_UP and (last is None or view.epoch != last[1]):
            last = (now, view.epoch)
            first = first or last
    run.forget()
    return (last[1] - first[1]) / (last[0] - first[0])


def measure_cost(engine: Engine, seconds: float, repeats: int) -> dict:
    """For each kind: epochs per second in the engine and alone, and the median of the ratios of neighbours in time.

    Measurements during which other processes used more than `QUIET` cores are left out, if enough others remain.
    """
    results = {}
    with ExitStack() as stack:
        same, default = stack.enter_context(Alone(ENVIRONMENT)), stack.enter_context(Alone({"OMP_NUM_THREADS": "1"}))
        for kind in KINDS:
            rounds = []
            for _ in range(repeats):
                with Others() as others:
                    before = same.rate(kind, seconds / 2)
                    inside = rate_in_engine(engine, kind, seconds)
                    after = same.rate(kind, seconds / 2)
                rounds.append((others.cores, inside, (before + after) / 2, default.rate(kind, seconds)))
            quiet = [one for one in rounds if one[0] < QUIET]
            kept = quiet if len(quiet) >= 3 else rounds
            _, inside, alone, plain = (statistics.median(column) for column in zip(*kept, strict=True))
            ratios = sorted(one[1] / one[2] for one in kept)
            results[kind] = {
                "epochs_per_second": round(inside, 1),
                "alone": round(alone, 1),
                "alone_system_allocator": round(plain, 1),
                "engine_to_alone": round(statistics.median(ratios), 3),
                "lowest_highest": [round(ratios[0], 3), round(ratios[-1], 3)],
                "engine_to_alone_system_allocator": round(statistics.median(one[1] / one[3] for one in kept), 3),
                "measured": len(kept),
                "quiet": len(quiet),
            }
            print(f"{kind:<20} {json.dumps(results[kind])}", file=sys.stderr)
    return results


def measure_sharing(engine: Engine, count: int, seconds: float) -> dict:
    """Training seconds each of `count` runs got in `seconds`, and the smallest share to the largest."""
    specs = [RunSpec().replace(architecture=kind, hidden_size=size, epochs=5000) for kind, size in MIXED[:count]]
    runs = [engine.submit(spec, load(spec.data.series), "class") for spec in specs]
    while any(run.view().epoch < WARM_UP for run in runs):
        time.sleep(FRAME)
    before = [run.view().seconds for run in runs]
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for run in runs:
            run.watch()
        time.sleep(FRAME)
    got = [run.view().seconds - since for run, since in zip(runs, before, strict=True)]
    for run in runs:
        run.forget()
    shares = {f"{kind} {size}": round(own / seconds, 3) for (kind, size), own in zip(MIXED, got, strict=False)}
    return {"share": shares, "fairness": round(min(got) / max(got), 3), "used": round(sum(got) / seconds, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one measurement")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    if options.alone:
        serve_alone()
        return
    engine = connect(workers=1, limits=Limits(runs_per_owner=8, runs_per_worker=8))
    try:
        while not engine.status().warm:
            time.sleep(FRAME)
        result = {"cost": measure_cost(engine, options.seconds, options.repeats)}
        result |= {f"{n} runs": measure_sharing(engine, n, 4 * options.seconds) for n in (2, 8)}
    finally:
        engine.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
