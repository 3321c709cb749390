"""What a run on a memory task is: frozen and validated, as `seqcore.spec.RunSpec` is for a series."""

from dataclasses import dataclass, field

from seqcore.catalogue import RECURRENT
from seqcore.data.tasks import LAG, TASK
from seqcore.spec import SETTINGS, Checked, ModelSpec, TrainingSpec, Whole, choice, flag, integer, real
from seqcore.text import N_, UserError

BATCH = 64
"""Sequences an update sees where no other number is asked for; each is seen once."""

INITS = {"torch": N_("torch.nn's own"), "orthogonal": N_("orthogonal"), "identity": N_("identity")}
"""Recurrent matrices to begin with."""

ONLY = {"forget_bias": ("lstm",), "relu": ("rnn",)}
"""Remedies that not every cell can take, and those that can."""


@dataclass(frozen=True)
class TaskSpec(Checked):
    """Which task, and how far back the step lies that matters."""

    task: str = field(default="adding", metadata={"setting": TASK})
    lag: int = field(default=30, metadata={"setting": LAG})


@dataclass(frozen=True)
class RemedySpec(Checked):
    """What is done against gradients that vanish or explode; by default nothing. Clipping by norm is `training.clip`.

    Sources: Pascanu et al. 2013 (clipping); Williams & Peng 1990 (truncation: with a loss at the last step only, how
    often it is done makes no difference, and one number says all); Saxe et al. 2014 (orthogonal); Le et al. 2015
    (identity with relu); Gers et al. 2000, Jozefowicz et al. 2015 (forget bias); Lin et al. 1996 (skip connections);
    Ba et al. 2016 (layer norm); Bahdanau et al. 2015, Luong et al. 2015 (attention).
    """

    clip_value: float = real(
        0.0, N_("Clip by value"), 0.0, 100.0, step=0.01,
        help=N_("Each number of the gradient is cut to at most this; 0 leaves it as it is."),
    )  # fmt: skip
    truncate: int = integer(
        0, N_("Truncate BPTT after (k2)"), 0, 256, unit=N_("steps"),
        help=N_(
            "How many steps the gradient goes back, at most; 0 lets it go all the way. As only the last step has a "
            "loss here, k1, how often one goes back, makes no difference."
        ),
    )  # fmt: skip
    init: str = choice(
        "torch", N_("Recurrent matrix at the start"), INITS,
        help=N_("Orthogonal and identity matrices keep the length of what they multiply."),
    )  # fmt: skip
    gain: float = real(
        1.0, N_("Times"), 0.0, 3.0, step=0.05, help=N_("The recurrent matrix of the start is multiplied by this.")
    )
    forget_bias: float = real(
        0.0, N_("Forget-gate bias"), 0.0, 5.0, step=0.5,
        help=N_("The bias of an LSTM's forget gate at the start: above 0 it begins by keeping. 0 leaves torch.nn's."),
    )  # fmt: skip
    relu: bool = flag(False, N_("relu"), N_("A vanilla RNN with relu instead of tanh, whose slope is 1 or 0."))
    layer_norm: bool = flag(
        False, N_("Layer norm"), N_("Each new hidden state is normalised over its units. Trains step by step: slower.")
    )
    skip: int = integer(
        0, N_("Skip connection over"), 0, 100, unit=N_("steps"),
        help=N_(
            "Each step reads the mean of the last state and of the one so many steps back; 0 is none. Trains step by "
            "step: slower."
        ),
    )  # fmt: skip
    attention: bool = flag(
        False,
        N_("Attention"),
        N_("The output also reads a weighted mean of all states: one step back to each."),
    )


@dataclass(frozen=True)
class MemorySpec(Whole):
    """The whole of a run on a memory task; an epoch is `seqcore.training.memory.UPDATES` updates.

    Raises `UserError` for a network that does not read step by step from the past, and for a remedy it cannot take.
    """

    data: TaskSpec = field(default_factory=TaskSpec)
    model: ModelSpec = field(default_factory=ModelSpec)
    training: TrainingSpec = field(default_factory=lambda: TrainingSpec(epochs=100, batch_size=BATCH, clip=1.0))
    remedies: RemedySpec = field(default_factory=RemedySpec)
    stop: bool = flag(True, N_("Stop when solved"), N_("The training ends as soon as the task counts as solved."))
    seed: int = field(default=0, metadata={"setting": SETTINGS["seed"][1]})

    def __post_init__(self):
        super().__post_init__()
        cell = self.model.architecture
        if cell not in RECURRENT or self.model.bidirectional:
            raise UserError(
                N_("A memory task needs one of {choices}, reading in one direction."), choices=", ".join(RECURRENT)
            )
        for name, cells in ONLY.items():
            if getattr(self.remedies, name) and cell not in cells:
                raise UserError(
                    N_("{name} is for {choices}, not for {architecture}: switch it off."),
                    name=name, choices=", ".join(cells), architecture=cell,
                )  # fmt: skip
