"""The form of the comparison of forecasters of many steps: what is forecast, from how much, and by which networks."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import streamlit as st

from pages.kit.form import field, reader
from pages.kit.text import plain, t
from seqcore.catalogue import ARCHITECTURES, SERIES
from seqcore.data.series import Series
from seqcore.data.windows import Windows, cut
from seqcore.homework import baselines_of, label_of, rows_of, runs_of, variant, variant_of
from seqcore.spec import Checked, RunSpec, Setting, as_text, choice, integer, real
from seqcore.text import N_, UserError

NETWORKS = {
    "seq2seq": "Seq2seq", "attention": N_("Seq2seq with attention"), "repeat": "RepeatVector",
    "gru": N_("GRU, direct head"), "transformer": N_("Transformer, direct head"),
}  # fmt: skip
"""Variants of the homework's table, in the order they are shown, and what they are called beside each other."""

BASELINES = ("naive", "seasonal_naive")
"""Always beside them, the second where the series has a season."""

DIRECT = N_("Here its last state gives all values at once, by one linear map: there is no decoder.")
"""What the GRU and the Transformer are beside networks that unfold their forecast."""


@dataclass(frozen=True)
class Plan(Checked):
    """What is forecast, and how large the networks are; everything else is a run's default."""

    series: str = choice(
        "airline", N_("Data set"), {entry.name: entry.label for entry in SERIES},
        help=N_("The series to forecast. Each is real unless its name says generated."),
    )  # fmt: skip
    lookback: int = integer(
        24, N_("Steps in"), 2, 100, help=N_("How many past values a network sees before it forecasts.")
    )
    horizon: int = integer(12, N_("Steps out"), 2, 30, help=N_("How many values it forecasts from there on."))
    train_fraction: float = real(
        0.65, N_("Training part"), 0.3, 0.95, step=0.05,
        help=N_("The first part of the series trains the networks; no window holds values of both parts."),
    )  # fmt: skip
    hidden_size: int = integer(
        32, N_("Hidden size"), 4, 128, unit=N_("units"), help=N_("How many numbers encoder and decoder have as state.")
    )
    epochs: int = integer(200, N_("Epochs"), 1, 1000, help=N_("How often a network sees all windows."))
    seeds: int = integer(1, N_("Seeds"), 1, 5, help=N_("Runs of each network, each with its own first weights."))

    def base(self) -> RunSpec:
        """A run as planned, but for its network and its seed: rows first, scaled to -1 ... 1 by the training part."""
        return RunSpec().replace(
            series=self.series, seq_length=self.lookback, horizon=self.horizon, train_fraction=self.train_fraction,
            hidden_size=self.hidden_size, epochs=self.epochs,
        )  # fmt: skip

    def rows(self, networks: list[str], season: int) -> list[RunSpec]:
        """A row for each baseline that there is, and one for each of `networks`."""
        base = self.base()
        baselines = [row for row in baselines_of(base, season) if row.model.architecture in BASELINES]
        return [*baselines, *rows_of(base, [name for name in NETWORKS if name in networks])]

    def runs(self, networks: list[str], season: int) -> list[RunSpec]:
        """All its runs; `UserError` for no network."""
        if not networks:
            raise UserError(N_("Choose at least one network."))
        return runs_of(self.rows(networks, season), self.seeds)

    def windows(self, series: Series) -> Windows:
        """The windows of both parts; `UserError` says the numbers where a part is too short for one."""
        rows = len(series.values)
        train = round(self.train_fraction * rows)
        if (most := min(train, rows - train)) < self.lookback + self.horizon:
            raise UserError(
                N_(
                    "Of the {rows} values {train} are for training and {test} for the test, and each part needs steps "
                    "in + steps out = {lookback} + {horizon} = {need} of them. Choose steps that add up to {most} at "
                    "most, a training part nearer to one half, or a longer series."
                ),
                rows=rows, train=train, test=rows - train, lookback=self.lookback, horizon=self.horizon,
                need=self.lookback + self.horizon, most=most,
            )  # fmt: skip
        return cut(series.values, self.base().data)


FIELDS: dict[str, tuple[str, Setting]] = {
    f"num_{item.name}": ("", item.metadata["setting"]) for item in fields(Plan)
}  # fmt: skip
"""The fields by their names in the URL, where the page's other views have others."""

FIRST: dict[str, Any] = {f"num_{item.name}": item.default for item in fields(Plan)} | {"num_networks": list(NETWORKS)}


def read_networks(text: str) -> list[str]:
    """Networks from a URL."""
    wanted = text.split(",")
    if not set(wanted) <= set(NETWORKS):
        raise UserError(N_("{name} must be some of {choices}."), name="num_networks", choices=", ".join(NETWORKS))
    return [name for name in NETWORKS if name in wanted]


READERS: dict[str, Callable[[str], Any]] = {name: reader(name, facts) for name, (_, facts) in FIELDS.items()}
READERS["num_networks"] = read_networks


def formed(page: str) -> Plan:
    """What the fields describe."""
    return Plan(**{name.removeprefix("num_"): st.session_state[f"{page}.{name}"] for name in FIELDS})


def chosen(page: str) -> list[str]:
    """The networks chosen, in the order of `NETWORKS`."""
    return [name for name in NETWORKS if name in st.session_state[f"{page}.num_networks"]]


def name_of(spec: RunSpec) -> str:
    """What a forecaster is called here, translated."""
    kind = spec.model.architecture
    return t(label_of(spec) if kind in BASELINES else NETWORKS[variant_of(spec).name])


def numbers_form(page: str) -> None:
    """Draw the fields."""
    st.pills(t(N_("Networks")), list(NETWORKS), selection_mode="multi", key=f"{page}.num_networks", wrap=True,
             format_func=lambda name: t(NETWORKS[name]), persist_state="session")  # fmt: skip
    for name in FIELDS:
        field(page, name, settings=FIELDS)


def explained(page: str) -> None:
    """Say what each of the chosen networks is."""
    helps = {kind.name: kind.help for kind in ARCHITECTURES}
    for name in chosen(page):
        words = f"**{plain(t(NETWORKS[name]))}** · {t(helps[variant(name).settings['architecture']])}"
        st.markdown(f"{words} {t(DIRECT)}" if name in ("gru", "transformer") else words)


def as_link(page: str) -> dict[str, str]:
    """The fields that are not as they are at first, as a URL holds them."""
    now = {name: st.session_state[f"{page}.{name}"] for name in FIRST}
    now["num_networks"] = chosen(page)
    return {name: ",".join(value) if isinstance(value, list) else as_text(value)
            for name, value in now.items() if value != FIRST[name]}  # fmt: skip
