"""Where a token stands: attention by itself would read a sentence and any shuffling of it alike."""

import math

import torch
from torch import nn

from seqcore.cells.tap import Tap
from seqcore.text import N_, UserError

POSITIONS = {"sinusoidal": N_("sinusoidal"), "learned": N_("learned"), "rotary": N_("rotary"), "none": N_("none")}
"""How a model is told where its tokens stand."""

BASE = 10_000
"""The slowest wave takes almost 2 pi times so many tokens for one turn."""


def frequencies(width: int, like: torch.Tensor) -> torch.Tensor:
    """BASE^(-2i / width) of every pair of numbers 2i, 2i + 1 among so many."""
    return BASE ** (-torch.arange(0, width, 2, dtype=like.dtype, device=like.device) / width)


def sinusoidal(length: int, d_model: int) -> torch.Tensor:
    """PE[p, 2i] = sin(p BASE^(-2i / D)) and PE[p, 2i + 1] the cosine (length, D). Vaswani et al. 2017, section 3.5."""
    encoding = torch.empty(length, d_model, dtype=torch.float64)
    angles = torch.arange(length)[:, None] * frequencies(d_model, encoding)  # (length, D / 2)
    encoding[:, 0::2] = angles.sin()
    encoding[:, 1::2] = angles.cos()[:, : d_model // 2]
    return encoding.to(torch.get_default_dtype())


def turns(first: int, count: int, head_dim: int, like: torch.Tensor) -> torch.Tensor:
    """e^(i p BASE^(-2i / head_dim)) of the places p from `first` on, complex (count, head_dim / 2)."""
    places = torch.arange(first, first + count, dtype=like.dtype, device=like.device)
    angles = places[:, None] * frequencies(head_dim, like)
    return torch.polar(torch.ones_like(angles), angles)


def rotated(x: torch.Tensor, rotary: torch.Tensor | None) -> torch.Tensor:
    """x (B, N, T, head_dim) with each pair of its numbers turned by its place's angle; unchanged without `turns`.

    The product of a query at m and a key at n then depends on m - n alone. Source: Su et al. 2021, equations 12 to 16.
    """
    if rotary is None:
        return x
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)))  # (B, N, T, head_dim / 2)
    return torch.view_as_real(pairs * rotary).flatten(-2)


class Embedding(nn.Module):
    """Tokens as vectors, sqrt(D) E[token], plus what says where each stands.

    Of `POSITIONS`, sinusoidal and learned ones are added here; rotary ones turn queries and keys in every layer, by
    what `rotary` gives. While `placed` is false nothing tells where a token stands. `UserError` for heads that cannot
    be turned.

    Source: Vaswani et al. 2017, sections 3.4, 3.5 and, for the dropout of the sum, 5.4.
    """

    def __init__(self, size, d_model, num_heads, dropout, position, longest, name):
        super().__init__()
        self.head_dim = d_model // num_heads
        if position == "rotary" and self.head_dim % 2:
            raise UserError(
                N_("Rotary positions turn pairs of numbers, and a head has {head_dim} of them (d_model {d_model} / "
                   "num_heads {num_heads}): choose sizes that make this even."),
                head_dim=self.head_dim, d_model=d_model, num_heads=num_heads,
            )  # fmt: skip
        self.position, self.longest, self.placed = position, longest, True
        self.scale = math.sqrt(d_model)
        self.table = nn.Embedding(size, d_model)
        nn.init.normal_(self.table.weight, std=1 / self.scale)
        if position == "learned":
            self.places = nn.Parameter(torch.randn(longest, d_model) / self.scale)
        elif position == "sinusoidal":
            self.register_buffer("places", sinusoidal(longest, d_model), persistent=False)
        self.dropout = nn.Dropout(dropout)
        self.tap = nn.ModuleDict({value: Tap(f"{name}.{value}") for value in ("embedding", "position", "input")})

    def forward(self, tokens: torch.Tensor, first: int = 0) -> torch.Tensor:
        """Ids (B, T), the first of which stands at place `first`, -> (B, T, D); `UserError` for none or too many."""
        last = first + tokens.shape[1]
        if not 1 <= last <= self.longest:
            raise UserError(N_("A sentence holds 1 to {most} tokens, not {count}."), most=self.longest, count=last)
        x = self.tap["embedding"](self.scale * self.table(tokens))
        if self.placed and self.position in ("sinusoidal", "learned"):
            x = x + self.tap["position"](self.places[None, first:last])  # (B, T, D) + (1, T, D)
        return self.dropout(self.tap["input"](x))

    def rotary(self, first: int, count: int) -> torch.Tensor | None:
        """The `turns` of places from `first` on, where there are any."""
        turning = self.placed and self.position == "rotary"
        return turns(first, count, self.head_dim, self.table.weight) if turning else None
