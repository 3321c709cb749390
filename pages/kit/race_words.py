"""What the race comes to: where each network wins, in words and in a table, from what was measured alone."""

import csv
import io
from collections.abc import Sequence

import numpy as np
import pandas as pd

from pages.kit.race_pictures import Measured, lengths_of
from pages.kit.text import plain, t
from seqcore.data.tasks.race import LAGS
from seqcore.reports.result import Result
from seqcore.text import N_

TIE = 1.1
"""Numbers that differ by less than a tenth, or whose seeds overlap, are as good as equal."""

TAIL = 3
"""How a cost grows is fitted to so many of the longest lengths."""

GROWING = ("milliseconds", "megabytes")
"""Costs of which the table says how they grow."""

LEAD = N_(
    "Who still remembers when what matters is 200 steps away, whose update is the fastest, and who needs the least "
    "memory? Guess, then start the race."
)
WAIT = N_("What it comes to is said here when all runs have ended.")

REACH = N_("**Farthest distance solved**, with every shorter one, by all seeds: {reached}.")
ONE = N_("This is one seed: another may reach less far, or farther.")
NOWHERE = N_("none")
SOONEST = N_("**Soonest solved**, by the time of all updates: {winners}.")
FASTEST = N_("**Fastest update**: {winners}.")
LEAST = N_("**Least memory for the backward pass**: {winners}.")
QUICKEST = N_("**Fastest further step**: {winners}.")
LIGHTEST = N_("**Least to carry from step to step**: {winners}.")
ALWAYS = N_("{name} everywhere")
AT = N_("{name} at {steps} steps")
FROM_TO = N_("{name} at {first} to {last} steps")
NOBODY = N_("nobody")
BESIDE = N_("**An update of {name}** takes {factors}.")
FACTOR = N_("{near} times as long as that of {name} at {first} steps and {far} times as long at {last}")
PASSES = N_("(it becomes the faster one at {length})")
DIVERGED = N_("**Diverged**, and left out here: {names}. Lower the learning rate.")
FALLS = N_("(it becomes the slower one at {length})")
TOLD = N_("Costs are those at the longest length, T = {longest} steps; ∝ says with which power of T they grow there.")


def verdict(rows: Sequence[Measured]) -> str:
    """In Markdown: who remembers how far, once all runs have ended."""
    if not any(row.states for row in rows):
        return t(LEAD)
    if not all(row.over for row in rows):
        return t(WAIT)
    there = sorted((row for row in rows if row.ended), key=Measured.reach, reverse=True)
    lost = ", ".join(plain(row.name) for row in rows if "diverged" in row.states)
    said = [t(DIVERGED).format(names=lost)] if lost else []
    if there:
        reached = " · ".join(f"{plain(row.name)} {row.reach() or t(NOWHERE)}" for row in there)
        said.append(t(REACH).format(reached=reached))
        said += [t(ONE)] if len(there[0].specs) == 1 else []
    return " ".join(said) or t(LEAD)


def wins(rows: Sequence[Measured]) -> list[str]:
    """Sentences in Markdown: which of the networks that went the whole way is the best one, at which lengths.

    None before all runs have ended, or while fewer than two networks have.
    """
    there = [row for row in rows if row.ended]
    if len(there) < 2 or not all(row.over for row in rows):
        return []
    lengths = lengths_of(there[0].specs[0])
    said = [t(SOONEST).format(winners=winners(there, [row.until_solved() for row in there], np.array(LAGS)))]
    for words, what in ((FASTEST, "milliseconds"), (LEAST, "megabytes"), (QUICKEST, "step"), (LIGHTEST, "carried")):
        said.append(t(words).format(winners=winners(there, [row.table(what) for row in there], lengths)))
    return said + beside(there, lengths)


def winners(rows: Sequence[Measured], tables: Sequence[np.ndarray], at: np.ndarray) -> str:
    """Whose mean is the lowest at each length in `at` (n,), in stretches; `tables` are (seeds, n) each.

    Who is as good as the best one is named too. Where a seed has no number, its network cannot win.
    """
    best = [_best([row.name for row in rows], [table[:, k] for table in tables]) for k in range(len(at))]
    if len(set(best)) == 1:
        return t(ALWAYS).format(name=best[0])
    stretches, start = [], 0
    for end in range(1, len(at) + 1):
        if end == len(at) or best[end] != best[start]:
            words = t(AT) if end == start + 1 else t(FROM_TO)
            stretches.append(words.format(name=best[start], steps=at[start], first=at[start], last=at[end - 1]))
            start = end
    return "; ".join(stretches)


