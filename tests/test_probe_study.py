"""What is measured over many windows: planted facts are found, and the whole is made of the parts."""

import warnings

import numpy as np
import pytest
import torch

from seqcore.look import Study
from seqcore.models import build
from seqcore.probes import study as module
from seqcore.probes.openness import openness
from seqcore.probes.order import by_activity, by_cluster, by_correlation
from seqcore.probes.readout import quantities, readout
from seqcore.probes.record import record
from seqcore.probes.similar import first_rows, outstanding, similar
from seqcore.probes.study import study
from seqcore.probes.trajectory import principal, project
from seqcore.spec import ModelSpec
from seqcore.text import UserError

STEPS = np.arange(20)
RANDOM = np.random.default_rng(5)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_openness_counts_each_unit_in_twenty_bins():
    gate = np.array([[[0.0, 0.97], [0.04, 1.0]], [[0.05, np.nan], [0.52, 0.949]]], np.float32)  # (2, 2, 2)
    counts = openness(gate)
    assert counts.shape == (2, 20) and counts.sum(axis=1).tolist() == [4, 3]
    assert counts[0, [0, 1, 10]].tolist() == [2, 1, 1] and counts[1, [18, 19]].tolist() == [1, 2]
    assert openness(gate[:0]).tolist() == np.zeros((2, 20)).tolist()


def test_orders_of_units_whose_order_is_known():
    wave, ramp = np.sin(STEPS), STEPS / 20
    states = np.stack([0.1 * wave, ramp, np.full(20, 0.7), -ramp, 3 * wave], 1).astype(np.float32)
    assert by_activity(states).tolist() == [4, 1, 3, 0, 2]
    assert by_correlation(states, 5 + ramp).tolist()[0] == 1 and by_correlation(states, 5 + ramp).tolist()[-1] == 3
    assert by_correlation(states, np.ones(20)).tolist() == [0, 1, 2, 3, 4]
    leaves = by_cluster(states).tolist()
    assert sorted(leaves) == [0, 1, 2, 3, 4] and abs(leaves.index(0) - leaves.index(4)) == 1


def test_two_kinds_of_units_that_take_turns_are_clustered_apart():
    slow, fast = np.sin(STEPS / 6), np.sin(2.1 * STEPS)
    states = np.stack([slow, fast] * 5, 1) + 0.05 * RANDOM.normal(size=(20, 10))
    kinds = by_cluster(states) % 2
    assert np.abs(np.diff(kinds)).sum() == 1


def test_units_that_lag_each_other_a_little_lie_in_the_order_of_their_lags():
    lags = RANDOM.permutation(9)
    order = lags[by_cluster(np.sin(STEPS[:, None] / 3 + 0.12 * lags))]
    assert abs(np.diff(order).sum()) == 8 and (np.abs(np.diff(order)) == 1).all()


def test_units_that_are_not_finite_or_alone_have_an_order_too():
    states = RANDOM.normal(size=(6, 3))
    states[2, 1] = np.nan
    for order in (by_activity(states), by_correlation(states, STEPS[:6]), by_cluster(states)):
        assert sorted(order.tolist()) == [0, 1, 2]
    assert by_activity(states)[-1] == 1
    for order in (by_activity(states[:, :1]), by_correlation(states[:1, :1], STEPS[:1]), by_cluster(states[:, :1])):
        assert order.tolist() == [0]


