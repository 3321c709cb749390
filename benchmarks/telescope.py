"""What looking at gradients costs a training, and how often the picture moves: `python -m benchmarks.telescope`.

A run on the adding problem (lag 30, hidden 32) trains in a worker: in turns with a viewer who looks at the
gradients by time step ten times a second, and with nobody looking. Told for each cell: how many new pictures a
second the viewer had, and the ratio of the epochs per second with and without, at the median. The last line is JSON.
"""

import argparse
import json
import statistics
import sys
import time

from benchmarks.engine import FRAME, QUIET, WARM_UP, Others
from seqcore.catalogue import RECURRENT
from seqcore.engine import Engine, Limits, connect
from seqcore.look import Look
from seqcore.memory import fit

LOOK = Look(gradients=True)


def rates(engine: Engine, cell: str, lag: int, seconds: float, looking: bool) -> tuple[float, float]:
    """Epochs per second, and new snapshots per second."""
    run = engine.submit(fit({"epochs": 5000, "lag": lag, "stop": False}, cell), None, "viewer")
    first = last = None
    looked, seen = 0.0, set()
    while first is None or last[0] - first[0] < seconds:
        time.sleep(0.002)
        now, view = time.perf_counter(), run.view()
        if view.ended:
            raise RuntimeError(f"the run ended: {view.status} {view.failure}")
        if looking and now - looked > FRAME:
            looked = now
            run.watch(LOOK)
        if view.epoch >= WARM_UP and (last is None or view.epoch != last[1]):
            last = (now, view.epoch)
            first = first or last
            if view.snapshot:
                seen.add(view.snapshot.epoch)
    run.forget()
    spent = last[0] - first[0]
    return (last[1] - first[1]) / spent, len(seen) / spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lag", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    engine = connect(1, Limits())
    result = {}
    try:
        for cell in RECURRENT:
            rounds, noise = [], []
            for _ in range(options.repeats):
                with Others() as others:
                    watched, pictures = rates(engine, cell, options.lag, options.seconds, True)
                    alone, _ = rates(engine, cell, options.lag, options.seconds, False)
                rounds.append((watched / alone, pictures))
                noise.append(others.cores)
                print(f"{cell}: {watched:.1f} / {alone:.1f} epochs/s, {pictures:.1f} pictures/s, "
                      f"others {others.cores:.2f} cores", file=sys.stderr)  # fmt: skip
            ratio, pictures = (statistics.median(column) for column in zip(*rounds, strict=True))
            result[cell] = {"speed_with_viewer": round(ratio, 3), "pictures_per_s": round(pictures, 1),
                            "quiet_rounds": sum(cores <= QUIET for cores in noise)}  # fmt: skip
    finally:
        engine.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
