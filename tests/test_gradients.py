"""Gradients by time step are autograd's own, each step's part is that step's, and looking changes nothing."""

import copy
import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from seqcore.cells import LSTM
from seqcore.look import Clamp
from seqcore.models import build
from seqcore.probes.clamp import clamped
from seqcore.probes.gradient_jacobian import jacobian_singular_values
from seqcore.probes.gradients import first_bad_step, gradients_by_step, itemise
from seqcore.probes.record import record
from seqcore.spec import ModelSpec
from seqcore.text import UserError

KINDS = ("rnn", "lstm", "gru")
STEPS, SIZE = 7, 5


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def made(kind, dtype=torch.float64, size=SIZE, **more):
    torch.manual_seed(3)
    return build(ModelSpec(kind, hidden_size=size, **more), 2, STEPS, 3).to(dtype).eval()


def batch(dtype=torch.float64, count=4):
    return torch.randn(count, STEPS, 2, dtype=dtype)


def loss(forecast):
    return (forecast - 0.5).pow(2).sum() + forecast[0, 0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("dtype", "near"), [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_the_steps_parts_sum_to_autograds_gradient(kind, layers, bidirectional, dtype, near):
    model, x = made(kind, dtype, num_layers=layers, bidirectional=bidirectional), batch(dtype)
    found = itemise(model, x, loss)
    with record(model) as tape:
        loss(model(x)).backward()
    parameters = dict(model.cell.named_parameters())
    assert set(found.weights) == set(parameters) and len(parameters) == 4 * layers * (1 + bidirectional)
    for name, parts in found.weights.items():
        assert parts.shape == (STEPS, *parameters[name].shape)
        assert_close(torch.from_numpy(parts.sum(0)), parameters[name].grad, rtol=near, atol=near)
    for name, values in tape.arrays.items():
        if name.endswith(("hidden", "hidden.grad", "cell")):
            np.testing.assert_allclose(found.states[name], values.transpose(1, 0, 2), rtol=near, atol=near)


def one_step_apart(kind, model, other, x, t):
    """The loss of `model` over x with the weights of `other` at step t: torch's own cells, joined by their states."""
    state = None
    for cell, part in ((model.cell, x[:, :t]), (other.cell, x[:, t : t + 1]), (model.cell, x[:, t + 1 :])):
        if part.shape[1]:
            _, state = getattr(nn, kind.upper()).forward(cell, part, state)
    return loss(model.head((state[0] if kind == "lstm" else state)[-1]))


@pytest.mark.parametrize("kind", KINDS)
def test_each_steps_part_is_that_steps_and_that_of_finite_differences(kind):
    model, x = made(kind), batch()
    found = itemise(model, x, loss)
    for t in range(STEPS):
        other = copy.deepcopy(model)
        gradients = torch.autograd.grad(one_step_apart(kind, model, other, x, t), list(other.cell.parameters()))
        for (name, weight), gradient in zip(other.cell.named_parameters(), gradients, strict=True):
            assert_close(torch.from_numpy(found.weights[name][t]), gradient)
            direction = torch.randn_like(weight)
            with torch.no_grad():
                ends = []
                for nudge in (1e-5, -2e-5):
                    weight += nudge * direction
                    ends.append(one_step_apart(kind, model, other, x, t).item())
                weight += 1e-5 * direction
            slope = (found.weights[name][t] * direction.numpy()).sum()
            assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(slope, rel=1e-3, abs=1e-9)


def along_the_cell_alone(cell, x, suffix, of_out):
    """c_k and, by autograd, ∂L/∂c_k in an LSTM whose hidden states are cut from its gates; loss Σ of_out * h."""
    w_ih, w_hh, b_ih, b_hh = (
        getattr(cell, f"{part}_{suffix}") for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    h = c = x.new_zeros(len(x), cell.hidden_size)
    cells, total = [], 0
    for t in range(x.shape[1]):
        i, f, g, o = (x[:, t] @ w_ih.T + b_ih + h.detach() @ w_hh.T + b_hh).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        cells.append(c)
        total = total + (of_out[t] * h).sum()
    return torch.stack(torch.autograd.grad(total, cells)).numpy()


@pytest.mark.parametrize("reverse", [False, True])
def test_an_lstms_path_along_the_cell_state_alone(reverse):
    model, x = made("lstm", bidirectional=reverse), batch()
    found = itemise(model, x, loss).states
    forecast = model(x)
    of_last = (torch.autograd.grad(loss(forecast), forecast)[0] @ model.head.weight)[:, -SIZE:]
    of_out = torch.cat([torch.zeros(STEPS - 1, len(x), SIZE), of_last[None]])
    way = along_the_cell_alone(model.cell, x.flip(1) if reverse else x, "l0_reverse" if reverse else "l0", of_out)
    name = "l0r.cell" if reverse else "l0.cell"
    np.testing.assert_allclose(found[f"{name}.kept"], way[::-1] if reverse else way, rtol=1e-10)
    np.testing.assert_allclose(found[f"{name}.kept"] + found[f"{name}.gated"], found[f"{name}.grad"], rtol=1e-12)
    assert np.abs(found[f"{name}.gated"][3]).max() > 1e-4


def test_an_lstms_cell_path_begins_wherever_the_layer_above_reads():
    model, x = made("lstm", num_layers=2), batch()
    found = itemise(model, x, loss).states
    above = nn.LSTM(SIZE, SIZE, batch_first=True, dtype=torch.float64)
    above.load_state_dict({n.replace("l1", "l0"): p for n, p in model.cell.state_dict().items() if "l1" in n})
    below = torch.from_numpy(found["l0.hidden"]).transpose(0, 1).requires_grad_()
    (of_out,) = torch.autograd.grad(loss(model.head(above(below)[0][:, -1])), below)
    way = along_the_cell_alone(model.cell, x, "l0", of_out.transpose(0, 1))
    np.testing.assert_allclose(found["l0.cell.kept"], way, rtol=1e-10)


class LastCell(nn.Module):
    """Hands out the last cell state."""

    def __init__(self):
        super().__init__()
        self.cell = LSTM(2, SIZE, batch_first=True, dtype=torch.float64)

    def forward(self, x):
        return self.cell(x)[1][1]


def test_along_the_cell_state_the_gradient_is_a_product_of_forget_gates():
    model, x = LastCell(), batch()
    with record(model) as tape:
        model(x)
    f = tape.arrays["l0.f"].transpose(1, 0, 2)
    expected = [f[k + 1 :].prod(axis=0) for k in range(STEPS)]
    np.testing.assert_allclose(itemise(model, x, torch.sum).states["l0.cell.kept"], expected)


@pytest.mark.parametrize("kind", KINDS)
def test_the_summary_is_of_what_was_itemised(kind):
    model, x = made(kind), batch()
    found, items = gradients_by_step(model, x, loss), itemise(model, x, loss)
    for name, values in items.states.items():
        expected = [np.mean([np.sqrt((sequence**2).sum()) for sequence in step]) for step in values]
        np.testing.assert_allclose(found[name], expected)
    for name, parts in items.weights.items():
        assert found[f"{name}.share"].sum() == pytest.approx(1)
        assert found[f"{name}.total"] == pytest.approx(np.sqrt((parts.sum(0) ** 2).sum()))
        np.testing.assert_allclose(found[f"{name}.norm"], [np.sqrt((part**2).sum()) for part in parts])
    assert found["weight_hh_l0.share"][0] == 0  # there is no state before the first step
    if kind == "lstm":
        assert found["l0.cell.share"][-1] == 1 and found["l0.cell.gated"][-1] == 0  # no gate comes after the last step


@pytest.mark.parametrize("kind", KINDS)
def test_looking_changes_nothing(kind):
    model, x = made(kind, torch.float32, num_layers=2, dropout=0.5), batch(torch.float32)
    model.train()
    model.head.eval()
    loss(model(x)).backward()
    before = [t.clone() for p in model.parameters() for t in (p, p.grad)] + [torch.get_rng_state()]
    own = {name: set(vars(module)) for name, module in model.named_modules()}
    with torch.no_grad():
        first = gradients_by_step(model, x, loss)
        jacobian_singular_values(model, x[0])
        with pytest.raises(ZeroDivisionError):
            gradients_by_step(model, x, lambda forecast: 1 / 0)
    after = [t for p in model.parameters() for t in (p, p.grad)] + [torch.get_rng_state()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert own == {name: set(vars(module)) for name, module in model.named_modules()}
    assert model.training and model.cell.training and not model.head.training and x.grad is None
    again = gradients_by_step(model, x, loss)
    assert all(np.array_equal(first[name], again[name]) for name in first)


def scalar_rnn(weight, steps, squash, bidirectional=False):
    """h' = squash(weight * h + x), read by a head that is 1."""
    torch.manual_seed(0)
    model = build(ModelSpec("rnn", hidden_size=1, bidirectional=bidirectional), 1, steps, 1).eval()
    model.cell.nonlinearity, model.cell.mode = squash, f"RNN_{squash.upper()}"
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.fill_(weight if "hh_l" in name and "weight" in name else "weight" in name)
    return model


def test_a_linear_networks_gradient_is_a_power_of_its_weight():
    found = gradients_by_step(scalar_rnn(0.9, 101, "relu"), torch.ones(1, 101, 1), torch.sum)
    np.testing.assert_allclose(found["l0.hidden.grad"], 0.9 ** np.arange(100, -1, -1), rtol=1e-5)
    assert found["l0.hidden.grad"][0] == pytest.approx(2.656e-5, rel=1e-3)
    np.testing.assert_allclose(found["weight_ih_l0.norm"], 0.9 ** np.arange(100, -1, -1), rtol=1e-5)
    assert found["weight_ih_l0.total"] == pytest.approx((1 - 0.9**101) / 0.1, rel=1e-5)
    far = gradients_by_step(scalar_rnn(0.1, 42, "relu"), torch.ones(1, 42, 1), torch.sum)["l0.hidden.grad"]
    assert far[5] == pytest.approx(1e-36, rel=1e-3)  # its square is no float32


def test_overflow_gives_the_step_at_which_it_began():
    x = torch.ones(2, 60, 1)
    assert first_bad_step(gradients_by_step(scalar_rnn(1.0, 60, "relu"), x, torch.sum)) is None
    forward = gradients_by_step(scalar_rnn(10.0, 60, "relu"), x, torch.sum)
    assert first_bad_step(forward) == ("l0.hidden", 38 + 1)  # h_t = 1.11e(t), and float32 ends at 3.4e38
    model, zeros = scalar_rnn(10.0, 60, "tanh"), torch.zeros(2, 60, 1)
    assert first_bad_step(gradients_by_step(model, zeros, torch.sum)) == ("l0.hidden.grad", 59 - 39)
    back = gradients_by_step(scalar_rnn(10.0, 60, "tanh", bidirectional=True), zeros, torch.sum)
    assert first_bad_step(back) == ("l0r.hidden.grad", 39)
    assert math.isinf(back["l0.hidden.grad"][0]) and math.isfinite(back["l0.hidden.grad"][21])
    lost = made("lstm")
    lost.cell.weight_hh_l0.data.fill_(math.nan)
    name, step = first_bad_step(gradients_by_step(lost, batch(), loss))
    assert step == 0 and name in ("l0.hidden", "l0.cell")
    assert np.isnan(jacobian_singular_values(lost, batch()[0])).all()


def test_a_zero_gradient_has_no_shares():
    found = gradients_by_step(made("lstm"), batch(), lambda forecast: 0 * forecast.sum())
    assert not found["weight_hh_l0.share"].any() and not found["l0.cell.share"].any()
    assert found["weight_hh_l0.total"] == 0


def test_what_has_no_steps_says_so():
    with pytest.raises(UserError, match=r"one recurrent cell, and this one has 0\."):
        gradients_by_step(made("mlp"), batch(), loss)
    model = made("gru")
    with clamped(model, [Clamp("l0.z", 0.5)]), pytest.raises(ValueError, match="1 values are held"):
        gradients_by_step(model, batch(), loss)


def test_singular_values_of_an_orthogonal_step():
    model = made("rnn")
    model.cell.nonlinearity, model.cell.mode = "relu", "RNN_RELU"
    nn.init.orthogonal_(model.cell.weight_hh_l0)
    model.cell.bias_ih_l0.data.fill_(20.0)  # no state below 0: the network is linear
    model.cell.weight_hh_l0.data *= 0.5
    np.testing.assert_allclose(jacobian_singular_values(model, batch()[0]), np.full((STEPS, SIZE), 0.5), rtol=1e-12)
    model.cell.bias_hh_l0.data[:2] = -1000.0  # two units that are always off
    np.testing.assert_allclose(
        jacobian_singular_values(model, batch()[0]), np.tile([0.5, 0.5, 0.5, 0, 0], (STEPS, 1)), atol=1e-12
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", [{}, {"num_layers": 2}, {"num_layers": 2, "bidirectional": True}])
def test_singular_values_are_those_of_autograds_jacobian(kind, more):
    model, x = made(kind, torch.float32, **more), batch(torch.float32)[0]
    cell = copy.deepcopy(model.cell).double()
    below, layer = x.double(), cell.num_layers - 1
    if layer:
        with torch.no_grad(), record(cell) as tape:
            cell(below[None])
        below = torch.from_numpy(
            np.concatenate([v[0] for k, v in tape.arrays.items() if k in ("l0.hidden", "l0r.hidden")], 1)
        )
    top = getattr(nn, kind.upper())(below.shape[1], SIZE, dtype=torch.float64)
    top.load_state_dict({n[:-1] + "0": p for n, p in cell.state_dict().items() if n.endswith(f"l{layer}")})
    state, expected = torch.zeros((1 + (kind == "lstm")) * SIZE, dtype=torch.float64), []
    for step in below:

        def go_on(state, step=step):
            parts = tuple(part[None] for part in state.split(SIZE))
            _, after = top(step[None], parts if kind == "lstm" else parts[0])
            return torch.cat(after, 1)[0] if kind == "lstm" else after[0]

        expected.append(torch.linalg.svdvals(torch.autograd.functional.jacobian(go_on, state)))
        state = go_on(state).detach()
    assert_close(torch.from_numpy(jacobian_singular_values(model, x)), torch.stack(expected))
