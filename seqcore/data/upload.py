"""A CSV file somebody brings, read as a table; whatever is wrong with it becomes a sentence.

Names are plain text without control characters; whoever shows them on a page escapes them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seqcore.catalogue import UPLOAD
from seqcore.data.encoding import decode
from seqcore.data.grid import find_separator, read_rows
from seqcore.data.series import Series
from seqcore.data.sheet import clean, no_numbers, read_columns, values_of
from seqcore.data.time_axis import find_times
from seqcore.text import N_, UserError


@dataclass(frozen=True, eq=False)
class Table:
    """What a file holds: the names of its `numeric` columns, its number of `rows`, and `notes` on how it was read.

    `times` (rows,) are those of the column named `time`, or counted from 0 where there is none. `columns` has for each
    numeric name its values in the file's order (empty cells at the end are left out), or why they cannot be used.
    """

    filename: str
    rows: int
    numeric: tuple[str, ...]
    time: str
    times: np.ndarray
    columns: Mapping[str, np.ndarray | UserError]
    notes: tuple[UserError, ...]


def read_table(raw: bytes, filename: str) -> Table:
    """The table in the bytes of a CSV file; a `UserError` says why there is none, and what to do."""
    text, notes = decode(raw)
    separator = find_separator(text)
    above, rows = read_rows(text, separator)
    columns, more = read_columns(rows, above + 1, separator)
    notes += more
    time, times = find_times(columns, notes)
    usable = {c.name: values_of(c, notes) for c in columns if c.numeric and c.name != time}
    if not usable:
        raise no_numbers(columns)
    return Table(clean(filename), len(times), tuple(usable), time, times, usable, tuple(notes))


def column(table: Table, name: str) -> Series:
    """The column `name` in the order of time; a `UserError` if there is none, or if a cell of it is no number.

    The series' `digest` is 16 hex digits of the SHA-256 of its values and name.
    """
    values = table.columns.get(name)
    if values is None:
        message = N_("There is no column of numbers named {name!r}; the file has {names}.")
        raise UserError(message, name=clean(name), names=", ".join(table.numeric[:10]))
    if isinstance(values, UserError):
        raise values
    if len(values) < 2:
        message = N_("Column {name!r} holds one value; a series has many, below each other, one for each time step.")
        raise UserError(message, name=name)
    order = np.argsort(table.times[: len(values)], kind="stable")
    values = values[order]
    digest = hashlib.sha256(values.astype("<f8").tobytes() + name.encode()).hexdigest()[:16]
    return Series(
        UPLOAD, name, "", values, table.times[order], source=table.filename, licence=N_("your own file"), digest=digest
    )
