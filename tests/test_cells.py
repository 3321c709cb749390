"""The written-out cells against `torch.nn`, in float64, by `load_state_dict` alone or the same seed."""

import copy
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from seqcore import cells
from seqcore.cells.recurrent import Recurrent
from seqcore.probes.record import record

KINDS = ("RNN", "LSTM", "GRU")


@pytest.fixture(autouse=True)
def written_out(monkeypatch):
    """The shapes here are small ones, for which torch's kernel would be chosen."""
    monkeypatch.setattr(cells.recurrent, "LEAST_STEPS", 0)
    for kind in KINDS:
        monkeypatch.setattr(getattr(cells, kind), "least_batch", 0)
        monkeypatch.setattr(getattr(cells, kind), "least_state", 0)


def pair(kind, *args, dtype=torch.float64, **kwargs):
    """Ours and torch's with the same random weights, the biases too."""
    ours, theirs = getattr(cells, kind)(*args, dtype=dtype, **kwargs), getattr(nn, kind)(*args, dtype=dtype, **kwargs)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def random_state(kind, module, batch, dtype=torch.float64):
    shape = (module.num_layers * (2 if module.bidirectional else 1), batch, module.hidden_size)
    h, c = torch.randn(2, *shape, dtype=dtype)
    return (h, c) if kind == "LSTM" else h


def listed(state):
    return [] if state is None else list(state) if isinstance(state, tuple) else [state]


def everything(module, x, state=None, seed=0):
    """Outputs, final states, and the gradients of input, initial state and parameters under one random loss."""
    x = x.clone().requires_grad_()
    leaves = [s.clone().requires_grad_() for s in listed(state)]
    state = tuple(leaves) if isinstance(state, tuple) else leaves[0] if leaves else None
    module.zero_grad()
    output, final = module(x, state)
    values = [output, *listed(final)]
    generator = torch.Generator().manual_seed(seed)
    loss = sum((v * torch.randn(v.shape, generator=generator, dtype=v.dtype)).sum() for v in values)
    loss.backward()
    return [*values, x.grad, *(s.grad for s in leaves), *(p.grad for p in module.parameters())]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_values_and_gradients_are_those_of_torch(kind, layers, bidirectional, carried, batch_first):
    ours, theirs = pair(kind, 3, 5, layers, batch_first=batch_first, bidirectional=bidirectional)
    x = torch.randn(4, 6, 3, dtype=torch.float64)
    state = random_state(kind, ours, 4 if batch_first else 6) if carried else None
    assert ours.kernel_for(x) == "fused"
    assert_close(everything(ours, x, state), everything(theirs, x, state))


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=25)
@given(steps=st.integers(1, 5), batch=st.integers(1, 5), inputs=st.integers(1, 4), hidden=st.integers(1, 6),
       layers=st.integers(1, 3), bias=st.booleans(), seed=st.integers(0, 99))  # fmt: skip
def test_any_shape(kind, steps, batch, inputs, hidden, layers, bias, seed):
    torch.manual_seed(seed)
    ours, theirs = pair(kind, inputs, hidden, layers, bias=bias, batch_first=True)
    x = torch.randn(batch, steps, inputs, dtype=torch.float64)
    assert_close(everything(ours, x), everything(theirs, x))


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_both_nonlinearities(nonlinearity):
    ours, theirs = pair("RNN", 2, 7, 2, nonlinearity=nonlinearity)
    x = torch.randn(5, 3, 2, dtype=torch.float64)
    assert_close(everything(ours, x), everything(theirs, x))


