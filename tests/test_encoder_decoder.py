"""Many steps in, many steps out: the forecasters with a decoder are their equations, in torch's own modules."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from seqcore.catalogue import CELL, RECURRENT
from seqcore.engine.limits import bytes_needed
from seqcore.look import Clamp, taps
from seqcore.models import build
from seqcore.probes.clamp import clamped
from seqcore.probes.record import record
from seqcore.spec import ModelSpec
from seqcore.training.trainer import Trainer
from tests.test_trainer import SMALL

UNFOLDING = [name for name in CELL if name not in RECURRENT]
T, K, H = 9, 10, 5


def made(architecture: str, layers: int = 1, **changes) -> nn.Module:
    torch.manual_seed(layers)
    return build(ModelSpec(architecture, H, layers, **changes), 1, T, K).double()


def windows(count: int = 16) -> torch.Tensor:
    return torch.randn(count, T, 1, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


def encoder_of(model: nn.Module, layers: int) -> nn.RNNBase:
    """The same in torch's module, and its parameters."""
    plain = {"GRU": nn.GRU, "LSTM": nn.LSTM}[model.cell.mode](1, H, layers, batch_first=True).double()
    plain.load_state_dict(model.cell.state_dict())
    return plain


def unfolded(model: nn.Module, layers: int, x: torch.Tensor) -> tuple[torch.Tensor, nn.ModuleDict]:
    """The forecast (B, K) of the networks that are fed with themselves, by a `nn.GRU` that takes a step at a time."""
    encoder, decoder = encoder_of(model, layers), nn.GRU(1, H, layers).double()
    own = {f"{name}_l{k}": value for k in range(layers) for name, value in model.decoder[k].state_dict().items()}
    decoder.load_state_dict(own)
    parts = nn.ModuleDict({"cell": encoder, "decoder": decoder, "head": nn.Linear(H, 1).double()})
    parts["head"].load_state_dict(model.head.state_dict())
    looks_back = hasattr(model, "query")
    if looks_back:
        for name in ("query", "combine"):
            parts[name] = nn.Linear(*reversed(getattr(model, name).weight.shape), bias=False).double()
            parts[name].load_state_dict(getattr(model, name).state_dict())
    states, state = encoder(x)
    y, forecast = x[:, -1:], []  # (B, 1, 1)
    for _ in range(K):
        h, state = decoder(y.transpose(0, 1), state)  # (1, B, H)
        seen = h.transpose(0, 1)  # (B, 1, H)
        if looks_back:
            context = nn.functional.scaled_dot_product_attention(parts["query"](seen), states, states, scale=1.0)
            seen = parts["combine"](torch.cat([context, seen], 2)).tanh()
        y = parts["head"](seen)
        forecast.append(y[:, 0])
    return torch.cat(forecast, 1), parts


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("architecture", ["encoder_decoder", "encoder_decoder_attention"])
def test_a_network_fed_with_itself_is_torchs(architecture, layers):
    model, x = made(architecture, layers), windows().requires_grad_()
    other = x.detach().clone().requires_grad_()
    expected, parts = unfolded(model, layers, other)
    forecast = model(x)
    assert_close(forecast, expected)
    for each in (forecast, expected):
        each.square().sum().backward()
    assert_close(x.grad, other.grad)
    reference = dict(parts.named_parameters())
    for name, value in model.named_parameters():
        part, _, rest = name.partition(".")
        if part == "decoder":
            layer, _, rest = rest.partition(".")
            name = f"decoder.{rest}_l{layer}"
        assert value.grad.abs().max() > 0, name
        assert_close(value.grad, reference[name].grad)


@pytest.mark.parametrize("layers", [1, 2])
def test_the_repeated_vector_is_torchs(layers):
    model, x = made("repeat_vector", layers), windows().requires_grad_()
    other = x.detach().clone().requires_grad_()
    encoder, decoder = encoder_of(model, layers), nn.LSTM(H, H, layers, batch_first=True).double()
    decoder.load_state_dict(model.decoder.state_dict())
    _, (h_n, _) = encoder(other)
    states, _ = decoder(h_n[-1].repeat(K, 1, 1).transpose(0, 1))
    expected = states @ model.head.weight[0].detach() + model.head.bias.detach()
    forecast = model(x)
    assert_close(forecast, expected)
    for each in (forecast, expected):
        each.square().sum().backward()
    assert_close(x.grad, other.grad)
    for name in ("cell", "decoder"):
        theirs = (encoder if name == "cell" else decoder).parameters()
        for value, reference in zip(getattr(model, name).parameters(), theirs, strict=True):
            assert value.grad.abs().max() > 0
            assert_close(value.grad, reference.grad)


