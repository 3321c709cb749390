"""The text tasks with the page's own settings: what they reach, in how many seconds, and how fast they answer.

python -m benchmarks.seq2seq [--seeds N]

Each run trains through the engine, alone on a worker of its own, with snapshots taken as a visitor who watches would
have them taken. A typed sentence is timed as the page asks for it: from the wish to the view that shows it. An update
is timed against the same network with `torch.nn` cells, in turns. The last line is one JSON object.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterator

for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import torch  # noqa: E402
from torch import nn  # noqa: E402

from seqcore.data.text.spec import TranslationSpec  # noqa: E402
from seqcore.engine import Limits, connect  # noqa: E402
from seqcore.look import Look, Sentence  # noqa: E402
from seqcore.reports.result import Result  # noqa: E402
from seqcore.training.textual import judged, trimmed  # noqa: E402
from seqcore.training.translation import TranslationTrainer  # noqa: E402
from seqcore.translation import found  # noqa: E402

TASKS = ("dates_zh", "dates_fr", "dates_ko", "dates_iso", "sentences")
TYPED = {"sentences": "are you happy today?"}
DATE = "the 3rd of may 1998"


def trained(engine, spec: TranslationSpec) -> dict[str, float]:
    """One run watched to its end, and then asked."""
    run = engine.submit(spec, None, "benchmark")
    began = None
    while not (view := run.view()).ended:
        began = began or (time.perf_counter() if view.epoch else None)
        run.watch(Look())
        time.sleep(0.1)
    wall = time.perf_counter() - began
    answers = []
    for number in range(20):
        text = f"{TYPED.get(spec.data.task, DATE)}{' ' * number}"  # another wish each time, of the same words
        asked = time.perf_counter()
        run.watch(Look(sentence=Sentence(text, own=True)), wait=5.0)
        answers.append(time.perf_counter() - asked)
    engine.keep("benchmark")
    run.forget()
    return {
        "seconds": round(view.seconds, 1), "wall": round(wall, 1),
        "tokens": round(1 - float(view.history.test_rmse[-1]), 4),
        "typed_ms": round(1e3 * statistics.median(answers), 1), "typed_ms_max": round(1e3 * max(answers), 1),
    }  # fmt: skip


def tested(engine, specs: list[TranslationSpec]) -> list[Result]:
    """The same runs again as one of many, which end with a score on all test pairs."""
    runs = engine.submit_batch(specs, None, "batch")
    while not all(run.view().ended for run in runs):
        engine.keep("batch")
        time.sleep(0.2)
    return [Result(run.spec, (view := run.view()).status, view.history, view.started, view.snapshot) for run in runs]


class Plain(nn.Module):
    """Cells of `torch.nn` with the weights of ours: what the trainer's network would be without them."""

    @staticmethod
    def like(model: nn.Module) -> nn.Module:
        """Put `torch.nn`'s cells in the place of ours, in the whole network."""
        for name, child in model.named_children():
            if isinstance(child, nn.RNNBase):
                plain = getattr(nn, child.mode.split("_")[0])(
                    child.input_size, child.hidden_size, child.num_layers, batch_first=True
                )
                plain.load_state_dict(child.state_dict())
                setattr(model, name, plain)
            else:
                Plain.like(child)
        return model


def steps(trainer: TranslationTrainer, model: nn.Module) -> Iterator[float]:
    """Seconds of each update of `model` on the trainer's batches."""
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    while True:
        chosen = next(trainer.batches)
        x, y = trimmed(trainer.x[chosen], trainer.y[chosen])
        began = time.perf_counter()
        optimiser.zero_grad(set_to_none=False)
        judged(model(x, y[:, :-1]), y[:, 1:])[0].backward()
        optimiser.step()
        yield time.perf_counter() - began


def ratio(spec: TranslationSpec, rounds: int = 40) -> float:
    """How many times longer an update takes with `torch.nn` cells, pair by pair."""
    torch.set_num_threads(1)
    ours, theirs = TranslationTrainer(spec), TranslationTrainer(spec)
    pairs = zip(steps(ours, ours.model), steps(theirs, Plain.like(theirs.model)), strict=False)
    measured = [slow / fast for (fast, slow), _ in zip(pairs, range(rounds), strict=False)]
    return round(statistics.median(measured[5:]), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1, help="runs of each task (default: 1)")
    seeds = range(parser.parse_args().seeds)
    specs = [TranslationSpec().replace(task=task, seed=seed) for task in TASKS for seed in seeds]
    result = {}
    engine = connect(limits=Limits(batch=len(specs), batches=len(specs)))
    try:
        alone = [trained(engine, spec) for spec in specs]
        for spec, one, row in zip(specs, alone, map(found, tested(engine, specs)), strict=True):
            one |= {"exact": round(row["Without a mistake"], 4), "tokens_free": round(row["Right, fed its own"], 4)}
            result[f"{spec.data.task}.{spec.seed}"] = one
            print(f"{spec.data.task:10} seed {spec.seed}: {one}", flush=True)
    finally:
        engine.close()
    result["torch_nn_update"] = ratio(TranslationSpec())
    print(json.dumps(result))


if __name__ == "__main__":
    main()