@pytest.mark.parametrize("kind", KINDS)
def test_the_homeworks_size_in_float32(kind):
    """The gradients are sums of 15,000 terms, hence the tolerance."""
    ours, theirs = pair(kind, 1, 32, 2, dtype=torch.float32, batch_first=True)
    x = torch.randn(792, 19, 1)
    for a, b in zip(everything(ours, x), everything(theirs, x), strict=True):
        assert_close(a, b, rtol=1e-4, atol=1e-5 * b.abs().max().item() + 1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_closed_and_open_gates_are_exact(kind):
    """Sums in the hundreds: a sigmoid made of a tanh is 0 or 1 there, and its slope 0."""
    ours, theirs = pair(kind, 1, 8)
    x = 1e3 * torch.randn(9, 40, 1, dtype=torch.float64)
    assert_close(everything(ours, x), everything(theirs, x))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_number_stays_so(kind):
    """A run that diverges is told by its loss."""
    module, x = getattr(cells, kind)(1, 8), torch.randn(9, 40, 1)
    x[4, 3] = torch.nan
    output, _ = module(x)
    assert output[4:, 3].isnan().all() and output[:4].isfinite().all() and output[:, :3].isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_finite_differences(kind):
    module = getattr(cells, kind)(2, 3, 2, dtype=torch.float64, bidirectional=True)
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    names, weights = zip(*module.named_parameters(), strict=True)

    def run(x, *weights):
        output, final = torch.func.functional_call(module, dict(zip(names, weights, strict=True)), x)
        return output, *listed(final)

    assert torch.autograd.gradcheck(run, (x, *weights), fast_mode=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_weights_and_leaves_the_generator_alike(kind):
    made = []
    for home in (cells, nn):
        torch.manual_seed(4)
        made.append([*getattr(home, kind)(3, 4, 2, bidirectional=True).parameters(), torch.rand(1)])
    assert all(torch.equal(a, b) for a, b in zip(*made, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_state_dicts_go_both_ways(kind):
    ours, theirs = getattr(cells, kind)(3, 4, 2), getattr(nn, kind)(3, 4, 2)
    theirs.load_state_dict(ours.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    assert list(ours.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_draws_the_masks_that_torch_draws(kind):
    ours, theirs = pair(kind, 3, 8, 3, dropout=0.4, bidirectional=True)
    x = torch.randn(5, 6, 3, dtype=torch.float64)
    results = []
    for module in (ours, theirs):
        torch.manual_seed(7)
        results.append(everything(module, x))
    assert_close(*results)
    assert_close(ours.eval()(x), theirs.eval()(x))


@pytest.mark.parametrize("kind", KINDS)
def test_no_output_sees_a_later_input(kind):
    module = getattr(cells, kind)(2, 4, 2, batch_first=True)
    x = torch.randn(3, 7, 2, requires_grad=True)
    module(x)[0][:, 3].sum().backward()
    assert torch.all(x.grad[:, 4:] == 0) and torch.all(x.grad[:, :4] != 0)


@pytest.mark.parametrize("kind", KINDS)
def test_two_halves_with_carried_state_equal_the_whole(kind):
    module = getattr(cells, kind)(2, 4, 2, dtype=torch.float64)
    x = torch.randn(8, 3, 2, dtype=torch.float64)
    whole, final = module(x)
    first, state = module(x[:3])
    second, end = module(x[3:], state)
    assert_close(torch.cat([first, second]), whole)
    assert_close(end, final)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_pass_gives_the_same_bits(kind):
    module, x = getattr(cells, kind)(1, 32, 2, batch_first=True), torch.randn(300, 9, 1)
    runs = [everything(m, x) for m in (module, module, copy.deepcopy(module), pickle.loads(pickle.dumps(module)))]
    with torch.no_grad():
        quiet = module(x)
    for run in runs[1:]:
        assert all(torch.equal(a, b) for a, b in zip(runs[0], run, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(runs[0], [quiet[0], *listed(quiet[1])], strict=False))


@pytest.mark.parametrize("kind", KINDS)
def test_passes_that_overlap_do_not_disturb_each_other(kind):
    """Two forward passes before a backward pass, others of another batch size and without gradient in between."""
    ours, theirs = pair(kind, 2, 4, 2)
    x, y = torch.randn(5, 6, 2, dtype=torch.float64), torch.randn(7, 3, 2, dtype=torch.float64)
    results = []
    for module in (ours, theirs):
        first, second, again = module(x)[0], module(y)[0], module(x)[0]
        with torch.no_grad():
            quiet, _ = module(y + 1)
            module(x + 1)
        (first.square().sum() + (second**3).sum() + (again * first).sum()).backward()
        module(x)
        results.append([first, second, again, quiet, *(p.grad for p in module.parameters())])
    assert_close(*results)


def test_a_second_backward_pass_needs_the_graph_and_may_have_it():
    module, x = cells.LSTM(2, 4), torch.randn(5, 6, 2)
    loss = module(x)[0].sum()
    once = torch.autograd.grad(loss, module.weight_hh_l0, retain_graph=True)
    twice = torch.autograd.grad(loss, module.weight_hh_l0)
    assert torch.equal(*once, *twice)
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


@pytest.mark.parametrize("kind", KINDS)
def test_an_output_changed_in_place_is_noticed(kind):
    module, x = getattr(cells, kind)(2, 4), torch.randn(5, 6, 2)
    output, _ = module(x)
    with pytest.raises(RuntimeError, match=r"in-?place"):
        output.mul_(2)
    loss = output.sum()
    output.detach().mul_(2)
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("kind", KINDS)
def test_memory_does_not_grow(kind):
    module = getattr(cells, kind)(1, 8, 2, batch_first=True, bidirectional=True)
    sizes = (40, 7, 23, 40)

    def passes():
        for batch in sizes:
            module(torch.randn(batch, 9, 1))[0].sum().backward()
            with torch.no_grad():
                module(torch.randn(batch, 9, 1))
        return module.workspace.nbytes

    settled = passes()
    assert settled > 0
    assert [passes() for _ in range(5)] == [settled] * 5


def test_what_is_kept_is_not_written_over():
    module, x = cells.LSTM(2, 4), torch.randn(5, 6, 2)
    with torch.no_grad():
        kept = [module(x + k)[0] for k in range(4)]
        copies = [module(x + k)[0].clone() for k in range(4)]
    assert all(torch.equal(a, b) for a, b in zip(kept, copies, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_frozen_weights_get_no_gradient(kind):
    module, x = getattr(cells, kind)(2, 4), torch.randn(5, 6, 2, requires_grad=True)
    module.weight_hh_l0.requires_grad_(False)
    module(x)[0].sum().backward()
    assert module.weight_hh_l0.grad is None and module.weight_ih_l0.grad is not None and x.grad is not None


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_written_out_kernel_does_not_know_goes_to_torch(kind):
    ours, theirs = pair(kind, 2, 4, dtype=torch.float32)
    packed = nn.utils.rnn.pack_padded_sequence(torch.randn(5, 3, 2), [5, 3, 2])
    for x in (torch.randn(5, 2), packed):
        assert ours.kernel_for(x) == "torch"
        assert_close(ours(x)[0], theirs(x)[0])
    assert ours.kernel_for(torch.randn(5, 3, 2).bfloat16()) == "torch"
    assert getattr(cells, kind)(2, 4, device="meta").kernel_for(torch.randn(5, 3, 2, device="meta")) == "torch"


@pytest.mark.parametrize("kind", KINDS)
def test_errors_are_those_of_torch(kind):
    ours, theirs = pair(kind, 2, 4, dtype=torch.float32)
    x, h = torch.randn(5, 3, 2), torch.zeros(1, 3, 4)
    bad = h[:, :2], h[0], h.double()
    for args in [(x[..., :1],), (x.double(),), *((x, (s, s) if kind == "LSTM" else s) for s in bad)]:
        with pytest.raises((RuntimeError, ValueError)) as expected:
            theirs(*args)
        with pytest.raises(expected.type) as raised:
            ours(*args)
        assert str(raised.value) == str(expected.value)


def test_the_choice_of_kernel_is_made_by_shape(monkeypatch):
    monkeypatch.undo()
    many, one = torch.randn(792, 19, 1), torch.randn(1, 19, 1)
    for kind in KINDS:
        module = getattr(cells, kind)(1, 32, batch_first=True)
        assert module.kernel_for(many) == "fused"
        assert module.kernel_for(one) == module.kernel_for(many[:, :5]) == "torch"
        with torch.no_grad():
            assert module.kernel_for(many) == ("torch" if kind == "LSTM" else "fused")
        assert isinstance(module, Recurrent) and isinstance(module, getattr(nn, kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_with_the_cell_trains_while_recorded_as_without(kind):
    results = []
    for recorded in (False, True):
        torch.manual_seed(0)
        module, x = getattr(cells, kind)(1, 8, 2, dropout=0.2, batch_first=True), torch.randn(20, 5, 1)
        optimiser = torch.optim.Adam(module.parameters(), lr=0.01)
        for _ in range(5):
            optimiser.zero_grad()
            if recorded:
                with record(module):
                    module(x)[0].square().sum().backward()
            else:
                module(x)[0].square().sum().backward()
            optimiser.step()
        results.append(list(module.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
