"""Attention and the blocks against torch's, and the ways to say where a token stands, in float64."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from torch.testing import assert_close

from seqcore.models.transformer import DecoderLayer, EncoderLayer, MultiHeadAttention, Transformer
from seqcore.models.transformer.position import rotated, sinusoidal, turns
from seqcore.text import UserError
from tests.test_seq2seq_attention import gradients, some

B, T, S, D, N = 3, 5, 6, 8, 2
CAUSAL = torch.ones(T, T, dtype=torch.bool).tril()
REAL = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0]], dtype=torch.bool)


def made(dropout=0.0, seed=0):
    """One of ours and torch's with the same weights, the biases random too."""
    torch.manual_seed(seed)
    theirs = nn.MultiheadAttention(D, N, dropout, batch_first=True).double()
    for bias in (theirs.in_proj_bias, theirs.out_proj.bias):
        nn.init.normal_(bias)
    ours = MultiHeadAttention(D, N, dropout).double()
    ours.load_torch(theirs)
    return ours, theirs


def flat(attention):
    """Parameters by name, as torch has them."""
    three = attention.query, attention.key, attention.value
    return {
        "in_proj_weight": torch.cat([each.weight for each in three]),
        "in_proj_bias": torch.cat([each.bias for each in three]),
        "out_proj.weight": attention.out.weight,
        "out_proj.bias": attention.out.bias,
    }


def gradients_by_name(attention, outputs, inputs):
    """Of the inputs, and of the parameters in torch's order."""
    if isinstance(attention, nn.MultiheadAttention):
        named = dict(attention.named_parameters())
        return gradients(outputs, [*inputs, *(named[name] for name in flat(made()[0]))])
    parts = [each for linear in (attention.query, attention.key, attention.value) for each in linear.parameters()]
    *found, wq, bq, wk, bk, wv, bv = gradients(outputs, [*inputs, *parts])
    return (*found, torch.cat([wq, wk, wv]), torch.cat([bq, bk, bv]), *gradients(outputs, attention.out.parameters()))


@pytest.mark.parametrize("way", ["fused", "explicit"])
@pytest.mark.parametrize("kind", ["cross", "padded", "itself", "causal", "both"])
def test_attention_is_torchs(kind, way):
    ours, theirs = made()
    x = some(B, T, D)
    memory = x if kind in ("itself", "causal", "both") else some(B, S, D)
    causal, real = kind in ("causal", "both"), REAL[:, : memory.shape[1]]
    padded = kind in ("padded", "both")
    mask = torch.ones(B, 1, 1, memory.shape[1], dtype=torch.bool)
    mask = (mask & real[:, None, None] if padded else mask) & (CAUSAL if causal else True)
    out, seen = ours(x, memory, mask if padded or causal else None, weights=way == "explicit")
    expected, weights = theirs(
        x, memory, memory, key_padding_mask=~real if padded else None, attn_mask=~CAUSAL if causal else None,
        average_attn_weights=False,
    )  # fmt: skip
    assert_close(out, expected)
    assert (seen is None) == (way == "fused")
    inputs = [x] if memory is x else [x, memory]
    assert_close(gradients_by_name(ours, [out], inputs), gradients_by_name(theirs, [expected], inputs))
    if seen is not None:
        assert_close(seen, weights)
        both = [out, seen], [expected, weights]
        assert_close(gradients_by_name(ours, both[0], inputs), gradients_by_name(theirs, both[1], inputs))
    assert_close(flat(ours), dict(theirs.named_parameters()))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=B * T * S, max_size=B * T * S), st.integers(0, 5))
def test_a_masked_place_gets_nothing_and_no_place_gives_nothing(bits, seed):
    ours, _ = made(seed=seed)
    x, memory, mask = some(B, T, D), some(B, S, D), torch.tensor(bits).view(B, 1, T, S)
    fused, (out, weights) = ours(x, memory, mask)[0], ours(x, memory, mask, weights=True)
    assert_close(fused, out)
    assert_close(gradients([fused], [x, memory, *ours.parameters()]), gradients([out], [x, memory, *ours.parameters()]))
    assert (weights[~mask.expand_as(weights)] == 0).all()
    assert_close(weights.sum(-1), mask.any(-1).double().expand(B, N, T))
    blind = ~mask.any(-1)[:, 0]
    assert_close(out[blind], ours.out.bias.expand(int(blind.sum()), D))


