"""The rows of a comparison: which networks, with which settings; all of it in the URL.

A row is a `RunSpec` with seed 0. As text it is a variant's name and what differs from the recipe:
`lstm,hidden_size:64`; rows are separated by semicolons.
"""

from collections.abc import Callable, Sequence

import streamlit as st

from pages.kit.form import as_text
from seqcore.homework import VARIANTS, recipe
from seqcore.spec import SETTINGS, RunSpec
from seqcore.text import N_, UserError

MOST = 16
"""Rows a table holds."""

MOST_SEEDS = 20
"""Seeds of each row."""

OWN = {"architecture", "num_layers", "bidirectional"}
"""Settings a variant may decide."""


def rows_as_text(rows: Sequence[RunSpec]) -> str:
    """The rows as the URL holds them."""
    return ";".join(",".join(_row_as_text(row)) for row in rows)


def _row_as_text(row: RunSpec) -> list[str]:
    settings = row.flat()
    fitting = [v for v in VARIANTS if all(settings[name] == value for name, value in v.settings.items())]
    variant = max(fitting, key=lambda v: len(v.settings))
    reference = recipe().replace(**variant.settings)
    return [variant.name, *(f"{name}:{as_text(value)}" for name, value, _ in row.differences(reference))]


def read_rows(text: str) -> tuple[RunSpec, ...]:
    """The inverse of `rows_as_text`; raises `UserError` for what is no row."""
    parts = text.split(";")
    if len(parts) > MOST:
        raise UserError(N_("The link has {count} rows; a table holds {most}."), count=len(parts), most=MOST)
    return tuple(dict.fromkeys(map(_read_row, parts)))


def _read_row(text: str) -> RunSpec:
    name, *settings = text.split(",")
    values = {}
    for part in [f"name:{name}", *settings]:
        key, _, value = part.partition(":")
        if key == "name":
            values |= variant(value).settings
        elif key in SETTINGS and key != "seed":
            facts = SETTINGS[key][1]
            values[key] = facts.check(key, facts.parse(key, value))
        else:
            raise UserError(
                N_("The link names a setting that does not exist ({name!r}): it was ignored."), name=key[:40]
            )
    return recipe().replace(**values)


def variant(name: str):
    """The variant of that name; `UserError` if there is none."""
    found = next((v for v in VARIANTS if v.name == name), None)
    if found is None:
        choices = ", ".join(v.name for v in VARIANTS)
        raise UserError(N_("{name} must be one of {choices}, not {value!r}."), name="models", choices=choices,
                        value=name[:40])  # fmt: skip
    return found


def read_models(text: str) -> list[str]:
    """The variants in a link: `rnn,lstm,gru`."""
    return [variant(name).name for name in dict.fromkeys(text.split(",")[:MOST])]


def read_seeds(text: str) -> int:
    """The number of seeds in a link, 1 to `MOST_SEEDS`."""
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_SEEDS:
        raise UserError(
            N_("{name} ({value}) must be between {low} and {high}."), name="seeds", value=text[:20], low=1,
            high=MOST_SEEDS,
        )  # fmt: skip
    return int(text)


def one_of(name: str, choices: Sequence[str]) -> Callable[[str], str]:
    """A reader of one of a few words."""

    def read(text: str) -> str:
        if text not in choices:
            raise UserError(
                N_("{name} must be one of {choices}, not {value!r}."), name=name, choices=", ".join(choices),
                value=text[:40],
            )  # fmt: skip
        return text

    return read


def formed(base: RunSpec, models: Sequence[str]) -> list[RunSpec]:
    """The rows a form describes: every chosen variant with the form's settings."""
    return list(dict.fromkeys(base.replace(**variant(name).settings) for name in models))


def seeded(rows: Sequence[RunSpec], seeds: int) -> list[RunSpec]:
    """The runs of the rows, the first seed of all before the second: every curve begins early."""
    return [row.replace(seed=seed) for seed in range(seeds) for row in rows]


def kept(page: str) -> list[RunSpec]:
    """The rows in the session's table, oldest first."""
    return list(st.session_state.setdefault(f"{page}.rows", ()))


def keep(page: str, rows: Sequence[RunSpec]) -> None:
    """Put rows below those that are there; the oldest go where there are too many."""
    st.session_state[f"{page}.rows"] = tuple(dict.fromkeys([*kept(page), *rows]))[-MOST:]
