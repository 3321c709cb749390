"""The ordered lists of what can be chosen: one line for each architecture and each series.

A new architecture is a file in `seqcore/models/` and a line here; a new series a file in `assets/data/` and a line
here. Needs nothing but the standard library, so that a form can be drawn before anything heavy is imported.
"""

from dataclasses import dataclass

from seqcore.text import N_


@dataclass(frozen=True)
class Architecture:
    """A kind of network; `seqcore.models.<name>` builds it."""

    name: str
    label: str
    recurrent: bool


ARCHITECTURES = (
    Architecture("rnn", N_("Vanilla RNN"), recurrent=True),
    Architecture("lstm", "LSTM", recurrent=True),
    Architecture("gru", "GRU", recurrent=True),
    Architecture("mlp", "MLP", recurrent=False),
    Architecture("cnn", N_("1-D CNN"), recurrent=False),
)

RECURRENT = tuple(a.name for a in ARCHITECTURES if a.recurrent)

UPLOAD = "upload"
"""The data set's name when the values come from a file the user brought."""


@dataclass(frozen=True)
class SeriesEntry:
    """A series the project ships: where it lies, what it measures, where it is from.

    `column` names the value's column; `rows` selects `(column, value)` pairs that must hold (a ticker);
    `start` and `end` (inclusive, ISO dates) cut the time axis. `season` is the number of steps in a period, or 0.
    """

    name: str
    label: str
    unit: str
    file: str
    column: str
    time: str
    source: str
    licence: str
    season: int = 0
    where: tuple[str, str] | None = None
    start: str = ""
    end: str = ""


SERIES: tuple[SeriesEntry, ...] = (
    SeriesEntry(
        "aapl_hw02", N_("Apple close 2008–2011 (homework)"), "USD", "stocks.csv.gz", "Close", "Date",
        "Quandl WIKI Prices, by bokeh-sampledata 2026.1", N_("public domain"),
        where=("Ticker", "AAPL"), start="2008-01-01", end="2011-12-31",
    ),
)  # fmt: skip
