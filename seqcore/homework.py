"""The homework: its recipe, its given row, and the networks its table may hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from seqcore.catalogue import BASELINES, CLASSICAL
from seqcore.spec import SETTINGS, RunSpec, as_text
from seqcore.text import N_, UserError


@dataclass(frozen=True)
class Given:
    """The row the homework's table comes with: RMSE in price units, from data that are not public."""

    label: str
    train_rmse: float
    test_rmse: float
    settings: Mapping[str, int]


GIVEN = Given(N_("Vanilla RNN"), 4.25, 7.3, {"hidden_size": 32, "seq_length": 19, "num_layers": 1, "epochs": 500})


@dataclass(frozen=True)
class Variant:
    """A network for the table: what of `ModelSpec` makes it what it is."""

    name: str
    label: str
    settings: Mapping[str, object]


VARIANTS = (
    Variant("rnn", N_("Vanilla RNN"), {"architecture": "rnn"}),
    Variant("lstm", "LSTM", {"architecture": "lstm"}),
    Variant("gru", "GRU", {"architecture": "gru"}),
    Variant("rnn2", N_("Stacked RNN"), {"architecture": "rnn", "num_layers": 2}),
    Variant("lstm2", N_("Stacked LSTM"), {"architecture": "lstm", "num_layers": 2}),
    Variant("gru2", N_("Stacked GRU"), {"architecture": "gru", "num_layers": 2}),
    Variant("birnn", N_("Bidirectional RNN"), {"architecture": "rnn", "bidirectional": True}),
    Variant("bilstm", N_("Bidirectional LSTM"), {"architecture": "lstm", "bidirectional": True}),
    Variant("bigru", N_("Bidirectional GRU"), {"architecture": "gru", "bidirectional": True}),
    Variant("mlp", "MLP", {"architecture": "mlp"}),
    Variant("cnn", N_("1-D CNN"), {"architecture": "cnn"}),
    Variant("seq2seq", "Seq2seq (GRU)", {"architecture": "encoder_decoder"}),
    Variant("attention", N_("Seq2seq with attention (GRU)"), {"architecture": "encoder_decoder_attention"}),
    Variant("repeat", N_("RepeatVector (LSTM, the Keras form)"), {"architecture": "repeat_vector"}),
    Variant("transformer", "Transformer", {"architecture": "transformer"}),
)

ASKED = ("rnn", "lstm", "gru")
"""The variants the homework asks for."""

MOST_ROWS = 16
"""Rows a table holds."""

MOST_SEEDS = 20
"""Runs of each row at most."""

SEEDS = 5
"""Runs of each row, unless something else is chosen: seeds 0, 1, 2 ..."""

PRESETS = {
    "hw02": {"series": "aapl_hw02", "split": "windows", "scaler_fit": "all"},
    "hw02-goog": {"series": "goog_hw02", "split": "windows", "scaler_fit": "all"},
}
"""Settings of the recipe that differ from the defaults: windows first, the scaler fitted on everything."""


def recipe(preset: str = "hw02") -> RunSpec:
    """The homework's recipe: min-max -1..1, 19 values in and 1 out, the last 20 % as test, Adam 0.01, 500 epochs."""
    return RunSpec().replace(**PRESETS[preset])


def variant(name: str) -> Variant:
    """The variant of that name; `UserError` if there is none."""
    found = next((v for v in VARIANTS if v.name == name), None)
    if found is None:
        raise UserError(
            N_("{name} must be one of {choices}, not {value!r}."),
            name="models", choices=", ".join(v.name for v in VARIANTS), value=name[:40],
        )  # fmt: skip
    return found


def variant_of(spec: RunSpec) -> Variant:
    """The variant that says most about a network."""
    settings = spec.flat()
    fitting = [v for v in VARIANTS if all(settings[name] == value for name, value in v.settings.items())]
    return max(fitting, key=lambda v: len(v.settings))


