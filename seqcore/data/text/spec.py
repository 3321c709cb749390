"""What a run on a text task is: frozen and validated, as `seqcore.spec.RunSpec` is for a series."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seqcore.catalogue import ARCHITECTURES, RECURRENT
from seqcore.data.text import COUNT, TEXT_TASK
from seqcore.data.text.corpus import CORPUS
from seqcore.data.text.tokenizer import KIND, SIZE
from seqcore.spec import (
    SETTINGS,
    Checked,
    Setting,
    TrainingSpec,
    Whole,
    choice,
    flag,
    from_flat,
    integer,
    real,
    settings_of,
)
from seqcore.text import N_, UserError

BATCH = 64
"""Pairs an update sees where no other number is asked for."""

ATTENTION = {"none": N_("none"), "additive": N_("additive (Bahdanau)"), "dot": N_("dot (Luong)"),
             "general": N_("general (Luong)")}  # fmt: skip

SCHEDULES = {"constant": N_("the same all the time"), "linear": N_("falls from 1, in a line"),
             "sigmoid": N_("falls from 1, late and then quickly")}  # fmt: skip


@dataclass(frozen=True)
class TextSpec(Checked):
    """What is translated, and how many pairs there are to learn from."""

    task: str = field(default="dates_zh", metadata={"setting": TEXT_TASK})
    pairs: int = field(default=10_000, metadata={"setting": COUNT})


@dataclass(frozen=True)
class CoderSpec(Checked):
    """The encoder and the decoder: cells of one kind and size."""

    architecture: str = choice(
        "gru", N_("Cell"), {kind.name: kind.label for kind in ARCHITECTURES if kind.name in RECURRENT}, main=True,
        help=N_("The cells that the encoder and the decoder are made of."),
    )  # fmt: skip
    attention: str = choice(
        "additive", N_("Attention"), ATTENTION, main=True,
        help=N_("How the decoder looks back at the source. With none, one state is all that it knows of it."),
    )  # fmt: skip
    hidden_size: int = integer(
        128, N_("Hidden size"), 1, 256, unit=N_("units"), main=True,
        help=N_("How many numbers each state has: without attention the whole sentence must fit into as many."),
    )  # fmt: skip
    num_layers: int = field(default=1, metadata={"setting": SETTINGS["num_layers"][1]})
    embedding_size: int = integer(
        64, N_("Embedding size"), 1, 256, help=N_("How many numbers stand for a token when it is read.")
    )
    bidirectional: bool = flag(
        False, N_("Bidirectional encoder"), N_("The source is also read from its end to its beginning.")
    )
    dropout: float = field(default=0.0, metadata={"setting": SETTINGS["dropout"][1]})

    def __post_init__(self):
        super().__post_init__()
        if self.attention == "dot" and self.bidirectional:
            raise UserError(
                N_("Dot attention compares states of one size, and the encoder's have {encoder} numbers, the decoder's "
                   "{decoder}: choose general or additive, or read in one direction."),
                encoder=2 * self.hidden_size, decoder=self.hidden_size,
            )  # fmt: skip


@dataclass(frozen=True)
class TeachingSpec(Checked):
    """What the decoder reads while it learns: the true words, or its own. Source: Bengio et al. 2015."""

    teacher_forcing: float = real(
        1.0, N_("Teacher forcing"), 0.0, 1.0, step=0.05,
        help=N_("Share of the words the decoder reads that are the true ones, while it learns; the rest are its own."),
    )  # fmt: skip
    schedule: str = choice(
        "constant", N_("Teacher forcing over the training"), SCHEDULES,
        help=N_("Whether it begins with true words only, and how it comes to the share above."),
    )  # fmt: skip


@dataclass(frozen=True)
class TranslationSpec(Whole):
    """The whole of a run on a text task; an epoch is `seqcore.training.translation.UPDATES` updates."""

    data: TextSpec = field(default_factory=TextSpec)
    model: CoderSpec = field(default_factory=CoderSpec)
    training: TrainingSpec = field(default_factory=lambda: TrainingSpec(epochs=120, batch_size=BATCH, lr=0.003, clip=1))
    teaching: TeachingSpec = field(default_factory=TeachingSpec)
    seed: int = field(default=0, metadata={"setting": SETTINGS["seed"][1]})


POSITIONS = {"sinusoidal": N_("sinusoidal"), "learned": N_("learned"), "rotary": N_("rotary"), "none": N_("none")}
"""How a Transformer knows where a token stands; a test compares them with the model's."""

