"""Who translates how well: networks with and without attention on a text task, side by side."""

import json
import math
from collections.abc import Sequence

import numpy as np

from seqcore.data.text import TEXT_TASKS
from seqcore.data.text.spec import TranslationSpec
from seqcore.reports.result import Result
from seqcore.text import N_, UserError

UPDATES = 5
"""Updates of the weights in an epoch, as the trainer has it; a test compares them."""

MOST_RUNS = 40

BINS = 10
"""Into about so many groups the lengths of a task's sources are put."""

LEAST = 5
"""Pairs a group needs for its share to be told."""

COLUMNS = ("Task", "Cell", "Attention", "Teacher forcing", "Seed", "Weights", "Right, fed the truth",
           "Right, fed its own", "Without a mistake", "Seconds")  # fmt: skip


def side_by_side(
    spec: TranslationSpec, attentions: Sequence[str], forcings: Sequence[float], seeds: int
) -> list[TranslationSpec]:
    """`spec` with each kind of attention and each share of teacher forcing, with `seeds` seeds from its own on.

    Raises `UserError` for none of either, for settings that do not go together, or more than `MOST_RUNS`.
    """
    if not attentions or not forcings:
        raise UserError(N_("Choose at least one kind of attention, and one share of teacher forcing."))
    check_count(len(attentions) * len(forcings) * seeds)
    return [spec.replace(attention=attention, teacher_forcing=forcing, seed=spec.seed + k)
            for attention in attentions for forcing in forcings for k in range(seeds)]  # fmt: skip


def check_count(count: int) -> None:
    """Raise a `UserError` for no runs at all, or more than `MOST_RUNS`."""
    if not 1 <= count <= MOST_RUNS:
        raise UserError(N_("This asks for {count} runs, and 1 to {most} can be made at once."),
                        count=count, most=MOST_RUNS)  # fmt: skip


def right_by_length(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """The middle length of each group (n,) and the share of its pairs translated without a mistake (n,).

    NaN where fewer than `LEAST` pairs are in a group, and everywhere if the run has not ended.
    """
    longest = TEXT_TASKS[result.spec.data.task].source_length
    wide = max(1, round(longest / BINS))
    groups = -(-longest // wide)
    middle = 1 + wide * np.arange(groups) + (wide - 1) / 2
    if result.snapshot is None or "whole" not in result.snapshot.arrays:
        return middle, np.full(groups, np.nan)
    group = (result.snapshot.arrays["length"].astype(int) - 1) // wide
    count = np.bincount(group, minlength=groups)
    right = np.bincount(group, result.snapshot.arrays["whole"], groups)
    return middle, np.where(count >= LEAST, right / np.maximum(count, 1), np.nan)


def found(result: Result) -> dict[str, object]:
    """One run in plain numbers, by the names of `COLUMNS`; None where there is no number."""
    spec, history = result.spec, result.history
    arrays = result.snapshot.arrays if result.snapshot else {}
    ended = "whole" in arrays
    values = (
        spec.data.task, spec.model.architecture, spec.model.attention, spec.teaching.teacher_forcing, spec.seed,
        result.started.weights if result.started else None,
        1 - float(history.test_rmse[-1]) if len(history) else None,
        float(arrays["free"].mean()) if ended else None, float(arrays["whole"].mean()) if ended else None,
        round(float(history.seconds[-1]), 2) if len(history) else None,
    )  # fmt: skip
    return {**dict(zip(COLUMNS, values, strict=True)), "Status": result.status}


def written(form: str, results: Sequence[Result]) -> str:
    """The runs as markdown or json."""
    return as_table(form, COLUMNS, [found(result) for result in results])


def as_table(form: str, columns: Sequence[str], rows: Sequence[dict[str, object]]) -> str:
    """Rows as markdown, with these columns, or with all there is as json; what is not finite is null there."""
    if form == "json":
        finite = [{name: value if not isinstance(value, float) or math.isfinite(value) else None
                   for name, value in row.items()} for row in rows]  # fmt: skip
        return json.dumps(finite, indent=1)
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    return "\n".join(lines + [f"| {' | '.join(_cell(row[name]) for name in columns)} |" for row in rows])


def _cell(value: object) -> str:
    return "–" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
