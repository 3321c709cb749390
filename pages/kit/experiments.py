"""One-click experiments: a question first, then the form sets itself and the run starts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from pages.kit.text import t
from seqcore.text import N_


@dataclass(frozen=True)
class Experiment:
    """A question and the settings, by bare name, that answer it; everything else takes its default."""

    name: str
    question: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def try_this(page: str, experiments: Sequence[Experiment], ask: Callable[[Experiment], None]) -> None:
    """Draw a button for each of a page's experiments, which asks for it."""
    st.subheader(t(N_("Try this")), anchor=False)
    with st.container(horizontal=True, key="experiments"):
        for experiment in experiments:
            st.button(t(experiment.question), key=f"{page}.try.{experiment.name}", icon=":material/science:",
                      on_click=_asked, args=(experiment, ask))  # fmt: skip


def _asked(experiment: Experiment, ask: Callable[[Experiment], None]) -> None:
    """Ask, and say so where the reader is: the pictures are further up."""
    ask(experiment)
    st.toast(t(N_("It runs further up: {question}")).format(question=t(experiment.question)), icon=":material/science:")


HIDDEN = (
    Experiment(
        "circle", N_("What does the memory of a wave look like?"),
        {"series": "sine", "architecture": "rnn", "hidden_size": 8, "epochs": 300, "view": "space"},
    ),
    Experiment(
        "latch", N_("Are gates ever fully open, or shut?"),
        {"series": "airline", "seq_length": 12, "epochs": 400, "view": "gates", "tap": "l0.f"},
    ),
    Experiment(
        "forget", N_("What if it could never forget?"),
        {"series": "sunspots", "seq_length": 22, "epochs": 300, "view": "held", "hold": "l0.f=1"},
    ),
    Experiment(
        "slope", N_("Which unit knows whether it goes up?"),
        {"series": "sunspots", "architecture": "gru", "hidden_size": 16, "seq_length": 22, "epochs": 300,
         "view": "readout"},
    ),
    Experiment(
        "beat", N_("Where else does the heart beat like this?"),
        {"series": "ecg", "architecture": "gru", "hidden_size": 16, "seq_length": 40, "epochs": 60, "view": "similar"},
    ),
)  # fmt: skip

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

GRADIENTS = (
    Experiment("forget", N_("Which cell forgets what came 30 steps ago?"), {"view": "tasks"}),
    Experiment(
        "near", N_("Does the whole gradient vanish, or its far part only?"),
        {"cells": ["rnn"], "cell": "rnn", "lag": 50, "view": "telescope"},
    ),
    Experiment(
        "explode", N_("What does an explosion look like?"),
        {"cells": ["rnn"], "cell": "rnn", "init": "identity", "gain": 1.1, "relu": True, "optimiser": "momentum",
         "clip": 0.0, "view": "telescope"},
    ),
    Experiment(
        "tamed", N_("And the same run, clipped?"),
        {"cells": ["rnn"], "cell": "rnn", "init": "identity", "gain": 1.1, "relu": True, "optimiser": "momentum",
         "clip": 1.0, "view": "tasks"},
    ),
    Experiment(
        "orthogonal", N_("Can a plain RNN remember after all?"),
        {"cells": ["rnn"], "cell": "rnn", "init": "orthogonal", "lr": 0.003, "view": "tasks"},
    ),
    Experiment(
        "truncated", N_("What can truncated BPTT still learn?"),
        {"cells": ["lstm", "gru"], "cell": "gru", "task": "copy", "truncate": 20, "view": "telescope"},
    ),
    Experiment(
        "attention", N_("What if it may look back?"),
        {"cells": ["rnn", "gru"], "cell": "rnn", "attention": True, "lag": 60, "view": "telescope"},
    ),
)  # fmt: skip

SEQ2SEQ = (
    Experiment("dates", N_("Where does it look while it writes a date?")),
    Experiment("sentences", N_("Can it turn a statement into a question with 嗎?"), {"task": "sentences"}),
    Experiment(
        "bottleneck", N_("What fits through eight numbers?"),
        {"attention": "none", "hidden_size": 8, "view": "inside"},
    ),
    Experiment("alone", N_("What if it never reads the true words?"), {"teacher_forcing": 0.0}),
    Experiment(
        "both", N_("Does it help to read the source backwards, too?"),
        {"task": "sentences", "bidirectional": True, "hidden_size": 64},
    ),
)  # fmt: skip

TRANSFORMER = (
    Experiment("translate", N_("Which head finds which word?"), {"view": "attention"}),
    Experiment("mask", N_("What goes wrong if it may see the answer?"), {"task": "next", "causal": False}),
    Experiment(
        "bag", N_("Can it tell “long and not interesting” from “not long and interesting”?"),
        {"task": "masked", "corpus": "reviews", "text": "This book is long and not interesting.",
         "order": "0,1,2,5,3,4,6,7", "view": "intervene"},
    ),
    Experiment("order", N_("Does it need to know the order of words?"), {"position": "none"}),
    Experiment("write", N_("Can it write sentences of its own?"), {"task": "next", "tokens": "characters"}),
    Experiment("gaps", N_("Which word is missing?"), {"task": "masked"}),
    Experiment("sort", N_("How does attention sort letters?"), {"task": "sort", "epochs": 200}),
    Experiment(
        "base", N_("How large was the paper's own?"),
        {"d_model": 512, "num_heads": 8, "num_layers": 6, "d_ff": 2048, "norm_first": False, "trained": False,
         "view": "attention"},
    ),
)  # fmt: skip
