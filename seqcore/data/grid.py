"""From the text of a CSV file to rows of cells, whatever separates them."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

from seqcore.text import N_, UserError

COLUMNS = 200
CELLS = 1_000_000
"""So many cells take some 120 MB while a file is read."""

SEPARATORS = "\t;,"
"""Likeliest first: a comma in a file with semicolons is a decimal mark, a semicolon in a file with commas is rare."""

SEPARATORS_IN_LINE = 10_000
"""A line of more is not even cut: quoted cells may hold some, but a row as long as the file would fill the memory."""


def find_separator(text: str) -> str:
    """The mark that cuts each of the first lines into the same number of cells, more than one."""
    lines = [line for line in islice(io.StringIO(text[:100_000], newline=None), 20) if line.strip()]
    for mark in SEPARATORS:
        widths = {len(row) for row in csv.reader(lines, delimiter=mark)}
        if len(widths) == 1 and widths != {1}:
            return mark
    # Uneven lines: what the first has, or some have twice. Else there is one column, and commas belong to its numbers.
    found = (mark for mark in SEPARATORS if any(line.count(mark) > (k > 0) for k, line in enumerate(lines)))
    return next(found, ";")


def read_rows(text: str, separator: str) -> tuple[int, list[list[str]]]:
    """How many blank rows lie above the table, and its rows, all of one width, without the blank ones at the end.

    Raises `UserError` for a row of more cells than the first, quotation marks that do not match, too many columns or
    cells, and a table of empty cells.
    """
    reader = csv.reader(_lines(text, separator), delimiter=separator, skipinitialspace=True, strict=True)
    rows: list[list[str]] = []
    above = 0
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not rows and not any(cells):
                above += 1
                continue
            width = len(rows[0]) if rows else len(cells)
            _check_row(above + len(rows) + 1, cells, width, separator)
            rows.append(cells[:width] + [""] * (width - len(cells)))
            if len(rows) * width > CELLS:
                message = N_("The file has more than {limit:,} cells: keep only the columns of times and values.")
                raise UserError(message, limit=CELLS)
    except csv.Error:
        message = N_(
            "Row {row} holds a quotation mark that is not closed, or a cell of endless length: mend or remove it."
        )
        raise UserError(message, row=above + len(rows) + 1) from None
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows:
        raise UserError(N_("Every cell of the file is empty: a header and one row for each time step are needed."))
    return above, rows


def _lines(text: str, separator: str) -> Iterator[str]:
    for line in io.StringIO(text, newline=""):
        marks = line.count(separator)
        if marks > SEPARATORS_IN_LINE:
            raise _too_wide(marks + 1)
        yield line


def _check_row(row: int, cells: list[str], width: int, separator: str) -> None:
    if width > COLUMNS:
        raise _too_wide(width)
    if any(cells[width:]):
        message = N_(
            "Row {row} has {cells} cells and the first row {width}: remove lines above the header, and put quotation "
            "marks around cells that hold a {separator!r}."
        )
        raise UserError(message, row=row, cells=len(cells), width=width, separator=separator)


def _too_wide(columns: int) -> UserError:
    message = N_("The file has {columns:,} columns; at most {limit} are taken. Values belong below each other.")
    return UserError(message, columns=columns, limit=COLUMNS)
