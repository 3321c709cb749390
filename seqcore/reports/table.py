"""The homework's table in words: for a page, a shell, a report and a machine.

`t` translates a message and `unit` is the data's, already translated. Tables begin with the row the homework gives,
marked so; the machine-readable forms (CSV, JSON) hold nothing but our own runs, in English.
"""

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from seqcore.homework import GIVEN
from seqcore.reports.comparison import FATES, Row, Spread, parameters
from seqcore.spec import to_json
from seqcore.text import N_

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    N_("RNN Types"),
    N_("Train Score"),
    N_("Test Score"),
    N_("Parameters"),
    N_("Weights"),
    N_("Seconds"),
    N_("Epochs to settle"),
    N_("Last epoch"),
    N_("Best epoch"),
    N_("Best Test Score"),
    N_("Skill vs naive"),
    N_("Seeds"),
)
"""The homework's own four, then ours. The best test score is no fair one: its epoch was chosen by looking at it."""

SCORES = ("Train Score", "Test Score", "Best Test Score")

SPREADS = {
    "train_rmse": "train",
    "test_rmse": "test",
    "best_test_rmse": "best",
    "settled_epoch": "settled",
    "seconds": "seconds",
    "skill": "skill",
}
"""Name in the machine-readable forms -> the `Spread` of a row."""

FATE_WORDS = {
    "finished": N_("{count} finished"),
    "diverged": N_("{count} diverged"),
    "failed": N_("{count} failed"),
    "stopped": N_("{count} stopped"),
    "running": N_("{count} running"),
    "waiting": N_("{count} waiting"),
}

UNKNOWN = "–"


def as_frame(rows: Sequence[Row], t: Callable[[str], str], unit: str) -> "pd.DataFrame":
    """The table as text cells, one column for each of `COLUMNS`."""
    import pandas as pd

    header, lines = _text(rows, t, unit)
    return pd.DataFrame(lines, columns=header)


def as_markdown(rows: Sequence[Row], t: Callable[[str], str], unit: str) -> str:
    """The table as GitHub's Markdown; nothing in a cell is acted on."""
    from tabulate import tabulate

    header, lines = _text(rows, t, unit)
    cells = [[_plain(cell) for cell in line] for line in lines]
    return tabulate(cells, [_plain(cell) for cell in header], tablefmt="github", disable_numparse=True)


def as_latex(rows: Sequence[Row], t: Callable[[str], str], unit: str) -> str:
    """The table as a LaTeX `tabular` for the package booktabs; signs beyond ASCII stay as they are (UTF-8)."""
    from tabulate import tabulate

    header, lines = _text(rows, t, unit)
    return tabulate(lines, header, tablefmt="latex_booktabs", disable_numparse=True)


def as_csv(rows: Sequence[Row]) -> str:
    """One line for each finished run, with the mean and deviation of its row beside it; a row without has one line.

    Numbers have all their digits; scores are in the data's own units; what is not known is empty.
    """
    lines = [line for row in rows for line in _csv_lines(row)]
    text = io.StringIO()
    names = ["label", "architecture", "parameters", "seed", "weights", "naive_rmse", "best_epoch", "last_epoch"]
    names += [f"{name}{part}" for name in SPREADS for part in ("", "_mean", "_sd")] + [f"runs_{fate}" for fate in FATES]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def as_json(rows: Sequence[Row]) -> list[dict]:
    """A dictionary for each row, ready for `json.dumps`: what is not known is None, never NaN."""
    return [
        {
            "label": row.label,
            "parameters": row.parameters,
            "spec": to_json(row.spec),
            "runs": dict(row.counts),
            "seeds": list(row.seeds),
            **{name: _spread_as_json(getattr(row, field)) for name, field in SPREADS.items()},
            "best_epoch": row.best_epoch,
            "last_epoch": row.last_epoch,
            "weights": row.weights,
            "naive_rmse": _known(row.naive_rmse),
        }
        for row in rows
    ]


