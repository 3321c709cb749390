"""The homework's recipe, the rows of its table, and their form in a link."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcore.catalogue import ARCHITECTURES, BASELINES
from seqcore.homework import (
    ASKED,
    GIVEN,
    MOST_ROWS,
    VARIANTS,
    baselines_of,
    label_of,
    read_models,
    read_rows,
    read_seeds,
    recipe,
    rows_as_text,
    rows_of,
    runs_of,
)
from seqcore.spec import SETTINGS, RunSpec
from seqcore.text import UserError

specs = st.builds(
    lambda model, hidden, lr, clip, series, split, epochs: recipe().replace(
        **model.settings, hidden_size=hidden, lr=lr, clip=clip, series=series, split=split, epochs=epochs
    ),
    st.sampled_from(VARIANTS), st.integers(1, 256), st.floats(1e-6, 10.0), st.floats(0, 100),
    st.sampled_from(["aapl_hw02", "airline", "upload"]), st.sampled_from(["rows", "windows"]), st.integers(1, 5000),
)  # fmt: skip


def test_the_recipe_is_the_homeworks():
    spec = recipe()
    assert {name: spec.flat()[name] for name in GIVEN.settings} == GIVEN.settings
    asked = {"scaler": "minmax11", "horizon": 1, "train_fraction": 0.8, "optimiser": "adam", "lr": 0.01,
             "batch_size": 0, "clip": 0.0, "split": "windows", "scaler_fit": "all"}  # fmt: skip
    assert {name: spec.flat()[name] for name in asked} == asked


@given(st.lists(specs, min_size=1, max_size=MOST_ROWS, unique=True))
def test_rows_come_back_from_a_link_as_they_were(rows):
    assert read_rows(rows_as_text(rows)) == tuple(rows)


@pytest.mark.parametrize(
    "text",
    ["", "rnn;", "perceiver", "rnn,", "rnn,seed:3", "rnn,hidden_size:0", "rnn,hidden_size:x", "rnn,nothing:1",
     "rnn,architecture:arima", "mlp,bidirectional:true", "rnn,lr:nan", ";".join(["rnn"] * (MOST_ROWS + 1)),
     "rnn,series:../../etc/passwd", "<script>"],
)  # fmt: skip
def test_what_is_no_row_is_told_in_a_sentence(text):
    with pytest.raises(UserError):
        read_rows(text)


@pytest.mark.parametrize("text", ["0", "-1", "21", "x", "", "1e3", "９９", "9" * 400])
def test_a_seed_count_out_of_bounds_is_told_with_the_bounds(text):
    with pytest.raises(UserError, match="between 1 and 20"):
        read_seeds(text)


def test_every_architecture_and_baseline_has_a_label_and_can_be_a_row():
    assert {v.settings["architecture"] for v in VARIANTS} == {a.name for a in ARCHITECTURES}
    assert len({v.label for v in VARIANTS}) == len({v.name for v in VARIANTS}) == len(VARIANTS)
    for variant in VARIANTS:
        assert label_of(recipe().replace(**variant.settings)) == variant.label
    for baseline in BASELINES:
        assert label_of(recipe().replace(architecture=baseline.name)) == baseline.label
    assert read_models(",".join(ASKED)) == list(ASKED)


def test_the_forms_rows_differ_in_their_variant_alone():
    base = recipe().replace(hidden_size=7, num_layers=2, seed=3)
    rows = rows_of(base, ["rnn", "rnn2", "bilstm"])
    assert [row.model.num_layers for row in rows] == [2, 2]  # rnn with two layers is the stacked RNN
    assert {row.model.hidden_size for row in rows} == {7} and {row.seed for row in rows} == {0}


def test_the_first_seed_of_every_row_comes_before_the_second_and_a_classical_forecaster_once():
    rows = [*rows_of(recipe(), ["rnn", "gru"]), *baselines_of(recipe(), 0)[:1]]
    order = [(run.model.architecture, run.seed) for run in runs_of(rows, 2)]
    assert order == [("rnn", 0), ("gru", 0), ("naive", 0), ("rnn", 1), ("gru", 1)]


def test_classical_forecasters_depend_on_the_data_and_nothing_else():
    one = baselines_of(recipe().replace(hidden_size=5, lr=0.1, epochs=3, scaler_fit="all"), 12)
    other = baselines_of(recipe().replace(scaler_fit="train", scaler="standard"), 12)
    assert one == other and len(one) == len(BASELINES)
    seasonal = {b.name for b in BASELINES if b.seasonal}
    without = {row.model.architecture for row in baselines_of(recipe(), 0)}
    assert without == {b.name for b in BASELINES} - seasonal
    own = set(SETTINGS) - {"series", "digest", "seq_length", "horizon", "train_fraction", "split", "architecture"}
    assert all(row.flat()[name] == RunSpec().flat()[name] for row in one for name in own)
    assert dataclasses.replace(one[0], seed=0) == one[0]
