"""Reading numbers as people write them: 1234.5, 1,234.5 or 1.234,5. Nothing is ever evaluated."""

import math
import re
from collections.abc import Sequence

import numpy as np

DIGITS = (
    r"[+-]?(?:(?:[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+)(?:{decimal}[0-9]*)?|{decimal}[0-9]+)(?:[eE][+-]?[0-9]+)?"
)

NUMBER = {
    ".": re.compile(DIGITS.format(decimal=r"\.", group=",")),
    ",": re.compile(DIGITS.format(decimal=",", group=r"\.")),
}
"""Decimal mark -> what a number looks like; the other mark separates thousands."""

MISSING = {"", "nan", "na", "n/a", "#n/a", "null", "none", "inf", "+inf", "-inf", "infinity", "-infinity", "-", "."}
"""How a missing or infinite value is written, in lower case."""


def is_missing(cell: str) -> bool:
    return cell.lower() in MISSING


def decimal_mark(cells: Sequence[str], separator: str) -> str:
    """The decimal mark of a whole file: the one in which more of the cells that hold a comma are numbers.

    If every one is a number in both (1,234), the comma is decimal where `separator` is not a comma itself, because
    such files are written where the comma is the decimal mark.
    """
    commas = [cell for cell in cells if "," in cell]
    point, comma = (sum(NUMBER[mark].fullmatch(cell) is not None for cell in commas) for mark in (".", ","))
    return "," if comma > point or (comma == point > 0 and separator == ";") else "."


def read_numbers(cells: Sequence[str], mark: str) -> np.ndarray:
    """(N,) float64, NaN where a cell is no number with this decimal `mark`."""
    group, number = "," if mark == "." else ".", NUMBER[mark]

    def read(cell: str) -> float:
        return float(cell.replace(group, "").replace(mark, ".")) if number.fullmatch(cell) else math.nan

    return np.array([read(cell) for cell in cells], np.float64)
