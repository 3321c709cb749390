"""Attention: every query is compared with all keys, and takes the values of those that it fits."""

import math

import torch
from torch import nn
from torch.nn.functional import dropout, scaled_dot_product_attention

from seqcore.cells.tap import Tap
from seqcore.models.transformer.position import rotated
from seqcore.text import N_, UserError

Sides = tuple[torch.Tensor, torch.Tensor]
"""Keys and values (B, N, S, head_dim), one beside the other: all that attention needs of what it looks at."""


class MultiHeadAttention(nn.Module):
    """softmax(Q K^T / sqrt(head_dim)) V in each of N heads, side by side, and one linear map of all that they say.

    A mask, bool and of a shape that broadcasts to (B, N, T, S), is true where a query may look. Elsewhere the weight is
    exactly 0, and a query that may look nowhere gets 0. `heads` (N,), if any, is false where a head is off: what it
    says is 0. While `explicit` the weights are written out, so that the taps of `SCORED` see them; otherwise torch's
    fused call gives the same sum.

    Source: Vaswani et al. 2017, section 3.2; dropout falls on the weights, as in `nn.MultiheadAttention`. `UserError`
    if `d_model` cannot be shared out evenly.
    """

    TAPPED = ("q", "k", "v", "context", "joined", "out")
    SCORED = ("scores", "scaled", "masked", "weights")

    def __init__(self, d_model: int, num_heads: int, dropout: float = 0.0, name: str = "attention"):
        super().__init__()
        if d_model % num_heads:
            raise UserError(
                N_("d_model ({d_model}) must be divisible by num_heads ({num_heads}): each head gets an equal part."),
                d_model=d_model, num_heads=num_heads,
            )  # fmt: skip
        self.name, self.num_heads, self.dropout = name, num_heads, dropout
        self.query, self.key, self.value, self.out = (nn.Linear(d_model, d_model) for _ in range(4))
        self.tap = nn.ModuleDict({value: Tap(f"{name}.{value}") for value in (*self.TAPPED, *self.SCORED)})
        self.heads: torch.Tensor | None = None
        self.explicit = False

    def forward(
        self,
        query_in: torch.Tensor,
        memory: torch.Tensor,
        mask: torch.Tensor | None = None,
        *,
        weights: bool = False,
        rotary: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """query_in (B, T, D) looks at memory (B, S, D) -> (B, T, D), and if asked for the weights (B, N, T, S).

        `rotary` holds the `turns` of the places, which are then the same ones for both.
        """
        return self.attend(self.queries(query_in, rotary), self.sides(memory, rotary), mask, weights)

    def queries(self, x: torch.Tensor, rotary: torch.Tensor | None = None) -> torch.Tensor:
        """x (B, T, D) -> Q (B, N, T, head_dim): what each place asks for."""
        return self.tap["q"](rotated(self._split(self.query(x)), rotary))

    def sides(self, x: torch.Tensor, rotary: torch.Tensor | None = None) -> Sides:
        """x (B, S, D) -> K, what each place is found by, and V, what it then gives, (B, N, S, head_dim) both."""
        return self.tap["k"](rotated(self._split(self.key(x)), rotary)), self.tap["v"](self._split(self.value(x)))

    def attend(
        self, q: torch.Tensor, sides: Sides, mask: torch.Tensor | None = None, weights: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """What `forward` gives, of queries (B, N, T, head_dim) and sides that are known."""
        k, v = sides
        seen = None
        if weights or self.explicit:
            scores = self.tap["scores"](q @ k.mT)  # (B, N, T, S)
            scaled = self.tap["scaled"](scores / math.sqrt(q.shape[-1]))
            masked = self.tap["masked"](scaled if mask is None else scaled.masked_fill(~mask, -math.inf))
            seen = masked.softmax(-1)
            # where all is masked the softmax is 0 / 0
            seen = self.tap["weights"](seen if mask is None else seen.masked_fill(~mask, 0))
            context = dropout(seen, self.dropout, self.training) @ v  # (B, N, T, head_dim)
        else:
            drop = self.dropout if self.training else 0.0
            context = scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=drop)
        if self.heads is not None:
            context = context * self.heads[:, None, None]
        joined = self.tap["joined"](self.tap["context"](context).transpose(1, 2).flatten(2))  # (B, T, D)
        return self.tap["out"](self.out(joined)), seen

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        """(B, T, D) -> (B, N, T, head_dim): each head reads a part of its own."""
        return x.unflatten(2, (self.num_heads, -1)).transpose(1, 2)

    def load_torch(self, theirs: nn.MultiheadAttention) -> None:
        """Take over the weights of torch's module."""
        packed = zip(theirs.in_proj_weight.chunk(3), theirs.in_proj_bias.chunk(3), strict=True)
        for linear, (weight, bias) in zip((self.query, self.key, self.value), packed, strict=True):
            linear.load_state_dict({"weight": weight, "bias": bias})
        self.out.load_state_dict(theirs.out_proj.state_dict())
