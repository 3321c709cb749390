"""The formulas count what torch builds, and hidden sizes can be chosen by them."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqcore.catalogue import ARCHITECTURES, RECURRENT
from seqcore.homework import VARIANTS, label_of, recipe, variant
from seqcore.models import build, cnn
from seqcore.reports.fairness import equal_weights
from seqcore.size import COUNTS, KERNEL, weights
from seqcore.spec import RunSpec
from seqcore.text import UserError

unhurried = settings(deadline=None, max_examples=50)  # other work on the machine is no failure

NAMES = [architecture.name for architecture in ARCHITECTURES]


def built(spec):
    with torch.device("meta"):  # shapes without numbers: the largest network costs no time
        model = build(spec.model, 1, spec.data.seq_length, spec.data.horizon)
    return sum(p.numel() for p in model.parameters())


def test_every_architecture_has_its_formula():
    assert list(COUNTS) == NAMES and KERNEL == cnn.KERNEL


@pytest.mark.parametrize("architecture", NAMES)
@unhurried
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


def within_two_percent(specs):
    """Whether one target has all counts within 2 % of it."""
    counts = [weights(spec) for spec in specs]
    return max(counts) / 1.02 <= min(counts) / 0.98


rows = st.builds(
    lambda name, **settings: recipe().replace(**variant(name).settings, **settings),
    st.sampled_from([v.name for v in VARIANTS]), hidden_size=st.integers(1, 256), seq_length=st.integers(2, 60),
    horizon=st.integers(1, 5),
)  # fmt: skip


@unhurried
@given(st.lists(rows, max_size=5), st.randoms(use_true_random=False))
def test_networks_come_within_two_percent_or_a_sentence_says_why_not(specs, chance):
    shuffled = chance.sample(specs, len(specs))
    try:
        fair = equal_weights(specs)
    except UserError as problem:
        nearest, target = problem.values["nearest"], problem.values["target"]
        assert target == max(map(weights, specs)) and abs(nearest - target) > 0.02 * target
        assert problem.values["name"] in map(label_of, specs)
        with pytest.raises(UserError, match=re.escape(str(problem))):
            equal_weights(shuffled)
        return
    assert dict(zip(specs, fair, strict=True)) == dict(zip(shuffled, equal_weights(shuffled), strict=True))
    for old, new in zip(specs, fair, strict=True):
        assert new == old.replace(hidden_size=new.model.hidden_size) and weights(new) >= weights(old)
    if specs:
        assert within_two_percent(fair) and max(map(weights, fair)) <= 1.02 * 1.5 * max(map(weights, specs))


def test_the_homeworks_networks_grow_to_the_lstm_and_baselines_stay():
    specs = [recipe().replace(architecture=name) for name in ("naive", "rnn", "lstm", "gru", "mlp")]
    fair = equal_weights(specs)
    assert fair[0] == specs[0]
    assert [spec.model.hidden_size for spec in fair[1:]] == [65, 32, 37, 215]
    assert [weights(spec) for spec in fair[1:]] == [4486, 4513, 4478, 4516]
    assert equal_weights(specs[:1]) == specs[:1]


def test_a_gap_between_small_networks_is_bridged_by_growing_the_largest():
    specs = [recipe().replace(architecture=name, hidden_size=9) for name in ("rnn", "lstm", "gru")]
    fair = equal_weights(specs)
    assert within_two_percent(fair) and weights(fair[1]) > weights(specs[1])


def test_a_network_that_cannot_grow_so_far_is_named():
    specs = [recipe().replace(architecture=name) for name in ("cnn", "lstm")]
    with pytest.raises(UserError, match=r"1-D CNN cannot have 4,513 weights within 2%: .* 1,281, .*hidden_size=256"):
        equal_weights(specs)