def shown(spread: Spread, decimals: int = 2) -> str:
    """Mean ± standard deviation with as many digits as the deviation supports: two of its own, at most 4 decimals.

    Without a deviation the mean has `decimals`; without a finite mean it is "–".
    """
    if not math.isfinite(spread.mean):
        return UNKNOWN
    if not math.isfinite(spread.sd):
        return f"{spread.mean:z.{decimals}f}"
    if spread.sd:
        exponent = int(f"{spread.sd:.1e}".partition("e")[2])
        decimals = min(4, max(0, 1 - exponent))
    return f"{spread.mean:z.{decimals}f} ± {spread.sd:.{decimals}f}"


def _text(rows: Sequence[Row], t: Callable[[str], str], unit: str) -> tuple[list[str], list[list[str]]]:
    """Header and lines, the given row first; what a line does not know is "–"."""
    lines = [_given(t), *(_line(row, t) for row in rows)]
    return [_head(name, t, unit) for name in COLUMNS], [[line.get(name, UNKNOWN) for name in COLUMNS] for line in lines]


def _head(name: str, t: Callable[[str], str], unit: str) -> str:
    if name in SCORES:
        return f"{t(name)} ({unit})" if unit else t(name)
    return f"{t(name)} (%)" if name == "Skill vs naive" else t(name)


def _given(t: Callable[[str], str]) -> dict[str, str]:
    return {
        "RNN Types": t(N_("{name} (given, in price units)")).format(name=t(GIVEN.label)),
        "Train Score": f"{GIVEN.train_rmse:g}",
        "Test Score": f"{GIVEN.test_rmse:g}",
        "Parameters": parameters(GIVEN.settings),
    }


def _line(row: Row, t: Callable[[str], str]) -> dict[str, str]:
    percent = Spread(100 * row.skill.mean, 100 * row.skill.sd, row.skill.count, row.skill.values)
    return {
        "RNN Types": t(row.label),
        "Train Score": shown(row.train),
        "Test Score": shown(row.test),
        "Parameters": row.parameters or UNKNOWN,
        "Weights": UNKNOWN if row.weights is None else f"{row.weights:,}",
        "Seconds": shown(row.seconds),
        "Epochs to settle": shown(row.settled, decimals=0),
        "Last epoch": UNKNOWN if row.last_epoch is None else f"{row.last_epoch:g}",
        "Best epoch": UNKNOWN if row.best_epoch is None else f"{row.best_epoch:g}",
        "Best Test Score": shown(row.best),
        "Skill vs naive": shown(percent),
        "Seeds": _fates(row, t),
    }


def _fates(row: Row, t: Callable[[str], str]) -> str:
    """How many seeds; if any has not finished, what became of each."""
    if sum(row.counts.values()) == row.counts["finished"]:
        return str(row.counts["finished"] or UNKNOWN)
    return ", ".join(t(FATE_WORDS[fate]).format(count=count) for fate, count in row.counts.items() if count)


def _plain(text: str) -> str:
    """`text` for a cell of a Markdown table; an underscore inside a word is left alone, as Markdown does."""
    escaped = re.sub(r"[\\`*\[\]<>|~$&]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", text)
    return " ".join(escaped.split())


def _csv_lines(row: Row) -> list[dict[str, object]]:
    facts = {
        "label": row.label,
        "architecture": row.spec.model.architecture,
        "parameters": row.parameters,
        "weights": row.weights,
        "naive_rmse": _known(row.naive_rmse),
        "best_epoch": row.best_epoch,
        "last_epoch": row.last_epoch,
        **{f"runs_{fate}": count for fate, count in row.counts.items()},
    }
    spreads = {name: getattr(row, field) for name, field in SPREADS.items()}
    for name, spread in spreads.items():
        facts |= {f"{name}_mean": _known(spread.mean), f"{name}_sd": _known(spread.sd)}
    runs = [
        {"seed": seed, **{name: _known(spread.values[k]) for name, spread in spreads.items() if spread.count}}
        for k, seed in enumerate(row.seeds)
    ]
    return [facts | run for run in runs or [{}]]


def _spread_as_json(spread: Spread) -> dict[str, object]:
    return {"mean": _known(spread.mean), "sd": _known(spread.sd), "values": [_known(value) for value in spread.values]}


def _known(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None
