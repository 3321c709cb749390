"""One-click experiments: a question first, then the form sets itself and the run starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seqcore.text import N_


@dataclass(frozen=True)
class Experiment:
    """A question and the settings, by bare name, that answer it; everything else takes its default."""

    name: str
    question: str
    settings: Mapping[str, Any] = field(default_factory=dict)


TRAIN = (
    Experiment("homework", N_("Can an LSTM beat yesterday's price?")),
    Experiment(
        "season", N_("Does it find the yearly rhythm of air travel?"),
        {"series": "airline", "architecture": "gru", "seq_length": 12, "epochs": 400},
    ),
    Experiment(
        "small", N_("How far does a memory of one number get?"),
        {"series": "sine", "architecture": "rnn", "hidden_size": 1, "epochs": 300},
    ),
    Experiment(
        "diverge", N_("What happens when the steps are too long?"),
        {"architecture": "rnn", "optimiser": "sgd", "lr": 2.0, "epochs": 200},
    ),
    Experiment(
        "order", N_("Is order needed at all? An MLP on sunspots."),
        {"series": "sunspots", "architecture": "mlp", "seq_length": 22, "epochs": 600},
    ),
)  # fmt: skip
