"""The ordered lists of what can be chosen: one line for each architecture and each series.

A new architecture is a module in `seqcore/models/` and a line here; a new series a file in `assets/data/` and a line
here. Needs nothing but the standard library, so that a form can be drawn before anything heavy is imported.
"""

from dataclasses import dataclass

from seqcore.text import N_


@dataclass(frozen=True)
class Architecture:
    """A kind of network; `seqcore.models.<name>` builds it. `help` says what it is.

    `cell` is what reads the window step by step, if anything does, and what can be seen inside. A network is
    `recurrent` where it is nothing but layers of that cell and a linear map of their last state: it may read in both
    directions, and can be given a memory task.
    """

    name: str
    label: str
    help: str
    cell: str = ""
    recurrent: bool = False


@dataclass(frozen=True)
class Baseline:
    """A forecaster without gradient descent; `seqcore.models.classical.<name>` fits it. `help` says what it does."""

    name: str
    label: str
    help: str
    seasonal: bool = False


ARCHITECTURES = (
    Architecture(
        "rnn", N_("Vanilla RNN"),
        N_("One state, mixed with every new value. The simplest memory there is, and the first to forget."),
        cell="rnn", recurrent=True,
    ),
    Architecture(
        "lstm", "LSTM", N_("A cell state that gates open and close. What it keeps, it can keep for long."),
        cell="lstm", recurrent=True,
    ),
    Architecture(
        "gru", "GRU", N_("Two gates and one state: the LSTM's idea with a quarter fewer weights."),
        cell="gru", recurrent=True,
    ),
    Architecture(
        "mlp", "MLP", N_("The whole window at once, without any notion of order. A yardstick for every memory."),
    ),
    Architecture(
        "cnn", N_("1-D CNN"), N_("Filters that slide over the window, each layer looking twice as far back."),
    ),
    Architecture(
        "encoder_decoder", "Seq2seq (GRU)",
        N_("One GRU folds the window into a state, another unfolds the forecast, fed with each value it has said."),
        cell="gru",
    ),
    Architecture(
        "encoder_decoder_attention", N_("Seq2seq with attention (GRU)"),
        N_("The same, but each value of the forecast looks back at all the window, not at its end alone."),
        cell="gru",
    ),
    Architecture(
        "repeat_vector", N_("RepeatVector (LSTM, the Keras form)"),
        N_("An LSTM folds the window, another reads the folded state at every step, and never what it has said."),
        cell="lstm",
    ),
    Architecture(
        "transformer", "Transformer",
        N_("Nothing is handed on from step to step: each looks back at all those before it, at once."),
    ),
)  # fmt: skip

RECURRENT = tuple(a.name for a in ARCHITECTURES if a.recurrent)

CELL = {a.name: a.cell for a in ARCHITECTURES if a.cell}
"""Architecture -> the recurrent cell that reads its window."""

BASELINES = (
    Baseline("naive", N_("Naive"), N_("Tomorrow is as today: the last value seen.")),
    Baseline("drift", N_("Drift"), N_("The last value, plus the average step of the training part.")),
    Baseline(
        "moving_average", N_("Moving average"),
        N_("The mean of the last few values; how few, the training part decides."),
    ),
    Baseline("seasonal_naive", N_("Seasonal naive"), N_("The value one period ago."), seasonal=True),
    Baseline("linear", N_("Linear autoregression"), N_("A linear function of the same window, by least squares.")),
    Baseline("arima", "ARIMA", N_("Autoregression and moving average of the differences; the orders by AIC.")),
    Baseline(
        "ets", N_("Exponential smoothing"),
        N_("Level, trend and season, each an average that forgets; the form by AIC."),
    ),
)  # fmt: skip
"""What every network has to beat. Those that are `seasonal` need a series with a season."""

CLASSICAL = tuple(b.name for b in BASELINES)

UPLOAD = "upload"
"""The data set's name when the values come from a file the user brought."""


@dataclass(frozen=True)
class SeriesEntry:
    """A series the project ships: what it measures, where it is from, where it lies.

    `season` is the number of steps in a period, or 0. A series without a `file` in `assets/data/` is generated, by
    the function of its own name in `seqcore/data/generated.py`. In the file, `column` holds the values and `time`
    their times, written in `date_format` (as for strptime; without one they are whole numbers, such as years;
    without `time` they are counted from 0). Of the rows, `where` keeps those with a value in a column (a ticker),
    `span` those from one date to another, both included, `rows` the first so many. `interpolate` fills gaps linearly.
    """

    name: str
    label: str
    unit: str
    source: str
    licence: str
    season: int = 0
    file: str = ""
    column: str = ""
    time: str = ""
    date_format: str = ""
    where: tuple[str, str] | None = None
    span: tuple[str, str] | None = None
    rows: int | None = None
    interpolate: bool = False


