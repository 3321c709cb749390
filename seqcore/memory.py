"""Who remembers how far: cells on a memory task, side by side, as a table."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from seqcore.catalogue import RECURRENT
from seqcore.data.tasks import TASKS
from seqcore.data.tasks.spec import ONLY, MemorySpec
from seqcore.reports.result import Result
from seqcore.spec import from_flat
from seqcore.text import N_, UserError

UPDATES = 25
"""Updates of the weights in an epoch, as the trainer has it; a test compares them."""

MOST_RUNS = 60

COLUMNS = ("Cell", "Lag", "Seed", "Weights", "Error", "Chance", "Solved below", "Solved after", "Memory horizon",
           "Gradient horizon", "Seconds")  # fmt: skip


def side_by_side(
    values: Mapping[str, Any], cells: Sequence[str] = RECURRENT, lags: Sequence[int] = (), seeds: int = 1
) -> list[MemorySpec]:
    """Settings by bare name, for each of `cells` and `lags`, with `seeds` seeds from their own on.

    Each cell has the remedies it can take. Raises `UserError` for an unknown cell, a value out of its range, or more
    than `MOST_RUNS`.
    """
    if not cells:
        raise UserError(N_("Choose at least one network."))
    for cell in cells:
        if cell not in RECURRENT:
            raise UserError(N_("{name!r} is no recurrent cell: choose from {choices}."),
                            name=cell[:20], choices=", ".join(RECURRENT))  # fmt: skip
    fitted = [fit(values, cell) for cell in cells]
    lags = lags or (fitted[0].data.lag,)
    count = len(cells) * len(lags) * seeds
    if not 1 <= count <= MOST_RUNS:
        raise UserError(N_("This asks for {count} runs, and 1 to {most} can be made at once."),
                        count=count, most=MOST_RUNS)  # fmt: skip
    return [own.replace(lag=lag, seed=own.seed + k) for lag in lags for own in fitted for k in range(seeds)]


def fit(values: Mapping[str, Any], cell: str) -> MemorySpec:
    """Settings by bare name for a cell, without the remedies it cannot take."""
    plain = MemorySpec().flat()
    dropped = {name: plain[name] for name, cells in ONLY.items() if cell not in cells}
    return from_flat({**values, "architecture": cell, **dropped}, MemorySpec)


def found(result: Result) -> dict[str, object]:
    """One run in plain numbers, by the names of `COLUMNS`; None where there is no number."""
    spec, history, shot = result.spec, result.history, result.snapshot
    task = TASKS[spec.data.task]
    arrays = shot.arrays if shot else {}
    solved = float(arrays.get("solved", math.nan))
    values = (
        spec.model.architecture, spec.data.lag, spec.seed, result.started.weights if result.started else None,
        float(history.test_rmse[-1]) if len(history) else None, task.error(task.chance_score),
        task.error(task.solved_score), None if math.isnan(solved) else round(solved) * UPDATES,
        _lag(arrays, "horizon.memory"), _lag(arrays, "horizon.gradient"),
        round(float(history.seconds[-1]), 2) if len(history) else None,
    )  # fmt: skip
    return {**dict(zip(COLUMNS, values, strict=True)), "Status": result.status}


def _lag(arrays, name: str) -> int | None:
    lag = float(arrays.get(name, -1))
    return round(lag) if lag >= 0 else None


def written(form: str, results: Sequence[Result]) -> str:
    """The runs as markdown or json."""
    rows = [found(result) for result in results]
    if form == "json":
        finite = [{name: value if not isinstance(value, float) or math.isfinite(value) else None
                   for name, value in row.items()} for row in rows]  # fmt: skip
        return json.dumps(finite, indent=1)
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    return "\n".join(lines + [f"| {' | '.join(_cell(name, row) for name in COLUMNS)} |" for row in rows])


def _cell(name: str, row: dict) -> str:
    value = row[name]
    if name == "Solved after":
        return f"{value} updates" if value is not None else "diverged" if row["Status"] == "diverged" else "not solved"
    return "–" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
