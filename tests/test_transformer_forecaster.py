"""The Transformer that forecasts is its equations, in torch's own layers, and shows its layers as others do."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from seqcore.engine.limits import bytes_needed
from seqcore.look import Clamp, taps
from seqcore.models import build
from seqcore.models.transformer import tapped
from seqcore.models.transformer.position import sinusoidal
from seqcore.probes.clamp import hold, units_of
from seqcore.probes.record import record
from seqcore.size import heads
from seqcore.spec import ModelSpec, RunSpec
from seqcore.text import UserError

T, K, H = 9, 3, 8


def made(layers: int = 2, hidden: int = H, **changes) -> nn.Module:
    torch.manual_seed(layers)
    return build(ModelSpec("transformer", hidden, layers, **changes), 1, T, K).double()


def windows(count: int = 5) -> torch.Tensor:
    return torch.randn(count, T, 1, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


def theirs(layer: nn.Module) -> nn.TransformerEncoderLayer:
    """The same weights in torch's module."""
    plain = nn.TransformerEncoderLayer(H, heads(H), 4 * H, 0.0, batch_first=True, norm_first=True).double()
    linear = {"linear1": layer.feed.up, "linear2": layer.feed.down, "self_attn.out_proj": layer.attention.out,
              "norm1": layer.around_attention.norm, "norm2": layer.around_feed.norm}  # fmt: skip
    state = {f"{name}.{kind}": value for name, own in linear.items() for kind, value in own.state_dict().items()}
    packed = layer.attention.query, layer.attention.key, layer.attention.value
    for kind in ("weight", "bias"):
        state[f"self_attn.in_proj_{kind}"] = torch.cat([getattr(part, kind) for part in packed])
    plain.load_state_dict(state)
    return plain


@pytest.mark.parametrize("layers", [1, 3])
def test_the_forecast_is_that_of_torchs_layers(layers):
    model, x = made(layers), windows().requires_grad_()
    other = x.detach().clone().requires_grad_()
    causal = nn.Transformer.generate_square_subsequent_mask(T, dtype=torch.float64)
    h = other * model.lift.weight[:, 0] + model.lift.bias + sinusoidal(T, H).double()
    for layer in model.layers:
        h = theirs(layer)(h, src_mask=causal)
    forecast, expected = model(x), deepcopy(model.head)(h[:, -1])
    assert_close(forecast, expected)
    for each in (forecast, expected):
        each.square().sum().backward()
    assert_close(x.grad, other.grad)
    assert all(value.grad.abs().max() > 0 for value in model.parameters())


def test_no_step_of_a_layer_sees_a_later_value():
    model, x = made(), windows(1).requires_grad_()
    with record(model) as tape:
        model(x)
    h = torch.from_numpy(tape.arrays["l1.hidden"])
    changed = x.detach().clone()
    changed[:, 5] += 1
    with torch.no_grad(), record(model) as tape:
        model(changed)
    moved = (torch.from_numpy(tape.arrays["l1.hidden"]) - h).abs().amax((0, 2))
    assert (moved[:5] == 0).all() and (moved[5:] > 0).all()


@pytest.mark.parametrize(("hidden", "count"), [(32, 4), (6, 2), (7, 1), (1, 1), (256, 4)])
def test_there_are_as_many_heads_as_can_have_equal_parts(hidden, count):
    model = made(1, hidden)
    assert heads(hidden) == count == model.layers[0].attention.num_heads
    assert model(windows()).isfinite().all()


def test_pages_see_the_layers_and_who_asks_for_it_the_attention():
    model, x, spec = made(), windows(), ModelSpec("transformer", H, 2)
    with torch.no_grad():
        with record(model) as tape:
            forecast = model(x)
        with tapped(model, ["l1.self.weights"]) as inside:
            again = model(x)
    assert list(tape.arrays) == taps(spec) == list(units_of(model)) and tape.arrays["l1.hidden"].shape == (5, T, H)
    assert_close(model.head(torch.from_numpy(tape.arrays["l1.hidden"])[:, -1]), forecast)
    (weights,) = inside.values()  # (B, N, T, T)
    assert weights.shape == (5, 4, T, T) and (weights.triu(1) == 0).all()
    assert_close(weights.sum(3), torch.ones(5, 4, T).double())
    assert_close(again, forecast)


def test_a_layer_can_be_held_and_what_lies_inside_it_cannot():
    model, x = made(), windows()
    hold(model, [Clamp("l1.hidden", 2.0)])
    assert_close(model(x), (2 * model.head.weight.sum(1) + model.head.bias).expand(5, K))
    with pytest.raises(UserError, match=r"choose one of l0\.hidden, l1\.hidden\."):
        hold(model, [Clamp("l0.cell", 1.0)])


def test_dropout_falls_in_training_alone():
    model, x = made(1, dropout=0.5), windows()
    assert not torch.equal(model(x), model(x))
    model.eval()
    assert torch.equal(model(x), model(x))


def test_a_small_batch_is_learnt_by_heart():
    torch.manual_seed(0)
    model, x = build(ModelSpec("transformer", 16, 2), 1, T, K), torch.randn(6, T, 1)
    y = torch.randn(6, K, generator=torch.Generator().manual_seed(1))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(200):
        optimiser.zero_grad()
        loss = (model(x) - y).square().mean()
        loss.backward()
        optimiser.step()
    assert loss < 0.02 < y.var()


def test_with_dropout_memory_grows_with_the_square_of_the_window():
    def needed(seq_length: int, **changes) -> int:
        small = {"architecture": "transformer", "hidden_size": 4, "num_layers": 2}
        return bytes_needed(RunSpec().replace(**small, seq_length=seq_length, **changes), 2000)

    rows = 2000 - 200
    assert needed(200, dropout=0.1) > 4 * rows * 2 * 4 * 200**2 > needed(200) > 2 * needed(50)  # 2 layers of 4 heads