def label_of(spec: RunSpec) -> str:
    """What a row of the table is called, a message to translate: its variant's or its baseline's name."""
    kind = spec.model.architecture
    return next((b.label for b in BASELINES if b.name == kind), None) or variant_of(spec).label


def names_of(rows: Sequence[RunSpec], t: Callable[[str], str]) -> list[str]:
    """A name for each row, translated by `t`: its label, and what tells it from other rows of the same label."""
    labels = [label_of(row) for row in rows]
    found = []
    for row, label in zip(rows, labels, strict=True):
        alike = [other.flat() for other, its in zip(rows, labels, strict=True) if its == label]
        settings = row.flat()
        differing = [name for name in SETTINGS if len({other[name] for other in alike}) > 1]
        told = ", ".join(f"{name}={as_text(settings[name])}" for name in differing)
        found.append(f"{t(label)} ({told})" if told else t(label))
    return found


def rows_of(base: RunSpec, models: Sequence[str]) -> list[RunSpec]:
    """A row for each of the variants named in `models`, all other settings as in `base`."""
    return list(dict.fromkeys(base.replace(**variant(name).settings, seed=0) for name in models))


def baselines_of(base: RunSpec, season: int) -> list[RunSpec]:
    """A row for each classical forecaster on the data of `base`; the seasonal ones only where there is a season."""
    fitting = [baseline for baseline in BASELINES if season or not baseline.seasonal]
    return [RunSpec(base.data).replace(architecture=b.name, scaler="minmax11", scaler_fit="train") for b in fitting]


def runs_of(rows: Sequence[RunSpec], seeds: int) -> list[RunSpec]:
    """The runs of the rows, the first seed of all before the second, so that every curve begins early.

    A classical forecaster has no random start: it is fitted once.
    """
    return [
        row.replace(seed=seed)
        for seed in range(seeds)
        for row in rows
        if not (seed and row.model.architecture in CLASSICAL)
    ]


def rows_as_text(rows: Sequence[RunSpec]) -> str:
    """Rows of networks for a link or a command line: each a variant's name and what else differs from the recipe.

    `rnn;lstm,hidden_size:64`, for instance.
    """
    return ";".join(",".join(_row_as_text(row)) for row in rows)


def _row_as_text(row: RunSpec) -> list[str]:
    variant = variant_of(row)
    differences = row.differences(recipe().replace(**variant.settings))
    return [variant.name, *(f"{name}:{as_text(value)}" for name, value, _ in differences)]


def read_rows(text: str) -> tuple[RunSpec, ...]:
    """The inverse of `rows_as_text`; raises `UserError` for what is no row."""
    parts = text.split(";")
    if len(parts) > MOST_ROWS:
        raise UserError(N_("These are {count} rows; a table holds {most}."), count=len(parts), most=MOST_ROWS)
    return tuple(dict.fromkeys(map(_read_row, parts)))


def _read_row(text: str) -> RunSpec:
    name, *settings = text.split(",")
    values = dict(variant(name).settings)
    for part in settings:
        key, _, value = part.partition(":")
        if key not in SETTINGS or key == "seed":
            raise UserError(N_("There is no setting named {name!r}."), name=key[:40])
        values[key] = SETTINGS[key][1].parse(key, value)
    row = recipe().replace(**values)
    if row.model.architecture in CLASSICAL:
        raise UserError(N_("{value} is not a network: choose one of those in the form."), value=row.model.architecture)
    return row


def read_models(text: str) -> list[str]:
    """The variants named in a link or a command: `rnn,lstm,gru`."""
    return [variant(name).name for name in dict.fromkeys(text.split(",")[:MOST_ROWS])]


def read_seeds(text: str) -> int:
    """How many seeds a link or a command asks for."""
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_SEEDS:
        raise UserError(
            N_("{name} ({value}) must be between {low} and {high}."),
            name="seeds", value=text[:20], low=1, high=MOST_SEEDS,
        )  # fmt: skip
    return int(text)
