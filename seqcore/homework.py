"""The homework: its recipe, its given row, and the networks its table may hold."""

from collections.abc import Mapping
from dataclasses import dataclass

from seqcore.catalogue import BASELINES
from seqcore.spec import RunSpec
from seqcore.text import N_


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
)

ASKED = ("rnn", "lstm", "gru")
"""The variants the homework asks for."""

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


def label_of(spec: RunSpec) -> str:
    """What a row of the table is called, a message to translate: the variant that says most, or the baseline's name."""
    settings = spec.flat()
    fitting = [v for v in VARIANTS if all(settings[name] == value for name, value in v.settings.items())]
    if not fitting:
        return next(baseline.label for baseline in BASELINES if baseline.name == spec.model.architecture)
    return max(fitting, key=lambda variant: len(variant.settings)).label
