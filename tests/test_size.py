"""The formulas count what torch builds."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqcore.catalogue import ARCHITECTURES, RECURRENT
from seqcore.models import build, cnn
from seqcore.size import COUNTS, KERNEL, weights
from seqcore.spec import RunSpec

NAMES = [architecture.name for architecture in ARCHITECTURES]


def built(spec):
    with torch.device("meta"):  # shapes without numbers: the largest network costs no time
        model = build(spec.model, 1, spec.data.seq_length, spec.data.horizon)
    return sum(p.numel() for p in model.parameters())


def test_every_architecture_has_its_formula():
    assert list(COUNTS) == NAMES and KERNEL == cnn.KERNEL


@pytest.mark.parametrize("architecture", NAMES)
@given(hidden=st.integers(1, 256), layers=st.integers(1, 4), both=st.booleans(), steps=st.integers(2, 200),
       horizon=st.integers(1, 50))  # fmt: skip
def test_the_formula_counts_what_is_built(architecture, hidden, layers, both, steps, horizon):
    spec = RunSpec().replace(
        architecture=architecture, hidden_size=hidden, num_layers=layers, seq_length=steps, horizon=horizon,
        bidirectional=both and architecture in RECURRENT,
    )  # fmt: skip
    assert weights(spec) == built(spec)


def test_recurrent_layers_compare_as_one_to_three_to_four():
    head = 32 + 1
    rnn, gru, lstm = (weights(RunSpec().replace(architecture=a)) - head for a in ("rnn", "gru", "lstm"))
    assert (rnn, gru, lstm) == (1120, 3 * 1120, 4 * 1120)