@pytest.mark.parametrize("architecture", UNFOLDING)
def test_dropout_lies_between_layers_and_only_in_training(architecture):
    model, x = made(architecture, 2, dropout=0.5), windows()
    assert not torch.equal(model(x), model(x))
    model.eval()
    assert torch.equal(model(x), model(x))
    single = made(architecture, 1, dropout=0.5)
    assert torch.equal(single(x), single(x))


@pytest.mark.parametrize("architecture", UNFOLDING)
def test_a_small_batch_is_learnt_by_heart(architecture):
    torch.manual_seed(0)
    model, x = build(ModelSpec(architecture, 24), 1, T, 4), torch.randn(6, T, 1)
    y = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(400):
        optimiser.zero_grad()
        loss = (model(x) - y).square().mean()
        loss.backward()
        optimiser.step()
    assert loss < 0.02 < y.var()
    assert not [name for name, value in model.named_parameters() if torch.equal(value, before[name])]


def test_attention_is_recorded_and_its_rows_sum_to_one():
    model, x = made("encoder_decoder_attention"), windows(3)
    with torch.no_grad(), record(model) as tape:
        forecast = model(x)
    weights = torch.from_numpy(tape.arrays["attention"])  # (B, K, T)
    assert weights.shape == (3, K, T) and weights.min() > 0
    assert_close(weights.sum(2), torch.ones(3, K, dtype=torch.float64))
    states = torch.from_numpy(tape.arrays["l0.hidden"])
    with torch.no_grad():
        h = model.step(x[:, -1], [states[:, -1]])[0]
        seen = model.combine(torch.cat([(weights[:, 0, :, None] * states).sum(1), h], 1)).tanh()
        assert_close(model.head(seen)[:, 0], forecast[:, 0])
        assert_close(model(x), forecast)


@pytest.mark.parametrize("architecture", UNFOLDING)
def test_what_can_be_seen_of_the_encoder_is_seen_and_can_be_held_alone(architecture):
    model, x, spec = made(architecture, 2), windows(4), ModelSpec(architecture, H, 2)
    with torch.no_grad():
        with record(model) as tape:
            free = model(x)
        bare = [name for name in tape.arrays if not name.startswith(("decoder.", "attention"))]
        assert sorted(bare) == sorted(taps(spec)) and tape.arrays["l1.hidden"].shape == (4, T, H)
        with clamped(model, [Clamp("l1.hidden", 0.25)]), record(model) as tape:
            held = model(x)
    np.testing.assert_array_equal(tape.arrays["l1.hidden"], 0.25)
    if "decoder.l1.hidden" in tape.arrays:
        assert (tape.arrays["decoder.l1.hidden"] != 0.25).all()
    assert not torch.equal(held, free)


@pytest.mark.parametrize("architecture", UNFOLDING)
def test_the_steps_of_a_decoder_take_memory_too(architecture):
    near, far = (SMALL.replace(architecture=architecture, horizon=horizon) for horizon in (1, 50))
    plain = far.replace(architecture=CELL[architecture])
    needed = bytes_needed(near, 1000), bytes_needed(plain, 1000), bytes_needed(far, 1000)
    assert needed[2] > needed[0] + 1000 * 50 * 4 * SMALL.model.hidden_size and needed[2] > needed[1]


@pytest.mark.parametrize("architecture", UNFOLDING)
def test_a_trainer_says_which_kernel_reads_and_shows_the_weights_of_a_window(series, architecture):
    trainer = Trainer(SMALL.replace(architecture=architecture, horizon=3, seq_length=8, epochs=2), series)
    assert trainer.started().kernel == trainer.model.cell.kernel_for(trainer.train_x)
    list(trainer)
    arrays = trainer.snapshot().arrays
    assert arrays["test_prediction"].shape[1] == 3
    assert ("attention" in arrays) == (architecture == "encoder_decoder_attention")
    if "attention" in arrays:
        assert arrays["attention"].shape == (3, 8)
