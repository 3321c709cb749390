"""Transformers: what they compute, step by step and all at once, and what they say."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from seqcore.models.seq2seq import BOS, EOS, PAD, beam, greedy, token_loss, translate
from seqcore.models.transformer import (
    POSITIONS,
    Transformer,
    TransformerDecoder,
    TransformerEncoder,
    altered,
)
from seqcore.models.transformer.position import sinusoidal
from seqcore.text import UserError
from tests.test_seq2seq import SOURCES, TARGETS, shifted
from tests.test_seq2seq_attention import gradients
from tests.test_transformer_attention import with_torchs_weights

SIZES = {"d_model": 8, "num_heads": 2, "num_layers": 2, "d_ff": 12, "longest": 20}


def made(seed=0, **changes):
    torch.manual_seed(seed)
    return Transformer(**{**SIZES, "source_size": 10, "target_size": 8, **changes}).double()


def alone(kind, seed=0, **changes):
    torch.manual_seed(seed)
    return kind(**{**SIZES, "size": 10, **changes}).double()


@pytest.mark.parametrize("norm_first", [False, True])
def test_the_whole_is_torchs_layers_between_embedding_and_output(norm_first):
    model = made(norm_first=norm_first)
    sizes = (8, 2, 12, 0.0, "relu", 1e-5, True, norm_first)
    layers = {kind: [getattr(nn, f"Transformer{kind}Layer")(*sizes).double() for _ in range(2)]
              for kind in ("Encoder", "Decoder")}  # fmt: skip
    for kind, stack in (("Encoder", model.encoder), ("Decoder", model.decoder)):
        for ours, theirs in zip(stack.layers, layers[kind], strict=True):
            with_torchs_weights(ours, theirs)
    places, pad, target_in = sinusoidal(20, 8).double(), SOURCES == PAD, shifted(TARGETS)
    x = math.sqrt(8) * model.encoder.embedding.table(SOURCES) + places[:5]
    for layer in layers["Encoder"]:
        x = layer(x, src_key_padding_mask=pad)
    memory = model.encoder.norm(x) if norm_first else x
    x = math.sqrt(8) * model.decoder.embedding.table(target_in) + places[:4]
    later = torch.ones(4, 4, dtype=torch.bool).triu(1)
    for layer in layers["Decoder"]:
        x = layer(x, memory, later, tgt_key_padding_mask=target_in == PAD, memory_key_padding_mask=pad)
    x = model.decoder.norm(x) if norm_first else x
    assert isinstance(model.encoder.norm, nn.LayerNorm if norm_first else nn.Identity)
    assert_close(model(SOURCES, target_in), model.decoder.output(x))


def through(model, tokens, run):
    """What `run` gives, and for each of its steps the gradient of its sum to the embedded tokens (steps, B, T, D)."""
    kept = []
    hook = (model.decoder if hasattr(model, "decoder") else model.encoder).embedding.register_forward_hook(
        lambda module, given, x: kept.append(x) if given[0] is tokens else None
    )
    out = run()
    hook.remove()
    return torch.stack([torch.autograd.grad(out[:, t].sum(), kept[0], retain_graph=True)[0] for t in range(4)])


@pytest.mark.parametrize("position", POSITIONS)
def test_no_step_sees_what_comes_after_it(position):
    tokens = shifted(TARGETS[[0, 3]])
    pair, single = made(position=position), alone(TransformerDecoder, position=position)
    for model, run in ((pair, lambda: pair(SOURCES[[0, 3]], tokens)), (single, lambda: single(tokens))):
        seen = through(model, tokens, run).abs().sum((1, 3))  # (step, token)
        assert (seen.triu(1) == 0).all() and (seen[torch.ones(4, 4).tril().bool()] > 0).all()
        with altered(model, mask=False):
            assert (through(model, tokens, run).abs().sum((1, 3)) > 0).all()
    cheat = alone(TransformerDecoder, position=position, causal=False)
    assert (through(cheat, tokens, lambda: cheat(tokens)).abs().sum((1, 3)) > 0).all()
    with altered(single, mask=False):
        assert_close(single(tokens), cheat(tokens))


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("position", POSITIONS)
def test_a_batch_of_one_is_a_batch_of_many(position, norm_first):
    model, target_in = made(position=position, norm_first=norm_first), shifted(TARGETS)
    encoder, together = alone(TransformerEncoder, position=position), model(SOURCES, target_in)
    for b in range(len(SOURCES)):
        S, T = (int((rows[b] != PAD).sum()) for rows in (SOURCES, target_in))
        one = model(SOURCES[b : b + 1, :S], target_in[b : b + 1, :T])
        assert_close(one[0], together[b, :T])
        grads = gradients([one], model.parameters())
        assert_close(grads, gradients([together[b : b + 1, :T]], model.parameters()))
        assert_close(encoder(SOURCES[b : b + 1, :S])[0], encoder(SOURCES)[b, :S])


@pytest.mark.parametrize("position", POSITIONS)
def test_steps_one_by_one_are_all_at_once(position):
    model, target_in = made(position=position), shifted(TARGETS)
    single = alone(TransformerDecoder, position=position)
    (memory, state), own, logits, said = model.encode(SOURCES), (), [], []
    for t in range(4):
        found, state, weights = model.decoder.step(target_in[:, t], state, memory)
        logits.append(found)
        found, own = single.step(target_in[:, t], own)
        said.append(found)
        for b in range(4):
            seen = model.inside(SOURCES[b], target_in[b, : t + 1], ["decoder.l1.cross.weights"])
            if target_in[b, t] != PAD:
                mean = seen["decoder.l1.cross.weights"][:, t].mean(0)
                np.testing.assert_allclose(weights[b].detach(), mean, atol=1e-12)
    real = target_in != PAD
    assert_close(torch.stack(logits, 1)[real], model(SOURCES, target_in)[real])
    assert_close(torch.stack(said, 1)[real], single(target_in)[real])
    assert (weights[SOURCES == PAD] == 0).all() and weights.shape == (4, 5)


def test_a_step_hides_what_is_masked_and_forces_nothing():
    model = made()
    memory, state = model.encode(SOURCES[:1])
    token, masked = torch.tensor([BOS]), torch.tensor([[False, True, False, False, False]])
    plain, _, seen = model.decoder.step(token, state, memory)
    hidden, _, rest = model.decoder.step(token, state, memory, None, masked)
    assert seen[0, 1] > 0 and rest[0, 1] == 0 and not torch.allclose(plain, hidden)
    with pytest.raises(ValueError, match="one attention"):
        model.decoder.step(token, state, memory, seen)


@pytest.mark.parametrize("position", POSITIONS)
def test_without_positions_a_pooled_reader_cannot_tell_the_order(position):
    model = alone(TransformerEncoder, position=position).float()
    words, other = torch.tensor([[4, 9, 5, 8, 7]]), torch.tensor([[5, 8, 9, 7, 4]])
    apart = (model.states(words).mean(1) - model.states(other).mean(1)).abs().max()
    assert apart < 1e-5 if position == "none" else apart > 1e-3
    with altered(model, positions=False):
        assert (model.states(words).mean(1) - model.states(other).mean(1)).abs().max() < 1e-5
    assert (model.states(words).mean(1) - model.states(other).mean(1)).abs().max() == apart


@pytest.fixture(scope="module")
def trained():
    """A model that has begun to learn the four pairs, and one that has."""
    models = []
    for updates in (5, 80):
        model = made(seed=3, d_model=16, d_ff=32).float()
        optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(updates):
            optimiser.zero_grad()
            token_loss(model(SOURCES, shifted(TARGETS)), TARGETS).backward()
            optimiser.step()
        models.append(model)
    return models


def test_it_learns_a_small_batch_by_heart(trained):
    assert torch.equal(translate(trained[1], SOURCES, 20)[:, :4], TARGETS)


@pytest.mark.parametrize("stage", [0, 1])
def test_it_translates_as_a_recurrent_network_does(trained, stage):
    model = trained[stage]
    together = translate(model, SOURCES, 9)
    for b, source in enumerate(SOURCES):
        plain = greedy(model, source, 9)
        T = len(plain.ids)
        assert list(plain.ids) == together[b, :T].tolist() and (together[b, T:] == PAD).all()
        assert plain.ids[-1] == EOS or T == 9
        said = model(source[None], shifted(torch.tensor([plain.ids])))[0].log_softmax(-1).detach()
        assert said.argmax(-1).tolist() == list(plain.ids)
        assert plain.weights.shape == (T, 5) and (plain.weights[:, source.numpy() == PAD] == 0).all()
        one = beam(model, source, 1, 9)
        assert one.ids(one.best) == plain.ids
        assert one.nodes[one.best].log_probability == pytest.approx(plain.log_probability, abs=1e-6)
        wide = beam(model, source, 4, 9)
        assert wide.nodes[wide.best].log_probability >= plain.log_probability - 1e-5
        for number in range(1, len(wide.nodes)):
            ids = torch.tensor([wide.ids(number)])
            logs = model(source[None], shifted(ids))[0].log_softmax(-1).detach()
            assert wide.nodes[number].log_probability == pytest.approx(logs.gather(1, ids.T).sum().item(), abs=1e-4)


def test_without_the_teacher_it_reads_its_own_words():
    model, target_in = made(), shifted(TARGETS)
    memory, state = model.encode(SOURCES)
    mixed = model.decoder.mixed(target_in, state, memory, 0.0)
    logits, own = model(SOURCES, target_in, 0.0), (target_in != PAD)[:, 1:]
    assert (mixed[:, 0] == BOS).all() and not torch.equal(mixed, target_in)
    assert torch.equal(mixed[:, 1:][own], logits.argmax(-1)[:, :-1][own])
    assert_close(logits, model(SOURCES, mixed))


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("tied", [False, True])
def test_every_parameter_learns_and_the_same_seed_gives_the_same_bits(position, tied):
    runs = []
    for _ in range(2):
        model = made(position=position, tied=tied, dropout=0.2)
        token_loss(model(SOURCES, shifted(TARGETS), 0.5), TARGETS).backward()
        runs.append({name: values.grad for name, values in model.named_parameters()})
    for name, gradient in runs[0].items():
        # every key's bias adds the same to all scores of a query, and the softmax takes it away again
        assert gradient.abs().sum() > 0 or "key.bias" in name, name
        assert torch.equal(gradient, runs[1][name])
    assert ("decoder.output.weight" in runs[0]) != tied
    assert (model.decoder.output.weight is model.decoder.embedding.table.weight) == tied
    assert not any("places" in name for name in model.state_dict()) or position == "learned"


def test_a_tied_reader_and_writer_too():
    for kind, part in ((TransformerEncoder, "encoder"), (TransformerDecoder, "decoder")):
        for tied in (False, True):
            model = alone(kind, tied=tied)
            assert (model.output.weight is getattr(model, part).embedding.table.weight) == tied


def test_dropout_falls_on_the_embedded_tokens():
    model, seen = made(dropout=0.5, d_model=64), []
    model.encoder.layers[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    model(SOURCES, shifted(TARGETS))
    assert (seen[0] == 0).double().mean().item() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("position", POSITIONS)
def test_what_is_empty_or_too_long_is_told(position):
    model, target_in = made(position=position), torch.full((1, 21), 4)
    for source in (torch.tensor([[PAD, PAD]]), torch.zeros(1, 0, dtype=torch.long)):
        with pytest.raises(UserError, match="the sentence is empty"):
            model.encode(source)
    with pytest.raises(UserError, match="1 to 20 tokens, not 21"):
        model(SOURCES[:1], target_in)
    with pytest.raises(UserError, match="1 to 20 tokens, not 0"):
        model(SOURCES[:1], target_in[:, :0])
    model(SOURCES[:1], target_in[:, :20])
    memory, state = model.encode(SOURCES[:1])
    for _ in range(20):
        _, state, _ = model.decoder.step(target_in[:, 0], state, memory)
    with pytest.raises(UserError, match="not 21"):
        model.decoder.step(target_in[:, 0], state, memory)
