"""Finding the column of an uploaded table that says when: dates, however they are written, or numbers that count."""

import re
from collections.abc import Sequence

import numpy as np

from seqcore.data.sheet import Column, clean
from seqcore.text import N_, UserError

DAYS = ("%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%Y", "%d-%b-%Y", "%b-%d-%Y", "%b %d, %Y", "%Y年%m月%d日")
FORMATS = ("ISO8601", *(day + clock for day in DAYS for clock in ("", " %H:%M", " %H:%M:%S")))
"""ISO8601 includes 2024/3/4, 2024-03 and 20240304; dates are read in the first format that fits, see `_dates`."""

COMPACT = re.compile("[0-9]{8}")
"""A date that is also a number: 20240304."""

COUNTERS = {"year", "years", "t", "time", "step", "index", "年", "年份", "西元", "時間", "时间"}
"""Names of columns whose whole numbers are times."""

SAMPLE = 20
"""A format is tried on a whole column if it fits half of this many first cells."""


def find_times(columns: list[Column], notes: list[UserError]) -> tuple[str, np.ndarray]:
    """Name and times (rows,), datetime64 or int64, of the column that says when; "" and 0, 1, 2, ... if none does."""
    for c in columns:
        if not c.numeric or all(COMPACT.fullmatch(cell) for cell in c.cells):
            times = _dates(c, notes)
            if times is not None:
                notes += _notes_on_order(c.name, times)
                return c.name, times
    if sum(c.numeric for c in columns) > 1:
        for c in columns:
            if _counts(c, leftmost=c is columns[0]):
                times = c.numbers.astype(np.int64)
                notes += _notes_on_order(c.name, times)
                return c.name, times
    return "", np.arange(len(columns[0].cells))


def _dates(c: Column, notes: list[UserError]) -> np.ndarray | None:
    """The dates a column holds, or None if it holds none or not only dates.

    Where several formats fit every cell (3/4/2024), those that put the rows in order are right; of these the first.
    """
    head = c.cells[:SAMPLE]
    if 2 * sum(any(character.isdigit() for character in cell) for cell in head) < len(head):
        return None
    readings = [_parse(c.cells, form) for form in FORMATS if 2 * np.isnat(_parse(head, form)).sum() <= len(head)]
    whole = [times for times in readings if not np.isnat(times).any()]
    likely = [times for times in whole if _ordered(times)] or whole
    if not likely:
        if readings:
            wrong = int(np.argmax(np.isnat(min(readings, key=lambda times: np.isnat(times).sum()))))
            message = N_("Row {row} of column {name!r} holds {cell!r}, no date: the rows stay in the file's order.")
            notes.append(UserError(message, row=c.first + wrong, name=c.name, cell=clean(c.cells[wrong], 40)))
        return None
    times = likely[0]
    days = times.astype("datetime64[D]")
    times = days if (days == times).all() else times.astype("datetime64[s]")
    if any((other != times).any() for other in likely):
        message = N_("Dates such as {cell} were read as {date}.")
        notes.append(UserError(message, cell=clean(c.cells[0], 40), date=str(times[0])))
    return times


def _parse(cells: Sequence[str], form: str) -> np.ndarray:
    """(rows,) datetime64, NaT where a cell is no date in this format; times with a zone become UTC."""
    import pandas as pd  # here, because only an uploaded file needs it

    return pd.to_datetime(pd.Series(cells), format=form, errors="coerce", utc=True).dt.tz_localize(None).to_numpy()


def _ordered(times: np.ndarray) -> bool:
    return bool((times[1:] >= times[:-1]).all() or (times[1:] <= times[:-1]).all())


def _counts(c: Column, leftmost: bool) -> bool:
    """Whole numbers in a column named like a time, or in the leftmost one if each is one more than the last."""
    if not (np.abs(c.numbers) < 2**53).all() or (c.numbers % 1 != 0).any():
        return False
    return c.name.casefold() in COUNTERS or (leftmost and bool((np.diff(c.numbers) == 1).all()))


def _notes_on_order(name: str, times: np.ndarray) -> list[UserError]:
    notes = []
    if (times[1:] < times[:-1]).any():
        notes.append(UserError(N_("Column {name!r} was out of order: the rows were sorted by it."), name=name))
    repeated = len(times) - len(np.unique(times))
    if repeated:
        message = N_("Rows that repeat a time of column {name!r}: {count}. They are kept, in the file's order.")
        notes.append(UserError(message, count=repeated, name=name))
    return notes
