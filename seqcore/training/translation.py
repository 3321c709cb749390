"""Training on a text task: pairs, shuffled anew in every round, until what was never seen is translated too."""

import math
from dataclasses import replace

import numpy as np
import torch

from seqcore.data.text import PAD, TEXT_TASKS, Pairs, make, vocabularies
from seqcore.data.text.spec import TransformerSpec, TranslationSpec
from seqcore.look import NOW, Look, Sentence
from seqcore.models.seq2seq import Seq2seq, translate
from seqcore.models.transformer import Transformer, attentions
from seqcore.training.events import Snapshot, Started
from seqcore.training.readings import Known
from seqcore.training.recording import State, digest
from seqcore.training.said import said, samples
from seqcore.training.snapshot import as_it_was
from seqcore.training.textual import SCORED, TESTED, TextTrainer, judged, naive_share, trimmed


class TranslationTrainer(TextTrainer):
    """A `TextTrainer` of a network that turns one sentence into another.

    Its errors are of tokens where the decoder reads the true ones before. Of a Transformer's run there is no
    `teacher_forcing`: it reads the true words.
    """

    CHANGEABLE = (*TextTrainer.CHANGEABLE, "teacher_forcing")

    def __init__(self, spec: TranslationSpec | TransformerSpec):
        self.task, self.vocabularies = TEXT_TASKS[spec.data.task], vocabularies(spec.data.task)
        super().__init__(spec)
        self.pairs = make(spec.data.task, TESTED, spec.seed, "test")
        self.test_x, self.test_y = self._numbers(self.pairs)
        self.x, self.y = self._numbers(make(spec.data.task, spec.data.pairs, spec.seed))
        self.longest = self.test_x.shape[1] + self.test_y.shape[1]
        self.over |= {"free": [], "whole": []}
        self.known = Known()

    def build(self) -> Seq2seq | Transformer:
        model, (sources, targets) = self.spec.model, self.vocabularies
        if isinstance(self.spec, TransformerSpec):
            return Transformer(
                model.d_model, model.num_heads, model.num_layers, model.d_ff, model.dropout, model.norm_first,
                model.position, model.tied, len(sources), len(targets), causal=model.causal,
            )  # fmt: skip
        return Seq2seq(
            model.architecture, model.hidden_size, model.embedding_size, model.num_layers, model.bidirectional,
            model.attention, len(sources), len(targets), model.dropout,
        )  # fmt: skip

    def started(self) -> Started:
        cell = getattr(self.model.decoder, "cell", None)
        return Started(
            weights=self.flat.numel(), device=str(self.device),
            kernel="written" if cell is None else cell.kernel_for(self.model.decoder.embedding(self.y[: self.size])),
            train_windows=len(self.x), test_windows=TESTED, train_from=0, test_from=0, split=0,
            naive_rmse=naive_share(self.test_y[:, 1:]),
        )  # fmt: skip

    def read(self, chosen: torch.Tensor, done: float | None) -> tuple[torch.Tensor, torch.Tensor]:
        x, y = trimmed(self.x[chosen], self.y[chosen])
        return self.model(x, y[:, :-1], 1.0 if done is None else self.teaching(done)), y[:, 1:]

    def tested(self) -> tuple[float, float]:
        x, y = trimmed(self.test_x[:SCORED], self.test_y[:SCORED])
        loss, right = judged(self.model(x, y[:, :-1]), y[:, 1:])
        return loss.item(), right

    def score(self) -> tuple[float, float]:
        whole, free = math.nan, math.nan
        if self.epochs:  # otherwise it is only looked at, and may be too large to translate so much
            whole, free = (each.mean().item() for each in self._left_to_itself(SCORED))
        self.over["free"].append(free)
        self.over["whole"].append(whole)
        return self.tested()

    def snapshot(self, look: Look = NOW, state: State | None = None) -> Snapshot:
        """What `look` asks for, of the model as it is or as it was in `state`: see `seqcore.training.said`.

        By epoch, of all that have been, on pairs never seen: `over.loss` (n,) per token, `over.free` (n,) the share of
        right tokens where the decoder reads its own, `over.whole` (n,) that of translations without a mistake.
        """
        epoch = state.epoch if state else self.epoch
        with as_it_was(self, state), torch.no_grad():
            fingerprint = digest(self.flat.detach().cpu().numpy())
            self.known.now(fingerprint)
            arrays = {f"over.{name}": np.array(values) for name, values in self.over.items()}
            arrays |= self.known.samples_of(self, look.sentence.drawing, samples) | said(self, look)
        return Snapshot(epoch, look.window, arrays, fingerprint)

    def conclusion(self) -> Snapshot:
        """All there is to see of the network as it is, and how it does on all `TESTED` pairs.

        `whole` and `free` (TESTED,) are by pair 1 where the translation has no mistake and its share of right tokens,
        left to itself; `length` (TESTED,) counts the source's tokens.
        """
        with as_it_was(self, None), torch.no_grad():
            whole, free = self._left_to_itself(TESTED)
        length = (self.test_x != PAD).sum(1)
        sides = tuple(f"{name}.{side}" for name in attentions(self.model) for side in "qk")
        shot = self.snapshot(Look(sentence=Sentence(effects=True, beam=4, heads=bool(sides), inside=sides)))
        tested = {"whole": whole, "free": free, "length": length}
        return replace(shot, arrays={**shot.arrays, **{name: values.cpu().numpy() for name, values in tested.items()}})

    def teaching(self, done: float) -> float:
        """The share of true words the decoder reads when so much of the training, 0 to 1, is done; a Transformer's all.

        Source: Bengio et al. 2015, section 2.4, linear and inverse sigmoid decay.
        """
        if "teacher_forcing" not in self.now:
            return 1.0
        last, schedule = self.now["teacher_forcing"], self.spec.teaching.schedule
        left = {"constant": 0.0, "linear": 1 - done, "sigmoid": 1 / (1 + math.exp(12 * done - 6))}[schedule]
        return last + (1 - last) * left

    def _numbers(self, pairs: Pairs) -> tuple[torch.Tensor, torch.Tensor]:
        return tuple(map(self.on_device, self.task.numbers(pairs, self.vocabularies)))

    def _left_to_itself(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the first `count` test pairs, fed with its own words: which are right, and each one's right tokens."""
        x, y = trimmed(self.test_x[:count], self.test_y[:count, 1:])
        words = translate(self.model, x, y.shape[1])
        real = y != PAD
        same = (words == y) & real
        return (same.sum(1) == real.sum(1)).float(), same.sum(1) / real.sum(1)
