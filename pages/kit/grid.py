"""A study: one setting varied over values, by networks, by seeds. Which runs that takes, and what each cell holds."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from pages.kit.experiments import Experiment
from seqcore.engine.limits import Limits
from seqcore.homework import ASKED, VARIANTS, Variant, recipe, variant
from seqcore.reports.result import Result
from seqcore.size import weights
from seqcore.spec import SETTINGS, RunSpec, Setting, as_text
from seqcore.text import N_, UserError
from seqcore.training.events import EPOCH_FIELDS, History

BASE = recipe().replace(epochs=200)
"""What a study begins from: the homework's recipe, with few enough epochs for a grid to be full in a minute."""

VARIED = {
    "num_layers": "1, 2, 3, 4",
    "hidden_size": "4, 8, 16, 32, 64",
    "seq_length": "5, 10, 19, 40",
    "lr": "0.001, 0.003, 0.01, 0.03, 0.1",
    "epochs": "50, 100, 200, 500",
    "batch_size": "0, 64, 256",
    "clip": "0, 0.01, 0.1, 1",
    "dropout": "0, 0.1, 0.2, 0.4",
    "optimiser": "adam, adamw, sgd, momentum, rmsprop",
    "scaler": "minmax11, minmax01, standard, none",
    "scaler_fit": "train, all",
}
"""Settings that can be varied, and the values each is tried at first.

Horizon and training part are not among them: they change what is forecast, so the cells would not compare.
"""

MOST_VALUES = 12
"""Values of a grid, as many as its picture has room for."""

MOST_RUNS = Limits.from_environment().batch
"""Runs a grid may take: what the engine keeps for one page."""

SEEDS = Setting("int", N_("Seeds"), N_("Runs of each cell, with the seeds 0, 1, 2 … One run is an anecdote."), 1, 10)

OWN = {"vary": "num_layers", "values": "", "models": list(ASKED), "seeds": 3}
"""The page's own fields, as they are at first; no values are the setting's usual ones."""

STUDIES = (
    Experiment("layers", N_("Do more layers help?"), {"vary": "num_layers"}),
    Experiment(
        "window", N_("How long must the window be?"),
        {"vary": "seq_length", "values": "2, 5, 11, 22, 33", "series": "sunspots"},
    ),
    Experiment(
        "rate", N_("Where does the learning rate break?"), {"vary": "lr", "values": "0.001, 0.01, 0.03, 0.1, 0.3"}
    ),
)  # fmt: skip
"""One-click studies; what they do not name is as in `BASE` and `OWN`."""


def offered(vary: str) -> tuple[Variant, ...]:
    """The networks that compare when `vary` is varied: layers are not stacked twice, dropout needs two of them."""
    if vary in ("num_layers", "dropout"):
        return tuple(v for v in VARIANTS if ("num_layers" in v.settings) == (vary == "dropout"))
    return VARIANTS


def comparable(vary: str, models: Sequence[str]) -> list[str]:
    """Those of `models` that compare when `vary` is varied; if there are some and none does, the first that do."""
    names = [variant.name for variant in offered(vary)]
    return [name for name in names if name in models] or names[: len(ASKED) if models else 0]


def split(text: str) -> list[str]:
    """The words of a list of values; `UserError` if there are too many."""
    words = [word for word in re.split(r"[\s,;，、；]+", text) if word]
    if len(words) > MOST_VALUES:
        raise UserError(N_("These are {count} values; a study holds {most}."), count=len(words), most=MOST_VALUES)
    return words


def read_values(vary: str, text: str) -> tuple:
    """The values in `text`, numbers in order, each once; without any, the usual ones. Raises `UserError`."""
    facts = SETTINGS[vary][1]
    values = dict.fromkeys(facts.check(vary, facts.parse(vary, word)) for word in split(text) or split(VARIED[vary]))
    return tuple(values if facts.choices else sorted(values))


def read_seeds(text: str) -> int:
    """How many seeds a link asks for."""
    return SEEDS.check("seeds", SEEDS.parse("seeds", text))


Cells = Mapping[RunSpec, Sequence[Result]]
"""What is known of each cell's seeds; a cell is its spec with seed 0."""


