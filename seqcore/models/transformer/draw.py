"""How a language model goes on with a sentence: one token after the other, drawn from what it holds possible."""

import torch

from seqcore.data.text.vocabulary import BOS, EOS, PAD, UNK
from seqcore.look import Drawing
from seqcore.models.transformer.model import TransformerDecoder

NEVER = (PAD, BOS, UNK)
"""Ids that no sentence is made of."""


def cut(logits: torch.Tensor, drawing: Drawing) -> tuple[torch.Tensor, torch.Tensor]:
    """Of logits (..., V) the probabilities at the temperature, and which of the tokens may be drawn, (..., V) both.

    Of the `top_k` likeliest those stay before which less than `top_p` has been gathered, so that one always does.
    Sources: Fan et al. 2018, section 5.2 (top-k); Holtzman et al. 2020, section 3.1 (top-p, the nucleus).
    """
    logits = logits.clone()
    logits[..., NEVER] = -torch.inf
    probabilities = (logits / drawing.temperature).softmax(-1)
    ranked, order = probabilities.sort(dim=-1, descending=True, stable=True)
    kept = ranked.cumsum(-1) - ranked < drawing.top_p
    kept &= ranked > 0
    if drawing.top_k:
        kept[..., drawing.top_k :] = False
    return probabilities, torch.zeros_like(kept).scatter(-1, order, kept)


def go_on(
    model: TransformerDecoder, prompts: torch.Tensor, most: int, drawing: Drawing
) -> tuple[torch.Tensor, torch.Tensor]:
    """What follows prompts (B, T), ids from BOS on without padding, up to EOS: ids (B, n), PAD behind the end of each,
    n at most `most`; and the logits (B, n, V) they were drawn from. What is no number, as of a network that has
    diverged, ends the sentence. The model must be at rest.
    """
    dice = torch.Generator().manual_seed(drawing.seed)
    ended = torch.zeros(len(prompts), dtype=torch.bool, device=prompts.device)
    states, state = model.decoder(prompts)
    logits, tokens, before = model.output(states[:, -1]), [], []
    while True:
        probabilities, kept = cut(logits, drawing)
        chances = (probabilities * kept).nan_to_num(0.0).cpu()
        chances[chances.sum(-1) == 0, EOS] = 1.0
        throws = torch.multinomial(chances, 1, generator=dice)[:, 0]
        token = throws.to(prompts.device).masked_fill(ended, PAD)
        tokens.append(token)
        before.append(logits)
        ended |= token == EOS
        if ended.all() or len(tokens) == most:
            return torch.stack(tokens, 1), torch.stack(before, 1)
        logits, state = model.step(token, state)
