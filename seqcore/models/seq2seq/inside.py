"""What a model computes for one sentence, as arrays."""

import numpy as np
import torch

from seqcore.data.text.vocabulary import BOS
from seqcore.models.seq2seq.decode import greedy
from seqcore.models.seq2seq.decoder import at_rest
from seqcore.models.seq2seq.model import Seq2seq


def inside(model: Seq2seq, source: torch.Tensor, target: torch.Tensor | None, most: int = 50) -> dict[str, np.ndarray]:
    """Reading source (S,) and then `target` (T,), which ends with EOS; without one, what the model says by itself.

    `encoder` (S, directions * H), the top layer's states; `bottleneck` (L, H), the state the decoder begins with;
    `input` (T,), the token that each step reads, `decoder` (T, H), the top layer's states, `attention` (T, S) where
    there is one, `logits` (T, V), and `output` (T,), the likeliest tokens. `most` is for a model left to itself.
    """
    if target is None:
        target = source.new_tensor(greedy(model, source, most).ids)
    tokens = torch.cat([source.new_tensor([BOS]), target[:-1]])
    with at_rest(model):
        memory, state = model.encode(source[None])
        made = model.decoder(tokens[None], state, memory)
    found = {"encoder": memory.states[0], "bottleneck": (state[0] if isinstance(state, tuple) else state)[:, 0],
             "input": tokens, "decoder": made.states[0], "logits": made.logits[0],
             "output": made.logits[0].argmax(-1)}  # fmt: skip
    if made.weights is not None:
        found["attention"] = made.weights[0]
    return {name: values.cpu().numpy() for name, values in found.items()}
