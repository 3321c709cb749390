"""What one half of a Transformer makes of sentences: what it guesses, how it goes on, and what it looks at."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from seqcore.data.text import BOS, EOS, PAD, SPECIAL, UNK
from seqcore.data.text.corpus import MASK
from seqcore.look import Drawing, Look, Reading, Sentence
from seqcore.models.transformer.draw import cut, go_on
from seqcore.models.transformer.inside import altered
from seqcore.training import readings
from seqcore.training.said import in_order

SAMPLES = 6
"""Sentences that are always told."""

GOES_ON = 54
"""Tokens a decoder goes on for, at most."""

SLACK = 4
"""By how many tokens it may go on beyond the longest sentence it is tested on."""

PROMPT = 3
"""One token in so many of a test sentence is given to a decoder to go on from, and at least one."""


def samples(trainer, drawing: Drawing) -> dict[str, np.ndarray]:
    """`samples.source` and `samples.said` (6,), texts: test sentences with gaps and filled, and `samples.target`, as
    they were; of a decoder, how it begins by itself, six times."""
    if trainer.guesses:
        x, y = trainer.test_x[:SAMPLES], trainer.test_y[:SAMPLES]
        filled = torch.where(y != PAD, trainer.model(x).argmax(-1), x)
        return {"samples.source": texts(trainer, x), "samples.said": texts(trainer, filled),
                "samples.target": np.array(trainer.texts[:SAMPLES])}  # fmt: skip
    ids, _ = go_on(trainer.model, trainer.test_x.new_full((SAMPLES, 1), BOS), most(trainer), drawing)
    return {"samples.source": np.full(SAMPLES, ""), "samples.said": texts(trainer, ids)}


def foretold(trainer, look: Look) -> dict[str, np.ndarray]:
    """Of the sentence that `look` asks about, as arrays of text and numbers, with the model as it is made to read.

    `given`, `read` (T,): its tokens, and those that were read; `unknown` (T,): these have no number of their own.
    `vocabulary` () tokens can be said, which `words` (V,) are where a cell is explained. `rows` (T,): the true tokens,
    as far as there are any, that the rest is told of; of `readings.maps` the arrays, with tokens as text. `said`, and
    `before` where it reads otherwise than it is: the whole sentence as text.

    Of an encoder: `asked` (T,), which it had to guess. Of a decoder: `drawn` (n,), how it goes on, after `prompt` ()
    tokens; and of the one of them that `steps` counts, if it does, `next.tokens`, `next.probabilities` and `next.kept`
    (V,), what it was drawn from.

    See `seqcore.training.readings` for what else there is.
    """
    model, sentence = trainer.model, look.sentence
    told = guessed if trainer.guesses else continued
    with altered(model, **readings.changes(model, sentence.reading)):
        arrays = told(trainer, look)
    if sentence.reading != Reading():
        plain = replace(sentence, reading=Reading(), inside=(), cell=None)
        arrays["before"] = told(trainer, replace(look, sentence=plain))["said"]
    if trainer.guesses and arrays["given"].tolist() != arrays["read"].tolist():
        both = [trainer.vocabulary.encode(arrays[name]) for name in ("given", "read")]
        if sorted(both[0]) == sorted(both[1]):
            arrays |= readings.moved(model, lambda: model.states(trainer.test_x.new_tensor(both)))
    return arrays | readings.effects(trainer, sentence)


def guessed(trainer, look: Look) -> dict[str, np.ndarray]:
    """The same of an encoder."""
    sentence, pair = look.sentence, place(trainer, look)
    tokens = given(trainer, sentence, pair)
    if sentence.text or sentence.hidden is not None:
        hidden = sentence.hidden or ()
        gaps = np.array([token == MASK or k in hidden for k, token in enumerate(tokens)])
        masked = [MASK if gap else token for gap, token in zip(gaps, tokens, strict=True)]
    else:
        gaps = trainer.test_y[pair, : len(tokens)].cpu().numpy() != PAD
        masked = trainer.vocabulary.decode(trainer.test_x[pair, : len(tokens)].tolist())
    order = in_order(list(range(len(tokens))), sentence.order)
    read = [masked[k] for k in order]
    source, truth = (trainer.test_x.new_tensor(trainer.vocabulary.encode(words))
                     for words in (read, [tokens[k] for k in order]))  # fmt: skip
    likeliest = trainer.model(source[None])[0].argmax(-1)
    asked = torch.from_numpy(gaps[order]).to(source.device)
    rows = truth.where(truth != len(trainer.vocabulary) - 1, likeliest)  # of a gap that was typed nobody knows it
    arrays = looked(trainer, lambda names: trainer.model.inside(source, names), source, rows, sentence)
    arrays |= {"given": np.array(masked), "read": np.array(read), "asked": gaps[order],
               "said": texts(trainer, likeliest.where(asked, source)[None])[0]}  # fmt: skip
    return arrays if sentence.text else {**arrays, "truth": np.array(trainer.texts[pair])}


def continued(trainer, look: Look) -> dict[str, np.ndarray]:
    """The same of a decoder: it goes on from what is typed, or from the beginning of a test sentence."""
    sentence, pair = look.sentence, place(trainer, look)
    tokens = given(trainer, sentence, pair)
    read = in_order(tokens, sentence.order)
    prompt = read if sentence.text else read[: max(1, len(read) // PROMPT)]
    ids = trainer.test_x.new_tensor([BOS, *trainer.vocabulary.encode(prompt)])
    drawn, logits = go_on(trainer.model, ids[None], most(trainer), sentence.drawing)
    whole = torch.cat([ids, drawn[0]])
    if not sentence.text and not sentence.own:
        whole = ids.new_tensor([BOS, *trainer.vocabulary.encode(read), EOS])
    source, rows = whole[:-1], whole[1:]
    arrays = {
        **looked(trainer, lambda names: trainer.model.inside(source, names), source, rows, sentence),
        "given": np.array(tokens), "read": np.array(read), "prompt": np.array(len(prompt)),
        "said": texts(trainer, torch.cat([ids, drawn[0]])[None])[0],
        "drawn": np.array(trainer.vocabulary.decode(drawn[0].tolist())),
    }  # fmt: skip
    if not sentence.text and not sentence.own:
        arrays["truth"] = np.array(trainer.texts[pair])
    if not sentence.steps:
        return arrays
    told = cut(logits[0, min(sentence.steps, drawn.shape[1]) - 1], sentence.drawing)
    arrays |= {
        name: values.cpu().numpy() for name, values in zip(("next.probabilities", "next.kept"), told, strict=True)
    }
    return {**arrays, "next.tokens": np.array(trainer.vocabulary.decode(range(len(trainer.vocabulary))))}


def looked(trainer, read: readings.Read, source: torch.Tensor, rows: torch.Tensor, sentence: Sentence):
    """Maps, values and choices of a sentence (T,) whose true tokens are `rows` (T,), with tokens as text."""
    arrays = readings.maps(trainer.model, read, rows, sentence) | readings.values(trainer.model, read, sentence)
    words = np.array(trainer.vocabulary.decode(range(len(trainer.vocabulary))))
    arrays |= {"rows": words[rows.cpu().numpy()], "input": words[source.cpu().numpy()]}
    arrays |= {name: words[arrays[name]] for name in ("output", "top")}
    if sentence.cell:
        arrays["words"] = words
    return {**arrays, "unknown": arrays["input"] == SPECIAL[UNK], "vocabulary": np.array(len(words))}


def most(trainer) -> int:
    """Tokens a decoder goes on for."""
    return min(GOES_ON, trainer.longest + SLACK)


def place(trainer, look: Look) -> int:
    """The test sentence that is looked at."""
    return min(max(look.window, 0), len(trainer.texts) - 1)


def given(trainer, sentence: Sentence, pair: int) -> list[str]:
    """The tokens of what is typed, or of a test sentence."""
    return trainer.tokens(sentence.text) if sentence.text else trainer.tokenizer.encode(trainer.texts[pair])


def texts(trainer, rows: torch.Tensor | Sequence[Sequence[int]]) -> np.ndarray:
    """What a reader sees of rows of ids: up to the end of each."""
    told = []
    for ids in rows.tolist():
        ids = ids[: ids.index(EOS)] if EOS in ids else ids
        tokens = trainer.vocabulary.decode([number for number in ids if number not in (PAD, BOS)])
        told.append(trainer.tokenizer.decode(_spaced(trainer.tokenizer.kind, tokens)))
    return np.array(told)


def _spaced(kind: str, tokens: list[str]) -> list[str]:
    """A gap takes the space before it along, as the word it stands for would."""
    return [f" {token}" if token == MASK and kind != "characters" else token for token in tokens]
