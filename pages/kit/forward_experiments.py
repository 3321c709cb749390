"""One-click experiments of the Forward pass page: a question, and the form that answers it."""

from pages.kit.experiments import Experiment
from pages.kit.forward_form import FORM, forgive, put
from seqcore.text import N_

_SWITCH = ";".join(f"weight_ih_l0[{row},0]=12" for row in (0, 1, 2))

FORWARD = (
    Experiment(
        "keep", N_("Can an LSTM keep a number for ever?"),
        {"initial": "random", "held": "l0.f=1,l0.i=0", "at": "l0.1.c", "seq_length": 8,
         "input": "0.5, 1, 0.2, -0.6, -1, 0.3, 0.8, -0.4"},
    ),
    Experiment(
        "fade", N_("How fast does a vanilla RNN forget?"),
        {"cell": "rnn", "hidden_size": 1, "start": "zeros", "seq_length": 10, "at": "l0.1.h",
         "input": "1, 0, 0, 0, 0, 0, 0, 0, 0, 0", "edits": "weight_ih_l0[0,0]=1;weight_hh_l0[0,0]=0.7"},
    ),
    Experiment(
        "explode", N_("What grows without end?"),
        {"cell": "rnn", "nonlinearity": "relu", "hidden_size": 2, "start": "zeros", "seq_length": 12, "at": "l0.6.h",
         "input": "1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0",
         "edits": "weight_ih_l0[0,0]=1;weight_hh_l0[0,0]=3;weight_hh_l0[1,0]=1"},
    ),
    Experiment("switch", N_("When does a gate become a switch?"), {"edits": _SWITCH, "at": "l0.2.i"}),
    Experiment(
        "shapes", N_("Two layers, both directions: which shapes?"),
        {"num_layers": 2, "bidirectional": True, "batch": 2, "batch_first": False, "view": "shapes"},
    ),
)  # fmt: skip


def begin(experiment: Experiment) -> None:
    """Set the whole form to an experiment."""
    put(**{**FORM, **experiment.settings})
    forgive()
