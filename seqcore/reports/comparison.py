"""The numbers behind the homework's table: one row for each distinct spec, over all its seeds."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcore.catalogue import CLASSICAL
from seqcore.homework import label_of, recipe
from seqcore.reports.fairness import until
from seqcore.reports.result import Result
from seqcore.size import weights
from seqcore.spec import RunSpec
from seqcore.training.events import History, Started

FATE = {
    "finished": "finished",
    "diverged": "diverged",
    "failed": "failed",
    "stopped": "stopped",
    "running": "running",
    "paused": "running",
    "starting": "running",
    "queued": "waiting",
}
"""What a run's status means for its seed."""

FATES = tuple(dict.fromkeys(FATE.values()))

NAMED = {"hidden_size": "hidden_size", "seq_length": "seq_length", "num_layers": "num_layers", "epochs": "num_epochs"}
"""The settings that the homework's own row names, and what it calls them."""

UNNAMED = ("architecture", "seed", "digest")
"""Settings that are no row's parameters: its name says the first, its spread the second; the third is no choice."""

RECIPE = recipe()

STAYS = 1.05
"""A loss has settled when it stays within this many times its final value."""


@dataclass(frozen=True)
class Spread:
    """A number over seeds: `sd` with n - 1 (NaN for one value), `mean` NaN for none; `values` in the order of seeds."""

    mean: float
    sd: float
    count: int
    values: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Row:
    """One row of the table. `spec` has seed 0, `label` is a message, `parameters` are written as the homework does.

    `counts` says how many seeds are what, by the names in `FATES`. All spreads are over the finished runs, whose
    seeds are `seeds`: `train` and `test` RMSE of the last epoch read (in the data's own units), `seconds` of training
    until then, `skill` = 1 - test / naive, `settled`, the first epoch from which on the training loss is never above
    1.05 times its last value. `last_epoch` and `best_epoch` are medians (None without a finished run).

    `best` is each run's lowest test RMSE. It is no fair score: to choose the epoch by the test part is to peek at it.

    A baseline has no epochs: its `best`, `settled`, `best_epoch` and `last_epoch` are empty, and its `weights` are
    known when it has begun. `naive_rmse` is None until a run has begun.
    """

    spec: RunSpec
    label: str
    parameters: str
    counts: Mapping[str, int]
    seeds: tuple[int, ...]
    train: Spread
    test: Spread
    best: Spread
    settled: Spread
    seconds: Spread
    skill: Spread
    best_epoch: float | None
    last_epoch: float | None
    weights: int | None
    naive_rmse: float | None


def rows(
    specs: Sequence[RunSpec], results: Sequence[Result], seconds: float | None = None, reference: RunSpec = RECIPE
) -> list[Row]:
    """A row for each of `specs` that differs from the others in more than its seed, in their order.

    Rows without a result are empty; results of other specs are left out, and of two for one spec the last counts.
    With `seconds` every network is read at the last epoch that ended within so many seconds of training. Settings
    that differ from `reference` are among the parameters.
    """
    found = defaultdict(dict)
    for result in results:
        found[replace(result.spec, seed=0)][result.spec.seed] = result
    wanted = dict.fromkeys(replace(spec, seed=0) for spec in specs)
    return [_row(spec, [result for _, result in sorted(found[spec].items())], seconds, reference) for spec in wanted]


def _row(spec: RunSpec, results: Sequence[Result], seconds: float | None, reference: RunSpec) -> Row:
    """The row of `spec` from its results, in the order of their seeds."""
    network = spec.model.architecture not in CLASSICAL
    finished = [result for result in results if result.status == "finished"]
    histories = [result.history for result in finished]
    if network and seconds is not None:
        histories = [until(history, seconds) for history in histories]
    trained = histories if network else []
    best = [_best(history) for history in trained]
    test = spread(history.test_rmse[-1] for history in histories)
    started = next((result.started for result in results if result.started), None)
    naive = started.naive_rmse if started else None
    counts = Counter(FATE[result.status] for result in results)
    return Row(
        spec=spec,
        label=label_of(spec),
        parameters=_parameters(spec, reference) if network else started.kernel if started else "",
        counts={fate: counts[fate] for fate in FATES},
        seeds=tuple(result.spec.seed for result in finished),
        train=spread(history.train_rmse[-1] for history in histories),
        test=test,
        best=spread(history.test_rmse[k] for history, k in zip(trained, best, strict=True)),
        settled=spread(_settled(history) for history in trained),
        seconds=spread(history.seconds[-1] for history in histories),
        skill=spread(1 - value / naive if naive else math.nan for value in test.values),
        best_epoch=_median(history.epoch[k] for history, k in zip(trained, best, strict=True)),
        last_epoch=_median(history.epoch[-1] for history in trained),
        weights=_weights(spec, network, started),
        naive_rmse=naive,
    )


def spread(numbers: Iterable[float]) -> Spread:
    """Mean and standard deviation of `numbers`."""
    values = tuple(float(number) for number in numbers)
    with np.errstate(invalid="ignore"):  # a score may be infinite, and its spread then is no number
        sd = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return Spread(float(np.mean(values)) if values else math.nan, sd, len(values), values)


def parameters(settings: Mapping[str, object]) -> str:
    """Settings in the homework's own words: `hidden_size=32, seq_length=19, num_layers=1, num_epochs=500`."""
    return ", ".join(f"{NAMED.get(name, name)}={_short(value)}" for name, value in settings.items())


def _parameters(spec: RunSpec, reference: RunSpec) -> str:
    settings = spec.flat()
    others = [name for name, _, _ in spec.differences(reference) if name not in (*NAMED, *UNNAMED)]
    return parameters({name: settings[name] for name in (*NAMED, *others)})


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _weights(spec: RunSpec, network: bool, started: Started | None) -> int | None:
    if network:
        return weights(spec)
    return started.weights if started else None


def _best(history: History) -> int:
    """Where the test error is lowest."""
    return int(np.argmin(np.nan_to_num(history.test_rmse, nan=math.inf)))


def _settled(history: History) -> float:
    """The first epoch from which on the training loss stays within 5 % of its last value."""
    above = np.flatnonzero(history.train_loss > STAYS * history.train_loss[-1])
    return history.epoch[above[-1] + 1 if len(above) else 0]


def _median(numbers: Iterable[float]) -> float | None:
    values = list(numbers)
    return float(np.median(values)) if values else None
