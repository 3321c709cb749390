"""What a network that translates says, and what it looks at while it does: of a few sentences, and of one in detail."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from scipy.stats import rankdata

from seqcore.data.text import BOS, EOS, PAD
from seqcore.look import Drawing, Look, Reading, Sentence
from seqcore.models.seq2seq import Seq2seq, beam, effects, greedy, inside, read_before, translate
from seqcore.models.transformer import Transformer
from seqcore.models.transformer.inside import altered
from seqcore.training import readings

SAMPLES = 6
"""Test pairs, the first ones, whose translation is always told."""

MOST_EFFECTS = 60
"""Tokens of a source up to which it is told what hiding each of them does."""

SLACK = 4
"""By how many tokens a translation may be longer than the longest of its task."""


def samples(trainer, _: Drawing) -> dict[str, np.ndarray]:
    """`samples.source`, `samples.target` and `samples.said` (6,), texts: what the network makes of some test pairs;
    nothing is drawn."""
    x = trainer.test_x[:SAMPLES]
    words = translate(trainer.model, x, trainer.test_y.shape[1] - 1).tolist()
    pairs = trainer.pairs
    return {
        "samples.source": np.array(pairs.source[:SAMPLES]),
        "samples.target": np.array(pairs.target[:SAMPLES]),
        "samples.said": np.array([text(trainer, ids) for ids in words]),
    }


def said(trainer, look: Look) -> dict[str, np.ndarray]:
    """Of the sentence that `look` asks about, as arrays of text and numbers.

    `given`, `read` (S,): the source's tokens, and those that were read; `unknown` (S,): these have no number of their
    own. `truth`, where it is known, `said` and, with something held or another order, `before`: the translations as
    text. `rows` (T,): the tokens that the rest is told of, at each step; and of `shown` the arrays, with tokens as
    text; where a cell is explained, all that can be said as `words` (V,). If asked for, those of `effects` as
    `effect.removed`, `effect.masked`, each with its `.rank` (); and of a search, by node: `beam.token`, `.parent`,
    `.step`, `.log_probability`, `.kept`, `.finished`, and `.best` ().

    Of a Transformer, which reads as it is made to, see `seqcore.training.readings` for what else there is.
    """
    model, sentence = trainer.model, look.sentence
    if isinstance(model, Seq2seq):
        arrays = told(trainer, look)
    else:
        with altered(model, **readings.changes(model, sentence.reading)):
            arrays = told(trainer, look)
        arrays |= readings.effects(trainer, sentence)
    touched = sentence.forced or sentence.masked or sentence.reading != Reading()
    if touched or (arrays["given"].tolist() != arrays["read"].tolist()):
        arrays |= before(trainer, *(arrays[name].tolist() for name in ("given", "read")))
    return arrays


def told(trainer, look: Look) -> dict[str, np.ndarray]:
    """What `said` tells of one sentence, of the model as it reads now."""
    sentence, task, (sources, targets) = look.sentence, trainer.task, trainer.vocabularies
    pair = min(max(look.window, 0), len(trainer.pairs) - 1)
    given = task.typed(sentence.text) if sentence.text else task.tokens(trainer.pairs.source[pair])
    read = in_order(given, sentence.order)
    source = trainer.test_x.new_tensor(sources.encode(read))
    most = task.target_length + SLACK
    forced, masked = held(sentence, most, source)
    words = greedy(trainer.model, source, most, forced, masked).ids
    rows = trainer.test_x.new_tensor(words)
    arrays = {"given": np.array(given), "read": np.array(read), "said": np.array(text(trainer, words)),
              "unknown": np.array([token not in sources for token in read])}  # fmt: skip
    if not sentence.text:
        arrays["truth"] = np.array(trainer.pairs.target[pair])
        if not sentence.own:
            rows = trainer.test_y[pair, 1:]
            rows = rows[rows != PAD]
    rows = rows[: sentence.steps or None]
    arrays |= shown(trainer.model, source, rows, most, forced, masked, sentence)
    arrays["rows"] = rows.cpu().numpy()
    everything = np.array(targets.decode(range(len(targets))))
    for name in ("rows", "input", "output", "top"):
        arrays[name] = everything[arrays[name]]
    if sentence.cell:
        arrays["words"] = everything
    if sentence.effects and 1 < len(read) <= MOST_EFFECTS and isinstance(trainer.model, Seq2seq):
        told = effects(trainer.model, source, rows, forced, masked)
        arrays |= ranked_effects(told, arrays.get("attention"))
    if sentence.beam:
        arrays |= searched(trainer, source, most, sentence, everything)
    return arrays


def shown(model: Seq2seq | Transformer, source, rows, most: int, forced, masked, sentence: Sentence):
    """The arrays of `inside` but for the logits; of a Transformer its maps and values, and of what it says the same as
    of the others."""
    if isinstance(model, Seq2seq):
        arrays = inside(model, source, rows, most, forced, masked)
        del arrays["logits"]
        return arrays
    tokens = read_before(rows)
    read = partial(model.inside, source, tokens)
    arrays = readings.maps(model, read, rows, sentence) | readings.values(model, read, sentence)
    return {**arrays, "input": tokens.cpu().numpy()}


def before(trainer, given: list[str], read: list[str]) -> dict[str, np.ndarray]:
    """`before`: the translation of what was given, with nothing done to it or to how it is read; and of a Transformer
    that reads the same tokens in another order what `readings.moved` tells."""
    model, sources = trainer.model, trainer.vocabularies[0]
    source = trainer.test_x.new_tensor(sources.encode(given))
    arrays = {"before": np.array(text(trainer, greedy(model, source, trainer.task.target_length + SLACK).ids))}
    if isinstance(model, Transformer) and given != read and sorted(given) == sorted(read):
        both = trainer.test_x.new_tensor([sources.encode(given), sources.encode(read)])
        arrays |= readings.moved(model, lambda: model.encode(both)[0].states)
    return arrays


def in_order(tokens: list[str], order: Sequence[int] | None) -> list[str]:
    """The tokens at these places; all of them if none of the places is there."""
    return [tokens[place] for place in order or () if place < len(tokens)] or tokens


def held(sentence: Sentence, steps: int, source: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """`forced` and `masked` (steps, S) as `Attention` has them; None where none is held or all lie outside."""
    forced = source.new_full((steps, len(source)), torch.nan, dtype=torch.float32)
    masked = source.new_zeros((steps, len(source)), dtype=torch.bool)
    for step, place, weight in sentence.forced:
        if step < steps and place < len(source):
            forced[step, place] = weight
    for step, place in sentence.masked:
        if step < steps and place < len(source):
            masked[step, place] = True
    return forced if sentence.forced else None, masked if sentence.masked else None


def ranked_effects(told: dict[str, np.ndarray], attention: np.ndarray | None) -> dict[str, np.ndarray]:
    """The arrays of `effects`; with attention also how well the weights rank them."""
    arrays = {}
    for name, values in told.items():
        arrays[f"effect.{name}"] = values
        if attention is not None:
            arrays[f"effect.{name}.rank"] = np.array(rank_agreement(attention, values))
    return arrays


def rank_agreement(weights: np.ndarray, effect: np.ndarray) -> float:
    """Spearman's rank correlation of each step's weights (T, S) with the effects (T, S), the mean over the steps."""
    a, b = (rankdata(each, axis=1) for each in (weights, effect))
    a, b = (each - each.mean(1, keepdims=True) for each in (a, b))
    spread = np.sqrt((a * a).sum(1) * (b * b).sum(1))
    there = spread > 0
    return float(((a * b).sum(1)[there] / spread[there]).mean()) if there.any() else float("nan")


def searched(trainer, source: torch.Tensor, most: int, sentence: Sentence, tokens: np.ndarray) -> dict[str, np.ndarray]:
    """The beam search as arrays by node."""
    found = beam(trainer.model, source, sentence.beam, most, sentence.normalise)
    names = ("token", "parent", "step", "log_probability", "kept", "finished")
    arrays = {f"beam.{name}": np.array([getattr(node, name) for node in found.nodes]) for name in names}
    return {**arrays, "beam.token": tokens[arrays["beam.token"]], "beam.best": np.array(found.best)}


def text(trainer, ids: Sequence[int]) -> str:
    """What a reader sees of a translation's ids: up to its end, joined as its language is written."""
    ids = list(ids)
    ids = ids[: ids.index(EOS)] if EOS in ids else ids
    tokens = trainer.vocabularies[1].decode([number for number in ids if number not in (PAD, BOS)])
    return trainer.task.join_target(tokens)
