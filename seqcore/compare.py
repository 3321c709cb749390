"""The comparison table from a shell: the same runs as the page's, through the same engine, on all cores."""

import json
import sys
import time
from collections.abc import Sequence
from typing import TextIO

from seqcore.data.series import Series
from seqcore.data.windows import cut
from seqcore.engine import Limits, Run, connect
from seqcore.reports.comparison import rows
from seqcore.reports.result import Result
from seqcore.reports.table import as_csv, as_json, as_latex, as_markdown
from seqcore.spec import RunSpec, Whole
from seqcore.text import UserError

OWNER = "shell"


def check(specs: Sequence[RunSpec], series: Series) -> None:
    """Raise `UserError` where one of `specs` does not fit `series`, before anything starts."""
    for data in {spec.data for spec in specs}:
        cut(series.values, data)


def train_all(specs: Sequence[Whole], series: Series | None, told: TextIO | None = sys.stderr) -> list[Result]:
    """Train every one of `specs`, as wide as the machine is, with progress written to `told`.

    A memory task has no `series`. Raises `UserError` where the training processes cannot be started.
    """
    engine = connect(limits=Limits(batch=len(specs), batches=len(specs), unwatched_pause=float("inf")))
    try:
        runs = engine.submit_batch(specs, series, OWNER)
        began = time.monotonic()
        while not all(run.view().ended for run in runs):
            time.sleep(0.1)
            if told:
                _tell(runs, time.monotonic() - began, told)
        if told:
            print(file=told)
    finally:
        engine.close()
    for template, values in (view.failure for run in runs if (view := run.view()).status == "failed"):
        raise UserError(template, **values)
    return [Result(run.spec, view.status, view.history, view.started, view.snapshot)
            for run in runs for view in [run.view()]]  # fmt: skip


def _tell(runs: Sequence[Run], seconds: float, told: TextIO) -> None:
    views = [run.view() for run in runs]
    ended = sum(view.ended for view in views)
    done = sum(1.0 if view.ended else view.epoch / view.epochs for view in views) / len(views)
    left = f", {seconds / done - seconds:.0f} s left" if 0.02 < done < 1 else ""
    print(
        f"\r{ended}/{len(views)} runs  {100 * done:3.0f} %  {seconds:.0f} s{left}     ", end="", file=told, flush=True
    )


def written(form: str, specs: Sequence[RunSpec], results: Sequence[Result], unit: str) -> str:
    """The table of `specs` as markdown, csv, json or latex."""
    made = rows(specs, results)
    if form == "csv":
        return as_csv(made)
    if form == "json":
        return json.dumps(as_json(made), indent=1)
    return (as_latex if form == "latex" else as_markdown)(made, str, unit)
