"""The two ways to make a comparison fair beyond equal epochs: equal weights, and equal seconds."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import fmean

import numpy as np

from seqcore.catalogue import CLASSICAL
from seqcore.homework import label_of
from seqcore.reports.result import Result
from seqcore.size import weights
from seqcore.spec import SETTINGS, RunSpec
from seqcore.text import N_, UserError
from seqcore.training.events import EPOCH_FIELDS, History

TOLERANCE = 0.02
"""How far a network's number of weights may be from the target, as a share of it."""

GROWTH = 1.5
"""How many times the weights of the largest network the target may reach, where small networks leave gaps."""


def equal_weights(specs: Sequence[RunSpec]) -> list[RunSpec]:
    """`specs` with hidden sizes changed so that every network has the target number of weights within 2 %.

    The target is the size of the largest network, or the next number above it that all can come near: a hidden size
    is a whole number, so small networks leave gaps. No network shrinks; baselines stay as they are; the order of
    `specs` decides nothing but the order of what is returned. Rows that differed in nothing but the hidden size
    become equal.

    Raises `UserError` that names the row furthest from the largest network where no such target exists.
    """
    curves = {spec: _sizes(spec) for spec in specs if spec.model.architecture not in CLASSICAL}
    if not curves:
        return list(specs)
    largest = max(weights(spec) for spec in curves)
    target = _target(largest, [list(sizes) for sizes in curves.values()])
    if target is None:
        raise _unmatched(largest, curves)
    fitted = {
        spec: replace(spec, model=replace(spec.model, hidden_size=sizes[_nearest(target, sizes)]))
        for spec, sizes in curves.items()
    }
    return [fitted.get(spec, spec) for spec in specs]


def _sizes(spec: RunSpec) -> dict[int, int]:
    """Number of weights -> hidden size, upwards, for every hidden size the network may have."""
    facts = SETTINGS["hidden_size"][1]
    sizes = range(int(facts.low), int(facts.high) + 1)
    return {weights(replace(spec, model=replace(spec.model, hidden_size=size))): size for size in sizes}


def _nearest(target: int, counts: Iterable[int]) -> int:
    return min(counts, key=lambda count: (abs(count - target), count))


def _fits(target: int, count: int) -> bool:
    return abs(count - target) <= TOLERANCE * target


def _target(largest: int, curves: list[list[int]]) -> int | None:
    """The smallest number from `largest` on that every list of counts (upwards) comes near; None if there is none."""
    target = largest
    while target <= GROWTH * largest:
        missing = [counts for counts in curves if not _fits(target, _nearest(target, counts))]
        if not missing:
            return target
        above = [next((count for count in counts if count > target), math.inf) for counts in missing]
        if max(above) == math.inf:
            return None
        target = math.ceil(max(above) / (1 + TOLERANCE))
    return None


def _unmatched(target: int, curves: dict[RunSpec, dict[int, int]]) -> UserError:
    nearest = {spec: _nearest(target, sizes) for spec, sizes in curves.items()}
    worst = max(nearest, key=lambda spec: (abs(nearest[spec] - target), repr(spec)))
    return UserError(
        N_(
            "{name} cannot have {target:,} weights within {tolerance:.0%}: the nearest is {nearest:,}, with "
            "hidden_size={hidden_size}. Leave this row out, change its layers, or change the hidden size of the "
            "largest network."
        ),
        name=label_of(worst), target=target, tolerance=TOLERANCE, nearest=nearest[worst],
        hidden_size=curves[worst][nearest[worst]],
    )  # fmt: skip


def equal_seconds(results: Sequence[Result]) -> float | None:
    """The training seconds of the fastest network: the mean over its finished runs; None before any has finished."""
    totals = defaultdict(list)
    for result in results:
        if result.status == "finished" and result.spec.model.architecture not in CLASSICAL:
            totals[replace(result.spec, seed=0)].append(float(result.history.seconds[-1]))
    return min(map(fmean, totals.values()), default=None)


def until(history: History, seconds: float) -> History:
    """What `history` held after so many training seconds; of a run that was slower still, its untrained model."""
    points = max(1, int(np.searchsorted(history.seconds, seconds, side="right")))
    return History(**{name: getattr(history, name)[:points] for name in EPOCH_FIELDS})


def epochs_at(history: History, seconds: float) -> int:
    """The last epoch that ended within so many training seconds."""
    return int(until(history, seconds).epoch[-1])