KINDS = {"transformer": N_("Encoder and decoder"), "encoder": N_("Encoder alone"), "decoder": N_("Decoder alone")}
"""Transformers that turn one sentence into another, that read one, and that go on with one."""


@dataclass(frozen=True)
class SizeSpec(Checked):
    """A Transformer's sizes, and how its parts are put together. Raises `UserError` for sizes that do not fit.

    Without `causal` a decoder sees what it is to foretell while it learns; an encoder never has such a mask.
    """

    architecture: str = choice("transformer", N_("Model"), KINDS, help=N_("The kind of network."))
    d_model: int = integer(
        64, N_("Model width (d_model)"), 8, 512, main=True,
        help=N_("How many numbers stand for a token, from the embedding to the last layer."),
    )  # fmt: skip
    num_heads: int = integer(
        4, N_("Heads"), 1, 16, main=True, help=N_("Into how many parts attention is shared out; each looks by itself.")
    )
    num_layers: int = integer(
        2, N_("Layers"), 1, 6, main=True, help=N_("How many layers the encoder has, and how many the decoder.")
    )
    d_ff: int = integer(
        256, N_("Feed-forward width (d_ff)"), 8, 2048, help=N_("Units between the two linear maps of a layer.")
    )
    dropout: float = field(default=0.0, metadata={"setting": SETTINGS["dropout"][1]})
    norm_first: bool = flag(
        True, N_("Norm first"), N_("Each part reads what is normed (pre-norm); otherwise the sum is normed after it.")
    )
    position: str = choice(
        "sinusoidal", N_("Positional encoding"), POSITIONS,
        help=N_("How a token's place is told: attention by itself does not know any order."),
    )  # fmt: skip
    tied: bool = flag(
        False, N_("Tied embeddings"), N_("The output's weights are those of the target's embedding, turned round.")
    )
    causal: bool = flag(
        True, N_("Causal mask"), N_("No place sees those after it. Without, the decoder reads the answer off.")
    )

    def __post_init__(self):
        super().__post_init__()
        if self.d_model % self.num_heads:
            raise UserError(
                N_("d_model ({d_model}) must be divisible by num_heads ({num_heads}): each head gets an equal part."),
                d_model=self.d_model, num_heads=self.num_heads,
            )  # fmt: skip
        if self.position == "rotary" and self.d_model // self.num_heads % 2:
            raise UserError(
                N_("Rotary positions turn pairs of numbers, and a head has {head_dim} of them (d_model {d_model} / "
                   "num_heads {num_heads}): choose sizes that make this even."),
                head_dim=self.d_model // self.num_heads, d_model=self.d_model, num_heads=self.num_heads,
            )  # fmt: skip


@dataclass(frozen=True)
class WarmingSpec(Checked):
    """How a Transformer's training begins, and how sure it is to become."""

    warmup: int = integer(
        50, N_("Warm-up"), 0, 5000, unit=N_("updates"),
        help=N_("Over so many updates the learning rate rises from 0; without, attention may settle too early."),
    )  # fmt: skip
    label_smoothing: float = real(
        0.0, N_("Label smoothing"), 0.0, 0.5, step=0.01,
        help=N_("This share of each true token is spread over all tokens: the network is not to be quite sure."),
    )  # fmt: skip


TRAINED = Setting(
    "bool", N_("Trained"), N_("Otherwise the network is only looked at, with the weights it was born with.")
)

LEARNING = TrainingSpec(epochs=120, batch_size=BATCH, lr=0.003, clip=1)


