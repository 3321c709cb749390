"""The blocks of a Transformer: attention and feed-forward, each with its residual connection and its norm."""

import torch
from torch import nn

from seqcore.cells.tap import Tap
from seqcore.models.transformer.attention import MultiHeadAttention, Sides


class AddAndNorm(nn.Module):
    """What stands around a sublayer f: x + f(norm(x)) if `norm_first`, else norm(x + f(x)); f's result passes dropout.

    Sources: Vaswani et al. 2017, section 3.1 (norm last); Xiong et al. 2020, figure 1 (norm first).
    """

    def __init__(self, d_model: int, dropout: float, norm_first: bool, name: str):
        super().__init__()
        self.norm_first = norm_first
        self.norm = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)
        self.tap = nn.ModuleDict({value: Tap(f"{name}.{value}") for value in ("norm", "sum")})

    def before(self, x: torch.Tensor) -> torch.Tensor:
        """What the sublayer reads, of x (B, T, D)."""
        return self.tap["norm"](self.norm(x)) if self.norm_first else x

    def after(self, x: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        """What goes on, of x and what the sublayer made of it, (B, T, D) all."""
        x = self.tap["sum"](x + self.dropout(out))
        return x if self.norm_first else self.tap["norm"](self.norm(x))


class FeedForward(nn.Module):
    """W2 relu(W1 x + b1) + b2, the same at every place. Source: Vaswani et al. 2017, section 3.3."""

    def __init__(self, d_model: int, d_ff: int, dropout: float, name: str):
        super().__init__()
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.dropout = nn.Dropout(dropout)
        self.tap = nn.ModuleDict({value: Tap(f"{name}.{value}") for value in ("hidden", "out")})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, T, D) -> (B, T, D), by way of (B, T, d_ff)."""
        hidden = self.tap["hidden"](torch.relu(self.up(x)))
        return self.tap["out"](self.down(self.dropout(hidden)))


class EncoderLayer(nn.Module):
    """Each place looks at all that its mask lets it see, then thinks by itself. As `nn.TransformerEncoderLayer`.

    With a causal mask it is the layer of a model that is a decoder alone.
    """

    def __init__(self, d_model, num_heads, d_ff, dropout=0.0, norm_first=True, name="layer"):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, num_heads, dropout, f"{name}.self")
        self.around_attention = AddAndNorm(d_model, dropout, norm_first, f"{name}.self")
        self.feed = FeedForward(d_model, d_ff, dropout, f"{name}.feed")
        self.around_feed = AddAndNorm(d_model, dropout, norm_first, f"{name}.feed")

    def forward(
        self,
        x: torch.Tensor,
        mask: torch.Tensor | None = None,
        rotary: torch.Tensor | None = None,
        past: Sides | None = None,
    ) -> tuple[torch.Tensor, Sides]:
        """x (B, T, D) -> (B, T, D), and the keys and values of all places so far: those of `past`, then x's."""
        x, sides = look_at_itself(self.attention, self.around_attention, x, mask, rotary, past)
        return self.around_feed.after(x, self.feed(self.around_feed.before(x))), sides


class DecoderLayer(nn.Module):
    """Each place looks at those before it, then at the encoder's, then thinks by itself.

    As `nn.TransformerDecoderLayer`, but for what is handed to it: not the encoder's states, but the keys and values
    that `cross.sides` makes of them, which are the same at every step of a translation.
    """

    def __init__(self, d_model, num_heads, d_ff, dropout=0.0, norm_first=True, name="layer"):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, num_heads, dropout, f"{name}.self")
        self.around_attention = AddAndNorm(d_model, dropout, norm_first, f"{name}.self")
        self.cross = MultiHeadAttention(d_model, num_heads, dropout, f"{name}.cross")
        self.around_cross = AddAndNorm(d_model, dropout, norm_first, f"{name}.cross")
        self.feed = FeedForward(d_model, d_ff, dropout, f"{name}.feed")
        self.around_feed = AddAndNorm(d_model, dropout, norm_first, f"{name}.feed")

    def forward(
        self,
        x: torch.Tensor,
        memory: Sides,
        mask: torch.Tensor | None = None,
        memory_mask: torch.Tensor | None = None,
        rotary: torch.Tensor | None = None,
        past: Sides | None = None,
        weights: bool = False,
    ) -> tuple[torch.Tensor, Sides, torch.Tensor | None]:
        """As `EncoderLayer`, and if asked for the weights (B, N, T, S) of the look at the encoder's places."""
        x, sides = look_at_itself(self.attention, self.around_attention, x, mask, rotary, past)
        q = self.cross.queries(self.around_cross.before(x))
        out, seen = self.cross.attend(q, memory, memory_mask, weights)
        x = self.around_cross.after(x, out)
        return self.around_feed.after(x, self.feed(self.around_feed.before(x))), sides, seen


def look_at_itself(attention, around, x, mask, rotary, past) -> tuple[torch.Tensor, Sides]:
    """Self-attention with its residual and norm; the arguments and the result are those of `EncoderLayer`."""
    read = around.before(x)
    q, sides = attention.queries(read, rotary), attention.sides(read, rotary)
    if past is not None:
        sides = tuple(torch.cat(both, 2) for both in zip(past, sides, strict=True))
    return around.after(x, attention.attend(q, sides, mask)[0]), sides
