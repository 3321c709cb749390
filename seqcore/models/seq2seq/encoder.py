"""The encoder: reads a sentence token by token, and folds it into the state that the decoder begins with."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqcore.data.text.vocabulary import PAD
from seqcore.models.remedied import CELLS
from seqcore.text import N_, UserError

State = torch.Tensor | tuple[torch.Tensor, torch.Tensor]
"""What a recurrent cell of `torch.nn` takes and gives: h (L, B, H), or (h, c) of an LSTM."""


class Encoder(nn.Module):
    """Embedding, and layers of cells in one direction or two; padding at the right end changes nothing.

    The forward cells give their state at the last real token; the reverse ones read each sentence backwards from
    there, so that padding never comes before a word. What goes into a layer passes dropout (Zaremba et al. 2014). The
    decoder begins with the last state of each layer as it is, or, of two directions, with tanh(W [forward; reverse]
    + b), one W for each layer, of an LSTM's cell too (Bahdanau et al. 2015, A.2.2, take the reverse one's alone).
    """

    def __init__(self, cell, source_size, embedding_size, hidden_size, num_layers, bidirectional, dropout):
        super().__init__()
        self.directions = ("", "r") if bidirectional else ("",)
        self.num_layers = num_layers
        self.state_size = len(self.directions) * hidden_size
        self.embedding = nn.Embedding(source_size, embedding_size)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_size] + [self.state_size] * (num_layers - 1)
        # a cell for each layer and direction: a stack of them does not show the lower layers' states at the last token
        self.cells = nn.ModuleDict(
            {f"l{k}{d}": CELLS[cell](size, hidden_size, batch_first=True)
             for k, size in enumerate(sizes) for d in self.directions}
        )  # fmt: skip
        count = num_layers * (2 if cell == "lstm" else 1) if bidirectional else 0
        self.bridges = nn.ModuleList(nn.Linear(self.state_size, hidden_size) for _ in range(count))

    def forward(self, source: torch.Tensor) -> tuple[torch.Tensor, State]:
        """Ids (B, S) -> the top layer's states (B, S, directions * H), 0 at padding, and the decoder's first state.

        `UserError` for a sentence without a token.
        """
        real = source != PAD  # (B, S)
        lengths = real.sum(1)
        if not lengths.all():
            raise UserError(N_("There is nothing to read: the sentence is empty."))
        steps = torch.arange(source.shape[1], device=source.device)
        backwards = torch.where(real, lengths[:, None] - 1 - steps, steps)  # (B, S), its own inverse
        x, finals = self.embedding(source), []
        for k in range(self.num_layers):
            x = self.dropout(x.contiguous())  # the mask is drawn in the order of the memory, whichever kernel ran
            states, final = read(self.cells[f"l{k}"], x, lengths)
            if "r" in self.directions:
                reverse, last = read(self.cells[f"l{k}r"], reordered(x, backwards), lengths)
                states = torch.cat([states, reordered(reverse, backwards)], -1)
                final = [torch.cat(both, -1) for both in zip(final, last, strict=True)]
            x = states  # (B, S, directions * H)
            finals.append(final)
        state = self._bridged([torch.stack(kind) for kind in zip(*finals, strict=True)])
        return x.masked_fill(~real[..., None], 0), state

    def _bridged(self, finals: list[torch.Tensor]) -> State:
        """The last states (L, B, directions * H), of an LSTM and its cell, -> the decoder's first."""
        if self.bridges:
            bridges = iter(self.bridges)
            finals = [torch.stack([torch.tanh(next(bridges)(layer)) for layer in kind]) for kind in finals]
        return finals[0] if len(finals) == 1 else tuple(finals)


def read(cell: nn.RNNBase, x: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """x (B, S, C) -> states (B, S, H), and h, of an LSTM also c, (B, H) after the last of each row's real steps."""
    longest = x.shape[1]
    if bool((lengths == longest).all()):
        states, final = cell(x)
        return states, [each[0] for each in (final if isinstance(final, tuple) else (final,))]
    if cell.mode == "LSTM":  # c is seen after the last step only; packed, the rows end where their sentences do
        packed, final = cell(pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False))
        return pad_packed_sequence(packed, batch_first=True, total_length=longest)[0], [each[0] for each in final]
    states, _ = cell(x)
    return states, [states[torch.arange(len(x), device=x.device), lengths - 1]]


def reordered(x: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """x (B, S, C) with step order[b, s] of row b at step s."""
    first = torch.arange(len(x), device=x.device)[:, None] * x.shape[1]
    return x.flatten(0, 1).index_select(0, (first + order).flatten()).view_as(x)