@dataclass(frozen=True)
class TransformerSpec(Whole):
    """The whole of a Transformer's run on a text task; an epoch is as long as a `TranslationSpec`'s.

    Raises `UserError` for a Transformer that lacks one half.
    """

    data: TextSpec = field(default_factory=lambda: TextSpec(task="sentences"))
    model: SizeSpec = field(default_factory=SizeSpec)
    training: TrainingSpec = LEARNING
    warming: WarmingSpec = field(default_factory=WarmingSpec)
    trained: bool = field(default=True, metadata={"setting": TRAINED})
    seed: int = field(default=0, metadata={"setting": SETTINGS["seed"][1]})

    def __post_init__(self):
        super().__post_init__()
        check_kind(self.model.architecture, ("transformer",))


@dataclass(frozen=True)
class CorpusSpec(Checked):
    """What is read, and what it is cut into."""

    corpus: str = field(default="english", metadata={"setting": CORPUS})
    tokens: str = field(default="words", metadata={"setting": KIND})
    vocabulary_size: int = field(default=400, metadata={"setting": SIZE})
    sentences: int = integer(10_000, N_("Sentences"), 100, 50_000, help=N_("How many there are to learn from."))


@dataclass(frozen=True)
class LanguageSpec(Whole):
    """The whole of a run of one half: a decoder learns to foretell the next token, an encoder to guess masked ones.

    Raises `UserError` for a Transformer that has both.
    """

    data: CorpusSpec = field(default_factory=CorpusSpec)
    model: SizeSpec = field(default_factory=lambda: SizeSpec(architecture="decoder"))
    training: TrainingSpec = LEARNING
    warming: WarmingSpec = field(default_factory=WarmingSpec)
    trained: bool = field(default=True, metadata={"setting": TRAINED})
    seed: int = field(default=0, metadata={"setting": SETTINGS["seed"][1]})

    def __post_init__(self):
        super().__post_init__()
        check_kind(self.model.architecture, ("encoder", "decoder"))


def check_kind(architecture: str, kinds: tuple[str, ...]) -> None:
    """Raise a `UserError` for a Transformer of another kind."""
    if architecture not in kinds:
        raise UserError(N_("{name} must be one of {choices}, not {value!r}."),
                        name="architecture", choices=", ".join(kinds), value=architecture)  # fmt: skip


HALVES = {"next": ("decoder", N_("Next token")), "masked": ("encoder", N_("Masked words"))}
"""Tasks of one half of a Transformer: which, and what they are called."""

TRANSFORMER_TASK = Setting(
    "choice", N_("Task"), N_("What is learnt. For a series, choose the Transformer on the Train page."), main=True,
    choices={"sentences": TEXT_TASK.choices["sentences"], **{name: label for name, (_, label) in HALVES.items()},
             **TEXT_TASK.choices},
)  # fmt: skip

TRANSFORMER = {**settings_of(TransformerSpec), **settings_of(LanguageSpec), "task": ("", TRANSFORMER_TASK)}
"""All settings of a Transformer's run on text; the task decides which of them count."""


def transformer_spec(values: Mapping[str, Any]) -> TransformerSpec | LanguageSpec:
    """The run that `values` describe, by name, with its `task` one of `TRANSFORMER_TASK`; what another task would read
    is passed over. Raises `UserError` for a task that there is not, or a value out of its range."""
    task = TRANSFORMER_TASK.check("task", values.get("task", "sentences"))
    own = {name: value for name, value in values.items() if name != "architecture"}
    if task in HALVES:
        kind, own["architecture"] = LanguageSpec, HALVES[task][0]
    else:
        kind = TransformerSpec
    return from_flat({name: value for name, value in own.items() if name in settings_of(kind)}, kind)


def task_of(spec: TransformerSpec | LanguageSpec) -> str:
    """Which of `TRANSFORMER_TASK` such a run learns."""
    if isinstance(spec, TransformerSpec):
        return spec.data.task
    return next(name for name, (half, _) in HALVES.items() if half == spec.model.architecture)