def _stock(
    name: str, label: str, ticker: str, column: str = "Close", span: tuple[str, str] | None = None
) -> SeriesEntry:
    return SeriesEntry(
        name, label, "USD", "Quandl WIKI Prices, from bokeh-sampledata 2026.1", N_("public domain"),
        file="stocks.csv.gz", column=column, time="Date", date_format="%Y-%m-%d", where=("Ticker", ticker), span=span,
    )  # fmt: skip


def _weather(name: str, label: str, column: str) -> SeriesEntry:
    return SeriesEntry(
        name, label, "°C", "NOAA, from vega-datasets 3.2.1", N_("public domain"), season=365,
        file="seattle-weather.csv", column=column, time="date", date_format="%Y-%m-%d",
    )  # fmt: skip


SERIES: tuple[SeriesEntry, ...] = (
    _stock("aapl_hw02", N_("Apple close 2008–2011 (like the homework)"), "AAPL", span=("2008-01-01", "2011-12-31")),
    _stock(
        "goog_hw02", N_("Google adjusted close 2004–2008 (like the homework)"), "GOOG", "Adj Close",
        span=("2004-08-19", "2008-12-31"),
    ),
    _stock("aapl", N_("Apple adjusted close 2000–2013"), "AAPL", "Adj Close"),
    _stock("ibm", N_("IBM close 2000–2013"), "IBM"),
    _stock("msft", N_("Microsoft adjusted close 2000–2013"), "MSFT", "Adj Close"),
    _stock("goog", N_("Google close 2004–2013"), "GOOG"),
    SeriesEntry(
        "airline", N_("Air passengers, monthly 1949–1960"), N_("thousand passengers"),
        "Box & Jenkins 1976, series G, from sktime 1.2.0", N_("published facts"), season=12,
        file="Airline.csv", column="Passengers", time="Date", date_format="%Y-%m",
    ),
    SeriesEntry(
        "sunspots", N_("Sunspot number, yearly 1700–2008"), N_("sunspot number"),
        "NOAA NGDC, from statsmodels 0.15.0", N_("public domain"), season=11,
        file="sunspots.csv", column="SUNACTIVITY", time="YEAR",
    ),
    SeriesEntry(
        "co2", N_("CO₂ at Mauna Loa, weekly 1958–2001 (59 gaps interpolated)"), "ppm",
        "Keeling & Whorf 2004, from statsmodels 0.15.0", N_("public domain"), season=52,
        file="co2.csv", column="co2", time="date", date_format="%Y%m%d", interpolate=True,
    ),
    _weather("seattle_max", N_("Seattle, highest temperature of the day 2012–2015"), "temp_max"),
    _weather("seattle_min", N_("Seattle, lowest temperature of the day 2012–2015"), "temp_min"),
    SeriesEntry(
        "elec_equip", N_("Electrical equipment, EU turnover, monthly 1995–2016"), N_("index points"),
        "Eurostat, from statsmodels 0.15.0", N_("public domain"), season=12,
        file="elec_equip.csv", column="STS.M.I7.W.TOVT.NS0016.4.000", time="DATE", date_format="%b-%d-%Y",
    ),
    SeriesEntry(
        "nile", N_("Nile at Aswan, yearly flow 1871–1970"), "10⁸ m³",
        "Cobb 1978, from statsmodels 0.15.0", N_("published facts"),
        file="nile.csv", column="volume", time="year",
    ),
    SeriesEntry(
        "lynx", N_("Lynx trapped in Canada, yearly 1821–1934"), N_("lynx"),
        "Campbell & Walker 1977, from sktime 1.2.0", N_("published facts"), season=10,
        file="Lynx.csv", column="0", time="Unnamed: 0",
    ),
    SeriesEntry(
        "ecg", N_("ECG, the first 2,500 samples at 360 Hz (7 seconds)"), "mV",
        "MIT-BIH Arrhythmia Database, from sktime 1.2.0", "ODC-BY",
        file="mitdb_sktime.csv", column="data", rows=2500,
    ),
    SeriesEntry(
        "sine", N_("Sine, period 25 (generated)"), "", N_("generated by this project"), N_("none needed"), season=25
    ),
    SeriesEntry(
        "sine_noise", N_("Two sines, periods 20 and 50, with noise (generated)"), "", N_("generated by this project"),
        N_("none needed"), season=100,
    ),
)  # fmt: skip
"""In the order forms show them; the first is the default.

`Close` is used where no split falls into the span, `Adj Close` (which also takes dividends out) where one does: Apple
2000 and 2005, Microsoft 2003. Google 2004–2008 is adjusted because that is the series that comes near the homework's
figures. The cycles of sunspots and lynx vary in length; 11 and 10 years are their rounded means.
"""
