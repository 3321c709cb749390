"""Cutting a series: every window once, in its own part, in the right place."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seqcore.data.series import load
from seqcore.data.windows import cut
from seqcore.spec import DataSpec
from seqcore.text import UserError

specs = st.builds(
    DataSpec,
    seq_length=st.integers(2, 40),
    horizon=st.integers(1, 8),
    train_fraction=st.floats(0.3, 0.95),
    scaler=st.sampled_from(["minmax11", "minmax01", "standard", "none"]),
    scaler_fit=st.sampled_from(["train", "all"]),
    split=st.sampled_from(["rows", "windows"]),
)


def cut_or_skip(values, spec):
    try:
        return cut(values, spec)
    except UserError:
        assume(False)


def rows_of(first_targets, spec):
    """(B, T + K): the rows each window holds."""
    return first_targets[:, None] + np.arange(-spec.seq_length, spec.horizon)


@given(specs, st.integers(10, 200))
@settings(deadline=None)
def test_every_value_of_every_window_stands_at_its_row(spec, rows):
    values = np.random.default_rng(rows).normal(50, 10, rows)
    windows = cut_or_skip(values, spec)
    for x, y, at in (
        (windows.train_x, windows.train_y, windows.train_at),
        (windows.test_x, windows.test_y, windows.test_at),
    ):
        assert x.shape == (len(at), spec.seq_length, 1) and y.shape == (len(at), spec.horizon)
        assert x.dtype == y.dtype == np.float32 and at.dtype == np.int64
        assert all(a.flags.c_contiguous and a.flags.owndata and a.flags.writeable for a in (x, y))
        both = windows.scaler.undo(np.concatenate([x[:, :, 0], y], axis=1))
        np.testing.assert_allclose(both, values[rows_of(at, spec)], rtol=1e-5, atol=1e-4)


@given(specs, st.integers(10, 200))
@settings(deadline=None)
def test_windows_of_rows_never_cross_the_split_and_none_is_left_out(spec, rows):
    windows = cut_or_skip(np.arange(rows, dtype=float), spec)
    size = spec.seq_length + spec.horizon
    if spec.split == "rows":
        assert rows_of(windows.train_at, spec).max() == windows.split - 1
        assert rows_of(windows.test_at, spec).min() == windows.split
        assert len(windows.train_at) == windows.split - size + 1
        assert len(windows.test_at) == rows - windows.split - size + 1
    else:
        together = np.concatenate([windows.train_at, windows.test_at])
        np.testing.assert_array_equal(together, np.arange(spec.seq_length, rows - spec.horizon + 1))
        assert windows.split == windows.test_at[0]
    assert rows_of(windows.test_at, spec).max() == rows - 1


@given(specs, st.integers(60, 200), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_the_test_rows_change_nothing_of_what_the_model_trains_on(spec, rows, seed):
    assume(spec.scaler_fit == "train" and (spec.split == "rows" or spec.horizon == 1))
    values = np.random.default_rng(seed).normal(size=rows)
    before = cut_or_skip(values, spec)
    values[before.split :] = values[before.split :] * 7 + 100
    after = cut(values, spec)
    assert after.scaler == before.scaler
    np.testing.assert_array_equal(after.train_x, before.train_x)
    np.testing.assert_array_equal(after.train_y, before.train_y)


def test_the_homeworks_recipe_lets_the_scaler_see_everything():
    values = np.arange(100.0)
    assert cut(values, DataSpec(scaler_fit="all")).scaler.undo(1.0) == 99
    assert cut(values, DataSpec(scaler_fit="train")).scaler.undo(1.0) == 79


def test_the_homeworks_numbers():
    windows = cut(load("aapl_hw02").values, DataSpec(split="windows", seq_length=19))
    assert (len(windows.train_x), len(windows.test_x), windows.split) == (792, 198, 811)
    windows = cut(load("aapl_hw02").values, DataSpec(split="rows", seq_length=19))
    assert (len(windows.train_x), len(windows.test_x), windows.split) == (788, 183, 807)


def test_the_share_of_training_is_rounded_and_not_cut_off():
    # 0.57 * 100 and 0.7 * 90 are a hair below the whole number in floating point.
    assert cut(np.arange(100.0), DataSpec(train_fraction=0.57, seq_length=2)).split == 57
    windows = cut(np.arange(92.0), DataSpec(train_fraction=0.7, seq_length=2, split="windows"))
    assert len(windows.train_x) == 63


@given(specs, st.integers(2, 120))
@settings(deadline=None)
def test_what_a_refusal_proposes_is_the_longest_window_that_fits(spec, rows):
    values = np.arange(rows, dtype=float)
    try:
        cut(values, spec)
        return
    except UserError as problem:
        facts = problem.values
        assert str(rows) in str(problem) or str(facts["train"]) in str(problem)
    if "most" not in facts:
        shortest = DataSpec(seq_length=2, horizon=spec.horizon, train_fraction=spec.train_fraction, split=spec.split)
        with pytest.raises(UserError, match="too few for a horizon of"):
            cut(values, shortest)
        return
    for seq_length, fits in ((facts["most"], True), (facts["most"] + 1, False)):
        tried = DataSpec(
            seq_length=seq_length, horizon=spec.horizon, train_fraction=spec.train_fraction, split=spec.split
        )
        if fits:
            cut(values, tried)
        else:
            with pytest.raises(UserError):
                cut(values, tried)


def test_a_series_too_short_says_all_the_numbers():
    with pytest.raises(UserError) as problem:
        cut(np.arange(50.0), DataSpec(seq_length=19, horizon=2))
    assert str(problem.value) == (
        "The training part has 40 rows and the test part 10; each needs seq_length + horizon = 21 rows. "
        "Choose a seq_length of at most 8."
    )
    with pytest.raises(UserError, match=r"20 rows give 1 windows of seq_length \+ horizon = 20 rows.* at most 17"):
        cut(np.arange(20.0), DataSpec(seq_length=19, split="windows"))
    with pytest.raises(UserError, match="3 rows are too few for a horizon of 1 and a training part of 80%"):
        cut(np.arange(3.0), DataSpec())


@pytest.mark.parametrize("scaler", ["minmax11", "minmax01", "standard", "none"])
@pytest.mark.parametrize("fitted", ["train", "all"])
def test_a_training_part_that_does_not_vary_teaches_nothing(scaler, fitted):
    values = np.concatenate([np.full(80, 3.25), np.arange(40.0)])
    with pytest.raises(UserError, match=r"first 80 rows, the training part, all hold 3.25: there is nothing to learn"):
        cut(values, DataSpec(train_fraction=80 / 120, scaler=scaler, scaler_fit=fitted))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_none_is_found(wrong):
    values = np.arange(100.0)
    values[[41, 60]] = wrong
    with pytest.raises(UserError, match=r"Row 42 holds a missing or infinite value \(of such rows there are 2\)"):
        cut(values, DataSpec())


@pytest.mark.parametrize(
    ("scaler", "values"),
    [
        ("none", np.linspace(-1e300, 1e300, 100)),
        ("minmax01", 1e308 * np.linspace(-1.5, 1.5, 100)),
        ("standard", 1e308 * np.linspace(-1.5, 1.5, 100)),
        ("standard", 1e200 * np.linspace(-1.5, 1.5, 100)),
        ("minmax11", np.concatenate([np.linspace(0, 1e-30, 80), np.full(20, 1e30)])),
    ],
)
def test_values_beyond_float32_are_refused_with_a_sentence(scaler, values):
    with pytest.raises(UserError, match="use a smaller unit, or choose another scaler"):
        cut(values, DataSpec(scaler=scaler, seq_length=5))


def test_values_too_close_to_scale_are_refused():
    with pytest.raises(UserError, match="nothing to learn"):
        cut(np.linspace(0, 1e-200, 100), DataSpec(scaler="standard", seq_length=5))
