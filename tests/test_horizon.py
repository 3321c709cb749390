"""The memory horizon of networks whose memory is known."""

import warnings

import numpy as np
import pytest
import torch

from seqcore.models import build
from seqcore.probes import horizon
from seqcore.probes.horizon import gradient_horizon, memory_horizon
from seqcore.spec import ModelSpec

STEPS = 40
BOTH = pytest.mark.parametrize("measure", [memory_horizon, gradient_horizon])


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def network(w_hh, read, squash="relu", inputs=1, w_ih=1.0):
    """h' = squash(w_ih * x into unit 0 + W_hh h), y = read · h."""
    model = build(ModelSpec("rnn", hidden_size=len(w_hh)), inputs, STEPS, len(read))
    model.cell.nonlinearity, model.cell.mode = squash, f"RNN_{squash.upper()}"
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.cell.weight_ih_l0[0, -1] = w_ih
        model.cell.weight_hh_l0.copy_(torch.tensor(w_hh))
        model.head.weight.copy_(torch.tensor(read))
    return model


def delay_line(lag, inputs=1):
    """Returns the input of `lag` steps ago: each unit hands its value on to the next."""
    return network(np.eye(lag + 1, k=-1, dtype=np.float32), np.eye(lag + 1, dtype=np.float32)[-1:], inputs=inputs)


@BOTH
@pytest.mark.parametrize("lag", [0, 1, 8, 30, STEPS - 1])
def test_a_delay_line_remembers_exactly_its_lag(measure, lag):
    x = torch.rand(20, STEPS, 1)
    found = measure(delay_line(lag), x, 0.1, size=0.4)
    assert found.lag == lag
    np.testing.assert_array_equal(found.share, np.arange(STEPS) == lag)
    np.testing.assert_allclose(found.moved, 0.4 * (np.arange(STEPS) == lag), atol=1e-6)
    assert measure(delay_line(lag), x, 0.41, size=0.4).lag is None


@BOTH
def test_a_fading_memory_ends_where_its_power_passes_epsilon(measure):
    found = measure(network([[0.9]], [[1.0], [0.1]]), torch.rand(5, STEPS, 1), 0.1, size=0.5)
    np.testing.assert_allclose(found.moved, 0.5 * 0.9 ** np.arange(STEPS), rtol=1e-3)
    assert found.lag == 15  # 0.5 * 0.9^15 = 0.103, and the next is 0.093
    np.testing.assert_array_equal(found.share, np.arange(STEPS) <= 15)


@BOTH
def test_only_the_channel_asked_for_is_moved(measure):
    model, x = delay_line(4, inputs=2), torch.rand(5, STEPS, 2)
    assert measure(model, x, 0.1, size=0.5, channel=1).lag == 4
    assert measure(model, x, 0.1, size=0.5).lag is None


def test_beyond_saturation_there_is_memory_without_a_gradient():
    model, x = network([[0.0]], [[1.0]], "tanh", w_ih=10.0), torch.ones(6, STEPS, 1)
    x[::2] = -1
    assert memory_horizon(model, x, 0.5, size=2.0).lag == 0
    assert gradient_horizon(model, x, 0.5, size=2.0).lag is None


@BOTH
def test_half_the_windows_must_be_moved(measure):
    model = delay_line(3)
    model.cell.bias_ih_l0.data[0] = -10.0  # only inputs above 10 are seen at all
    x = torch.rand(10, STEPS, 1)
    x[:5] += 20
    found = measure(model, x, 0.1, size=0.5)
    assert found.lag == 3 and found.share[3] == 0.5
    found = measure(model, x[1:], 0.1, size=0.5)
    assert found.lag is None and found.share[3] == pytest.approx(4 / 9)


def test_a_bit_is_flipped_and_a_value_stays_in_its_range(monkeypatch):
    seen = []
    model = delay_line(2)
    model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    monkeypatch.setattr(horizon, "BLOCK", 3 * 8 * STEPS)
    bits = torch.randint(0, 2, (8, STEPS, 1)).float()
    memory_horizon(model, bits, 0.1)
    first, blocks = seen[0], seen[1:]
    assert torch.equal(first, bits) and [len(block) for block in blocks] == [24] * 13 + [8]
    for lag, changed in enumerate(torch.cat(blocks).split(8)):
        expected = bits.clone()
        expected[:, STEPS - 1 - lag] = 1 - bits[:, STEPS - 1 - lag]
        assert torch.equal(changed, expected)


@BOTH
@pytest.mark.parametrize("kind", ["lstm", "gru", "mlp", "cnn"])
def test_any_network_is_measured_and_none_is_changed(measure, kind):
    torch.manual_seed(2)
    model = build(ModelSpec(kind, hidden_size=8, num_layers=2, dropout=0.5), 1, STEPS, 3)
    x = torch.rand(5, STEPS, 1)
    model(x).sum().backward()
    model.head.eval()
    before = [t.clone() for p in model.parameters() for t in (p, p.grad)] + [torch.get_rng_state()]
    with torch.no_grad():
        found, again = measure(model, x, 1e-4), measure(model, x, 1e-4)
    after = [t for p in model.parameters() for t in (p, p.grad)] + [torch.get_rng_state()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert model.training and not model.head.training and not x.requires_grad
    assert found.lag >= 0 and found.share.shape == (STEPS,)
    np.testing.assert_array_equal(found.moved, again.moved)


@BOTH
def test_the_gradient_is_the_movement_of_a_small_step(measure):
    torch.manual_seed(1)
    model, x = build(ModelSpec("gru", hidden_size=8), 1, 6, 2).double(), torch.rand(1, 6, 1, dtype=torch.float64)
    x[0, :, 0] = torch.linspace(0, 1, 6)
    moved = measure(model, x, 1e-9, size=1e-5).moved
    expected = gradient_horizon(model, x, 1e-9, size=1.0).moved * 1e-5
    np.testing.assert_allclose(moved, expected, rtol=1e-3)


@BOTH
def test_a_network_that_is_lost_remembers_nothing(measure):
    model = network([[np.nan]], [[1.0]])
    found = measure(model, torch.rand(3, STEPS, 1), 0.1)
    assert found.lag is None and not found.share.any() and np.isnan(found.moved).all()


@BOTH
@pytest.mark.parametrize(("epsilon", "size"), [(0.0, 1.0), (0.1, 0.0), (float("nan"), 1.0)])
def test_a_threshold_of_nothing_is_refused(measure, epsilon, size):
    with pytest.raises(ValueError, match=r"epsilon \(.*\) and size \(.*\) must be above 0"):
        measure(delay_line(1), torch.rand(2, STEPS, 1), epsilon, size=size)
