"""Tokens in a picture: letter by letter, because anybody may type them, and at numbered places, because they repeat."""

from collections.abc import Sequence
from html import escape
from typing import Any
from unicodedata import east_asian_width

LONGEST = 12
"""Letters of a token that are shown; an ideograph counts as two."""


def plain(text: str) -> str:
    """`text` so that Plotly shows it as it is: it takes `<b>` and `&lt;` for markup."""
    return escape(text, quote=False)


def breadth(text: str) -> int:
    """How many letters wide `text` is; an ideograph is as wide as two."""
    return sum(1 + (east_asian_width(character) in "WF") for character in text)


def short(token: str) -> str:
    """A token `plain`, in at most `LONGEST` letters."""
    kept = token[:LONGEST]
    while breadth(kept) > LONGEST - (kept != token):
        kept = kept[:-1]
    return plain(kept if kept == token else kept + "…")


def token_axis(labels: Sequence[str]) -> dict[str, Any]:
    """An axis on which `labels`, markup already, stand at 0, 1, 2 ...

    As many are shown as there is room for, turned if need be. Plotly thins the labels by an axis's pixels, which nobody
    knows here, on an axis of categories only: so the numbers are the categories, and the labels stand for them.
    """
    numbers = [str(place) for place in range(len(labels))]
    return {
        "type": "category", "categoryorder": "array", "categoryarray": numbers, "showgrid": False,
        "labelalias": dict(zip(numbers, labels, strict=True)), "automargin": True,
        "range": [-0.5, max(len(labels), 1) - 0.5], "tickfont": {"size": 13 if len(labels) <= 16 else 11},
    }  # fmt: skip
