"""What the recorder shows is what the cell computed."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from seqcore import cells
from seqcore.cells.tap import Tap
from seqcore.probes.record import record

KINDS = ("RNN", "LSTM", "GRU")
GATES = {"RNN": (), "LSTM": ("i", "f", "g", "o", "cell"), "GRU": ("r", "z", "n")}


@pytest.fixture(params=["fused", "torch"])
def kernel(request, monkeypatch):
    """Both kernels: recording must not depend on which one runs."""
    least = 0 if request.param == "fused" else 10**9
    monkeypatch.setattr(cells.recurrent, "LEAST_STEPS", least)
    for kind in KINDS:
        monkeypatch.setattr(getattr(cells, kind), "least_batch", least)
        monkeypatch.setattr(getattr(cells, kind), "least_state", least)
    return request.param


def readable(kind, module, x, layer=0, reverse=False):
    """One layer of `module` over x (B, T, C), step by step under autograd: (B, T, H) by name, and all h."""
    suffix = f"l{layer}" + ("_reverse" if reverse else "")
    names = (f"{part}_{suffix}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    w_ih, w_hh, b_ih, b_hh = (getattr(module, name) for name in names)
    steps = range(x.shape[1])
    h = c = x.new_zeros(x.shape[0], module.hidden_size)
    seen, states = {}, []
    for t in reversed(steps) if reverse else steps:
        a, b = x[:, t] @ w_ih.T + b_ih, h @ w_hh.T + b_hh
        if kind == "RNN":
            h, values = torch.tanh(a + b), {}
        elif kind == "LSTM":
            i, f, g, o = (a + b).chunk(4, 1)
            i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
            c = f * c + i * g
            h, values = o * c.tanh(), {"i": i, "f": f, "g": g, "o": o, "cell": c}
        else:
            (ar, az, an), (br, bz, bn) = a.chunk(3, 1), b.chunk(3, 1)
            r, z = (ar + br).sigmoid(), (az + bz).sigmoid()
            n = (an + r * bn).tanh()
            h, values = (1 - z) * n + z * h, {"r": r, "z": z, "n": n}
        h.retain_grad()
        states.append(h)
        for name, value in {**values, "hidden": h}.items():
            seen.setdefault(name, []).append(value)
    order = -1 if reverse else 1
    return {k: torch.stack(v[::order], 1) for k, v in seen.items()}, states[::order]


@pytest.mark.parametrize("kind", KINDS)
def test_states_and_gates_are_those_of_the_equations(kind, kernel):
    module = getattr(cells, kind)(2, 5, 2, batch_first=True, bidirectional=True, dtype=torch.float64)
    x = torch.randn(3, 6, 2, dtype=torch.float64)
    with torch.no_grad(), record(module) as tape:
        output, _ = module(x)
    below = x
    for layer in range(2):
        outputs = []
        for reverse in (False, True):
            values, _ = readable(kind, module, below, layer, reverse)
            name = f"l{layer}{'r' * reverse}"
            assert {k for k in tape.arrays if k.startswith(f"{name}.")} == {f"{name}.{k}" for k in values}
            for k, value in values.items():
                assert_close(torch.from_numpy(tape.arrays[f"{name}.{k}"]), value.detach())
            outputs.append(values["hidden"])
        below = torch.cat(outputs, 2)
    assert_close(output, below.detach())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_of_the_hidden_states_are_autograds(kind, reverse, kernel):
    module = getattr(cells, kind)(2, 5, batch_first=True, bidirectional=reverse, dtype=torch.float64)
    x = torch.randn(3, 6, 2, dtype=torch.float64)
    weight = torch.randn(3, 6, 5, dtype=torch.float64)
    with record(module) as tape:
        output, _ = module(x)
        (output[..., -5:] * weight).sum().backward()
    values, states = readable(kind, module, x, reverse=reverse)
    (values["hidden"] * weight).sum().backward()
    expected = torch.stack([h.grad for h in states], 1)
    assert_close(torch.from_numpy(tape.arrays["l0r.hidden.grad" if reverse else "l0.hidden.grad"]), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_through_the_final_state_are_recorded_too(kind, kernel):
    module = getattr(cells, kind)(2, 5, 2, dtype=torch.float64, batch_first=True)
    x = torch.randn(3, 6, 2, dtype=torch.float64)
    with record(module) as tape:
        _, state = module(x)
        (state[0] if kind == "LSTM" else state)[-1].sum().backward()
    below, lower = readable(kind, module, x, 0)
    values, upper = readable(kind, module, below["hidden"], 1)
    values["hidden"][:, -1].sum().backward()
    for name, states in (("l0", lower), ("l1", upper)):
        expected = torch.stack([h.grad for h in states], 1)
        assert_close(torch.from_numpy(tape.arrays[f"{name}.hidden.grad"]), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_recording_changes_no_number_and_leaves_nothing_behind(kind, kernel):
    module, x = getattr(cells, kind)(2, 5, 2, dropout=0.3), torch.randn(6, 3, 2)
    model = nn.Sequential(module)
    before = set(vars(module))
    results = []
    for recorded in (False, True, False):
        torch.manual_seed(1)
        module.zero_grad()
        if recorded:
            with record(model) as tape:
                output, _ = model(x)
                output.sum().backward()
        else:
            output, _ = model(x)
            output.sum().backward()
        results.append([output, torch.rand(1), *(p.grad.clone() for p in module.parameters())])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))
    names = set(tape.arrays)
    assert "l1.hidden.grad" in names
    model(x)[0].sum().backward()
    assert set(tape.arrays) == names and set(vars(module)) == before
    assert module.tape is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_recorded_under_dropout_is_what_was_computed(kind, kernel):
    module, x = getattr(cells, kind)(2, 5, 2, dropout=0.5, batch_first=True), torch.randn(3, 6, 2)
    with record(module) as tape:
        output, _ = module(x)
    assert_close(torch.from_numpy(tape.arrays["l1.hidden"]), output.detach())


def test_an_error_inside_the_block_ends_the_recording():
    module = cells.GRU(2, 3)
    with pytest.raises(ZeroDivisionError), record(module):
        raise ZeroDivisionError
    assert module.tape is None


def test_the_tape_is_not_written_over_by_later_passes(kernel):
    module = cells.LSTM(2, 3, batch_first=True)
    with torch.no_grad(), record(module) as tape:
        module(torch.randn(1, 4, 2))
    kept = {name: values.copy() for name, values in tape.arrays.items()}
    with torch.no_grad():
        module(torch.randn(1, 4, 2))
    for name, values in kept.items():
        np.testing.assert_array_equal(tape.arrays[name], values)


def test_a_recorded_pass_with_an_initial_state(kernel):
    module = cells.LSTM(2, 3, batch_first=True, dtype=torch.float64)
    x, h, c = (torch.randn(s, dtype=torch.float64) for s in ((4, 1, 2), (1, 4, 3), (1, 4, 3)))
    with torch.no_grad(), record(module) as tape:
        module(x, (h, c))
    a = {name.removeprefix("l0."): torch.from_numpy(values)[:, 0] for name, values in tape.arrays.items()}
    assert_close(a["cell"], a["f"] * c[0] + a["i"] * a["g"])
    assert_close(a["hidden"], a["o"] * a["cell"].tanh())


def test_two_cells_in_a_model_are_told_apart():
    model = nn.ModuleDict({"encoder": cells.GRU(2, 3), "decoder": cells.GRU(2, 3)})
    with torch.no_grad(), record(model) as tape:
        model["encoder"](torch.randn(4, 1, 2))
        model["decoder"](torch.randn(5, 1, 2))
    assert tape.arrays["encoder.l0.hidden"].shape == (1, 4, 3)
    assert tape.arrays["decoder.l0.hidden"].shape == (1, 5, 3)


def test_the_cell_that_reads_the_window_goes_without_a_name():
    model = nn.ModuleDict({"cell": cells.GRU(2, 3), "decoder": cells.GRU(2, 3)})
    with torch.no_grad(), record(model) as tape:
        model["cell"](torch.randn(4, 1, 2))
        model["decoder"](torch.randn(5, 1, 2))
    assert tape.arrays["l0.hidden"].shape == (1, 4, 3) and tape.arrays["decoder.l0.hidden"].shape == (1, 5, 3)
    assert len(tape.arrays) == 8


def test_a_tap_gives_its_value_and_gradient_and_is_gone_afterwards():
    tap = Tap("l0.hidden")
    model = nn.Sequential(nn.Linear(2, 3), tap, nn.Linear(3, 1))
    x = torch.randn(4, 5, 2)
    with record(model) as tape:
        model(x).square().sum().backward()
    value = model[0](x)
    value.retain_grad()
    model[2](value).square().sum().backward()
    assert_close(torch.from_numpy(tape.arrays["l0.hidden"]), value.detach())
    assert_close(torch.from_numpy(tape.arrays["l0.hidden.grad"]), value.grad)
    assert not tap._forward_hooks


def test_what_cannot_be_recorded_says_so():
    module = cells.RNN(2, 3)
    with record(module), pytest.raises(ValueError, match=r"a batch of sequences.*\(5, 2\)"):
        module(torch.randn(5, 2))
