"""From what runs measured to a verdict: rows of numbers, one for each seed, held against a line.

A row is on one side of the line if the interval of its mean is. Where m rows decide, each interval is Student's at the
level 1 - 0.05 / m (Bonferroni), so that they all hold together with 95 % confidence.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seqcore.claims.claim import ENDED, Arm, Interval, Outcomes, Verdict
from seqcore.data.tasks import TASKS
from seqcore.data.tasks.spec import MemorySpec
from seqcore.reports.paired import FEWEST, student
from seqcore.text import N_

ERROR_RATE = 0.05
"""The chance that any interval of a verdict misses its true mean."""

SIDES = ("below", "above", "unclear")
"""Where an interval may lie: at most the line, above it, or around it."""

WORST = 2.0
"""As a share of chance: the largest error that counts, and what a run that diverged counts as."""

LEARNT = 0.5
"""The error, as a share of chance, below which a network has learnt to use the far step."""

HOW = N_(
    "Every dot is a seed. A row is judged by the interval of its mean, and the intervals of all rows together hold "
    "with 95 % confidence. If all rows lie on one side of the line, the sentence is supported or refuted; if some "
    "lie on each side, it depends; otherwise it stays open."
)
"""What all verdicts have in common."""

NOT_KEPT = np.full((1, 1), np.nan)
"""The profiles of a run that has none."""

OF_CHANCE = N_("test error as a share of chance")

COUNTING = N_("No verdict yet: {done} of {total} runs have ended.")
UNCLEAR = N_("The seeds do not decide: the interval holds the line in {unclear}.")
NO_CONTRAST = N_("Nothing can be said: {broken} did not do what the comparison needs.")


@dataclass(frozen=True)
class Row:
    """A number for each seed that has ended.

    A control decides nothing, but its mean must lie on the side of the line that `control` names, "below" or "above",
    for the other rows to mean anything.
    """

    label: str
    values: tuple[float, ...]
    control: str = ""


@dataclass(frozen=True)
class Rule:
    """The line, and the kind of verdict if all rows lie `below` it (or on it), or all `above`.

    `words`: a sentence for each of "supported", "refuted" and "depends", in which {below} and {above} are the rows
    there. `log` asks for a logarithmic axis and geometric means.
    """

    measure: str
    line: float
    below: str
    above: str
    words: Mapping[str, str]
    log: bool = False


def arm(label: str, seeds: int, lags: Iterable[int] = (), **settings) -> Arm:
    """The runs with these settings, by bare name, and the seeds 0, 1 ...; with each of `lags`, if there are several."""
    spec = MemorySpec().replace(**settings)
    each = [spec.replace(lag=lag) for lag in lags] or [spec]
    return Arm(label, tuple(own.replace(seed=seed) for own in each for seed in range(seeds)))


def by_seed(*arms: Arm) -> list[tuple[MemorySpec, ...]]:
    """The specs of each seed in these arms, in their order."""
    found: dict[int, list[MemorySpec]] = {}
    for spec in (spec for own in arms for spec in own.specs):
        found.setdefault(spec.seed, []).append(spec)
    return [tuple(specs) for specs in found.values()]


def row(label: str, arms: Sequence[Arm], outcomes: Outcomes, number: Callable[..., float], control: str = "") -> Row:
    """`number(outcomes, *specs)` for each seed whose runs in these arms have all ended."""
    ended = [specs for specs in by_seed(*arms) if all(_ended(outcomes, spec) for spec in specs)]
    return Row(label, tuple(number(outcomes, *specs) for specs in ended), control)


def profile(outcomes: Outcomes, spec: MemorySpec, name: str, at: int) -> np.ndarray:
    """What a run kept as `over.<name>`, (T,), before training (`at` 0) or after (-1); NaN (1,) if it diverged."""
    return outcomes[spec].arrays.get(f"over.{name}", NOT_KEPT)[at]


def _ended(outcomes: Outcomes, spec: MemorySpec) -> bool:
    return spec in outcomes and outcomes[spec].status in ENDED


def over_chance(outcomes: Outcomes, spec: MemorySpec) -> float:
    """The last test error as a share of the best there is without the far step, at most `WORST`."""
    task, outcome = TASKS[spec.data.task], outcomes[spec]
    error = float(outcome.history.test_rmse[-1]) / task.error(task.chance_score)
    return WORST if outcome.status == "diverged" or not error <= WORST else error


def solved_at(outcomes: Outcomes, spec: MemorySpec) -> float:
    """The first epoch whose test error counts as solved; infinite if there is none."""
    task, history = TASKS[spec.data.task], outcomes[spec].history
    solved = [task.solves(task.error(error)) for error in history.test_rmse]
    return float(history.epoch[solved.index(True)]) if True in solved else math.inf


def decide(arms: Sequence[Arm], outcomes: Outcomes, rule: Rule, rows: Sequence[Row], **values: object) -> Verdict:
    """Hold `rows`, which are made of the outcomes of `arms`, against the line; `values` are more for the words."""
    level = 1 - ERROR_RATE / sum(not own.control for own in rows)
    intervals = tuple(interval(own.values, level, rule.log) for own in rows)
    specs = [spec for own in arms for spec in own.specs]
    done = sum(_ended(outcomes, spec) for spec in specs)
    if done < len(specs):
        kind, template, values = "open", COUNTING, {"done": done, "total": len(specs)}
    else:
        kind, template, values = _judged(rule, rows, intervals, values)
    agree = kind != "depends" and template not in (COUNTING, NO_CONTRAST)
    deciding = [ends for ends, own in zip(intervals, rows, strict=True) if agree and not own.control]
    low, mean, high = _nearest(deciding, rule)
    points = tuple((own.label, own.values) for own in rows)
    return Verdict(kind, template, values, rule.measure, points, intervals, low, mean, high, rule.log, rule.line)


def _judged(rule: Rule, rows: Sequence[Row], intervals: Sequence[Interval], values: dict) -> tuple[str, str, dict]:
    """The kind of verdict, its sentence and what stands in it, once all runs have ended."""
    placed = list(zip(rows, intervals, strict=True))
    controls = [(own, _side((mean, mean, mean), rule.line)) for own, (_, mean, _) in placed if own.control]
    if broken := tuple(own.label for own, side in controls if own.control != side):
        return "open", NO_CONTRAST, {"broken": broken}
    sides = [(own.label, _side(ends, rule.line)) for own, ends in placed if not own.control]
    found = {at: tuple(label for label, side in sides if side == at) for at in SIDES}
    if found["below"] and found["above"]:
        return "depends", rule.words["depends"], {**values, **found}
    if found["unclear"]:
        return "open", UNCLEAR, found
    kind = rule.below if found["below"] else rule.above
    return kind, rule.words[kind], {**values, **found}


def interval(values: Sequence[float], level: float, log: bool = False) -> Interval:
    """Student's interval for the mean of `values`: low, mean and high, NaN for too few or where one is not finite.

    With `log` it is that of the geometric mean of values above 0. Values that are all the same leave no doubt.
    """
    values = np.log(values) if log else np.asarray(values, float)
    if len(values) < FEWEST or not np.isfinite(values).all():
        return math.nan, math.nan, math.nan
    low, high, _ = student(values, level)
    ends = np.array([low, np.mean(values), high])
    low, mean, high = (np.exp(ends) if log else ends).tolist()
    return low, mean, high


def _side(ends: Interval, line: float) -> str:
    low, _, high = ends
    return "below" if high <= line else "above" if low > line else "unclear"


def _nearest(intervals: Sequence[Interval], rule: Rule) -> Interval:
    """The interval nearest to the line, or reaching furthest over it; NaN if there is none."""
    scale = np.log if rule.log else np.asarray
    line = scale(rule.line)

    def gap(ends: Interval) -> float:
        low, _, high = scale(ends)
        return max(line - high, low - line)

    return min(intervals, key=gap, default=(math.nan, math.nan, math.nan))