def test_the_principal_component_of_a_line_is_its_direction():
    direction = np.array([2.0, -6.0, 3.0, 0.0]) / 7
    states = np.array([1.0, 2.0, 3.0, 4.0]) + np.linspace(-3, 5, 60)[:, None] * direction
    axes, mean, explained = principal(states)
    np.testing.assert_allclose(axes[0], -direction, atol=1e-12)  # the component farthest from 0 is positive
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(mean, states.mean(axis=0))
    np.testing.assert_allclose(explained, [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(project(states, axes, mean)[:, 0], -np.linspace(-4, 4, 60), atol=1e-12)


def test_shares_are_those_of_the_variances_and_nothing_is_no_trouble():
    states = RANDOM.normal(size=(20_000, 3)) * [1.0, 3.0, 2.0]
    axes, _, explained = principal(states)
    np.testing.assert_allclose(explained, np.array([9, 4, 1]) / 14, atol=0.01)
    assert np.abs(axes).argmax(axis=1).tolist() == [1, 2, 0]
    for nothing in (np.ones((7, 2)), np.zeros((0, 2))):
        axes, mean, explained = principal(nothing)
        assert axes.shape == (2, 2) and explained.tolist() == [0, 0]
        assert project(np.array([[1.0, np.inf], [1.0, 1.0]]), axes, mean).shape == (2, 2)
    assert np.isnan(project(np.array([[1.0, np.inf]]), axes, mean)).all()


def test_what_a_planted_unit_carries_is_read_from_it():
    inputs = RANDOM.normal(size=(300, 20))
    wanted = quantities(inputs)
    np.testing.assert_array_equal(wanted[:, 1:, 1], inputs[:, 1:] - inputs[:, :-1])
    assert np.isnan(wanted[:, 0, 1]).all() and wanted[7, [0, 19], 2].tolist() == [0, 1]
    states = RANDOM.normal(size=(300, 20, 5))
    states[:, 1:, 3] = 4 - 2 * wanted[:, 1:, 1]  # the slope, in unit 3
    states[:, 0, 3] += 4  # so that it does not tell the first step
    states[..., 1] += wanted[..., 0]  # a half of the value in unit 1, the rest of it in unit 4
    states[..., 4] -= states[..., 1]
    together, alone = readout(states, wanted, np.arange(300) < 200)
    assert together[1] > 0.9999 and alone[3, 1] > 0.9999 and alone[[0, 2], 1].max() < 0.01
    assert 0.45 < alone[1, 0] < 0.55 and together[0] > alone[:, 0].max()
    assert abs(together[2]) < 0.01 and alone[:, 2].max() < 0.01


def test_the_score_is_that_of_windows_the_probe_has_not_seen():
    inputs = RANDOM.normal(size=(40, 20))
    states = np.where(np.arange(40)[:, None, None] < 20, 1, -1) * inputs[..., None]  # turned over in the test part
    together, alone = readout(states, quantities(inputs), np.arange(40) < 20)
    assert together[0] == pytest.approx(-3, abs=0.01) and alone[0, 0] == pytest.approx(1)


def test_nothing_can_be_read_from_what_does_not_move_or_is_not_there():
    wanted = quantities(np.tile(STEPS, (9, 1)))[:, -2:]
    wanted[..., 2] = 1.0  # one value only
    together, alone = readout(np.ones((9, 2, 3)), wanted, np.arange(9) < 5)
    assert together[0] == 0 and alone[:, 0].tolist() == [0, 0, 0]
    assert np.isnan(together[2]) and np.isnan(alone[:, 2]).all()
    together, _ = readout(np.ones((9, 2, 3)), wanted, np.ones(9, bool))
    assert np.isnan(together).all()


def test_windows_that_are_moved_on_by_a_step_share_rows():
    rows = np.lib.stride_tricks.sliding_window_view(RANDOM.normal(size=12), 4)
    apart = np.concatenate([rows, RANDOM.normal(size=(1, 4)), rows[:2]])
    assert first_rows(apart).tolist() == [*range(9), 12, 16, 17]


def test_a_planted_repeat_is_found_first_and_once():
    series = RANDOM.normal(size=300)
    series[200:206] = series[50:56]
    series[120:126] = series[50:56] + 0.1
    windows = np.lib.stride_tricks.sliding_window_view(series, 10)
    states = np.stack([windows, 2 * windows], 2)  # (B, S, 2): a memory of nothing but the input
    found = similar(states[48, 2:8], states, np.array([1.0, 2.0]), np.arange(len(windows)), 50)
    at = found.window + found.start
    assert at[:2].tolist() == [200, 120] and len(at) == 8
    np.testing.assert_allclose(found.distance[:2], [0, 0.1], atol=1e-9)
    assert (np.diff(found.distance) >= 0).all() and found.distance[2] > 0.5
    gaps = np.abs(np.append(at, 50)[:, None] - np.append(at, 50))
    assert gaps[~np.eye(9, dtype=bool)].min() >= 6


def test_the_units_that_stand_out_are_those_that_change_in_the_span():
    own = 0.01 * RANDOM.normal(size=(20, 6))
    own[5:9, 2] += 1.0
    own[5:9, 4] -= 3.0
    own[:, 1] += 9.0  # far off, but everywhere
    spread = np.array([1.0, 1.0, 1.0, 1.0, 9.0, 0.0])
    assert outstanding(own, slice(5, 9), spread)[:2].tolist() == [2, 4]
    assert 5 not in outstanding(own, slice(5, 9), spread)
    assert outstanding(own, slice(0, 20), np.ones(6))[:2].tolist() == [4, 2]
    assert len(outstanding(np.ones((4, 3)), slice(0, 2), np.ones(3))) == 0


def windows_of(count, steps, horizon=2):
    """Windows (N, T, 1) and targets (N, K) of a noisy wave."""
    rows = torch.sin(torch.arange(count + steps + horizon) / 5) + 0.1 * torch.randn(count + steps + horizon)
    cut = rows.unfold(0, steps + horizon, 1)[:count]
    return cut[:, :steps, None].contiguous(), cut[:, steps:].contiguous()


def model_of(architecture, steps, hidden=6, **more):
    torch.manual_seed(3)
    return build(ModelSpec(architecture, hidden_size=hidden, **more), 1, steps, 2).eval()


def test_the_whole_is_made_of_its_parts():
    model, (x, y) = model_of("lstm", 9), windows_of(80, 9)
    found = study(model, x, y, 60, 70, Study("l0.cell", (2, 5), (4, 1)))
    with torch.no_grad(), record(model) as tape:
        model(x)
    cell, inputs = tape.arrays["l0.cell"], x[..., 0].numpy()
    assert found["study.windows"].tolist() == list(range(80))
    assert {name for name in found if "open" in name} == {f"study.open.l0.{gate}" for gate in "ifo"}
    np.testing.assert_array_equal(found["study.open.l0.f"], openness(tape.arrays["l0.f"][60:]))
    np.testing.assert_array_equal(found["study.order.activity"], by_activity(cell[70]))
    np.testing.assert_array_equal(found["study.order.correlation"], by_correlation(cell[70], inputs[70]))
    np.testing.assert_array_equal(found["study.order.cluster"], by_cluster(cell[70]))
    axes, mean, explained = principal(cell.reshape(-1, 6))
    for name, part in (("axes", axes), ("mean", mean), ("explained", explained)):
        np.testing.assert_allclose(found[f"study.{name}"], part, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found["study.path"], project(cell[70], axes, mean), atol=1e-5)
    others = np.delete(np.arange(80), 70)
    np.testing.assert_allclose(found["study.cloud"], project(cell[others, -1], axes, mean), atol=1e-5)
    np.testing.assert_array_equal(found["study.cloud_target"], y[others, 0].numpy())
    scores, units = readout(cell, quantities(inputs), np.arange(80) < 60)
    np.testing.assert_allclose(found["study.readout"], scores, rtol=1e-5)
    np.testing.assert_allclose(found["study.readout_units"], units, rtol=1e-4, atol=1e-6)
    assert found["study.span"].tolist() == [2, 5]
    assert found["study.units"].tolist() == [4, 1] and len(found["study.match_window"]) == 8
    window, start = found["study.match_window"], found["study.match_start"]
    away = (cell[window[0], start[0] : start[0] + 4] - cell[70, 2:6])[:, [4, 1]] / cell.std(axis=(0, 1))[[4, 1]]
    assert found["study.match_distance"][0] == pytest.approx(np.sqrt(np.square(away).mean()), rel=1e-4)
    for k in range(8):
        np.testing.assert_array_equal(found["study.match_input"][k], inputs[window[k], start[k] : start[k] + 4])
        assert abs(window[k] + start[k] - 72) >= 4


def test_of_too_many_numbers_evenly_spaced_windows_are_taken_block_by_block(monkeypatch):
    model, (x, y) = model_of("gru", 9), windows_of(400, 9)
    monkeypatch.setattr(module, "MOST_NUMBERS", 40 * 9 * 6)
    whole = study(model, x, y, 300, 399, Study())
    monkeypatch.setattr(module, "BLOCK", 1)
    found = study(model, x, y, 300, 399, Study())
    windows = found["study.windows"]
    assert len(windows) == 40 and windows[0] == 0 and windows[-1] == 399 and np.ptp(np.diff(windows)) <= 1
    assert found["study.open.l0.z"].sum() == (windows >= 300).sum() * 9 * 6
    assert found["study.path"].shape == (9, 3) and len(found["study.cloud"]) == 39
    for name, values in whole.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-5, err_msg=name)


def test_at_most_600_ends_are_given(monkeypatch):
    model, (x, y) = model_of("rnn", 3, hidden=2), windows_of(900, 3)
    found = study(model, x, y, 700, 0, Study())
    assert found["study.cloud"].shape == (600, 2) and found["study.cloud_target"].shape == (600,)
    assert found["study.cloud_target"][-1] == y[-1, 0]


def test_backwards_a_window_ends_at_its_beginning():
    model, (x, y) = model_of("gru", 7, bidirectional=True), windows_of(30, 7)
    found = study(model, x, y, 20, 0, Study("l0r.hidden"))
    with torch.no_grad(), record(model) as tape:
        model(x)
    ends = project(tape.arrays["l0r.hidden"][1:, 0], found["study.axes"], found["study.mean"])
    np.testing.assert_allclose(found["study.cloud"], ends, atol=1e-5)


@pytest.mark.parametrize("architecture", ["rnn", "lstm", "gru", "mlp", "cnn"])
@pytest.mark.parametrize("broken", [None, float("nan"), float("inf"), 3e37, 0.0])
@pytest.mark.parametrize(("steps", "hidden"), [(2, 1), (8, 4)])
def test_a_small_still_or_diverged_model_is_no_trouble(architecture, broken, steps, hidden):
    model, (x, y) = model_of(architecture, steps, hidden), windows_of(30, steps)
    if broken is not None:
        with torch.no_grad():
            next(model.parameters()).fill_(broken)
    for span, units in ((None, ()), ((0, 1), ()), ((-5, 99), (0, 77, -1))):
        found = study(model, x, y, 20, 25, Study("l0.hidden", span, units))
        again = study(model, x, y, 20, 25, Study("l0.hidden", span, units))
        for name, values in found.items():
            np.testing.assert_array_equal(values, again[name])
        for order in ("activity", "correlation", "cluster"):
            assert sorted(found[f"study.order.{order}"].tolist()) == list(range(hidden))
        assert found["study.axes"].shape == (min(3, hidden), hidden) and np.isfinite(found["study.axes"]).all()
        assert found["study.readout_units"].shape == (hidden, 3) and found["study.readout"].shape == (3,)
        assert np.isfinite(found["study.cloud"]).all() and np.isfinite(found["study.match_distance"]).all()
        assert len(found["study.match_input"]) == len(found["study.match_start"]) and set(found["study.units"]) <= {
            0,
            1,
            2,
            3,
        }
        assert span is not None or not len(found["study.units"])
        assert found["study.span"].tolist() == ([] if span is None else [0, min(span[1], len(found["study.path"]) - 1)])


def test_what_came_in_beside_the_one_state_of_an_mlp_is_the_last_value():
    model, (x, y) = model_of("mlp", 9), windows_of(80, 9)
    found = study(model, x, y, 60, 70, Study("l0.hidden", (3, 5), (0, 1, 2, 3, 4, 5)))
    assert len(found["study.match_window"]) == 8 and not found["study.match_start"].any()
    np.testing.assert_array_equal(found["study.match_input"][:, 0], x[found["study.match_window"], -1, 0].numpy())


def test_a_tap_that_is_not_there_is_named():
    x, y = windows_of(9, 4)
    with pytest.raises(UserError, match=r"This network has no l3.hidden: choose one of l0.hidden"):
        study(model_of("mlp", 4), x, y, 6, 0, Study("l3.hidden"))
