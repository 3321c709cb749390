"""Held values: what follows is made of them, nothing goes back through them, and without them all is as it was."""

import copy

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from seqcore import cells
from seqcore.look import INSIDE, Clamp
from seqcore.models import build
from seqcore.probes.clamp import clamped, hold
from seqcore.probes.record import record
from seqcore.spec import ModelSpec
from seqcore.text import UserError
from tests.test_cells import KINDS, everything, listed, pair, random_state

NOWHERE = (Clamp("l9.hidden", 0.0),)
"""Takes a cell through its steps one by one, with nothing held."""

HELD = {
    "RNN": [Clamp("l0.hidden", 0.3, 2)],
    "LSTM": [Clamp(f"l0.{kind}", 0.3, k) for k, kind in enumerate(INSIDE["lstm"])],
    "GRU": [Clamp(f"l0.{kind}", 0.3, k) for k, kind in enumerate(INSIDE["gru"])],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_step_by_step_with_nothing_held_it_is_torchs_cell(kind, layers, bidirectional, carried, batch_first):
    ours, theirs = pair(kind, 3, 5, layers, batch_first=batch_first, bidirectional=bidirectional)
    ours.clamps = NOWHERE
    x = torch.randn(4, 6, 3, dtype=torch.float64)
    state = random_state(kind, ours, 4 if batch_first else 6) if carried else None
    assert ours.kernel_for(x) == "stepwise"
    assert_close(everything(ours, x, state), everything(theirs, x, state))


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_relu_and_no_bias_as_in_torch(kind):
    extra = {"nonlinearity": "relu"} if kind == "RNN" else {}
    ours, theirs = pair(kind, 3, 8, 3, dropout=0.4, bidirectional=True, bias=False, **extra)
    ours.clamps = NOWHERE
    x, results = torch.randn(5, 6, 3, dtype=torch.float64), []
    for module in (ours, theirs):
        torch.manual_seed(7)
        results.append(everything(module, x))
    assert_close(*results)


@pytest.mark.parametrize("kind", KINDS)
def test_the_tape_is_what_the_other_kernels_write(kind):
    module = getattr(cells, kind)(2, 5, 2, batch_first=True, bidirectional=True, dtype=torch.float64)
    x, tapes = torch.randn(3, 6, 2, dtype=torch.float64), []
    for clamps in ((), NOWHERE):
        module.clamps = clamps
        with record(nn.ModuleDict({"a": module, "b": cells.RNN(1, 1)})) as tape:
            output, state = module(x)
            (output[:, 2].sum() + listed(state)[0].square().sum()).backward()
        tapes.append({name: torch.from_numpy(values) for name, values in tape.arrays.items()})
    assert "a.l1r.hidden.grad" in tapes[0] and set(tapes[0]) == set(tapes[1])
    for name, values in tapes[0].items():
        assert_close(tapes[1][name], values, msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_later_numbers_are_made_of_the_held_ones(kind):
    module = getattr(cells, kind)(2, 6, batch_first=True, dtype=torch.float64)
    x = torch.randn(3, 5, 2, dtype=torch.float64)
    with torch.no_grad(), clamped(module, HELD[kind]), record(module) as tape:
        output, state = module(x)
        a = {name.removeprefix("l0."): torch.from_numpy(values) for name, values in tape.arrays.items()}
        expected = by_equations(kind, module, x, a)
    held = {clamp.tap.removeprefix("l0."): clamp.unit for clamp in HELD[kind]}
    assert set(a) == set(expected) == set(held)
    for name, unit in held.items():
        assert_close(a[name][..., unit], torch.full((3, 5), 0.3, dtype=torch.float64))
        free = torch.arange(6) != unit
        assert_close(a[name][..., free], expected[name][..., free])
    assert_close(output, a["hidden"])
    assert_close(torch.stack(listed(state))[:, 0], torch.stack([a[k][:, -1] for k in ("hidden", "cell") if k in a]))


def by_equations(kind, module, x, a):
    """Every value (B, T, H) of one layer by the equation that gives it, from the recorded values `a` around it."""
    before = {k: torch.cat([torch.zeros_like(v[:, :1]), v[:, :-1]], 1) for k, v in a.items()}
    from_x, from_h = x @ module.weight_ih_l0.T + module.bias_ih_l0, before["hidden"] @ module.weight_hh_l0.T
    from_h = from_h + module.bias_hh_l0
    if kind == "RNN":
        return {"hidden": torch.tanh(from_x + from_h)}
    if kind == "LSTM":
        i, f, g, o = (from_x + from_h).chunk(4, 2)
        cell = a["f"] * before["cell"] + a["i"] * a["g"]
        hidden = a["o"] * a["cell"].tanh()
        return {"i": i.sigmoid(), "f": f.sigmoid(), "g": g.tanh(), "o": o.sigmoid(), "cell": cell, "hidden": hidden}
    (x_r, x_z, x_n), (h_r, h_z, h_n) = from_x.chunk(3, 2), from_h.chunk(3, 2)
    hidden = (1 - a["z"]) * a["n"] + a["z"] * before["hidden"]
    return {"r": (x_r + h_r).sigmoid(), "z": (x_z + h_z).sigmoid(), "n": (x_n + a["r"] * h_n).tanh(), "hidden": hidden}


def test_a_latch_keeps_its_cell_state_exactly():
    module = cells.LSTM(2, 4, batch_first=True)
    x, h, c = torch.randn(5, 30, 2), torch.randn(1, 5, 4), torch.randn(1, 5, 4)
    with torch.no_grad(), clamped(module, [Clamp("l0.f", 1.0), Clamp("l0.i", 0.0)]), record(module) as tape:
        _, (_, c_n) = module(x, (h, c))
    assert torch.equal(torch.from_numpy(tape.arrays["l0.cell"]), c[0][:, None].expand(5, 30, 4))
    assert torch.equal(c_n, c)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_with_values_held_are_those_of_finite_differences(kind):
    module = getattr(cells, kind)(2, 6, 2, dtype=torch.float64, bidirectional=True)
    hold(module, [*HELD[kind], Clamp("l1r.hidden", -0.2, 0)])
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    names, weights = zip(*module.named_parameters(), strict=True)

    def run(x, *weights):
        output, final = torch.func.functional_call(module, dict(zip(names, weights, strict=True)), x)
        return output, *listed(final)

    assert torch.autograd.gradcheck(run, (x, *weights), fast_mode=True)


def test_no_gradient_goes_through_what_is_held():
    module = cells.LSTM(2, 4, 2)
    x = torch.randn(6, 3, 2, requires_grad=True)
    with clamped(module, [Clamp("l0.f", 0.7), Clamp("l0.i", 0.5, 1)]):
        module(x)[0].sum().backward()
    i, f, g, o = module.weight_ih_l0.grad.chunk(4)
    assert torch.all(f == 0) and torch.all(i[1] == 0)
    assert torch.all(i[[0, 2, 3]] != 0) and torch.all(g != 0) and torch.all(o != 0)
    x.grad = None
    with clamped(module, [Clamp("l1.hidden", 0.5)]), record(module) as tape:
        output, _ = module(x)
        output.sum().backward()
    assert torch.all(output == 0.5) and torch.all(x.grad == 0)
    assert (tape.arrays["l1.hidden.grad"] == 1).all() and not tape.arrays["l0.hidden.grad"].any()


@pytest.mark.parametrize("kind", KINDS)
def test_afterwards_and_with_nothing_to_hold_every_bit_is_the_same(kind):
    module, x = getattr(cells, kind)(1, 16, 2, batch_first=True), torch.randn(500, 9, 1)
    once, state = everything(module, x), set(vars(module))
    kernel = module.kernel_for(x)
    with clamped(module, []):
        assert module.kernel_for(x) == kernel
        with_none = everything(module, x)
    with clamped(module, HELD[kind]):
        assert not torch.equal(everything(module, x)[0], once[0])
        assert copy.deepcopy(module).clamps == tuple(HELD[kind])
    with pytest.raises(ZeroDivisionError), clamped(module, HELD[kind]):
        raise ZeroDivisionError
    for again in (with_none, everything(module, x)):
        assert all(torch.equal(a, b) for a, b in zip(once, again, strict=True))
    assert module.clamps == () and set(vars(module)) == state


def made(architecture, **more):
    return build(ModelSpec(architecture, hidden_size=4, num_layers=2, **more), 1, 6, 1).eval()


def hidden(model, x, clamps, tap="l1.hidden"):
    with torch.no_grad(), record(model) as tape, clamped(model, clamps):
        forecast = model(x)
    return forecast, torch.from_numpy(tape.arrays[tap])


@pytest.mark.parametrize("architecture", ["mlp", "cnn", "lstm"])
def test_what_is_held_inside_wins_until_it_is_released(architecture):
    model, x = made(architecture), torch.randn(5, 6, 1)
    free, values = hidden(model, x, [])
    release = hold(model, [Clamp("l1.hidden", 2.0)])
    assert torch.equal(model(x), (model.head.weight.sum() * 2 + model.head.bias).expand(5, 1))
    _, inner = hidden(model, x, [Clamp("l1.hidden", 0.5, 3)])
    assert torch.all(inner[..., :3] == 2.0) and torch.all(inner[..., 3] == 0.5)
    _, outer = hidden(model, x, [])
    assert torch.all(outer == 2.0)
    release()
    again, same = hidden(model, x, [])
    assert torch.equal(again, free) and torch.equal(same, values)


@pytest.mark.parametrize("architecture", ["mlp", "cnn"])
def test_no_gradient_goes_through_a_held_hidden_layer(architecture):
    model, x = made(architecture), torch.randn(50, 6, 1)
    with clamped(model, [Clamp("l0.hidden", 1.5, 2)]):
        model(x).sum().backward()
    below, above = model.layers[0].weight.grad.flatten(1), model.layers[1].weight.grad
    assert torch.all(below[2] == 0) and below.any(1).sum() > 1 and above[:, 2].any()


@pytest.mark.parametrize(
    ("model", "clamp", "says"),
    [
        ("mlp", Clamp("l0.f", 1.0), "This MLP has no gates, and so no l0.f: choose one of l0.hidden, l1.hidden."),
        ("cnn", Clamp("l0.z", 1.0), "This CNN has no gates"),
        ("rnn", Clamp("l0.o", 1.0), "This RNN has no gates"),
        ("gru", Clamp("l0.f", 1.0), "This network has no l0.f: choose one of l0.hidden, l0.r, l0.z, l0.n, l1.hidden"),
        ("lstm", Clamp("l2.f", 1.0), "This network has no l2.f"),
        ("lstm", Clamp("l0r.f", 1.0), "This network has no l0r.f"),
        ("lstm", Clamp("l0.f", 1.0, 4), "l0.f has the units 0 to 3, and no unit 4."),
        ("mlp", Clamp("l0.hidden", 1.0, 4), "l0.hidden has the units 0 to 3, and no unit 4."),
        ("cnn", Clamp("l1.hidden", 1.0, -1), "l1.hidden has the units 0 to 3, and no unit -1."),
    ],
)
def test_what_is_not_there_cannot_be_held(model, clamp, says):
    model, x = made(model), torch.randn(5, 6, 1)
    before = model(x)
    with pytest.raises(UserError) as problem:
        hold(model, [Clamp("l0.hidden", 0.0), clamp])
    assert str(problem.value).startswith(says)
    assert torch.equal(model(x), before)


def test_both_directions_can_be_held():
    model, x = made("gru", bidirectional=True), torch.randn(5, 6, 1)
    _, values = hidden(model, x, [Clamp("l1r.z", 1.0)], "l1r.hidden")
    _, forwards = hidden(model, x, [Clamp("l1r.z", 1.0)], "l1.hidden")
    assert torch.all(values == 0) and forwards.any()


def test_of_two_cells_in_a_model_both_are_held_while_recorded():
    model, x = nn.ModuleDict({"a": cells.GRU(2, 3), "b": cells.GRU(2, 3)}), torch.randn(4, 1, 2)
    with clamped(model, [Clamp("l0.hidden", 0.5)]), record(model) as tape:
        assert torch.all(model["a"](x)[0] == 0.5) and torch.all(model["b"](x)[0] == 0.5)
    assert (tape.arrays["a.l0.hidden"] == 0.5).all()


def test_what_cannot_be_looked_into_says_so():
    module = cells.RNN(2, 3)
    with clamped(module, [Clamp("l0.hidden", 0.0)]), pytest.raises(ValueError, match=r"a batch of sequences.*\(5, 2\)"):
        module(torch.randn(5, 2))
