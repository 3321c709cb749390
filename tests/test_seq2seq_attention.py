"""The weights of attention against torch and by hand, in float64; weights held from outside."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention
from torch.testing import assert_close

from seqcore.models.seq2seq.attention import Attention, additive

KINDS = ("additive", "dot", "general")


def some(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def gradients(outputs, inputs):
    """Of one random sum of `outputs`."""
    generator = torch.Generator().manual_seed(1)
    loss = sum((o * torch.randn(o.shape, generator=generator, dtype=o.dtype)).sum() for o in outputs)
    return torch.autograd.grad(loss, list(inputs), retain_graph=True)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_attention_by_hand(kind):
    torch.manual_seed(0)
    attention = Attention(kind, 3, 3).double()
    queries, states = some(2, 2, 3), some(2, 3, 3)
    mask = torch.tensor([[True, True, True], [True, True, False]])
    weights = attention(queries, attention.keys(states), mask)
    for b, t in itertools.product(range(2), range(2)):
        h, scores = queries[b, t], []
        for s in states[b, : mask[b].sum()]:
            if kind == "additive":
                sums = attention.query.weight @ h + attention.key.weight @ s
                scores.append(sum(attention.v.weight[0, k] * math.tanh(sums[k]) for k in range(3)))
            else:
                scores.append(h @ (s if kind == "dot" else attention.key.weight @ s))
        shares = [math.exp(score) for score in scores] + [0.0] * int((~mask[b]).sum())
        assert_close(weights[b, t], torch.tensor(shares).double() / sum(shares))


@pytest.mark.parametrize("kind", ["dot", "general"])
def test_attention_is_torchs_scaled_dot_product(kind):
    attention = Attention(kind, 4, 4 if kind == "dot" else 5).double()
    queries, states, mask = some(3, 6, 4), some(3, 7, 5 if kind == "general" else 4), torch.rand(3, 7) < 0.7
    mask[:, 0] = True
    mapped = queries @ attention.key.weight if kind == "general" else queries
    expected = scaled_dot_product_attention(mapped, states, states, attn_mask=mask[:, None], scale=1.0)
    context = attention(queries, attention.keys(states), mask) @ states
    leaves = (queries, states, *attention.parameters())
    assert_close(context, expected)
    assert_close(gradients([context], leaves), gradients([expected], leaves))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_additive_scores_are_autograds(dtype):
    queries, keys, v = (x.detach().to(dtype).requires_grad_() for x in (some(3, 4, 5), some(3, 6, 5), some(5)))
    plain = torch.tanh(queries[:, :, None] + keys[:, None]) @ v
    assert_close(additive(queries, keys, v), plain)
    assert_close(gradients([additive(queries, keys, v)], (queries, keys, v)), gradients([plain], (queries, keys, v)))


def test_additive_scores_where_the_loop_does_not_run():
    queries, keys, v = some(3, 4, 5), some(3, 6, 5), some(5)
    small = additive(queries.bfloat16(), keys.bfloat16(), v.bfloat16())
    assert small.dtype == torch.bfloat16
    assert_close(small.double(), additive(queries, keys, v), rtol=0.05, atol=0.05)  # bfloat16 holds 8 bits


@settings(deadline=None, max_examples=40)
@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 99), scale=st.sampled_from([0.1, 1.0, 300.0]))
def test_rows_sum_to_one_and_what_is_closed_gets_exactly_nothing(kind, seed, scale):
    torch.manual_seed(seed)
    attention = Attention(kind, 4, 4).double()
    queries, states = some(2, 3, 4) * scale, some(2, 5, 4)
    mask, masked = torch.rand(2, 5) < 0.6, torch.rand(2, 3, 5) < 0.3
    forced = torch.where(torch.rand(2, 3, 5) < 0.3, torch.rand(2, 3, 5) / 5, torch.nan).double()
    weights = attention(queries, attention.keys(states), mask, forced, masked)
    closed = ~mask[:, None] | masked
    assert (weights[closed] == 0).all() and (weights >= 0).all()
    held = ~closed & ~forced.isnan()
    assert torch.equal(weights[held], forced[held])
    some_free = (~closed & ~held).any(-1)
    assert_close(weights.sum(-1)[some_free], torch.ones(int(some_free.sum())).double())
    assert all(torch.isfinite(gradient).all() for gradient in gradients([weights], (queries, states)))


def test_what_is_not_forced_keeps_its_proportions():
    attention, queries, keys = Attention("dot", 4, 4), some(1, 2, 4), some(1, 5, 4)
    mask, forced = torch.tensor([[True, True, True, True, False]]), torch.full((1, 2, 5), torch.nan).double()
    plain = attention(queries, keys, mask)
    forced[0, 0, 1], forced[0, 0, 4] = 0.6, 0.3
    held = attention(queries, keys, mask, forced)
    assert held[0, 0, 1] == 0.6 and held[0, 0, 4] == 0 and torch.equal(held[0, 1], plain[0, 1])
    rest = plain[0, 0, [0, 2, 3]]
    assert_close(held[0, 0, [0, 2, 3]], 0.4 * rest / rest.sum())
    masked = torch.zeros(1, 2, 5, dtype=torch.bool)
    masked[0, 1, 2] = True
    rest = plain[0, 1, [0, 1, 3]]
    assert_close(attention(queries, keys, mask, masked=masked)[0, 1, [0, 1, 3]], rest / rest.sum())
