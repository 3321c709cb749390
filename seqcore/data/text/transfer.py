"""What a run of transfer learning is: pre-training without labels, and classifiers with few of them."""

import math
from dataclasses import dataclass, field

from seqcore.data.text.spec import CorpusSpec, LanguageSpec, SizeSpec, check_kind
from seqcore.spec import SETTINGS, Checked, TrainingSpec, Whole, integer
from seqcore.text import N_

LABELS = (8, 16, 32, 64, 128, 256)
"""How many labelled reviews a classifier is given, one number after the other."""

WAYS = ("frozen", "tuned", "scratch", "untrained")
"""What a classifier stands on: the pre-trained encoder, frozen; the same, trained on; an encoder as it is born, trained
with the classifier from nothing; and one as it is born and stays, which tells what pre-training is worth."""

GUESSED = 128
"""Reviews in a batch of the pre-training."""

UPDATES = 5
"""Updates of the pre-training in an epoch, as the trainer has it; a test compares them."""


@dataclass(frozen=True)
class ReviewsSpec(Checked):
    """What is read before any label is seen."""

    texts: int = integer(
        5_000, N_("Reviews without a label"), 1_000, 20_000,
        help=N_("What the encoder is pre-trained on; labels are then given for some of them."),
    )  # fmt: skip


@dataclass(frozen=True)
class StagesSpec(Checked):
    """How the weights are found, first of the encoder, then of each classifier."""

    pretraining: int = integer(
        1_500, N_("Pre-training"), 100, 4_000, unit=N_("updates"),
        help=N_("How often the encoder's weights are moved while it guesses masked words, 128 reviews at a time."),
    )  # fmt: skip
    updates: int = integer(
        100, N_("Each classifier"), 20, 400, unit=N_("updates"),
        help=N_("How often the weights of each classifier are moved, whatever it stands on and however many labels."),
    )  # fmt: skip
    lr: float = field(default=0.005, metadata={"setting": SETTINGS["lr"][1]})
    device: str = field(default="auto", metadata={"setting": SETTINGS["device"][1]})

    @property
    def guessing(self) -> int:
        """Epochs of pre-training."""
        return math.ceil(self.pretraining / UPDATES)

    @property
    def epochs(self) -> int:
        """The same, and one for each number of labels."""
        return self.guessing + len(LABELS)


@dataclass(frozen=True)
class TransferSpec(Whole):
    """The whole of a run: an encoder learns to guess masked words, then classifiers are trained on `LABELS` reviews.

    An epoch is `UPDATES` updates of the pre-training; when that is done, all classifiers of one number of labels.
    Raises `UserError` for a Transformer that is no encoder.
    """

    data: ReviewsSpec = field(default_factory=ReviewsSpec)
    model: SizeSpec = field(default_factory=lambda: SizeSpec(architecture="encoder", d_model=32, num_heads=2, d_ff=128))
    training: StagesSpec = field(default_factory=StagesSpec)
    seed: int = field(default=0, metadata={"setting": SETTINGS["seed"][1]})

    def __post_init__(self):
        super().__post_init__()
        check_kind(self.model.architecture, ("encoder",))

    def language(self) -> LanguageSpec:
        """The pre-training, as a run of its own."""
        own = self.training
        return LanguageSpec(
            CorpusSpec("reviews", sentences=self.data.texts), self.model,
            TrainingSpec(epochs=own.guessing, batch_size=GUESSED, lr=own.lr, clip=1, device=own.device), seed=self.seed,
        )  # fmt: skip
