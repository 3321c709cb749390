"""What the runs of the race have measured, network by network, and the pictures of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pages.kit.live import theme
from pages.kit.text import t, translator
from seqcore.data.tasks import TASKS
from seqcore.data.tasks.race import LAGS, RaceSpec
from seqcore.engine.view import ENDED
from seqcore.figures.palette import Look
from seqcore.figures.picture import Picture
from seqcore.figures.scaling import Level, Scaling, scaling
from seqcore.reports.result import Result
from seqcore.text import N_


@dataclass(frozen=True, eq=False)
class Measured:
    """One network of the race over its seeds, each as it stands.

    `shots` are the arrays of those that have begun, by the names of `RaceTrainer.snapshot`.
    """

    name: str
    look: Look
    specs: Sequence[RaceSpec]
    states: Sequence[str]
    shots: Sequence[Mapping[str, np.ndarray]]
    weights: int | None

    @property
    def over(self) -> bool:
        """All of its seeds have been begun and have ended, one way or another."""
        return len(self.states) == len(self.specs) and set(self.states) <= set(ENDED)

    @property
    def ended(self) -> bool:
        """All of its seeds went the whole way."""
        return self.over and set(self.states) == {"finished"}

    def table(self, what: str) -> np.ndarray:
        """(seeds, n), at least one row: NaN where there is nothing yet."""
        return np.stack([shot[what] for shot in self.shots] or [np.full(len(LAGS), np.nan)])

    def mean(self, what: str) -> np.ndarray:
        """(n,) over the seeds; NaN where one of them has no number."""
        return self.table(what).mean(axis=0)

    def until_solved(self) -> np.ndarray:
        """Seconds of all updates until the task was solved (seeds, n); NaN where it was not."""
        return np.where(np.isfinite(self.table("solved")), self.table("seconds"), np.nan)

    def reach(self) -> int:
        """The farthest distance at which all seeds solved the task, there and at every shorter one; 0 if at none."""
        solved = np.isfinite(self.table("solved")).all(axis=0)
        count = int(solved.cumprod().sum())
        return LAGS[count - 1] if count else 0


def name_of(spec: RaceSpec) -> str:
    """What a network is called, translated."""
    return t(spec.racer.label)


def measured(results: Sequence[Result], specs: Sequence[RaceSpec]) -> list[Measured]:
    """What is known of each network, in the order of the plan."""
    by_spec = {result.spec: result for result in results}
    found = []
    for architecture in dict.fromkeys(spec.model.architecture for spec in specs):
        mine = [spec for spec in specs if spec.model.architecture == architecture]
        told = [by_spec[spec] for spec in mine if spec in by_spec]
        racer = mine[0].racer
        found.append(Measured(
            name_of(mine[0]), Look(racer.architecture, int(racer.attention or racer.explicit)), mine,
            [result.status for result in told], [result.snapshot.arrays for result in told if result.snapshot],
            next((result.started.weights for result in told if result.started), None),
        ))  # fmt: skip
    return found


def lengths_of(spec: RaceSpec) -> np.ndarray:
    """How long the sequences are at each distance (n,)."""
    return np.array([TASKS[spec.data.task].length(lag) for lag in LAGS])


def pictures(rows: Sequence[Measured]) -> list[Picture]:
    """Six: what is learnt and how soon, what an update costs, and what generating costs."""
    spec = rows[0].specs[0]
    distance = t(N_("Distance (steps)"))
    solved = [Scaling(row.name, row.look, row.until_solved()) for row in rows]
    return [
        _errors(rows, spec, distance),
        scaling(translator(), theme(), solved, np.array(LAGS), name="race_solved", title=t(N_("How soon it is solved")),
                x=distance, what=t(N_("Training time until solved")), unit="s"),
        _cost(rows, spec, "milliseconds", t(N_("What an update takes")), t(N_("Time of an update")), "ms"),
        _cost(rows, spec, "megabytes", t(N_("What an update keeps")), t(N_("Kept for the backward pass")), "MB"),
        _cost(rows, spec, "step", t(N_("One further step takes")), t(N_("Time of a step")), "ms"),
        _cost(rows, spec, "carried", t(N_("One further step needs")), t(N_("Carried from step to step")), "kB"),
    ]  # fmt: skip


def _errors(rows: Sequence[Measured], spec: RaceSpec, distance: str) -> Picture:
    task = TASKS[spec.data.task]
    chance, solved = task.error(task.chance_score), task.error(task.solved_score)
    log = not task.classes
    levels = [Level(t(N_("chance {error:.3g}")).format(error=chance), chance, above=False),
              Level(t(N_("solved {error:.3g}")).format(error=solved), solved)]  # fmt: skip
    return scaling(
        translator(), theme(), [Scaling(row.name, row.look, row.table("error")) for row in rows], np.array(LAGS),
        name="race_error", title=t(N_("Who remembers how far")), x=distance,
        what="RMSE" if log else t(N_("Wrong answers (share)")), unit="", log=log, levels=levels,
    )  # fmt: skip


def _cost(rows: Sequence[Measured], spec: RaceSpec, name: str, title: str, what: str, unit: str) -> Picture:
    return scaling(
        translator(), theme(), [Scaling(row.name, row.look, row.table(name)) for row in rows], lengths_of(spec),
        name=f"race_{name}", title=title, x=t(N_("Sequence length (steps)")), what=what, unit=unit,
    )  # fmt: skip
