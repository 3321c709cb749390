"""Finished runs kept for comparison: overlaid on the next run, with a table of exactly what differs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from pages.kit.text import t
from seqcore.spec import RunSpec, Setting, Whole, settings_of
from seqcore.text import N_
from seqcore.training.events import History

MOST = 5
"""Runs a page keeps; the oldest goes first."""


@dataclass(frozen=True)
class Pin:
    """A finished run: its settings, its curves, and how many weights it has."""

    name: str
    spec: Whole
    history: History
    weights: int
    unit: str


def pins(page: str) -> list[Pin]:
    """This session's pinned runs, oldest first."""
    return st.session_state.get(f"{page}.pins", [])  # to ask changes no field: see `form.fields`


def pin(page: str, made: Pin) -> None:
    """Keep a run; called from a button, before the page is drawn."""
    st.session_state[f"{page}.pins"] = [*pins(page), made][-MOST:]


def unpin(page: str) -> None:
    """Let go of all pinned runs."""
    st.session_state[f"{page}.pins"] = []


def next_name(page: str) -> str:
    """A letter not in use: A, B, C ..."""
    used = {kept.name for kept in pins(page)}
    return next(letter for letter in "ABCDEFGHIJ" if letter not in used)


def differences(specs: Mapping[str, Whole]) -> pd.DataFrame:
    """One row for every setting in which the specs, of one kind, differ, one column for each spec."""
    flats = {name: spec.flat() for name, spec in specs.items()}
    settings = settings_of(type(next(iter(specs.values()))))
    rows = {
        t(facts.label): {name: _shown(facts, flat[key]) for name, flat in flats.items()}
        for key, (_, facts) in settings.items()
        if len({flat[key] for flat in flats.values()}) > 1
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(flats))


def _shown(facts: Setting, value: object) -> str:
    if facts.kind == "choice":
        return t(facts.choices[value])
    if facts.kind == "bool":
        return t(N_("yes")) if value else t(N_("no"))
    return f"{value:g}" if isinstance(value, float) else str(value)


def scores(runs: list[Pin]) -> pd.DataFrame:
    """Last and best errors of each run, in its data's own units."""
    rows = {}
    for run in runs:
        test = run.history.test_rmse
        rmse = isinstance(run.spec, RunSpec)  # elsewhere the errors are shares
        kind = settings_of(type(run.spec))["architecture"][1]
        best = int(np.nanargmin(test))
        rows[run.name] = {
            t(N_("Model")): _shown(kind, run.spec.model.architecture),
            t(N_("Train RMSE") if rmse else N_("Train error")): f"{run.history.train_rmse[-1]:.4g} {t(run.unit)}",
            t(N_("Test RMSE") if rmse else N_("Test error")): f"{test[-1]:.4g} {t(run.unit)}",
            t(N_("Best test RMSE") if rmse else N_("Best test error")): f"{test[best]:.4g} {t(run.unit)}",
            t(N_("at epoch")): str(int(run.history.epoch[best])),
            t(N_("Weights")): f"{run.weights:,}",
            t(N_("Seconds")): f"{run.history.seconds[-1]:.1f}",
        }
    return pd.DataFrame.from_dict(rows, orient="index")