@dataclass(frozen=True)
class Grid:
    """`values` of the setting `vary` by the networks named in `models`; `base` says everything else.

    Raises `UserError` where there is no network, or where the runs are too many.
    """

    base: RunSpec
    vary: str
    values: tuple
    models: tuple[str, ...]
    seeds: int

    def __post_init__(self):
        if not self.models:
            raise UserError(N_("Choose at least one model."))
        if self.planned > MOST_RUNS:
            raise UserError(
                N_(
                    "{values} values × {models} models × {seeds} seeds are {count} runs, and a study may hold {most}: "
                    "choose fewer of them."
                ),
                values=len(self.values), models=len(self.models), seeds=self.seeds, count=self.planned, most=MOST_RUNS,
            )  # fmt: skip

    @property
    def planned(self) -> int:
        """How many runs it takes: of epochs, the longest run passes through all values."""
        return (1 if self.vary == "epochs" else len(self.values)) * len(self.models) * self.seeds

    def cell(self, value: Any, model: str) -> RunSpec:
        """What a cell asks for, with seed 0."""
        return self.base.replace(**{**variant(model).settings, self.vary: value, "seed": 0})

    @cached_property
    def cells(self) -> list[list[RunSpec]]:
        """By value and model."""
        return [[self.cell(value, model) for model in self.models] for value in self.values]

    @cached_property
    def runs(self) -> list[RunSpec]:
        """What is to be trained, the first seed of all cells before the second, so that every cell begins early."""
        wanted = (self._run(cell, seed) for seed in range(self.seeds) for line in self.cells for cell in line)
        return list(dict.fromkeys(wanted))

    def _run(self, cell: RunSpec, seed: int) -> RunSpec:
        """The run that answers a cell. Where epochs are varied, that is the longest one: it passes through all."""
        epochs = max(self.values) if self.vary == "epochs" else cell.training.epochs
        return cell.replace(seed=seed, epochs=epochs)

    def results(self, made: Sequence[Result]) -> Cells:
        """For each cell what is known of its seeds, cut off after the cell's own epochs."""
        known = {result.spec: result for result in made}
        return {
            cell: [
                _after(known[run], cell.replace(seed=seed), cell.training.epochs)
                for seed in range(self.seeds)
                if (run := self._run(cell, seed)) in known
            ]
            for line in self.cells
            for cell in line
        }


def errors(results: Sequence[Result]) -> np.ndarray:
    """The final test errors (n,) of a cell's seeds that have ended, NaN of one that diverged."""
    ended = [result for result in results if result.status in ("finished", "diverged")]
    return np.array([result.history.test_rmse[-1] if result.status == "finished" else np.nan for result in ended])


def _after(result: Result, spec: RunSpec, epochs: int) -> Result:
    """A result as it stood after `epochs` epochs."""
    past = History(**{name: getattr(result.history, name)[: epochs + 1] for name in EPOCH_FIELDS})
    status = "finished" if len(past) > epochs else result.status
    return replace(result, spec=spec, status=status, history=past)


def said(t: Callable[[str], str], vary: str, value: Any) -> str:
    """A value in words."""
    facts = SETTINGS[vary][1]
    return t(facts.choices[value]) if facts.choices else f"{value:g}"


def misfit(grid: Grid, check: Callable[[RunSpec], object]) -> tuple[Any, UserError] | None:
    """The first value with which `check` finds something wrong, and what; None if all fit."""
    for value, line in zip(grid.values, grid.cells, strict=True):
        try:
            check(line[0])
        except UserError as problem:
            return value, problem
    return None


def as_csv(grid: Grid, made: Sequence[Result]) -> str:
    """A line for each seed of each cell: all settings, then what came of it; RMSE in the data's own unit."""
    scores = ("status", "train_rmse", "test_rmse", "naive_rmse", "weights", "seconds")
    text = io.StringIO()
    table = csv.DictWriter(text, ["model", *SETTINGS, *scores], lineterminator="\n")
    table.writeheader()
    results = grid.results(made)
    for line in grid.cells:
        for model, cell in zip(grid.models, line, strict=True):
            known = {result.spec.seed: result for result in results[cell]}
            for seed in range(grid.seeds):
                settings = {name: as_text(value) for name, value in cell.replace(seed=seed).flat().items()}
                table.writerow({"model": model, **settings, "weights": weights(cell), **_scores(known.get(seed))})
    return text.getvalue()


def _scores(result: Result | None) -> Mapping[str, object]:
    """The last errors of a run that has got to its end, or to where it diverged."""
    if result is None:
        return {"status": "not trained"}
    if result.status not in ("finished", "diverged"):
        return {"status": result.status}
    last = result.history
    return {
        "status": result.status, "train_rmse": float(last.train_rmse[-1]), "test_rmse": float(last.test_rmse[-1]),
        "naive_rmse": result.started.naive_rmse, "seconds": round(float(last.seconds[-1]), 3),
    }  # fmt: skip
