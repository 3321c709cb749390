"""The columns of an uploaded table: their names, the numbers in them, and what is wrong where there is none.

Rows are counted as a spreadsheet counts them: from 1, the header included.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from seqcore.data.number import decimal_mark, is_missing, read_numbers
from seqcore.text import N_, UserError

FORMULA = ("=", "@")
"""How a spreadsheet's formula begins."""


@dataclass(frozen=True)
class Column:
    """`cells` (rows,), and the `numbers` in them (rows,), NaN where a cell is none. The first is in row `first`."""

    cells: Sequence[str]
    numbers: np.ndarray
    first: int
    name: str = ""

    @cached_property
    def numeric(self) -> bool:
        """At least half of what is filled in are numbers."""
        numbers = int((~np.isnan(self.numbers)).sum())
        return numbers > 0 and 2 * numbers >= sum(not is_missing(cell) for cell in self.cells)

    def below(self) -> "Column":
        """Without the first row."""
        return Column(self.cells[1:], self.numbers[1:], self.first + 1)


def read_columns(rows: list[list[str]], first: int, separator: str) -> tuple[list[Column], list[UserError]]:
    """The columns of a table whose top row is row `first`, without its header, and notes on how they were read."""
    mark = decimal_mark([cell for row in rows for cell in row if "," in cell], separator)
    columns = [Column(cells, read_numbers(cells, mark), first) for cells in zip(*rows, strict=True)]
    notes = _notes_on_commas(columns, mark)
    names = [""] * len(columns)
    if _has_header(columns):
        names = [clean(c.cells[0]) for c in columns]
        columns = [c.below() for c in columns]
    else:
        notes.append(UserError(N_("The file has no header: its columns are numbered.")))
    names = _unique([name or f"column {k}" for k, name in enumerate(names, 1)], notes)
    return [replace(c, name=name) for c, name in zip(columns, names, strict=True)], notes


def values_of(c: Column, notes: list[UserError]) -> np.ndarray | UserError:
    """The numbers of a numeric column without the empty cells at its end, or what is wrong with the first bad cell."""
    filled = len(c.cells)
    while not c.cells[filled - 1]:
        filled -= 1
    if filled < len(c.cells):
        message = N_("Column {name!r}: empty cells at the end were left out ({count}).")
        notes.append(UserError(message, name=c.name, count=len(c.cells) - filled))
    numbers = c.numbers[:filled]
    wrong = np.flatnonzero(~np.isfinite(numbers))
    return _wrong_cell(c, int(wrong[0]), len(wrong)) if len(wrong) else numbers


def no_numbers(columns: list[Column]) -> UserError:
    """Says what stands where numbers should: a formula if there is one, else the first cell of the last column."""
    filled = [(c, at) for c in reversed(columns) for at, cell in enumerate(c.cells) if cell]
    formulas = [(c, at) for c, at in filled if c.cells[at].startswith(FORMULA)]
    if formulas:
        return _wrong_cell(*formulas[0], len(formulas))
    c, at = filled[0]
    message = N_("No column holds numbers: row {row} of column {name!r}, for example, holds {cell!r}.")
    return UserError(message, row=c.first + at, name=c.name, cell=clean(c.cells[at], 40))


def clean(text: str, length: int = 60) -> str:
    """`text` on one line, without control and other invisible characters, cut to `length`."""
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text[: 10 * length])
    visible = " ".join(visible.split())
    return visible if len(visible) <= length else visible[: length - 1] + "…"


def _has_header(columns: list[Column]) -> bool:
    """The first row is a header if it names the columns that hold numbers below it, or if the index has no name."""
    index = columns[0].cells
    if len(columns) > 1 and not index[0] and len(index) > 1 and all(index[1:]):
        return True
    tops = [(c.cells[0], c.numbers[0]) for c in columns if c.below().numeric]
    if not tops:
        return len(columns[0].cells) > 1
    named = any(np.isnan(number) and not is_missing(cell) for cell, number in tops)
    return named and all(np.isnan(number) for _, number in tops)


def _unique(names: list[str], notes: list[UserError]) -> list[str]:
    """The names, a repeated one with its number behind it."""
    unique: list[str] = []
    for name in names:
        count, own = 1, name
        while own in unique:
            count += 1
            own = f"{name} ({count})"
        if own != name:
            message = N_("More than one column is named {name!r}: one of them is called {own!r} here.")
            notes.append(UserError(message, name=name, own=own))
        unique.append(own)
    return unique


def _notes_on_commas(columns: list[Column], mark: str) -> list[UserError]:
    """What the commas in numbers were taken for, with the first of them as the example."""
    for c in columns:
        for cell, number in zip(c.cells, c.numbers, strict=True):
            if "," in cell and not np.isnan(number):
                decimal = N_("Commas were read as decimal commas: {cell} is {value:.10g}.")
                thousands = N_("Commas were read as separators of thousands: {cell} is {value:.10g}.")
                return [UserError(decimal if mark == "," else thousands, cell=cell, value=float(number))]
    return []


def _wrong_cell(c: Column, at: int, count: int) -> UserError:
    cell = c.cells[at]
    if not cell:
        message = N_("Row {row} of column {name!r} is empty: fill it in or remove the row. Cells to mend: {count}.")
    elif is_missing(cell) or np.isinf(c.numbers[at]):
        message = N_(
            "Row {row} of column {name!r} holds {cell!r}, a missing or infinite value: fill in a number or remove the "
            "row. Cells to mend: {count}."
        )
    elif cell.startswith(FORMULA):
        message = N_(
            "Row {row} of column {name!r} holds the formula {cell!r}, and formulas are not worked out here: save the "
            "table with values in place of formulas. Cells to mend: {count}."
        )
    else:
        message = N_(
            "Row {row} of column {name!r} holds {cell!r}, which is not a number: write it like 1234.5 or remove the "
            "row. Cells to mend: {count}."
        )
    return UserError(message, row=c.first + at, name=c.name, cell=clean(cell, 40), count=count)
