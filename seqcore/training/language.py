"""Training one half of a Transformer on sentences: a decoder foretells the next token, an encoder guesses masked ones.

BOS  I    am   tired  .          I    am   <mask>  .
I    am   tired  .    EOS                  tired
"""

import numpy as np
import torch

from seqcore.data.text import BOS, EOS, TYPED
from seqcore.data.text.corpus import corpus, masked, with_gaps, with_mask
from seqcore.data.text.spec import LanguageSpec
from seqcore.data.text.task import padded
from seqcore.data.text.tokenizer import learn
from seqcore.look import NOW, Look
from seqcore.models.transformer import TransformerDecoder, TransformerEncoder
from seqcore.training.events import Snapshot, Started
from seqcore.training.foretold import GOES_ON, foretold, samples
from seqcore.training.readings import Known
from seqcore.training.recording import State, digest
from seqcore.training.snapshot import as_it_was
from seqcore.training.textual import SCORED, TESTED, TextTrainer, judged, naive_share, trimmed


class LanguageTrainer(TextTrainer):
    """A `TextTrainer` of an encoder or a decoder alone.

    Its errors are of the tokens that had to be guessed: in each batch other ones are masked, of the sentences never
    seen always the same ones. Raises `UserError` where the vocabulary is too small for its kind.
    """

    def __init__(self, spec: LanguageSpec):
        texts = corpus(spec.data.corpus, spec.data.sentences, spec.seed)
        self.tokenizer = learn(spec.data.tokens, texts, spec.data.vocabulary_size)
        self.guesses = spec.model.architecture == "encoder"
        self.vocabulary = with_mask(self.tokenizer.vocabulary) if self.guesses else self.tokenizer.vocabulary
        super().__init__(spec)
        self.texts = corpus(spec.data.corpus, TESTED, spec.seed, "test")
        self.x, self.test = self._numbers(texts), self._numbers(self.texts)
        self.draws = np.random.default_rng([spec.seed, *b"masks"])
        self.test_x, self.test_y = self.asked(self.test, np.random.default_rng([spec.seed, *b"test masks"]))
        self.longest = self.test_x.shape[1]
        self.known = Known()
        if not self.guesses:
            self.over["free"] = []

    def build(self) -> TransformerEncoder | TransformerDecoder:
        model, size = self.spec.model, len(self.vocabulary)
        sizes = (model.d_model, model.num_heads, model.num_layers, model.d_ff, model.dropout, model.norm_first,
                 model.position, model.tied, size, TYPED + GOES_ON + 2)  # fmt: skip
        return TransformerEncoder(*sizes) if self.guesses else TransformerDecoder(*sizes, model.causal)

    def started(self) -> Started:
        return Started(
            weights=self.flat.numel(), device=str(self.device), kernel="written", train_windows=len(self.x),
            test_windows=TESTED, train_from=0, test_from=0, split=0, naive_rmse=naive_share(self.test_y),
        )  # fmt: skip

    def read(self, chosen: torch.Tensor, done: float | None) -> tuple[torch.Tensor, torch.Tensor]:
        draws = np.random.default_rng([self.spec.seed, *b"first masks"]) if done is None else self.draws
        x, y = self.asked(*trimmed(self.x[chosen]), draws)
        return self.model(x), y

    def tested(self) -> tuple[float, float]:
        loss, right = judged(self.model(self.test_x[:SCORED]), self.test_y[:SCORED])
        return loss.item(), right

    def score(self) -> tuple[float, float]:
        loss, right = self.tested()
        if not self.guesses:
            self.over["free"].append(right if self.spec.model.causal else self._unseen())
        return loss, right

    def snapshot(self, look: Look = NOW, state: State | None = None) -> Snapshot:
        """What `look` asks for, of the model as it is or as it was in `state`: see `seqcore.training.foretold`.

        By epoch, of all that have been, on sentences never seen: `over.loss` (n,) per token and, of a decoder,
        `over.free` (n,) the share of right tokens where it sees only those before, as it does when it goes on.
        """
        epoch = state.epoch if state else self.epoch
        with as_it_was(self, state), torch.no_grad():
            fingerprint = digest(self.flat.detach().cpu().numpy())
            self.known.now(fingerprint)
            arrays = {f"over.{name}": np.array(values) for name, values in self.over.items()}
            arrays |= self.known.samples_of(self, look.sentence.drawing, samples) | foretold(self, look)
        return Snapshot(epoch, look.window, arrays, fingerprint)

    def conclusion(self) -> Snapshot:
        """All there is to see of the network as it is."""
        return self.snapshot()

    def tokens(self, text: str) -> list[str]:
        """Those of a text, in which an underscore or more stands for one to be guessed, if this network guesses."""
        return with_gaps(self.tokenizer, text) if self.guesses else self.tokenizer.encode(text)

    def asked(self, rows: torch.Tensor, draws: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and targets (B, T) of rows of ids: the tokens before each, or the others."""
        if not self.guesses:
            return rows[:, :-1], rows[:, 1:]
        inputs, targets = masked(rows.cpu().numpy(), draws, len(self.vocabulary))
        return self.on_device(inputs), self.on_device(targets)

    def _numbers(self, texts: tuple[str, ...]) -> torch.Tensor:
        rows = [self.vocabulary.encode(self.tokenizer.encode(text)) for text in texts]
        return self.on_device(padded(rows if self.guesses else [[BOS, *ids, EOS] for ids in rows]))

    def _unseen(self) -> float:
        """The share of right tokens where no place sees those after it, whatever it learns with."""
        decoder = self.model.decoder
        before, decoder.causal = decoder.causal, True
        try:
            return self.tested()[1]
        finally:
            decoder.causal = before
