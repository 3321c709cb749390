"""The rows of a page's table: kept in the session, and in the URL by the page."""

from collections.abc import Callable, Sequence

import streamlit as st

from pages.kit.text import t
from seqcore.homework import MOST_ROWS, names_of
from seqcore.spec import RunSpec
from seqcore.text import N_, UserError


def kept(page: str) -> list[RunSpec]:
    """The rows in the session's table, oldest first."""
    return list(st.session_state.setdefault(f"{page}.rows", ()))


def keep(page: str, rows: Sequence[RunSpec]) -> None:
    """Put rows below those that are there; the oldest go where there are too many."""
    st.session_state[f"{page}.rows"] = tuple(dict.fromkeys([*kept(page), *rows]))[-MOST_ROWS:]


def names(rows: Sequence[RunSpec]) -> list[str]:
    """A name for each row, in the reader's language."""
    return names_of(rows, t)


def one_of(name: str, choices: Sequence[str]) -> Callable[[str], str]:
    """A reader of one of a few words from a link."""

    def read(text: str) -> str:
        if text not in choices:
            raise UserError(
                N_("{name} must be one of {choices}, not {value!r}."),
                name=name, choices=", ".join(choices), value=text[:40],
            )  # fmt: skip
        return text

    return read