def test_each_head_reads_a_part_of_its_own():
    ours, _ = made()
    x = some(B, T, D)
    q, k, v = (part(x).view(B, T, N, D // N) for part in (ours.query, ours.key, ours.value))
    parts = [scaled_dot_product_attention(q[:, :, n], k[:, :, n], v[:, :, n]) for n in range(N)]
    assert_close(ours(x, x)[0], ours.out(torch.cat(parts, -1)))


@pytest.mark.parametrize("weights", [False, True])
def test_a_head_that_is_off_says_nothing(weights):
    ours, _ = made()
    x = some(B, T, D)
    whole = ours(x, x)[0]
    ours.heads = torch.tensor([True, True])
    assert torch.equal(ours(x, x)[0], whole)
    ours.heads = torch.tensor([True, False])
    half = ours(x, x, weights=weights)[0]
    with torch.no_grad():
        ours.heads = None
        ours.out.weight[:, D // N :] = 0
    assert_close(half, ours(x, x)[0])


def test_dropout_falls_on_the_same_weights_as_torchs():
    ours, theirs = made(dropout=0.4)
    x = some(1, 9, D)
    torch.manual_seed(3)
    expected = theirs(x, x, x, need_weights=False)[0]
    for weights in (False, True):
        torch.manual_seed(3)
        assert_close(ours(x, x, weights=weights)[0], expected)
    assert not torch.allclose(ours.eval()(x, x)[0], expected)
    assert_close(ours(x, x)[0], made()[0](x, x)[0])


@pytest.mark.parametrize("d_model", [8, 7])
def test_sinusoidal_positions_are_the_papers(d_model):
    encoding = sinusoidal(12, d_model)
    for p in range(12):
        for j in range(d_model):
            angle = p / 10_000 ** ((j - j % 2) / d_model)
            assert encoding[p, j].item() == pytest.approx([math.sin, math.cos][j % 2](angle), abs=1e-6)


def test_rotary_positions_turn_pairs_by_the_places_angle():
    x = some(1, 1, 3, 4)
    found = rotated(x, turns(5, 3, 4, x))
    for place in range(3):
        for pair in range(2):
            angle = (5 + place) / 100**pair
            turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]).double()
            two = slice(2 * pair, 2 * pair + 2)
            assert_close(found[0, 0, place, two], turn @ x[0, 0, place, two])
    assert rotated(x, None) is x


def test_what_rotary_attention_sees_depends_on_the_distance_alone():
    q, k = some(1, 2, 1, 6).expand(1, 2, 30, 6), some(1, 2, 1, 6).expand(1, 2, 30, 6)
    scores = rotated(q, turns(0, 30, 6, q)) @ rotated(k, turns(0, 30, 6, k)).mT  # (1, 2, 30, 30)
    for distance in range(-29, 30):
        line = scores.diagonal(distance, 2, 3)
        assert_close(line, line[..., :1].expand_as(line))
    assert (scores[..., 0, :].diff() != 0).all()
    assert_close(rotated(q, turns(70, 30, 6, q)) @ rotated(k, turns(70, 30, 6, k)).mT, scores)
    ours, x = made()[0], some(1, T, D)
    early, late = (ours(x, x, rotary=turns(first, T, D // N, x))[0] for first in (0, 70))
    assert_close(early, late)
    assert not torch.allclose(early, ours(x, x)[0])


@pytest.mark.parametrize("d_model", [16, 256])
def test_what_a_new_network_reads_is_of_one_size_whatever_its_width(d_model):
    torch.manual_seed(0)
    embedding = Transformer(d_model=d_model, position="learned").encoder.embedding
    for values in (embedding.scale * embedding.table.weight, embedding.scale * embedding.places):
        assert values.std().item() == pytest.approx(1, abs=0.05)


def test_sizes_that_do_not_go_together_are_told_with_the_numbers():
    with pytest.raises(UserError, match=r"d_model \(10\) must be divisible by num_heads \(3\)"):
        MultiHeadAttention(10, 3)
    with pytest.raises(UserError, match=r"a head has 3 of them \(d_model 12 / num_heads 4\)"):
        Transformer(d_model=12, num_heads=4, position="rotary")
    Transformer(d_model=12, num_heads=4)


def with_torchs_weights(ours, theirs):
    """A layer of ours with the weights of torch's; gives the pairs (ours, theirs) of linears and norms."""
    cross = isinstance(ours, DecoderLayer)
    ours.attention.load_torch(theirs.self_attn)
    norms = [ours.around_attention.norm, *([ours.around_cross.norm] if cross else []), ours.around_feed.norm]
    pairs = [(ours.feed.up, theirs.linear1), (ours.feed.down, theirs.linear2)]
    pairs += [(norm, getattr(theirs, f"norm{k}")) for k, norm in enumerate(norms, 1)]
    if cross:
        ours.cross.load_torch(theirs.multihead_attn)
    for mine, other in pairs:
        mine.load_state_dict(other.state_dict())
    return [(ours.attention, theirs.self_attn), *([(ours.cross, theirs.multihead_attn)] if cross else []), *pairs]


def assert_same_gradients(pairs, mine, expected, inputs):
    """Of the inputs, and of the parameters of each pair of modules."""
    assert_close(gradients([mine], inputs), gradients([expected], inputs))
    for ours, theirs in pairs:
        if isinstance(ours, MultiHeadAttention):
            found = gradients_by_name(ours, [mine], []), gradients_by_name(theirs, [expected], [])
        else:
            found = gradients([mine], ours.parameters()), gradients([expected], theirs.parameters())
        assert_close(*found)


def randomised(layer):
    """Its norms and biases are no longer ones and zeros."""
    for values in layer.parameters():
        if values.dim() == 1:
            nn.init.normal_(values)
    return layer.double()


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_an_encoder_layer_is_torchs(norm_first, causal, padded):
    torch.manual_seed(0)
    sizes = dict(d_model=D, dim_feedforward=12, nhead=N, dropout=0.0, batch_first=True, norm_first=norm_first)
    theirs = randomised(nn.TransformerEncoderLayer(**sizes))
    ours = EncoderLayer(D, N, 12, norm_first=norm_first).double()
    pairs, x = with_torchs_weights(ours, theirs), some(B, T, D)
    real = REAL[:, :T] if padded else torch.ones(B, T, dtype=torch.bool)
    mine, _ = ours(x, real[:, None, None] & CAUSAL if causal else real[:, None, None])
    expected = theirs(x, ~CAUSAL if causal else None, ~real)
    assert_close(mine, expected)
    assert_same_gradients(pairs, mine, expected, [x])


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_a_decoder_layer_is_torchs(norm_first, padded):
    torch.manual_seed(0)
    sizes = dict(d_model=D, dim_feedforward=12, nhead=N, dropout=0.0, batch_first=True, norm_first=norm_first)
    theirs = randomised(nn.TransformerDecoderLayer(**sizes))
    ours = DecoderLayer(D, N, 12, norm_first=norm_first).double()
    pairs, x, memory = with_torchs_weights(ours, theirs), some(B, T, D), some(B, S, D)
    own, real = (REAL[:, :T], REAL) if padded else (torch.ones(B, n, dtype=torch.bool) for n in (T, S))
    mine, _, seen = ours(x, ours.cross.sides(memory), own[:, None, None] & CAUSAL, real[:, None, None], weights=True)
    expected = theirs(x, memory, ~CAUSAL, None, ~own, ~real)
    assert_close(mine, expected)
    assert_same_gradients(pairs, mine, expected, [x, memory])
    assert seen.shape == (B, N, T, S)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("kind", ["Encoder", "Decoder"])
def test_dropout_falls_in_a_layer_where_it_falls_in_torchs(norm_first, kind):
    torch.manual_seed(0)
    sizes = dict(d_model=D, dim_feedforward=12, nhead=N, dropout=0.3, batch_first=True, norm_first=norm_first)
    theirs = randomised(getattr(nn, f"Transformer{kind}Layer")(**sizes))
    ours = {"Encoder": EncoderLayer, "Decoder": DecoderLayer}[kind](D, N, 12, 0.3, norm_first).double()
    with_torchs_weights(ours, theirs)
    x, memory, found = some(1, T, D), some(1, S, D), []
    for layer in (ours, theirs):
        others = [] if kind == "Encoder" else [ours.cross.sides(memory) if layer is ours else memory]
        torch.manual_seed(3)  # a batch of one: torch keeps larger ones in another order, and draws in that order
        made = layer(x, *others)
        found.append(made[0] if layer is ours else made)
    assert_close(*found)
    assert not torch.allclose(found[0], ours.eval()(x, *([] if kind == "Encoder" else [ours.cross.sides(memory)]))[0])
