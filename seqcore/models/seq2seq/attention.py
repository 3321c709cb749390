"""How a decoder looks back: scores of its states over the encoder's, and the weights that they become."""

import numpy as np
import torch
from numba import njit
from torch import nn

from seqcore.text import N_, UserError


class Attention(nn.Module):
    """The weights of every decoder state h_t over the encoder states s_j, of which each row sums to 1.

    additive: v^T tanh(W h_t + U s_j), Bahdanau et al. 2015, A.1.2, with the decoder's state after its step where they
    take the one before it.  dot: h_t^T s_j.  general: h_t^T W s_j, both Luong et al. 2015, section 3.1.
    `UserError` for dot where h_t and s_j differ in size.
    """

    def __init__(self, kind: str, query_size: int, state_size: int):
        super().__init__()
        if kind == "dot" and query_size != state_size:
            raise UserError(
                N_("Dot attention compares states of one size, and the encoder's have {encoder} numbers, the decoder's "
                   "{decoder}: choose general or additive, or read in one direction."),
                encoder=state_size, decoder=query_size,
            )  # fmt: skip
        self.kind = kind
        self.key = nn.Identity() if kind == "dot" else nn.Linear(state_size, query_size, bias=False)
        if kind == "additive":
            self.query = nn.Linear(query_size, query_size, bias=False)
            self.v = nn.Linear(query_size, 1, bias=False)

    def keys(self, states: torch.Tensor) -> torch.Tensor:
        """U s_j, W s_j or s_j (B, S, H) of encoder states (B, S, E): the same at every step of the decoder."""
        return self.key(states)

    def scores(self, queries: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        """(B, T, S) of decoder states (B, T, H) and keys (B, S, H)."""
        if self.kind == "additive":
            return additive(self.query(queries), keys, self.v.weight[0])
        return queries @ keys.mT

    def forward(self, queries, keys, mask, forced=None, masked=None) -> torch.Tensor:
        """Decoder states (B, T, H), keys (B, S, H) and what is no padding, mask (B, S) -> weights (B, T, S).

        Padding gets exactly 0, and so do the positions that are true in `masked` (B, T, S). `forced` (B, T, S) gives
        weights, and NaN where it gives none: there the rest of 1 is shared out as the scores say. `UserError` if it
        gives a row more than 1.
        """
        scores, free = self.scores(queries, keys), mask[:, None]  # (B, T, S), (B, 1, S)
        if masked is not None:
            free = free & ~masked
        if forced is None:
            return shared_out(scores, free)
        held = free & ~forced.isnan()
        given = torch.where(held, forced, 0)
        total = given.sum(-1, keepdim=True)  # (B, T, 1)
        if given.min() < 0 or total.max() > 1 + 1e-6:
            raise UserError(
                N_("Weights that are forced must not be negative, and add up to at most 1 in a row, not {total:g}."),
                total=total.max().item(),
            )
        return given + shared_out(scores, free & ~held) * (1 - total)


def shared_out(scores: torch.Tensor, free: torch.Tensor) -> torch.Tensor:
    """The softmax of each row of scores (B, T, S) over its free positions; exactly 0 elsewhere."""
    # the lowest number instead of minus infinity: a row without a free position gives 0, not NaN
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill(~free, lowest).softmax(-1).masked_fill(~free, 0)


def additive(queries: torch.Tensor, keys: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """v^T tanh(q_t + k_j): queries (B, T, H), keys (B, S, H) and v (H,) -> (B, T, S)."""
    if queries.device.type == "cpu" and queries.dtype in (torch.float32, torch.float64):
        return Additive.apply(queries, keys, v)
    return torch.tanh(queries[:, :, None] + keys[:, None]) @ v


class Additive(torch.autograd.Function):
    """`additive` with NumPy's tanh and a backward pass of one loop: several times faster than autograd's.

    Between the passes it keeps B T S H numbers.
    """

    @staticmethod
    def forward(ctx, queries, keys, v):
        squashed = queries[:, :, None] + keys[:, None]  # (B, T, S, H)
        np.tanh(squashed.numpy(), out=squashed.numpy())
        ctx.save_for_backward(squashed, v)
        return squashed @ v

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_scores):
        squashed, v = ctx.saved_tensors
        B, T, S, H = squashed.shape
        d_queries, d_keys = v.new_zeros(B, T, H), v.new_zeros(B, S, H)
        through_scores(*(each.numpy() for each in (d_scores, squashed, v, d_queries, d_keys)))
        return d_queries, d_keys, d_scores.flatten() @ squashed.flatten(0, 2)


@njit
def through_scores(d_scores, squashed, v, d_queries, d_keys):
    """Add the gradients of the queries (B, T, H) and keys (B, S, H) to zeros; `squashed` (B, T, S, H) is the tanh."""
    B, T, S, H = squashed.shape
    for b in range(B):
        for t in range(T):
            for s in range(S):
                for k in range(H):
                    tanh = squashed[b, t, s, k]
                    d = d_scores[b, t, s] * v[k]
                    d -= d * tanh * tanh
                    d_queries[b, t, k] += d
                    d_keys[b, s, k] += d