def _best(names: Sequence[str], seeds: Sequence[np.ndarray]) -> str:
    """The name of the lowest mean at one length, with those as good as it."""
    there = [(name, values) for name, values in zip(names, seeds, strict=True) if np.isfinite(values).all()]
    if not there:
        return t(NOBODY)
    _, best = min(there, key=lambda row: row[1].mean())
    near = [name for name, values in there if values.min() <= best.max() or values.mean() <= TIE * best.mean()]
    return " / ".join(plain(name) for name in near)


def beside(rows: Sequence[Measured], lengths: np.ndarray) -> list[str]:
    """Of each Transformer, how many times as long as a recurrent network's an update takes, and where that turns."""
    recurrent = [row for row in rows if row.specs[0].racer.architecture != "transformer"]
    told = []
    for row in rows:
        if row in recurrent or not recurrent:
            continue
        factors = "; ".join(_factor(row.mean("milliseconds") / other.mean("milliseconds"), other.name, lengths)
                            for other in recurrent)  # fmt: skip
        told.append(t(BESIDE).format(name=plain(row.name), factors=factors))
    return told


def _factor(ratio: np.ndarray, name: str, lengths: np.ndarray) -> str:
    words = t(FACTOR).format(name=plain(name), near=f"{ratio[0]:.2g}", far=f"{ratio[-1]:.2g}",
                             first=lengths[0], last=lengths[-1])  # fmt: skip
    turns = np.flatnonzero(np.diff(ratio < 1)) + 1
    if len(turns) == 1:
        words += " " + t(PASSES if ratio[-1] < 1 else FALLS).format(length=lengths[turns[0]])
    return words


def growth(values: np.ndarray, lengths: np.ndarray) -> float:
    """The power of the length that `values` (n,) grow with at the longest lengths; NaN where one is missing."""
    tail = values[-TAIL:]
    if not (np.isfinite(tail) & (tail > 0)).all():
        return float("nan")
    return float(np.polyfit(np.log(lengths[-TAIL:]), np.log(tail), 1)[0])


def table(rows: Sequence[Measured]) -> pd.DataFrame:
    """A line for each network that has been measured at the longest distance by a seed at least: see `TOLD`."""
    lengths = lengths_of(rows[0].specs[0])
    lines = {}
    columns = {"milliseconds": N_("ms an update"), "megabytes": N_("MB kept"), "step": N_("ms a further step"),
               "carried": N_("kB carried")}  # fmt: skip
    for row in rows:
        done = sum(state == "finished" for state in row.states)
        if row.weights is None or not done:
            continue
        line = {t(N_("runs")): f"{done}/{len(row.specs)}", t(N_("Weights")): f"{row.weights:,}",
                t(N_("solved up to")): str(row.reach() or t(NOWHERE))}  # fmt: skip
        for what, label in columns.items():
            cost = row.mean(what)
            told = "–" if np.isnan(cost[-1]) else f"{cost[-1]:.3g}"
            if what in GROWING and not np.isnan(power := growth(cost, lengths)):
                told += f" ∝ T^{power:.1f}"
            line[t(label)] = told
        lines[row.name] = line
    return pd.DataFrame.from_dict(lines, orient="index")


COLUMNS = ("lag", "length", "error", "chance", "updates", "solved", "seconds", "milliseconds", "megabytes", "step",
           "carried")  # fmt: skip


def as_csv(results: Sequence[Result]) -> str:
    """A line for each run and distance, in the units of `RaceTrainer.snapshot`; empty where nothing was measured."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n")
    names = None
    for result in results:
        if result.snapshot is None:
            continue
        settings = {**result.spec.flat(), "weights": result.started.weights, "status": result.status}
        if names is None:
            names = [*settings, *COLUMNS]
            write.writerow(names)
        for place in range(len(LAGS)):
            numbers = [float(result.snapshot.arrays[name][place]) for name in COLUMNS]
            write.writerow([*settings.values(), *("" if np.isnan(number) else f"{number:.6g}" for number in numbers)])
    return text.getvalue()
