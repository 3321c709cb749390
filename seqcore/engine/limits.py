"""How much of the machine runs may take: every number in one place, many of them settable by environment."""

import os
from dataclasses import dataclass, fields

from seqcore.catalogue import CELL, RECURRENT
from seqcore.data.tasks import TASKS
from seqcore.data.tasks.race import BATCH as RACE_BATCH
from seqcore.data.tasks.race import LAGS, RaceSpec
from seqcore.data.tasks.spec import MemorySpec
from seqcore.data.text import TEXT_TASKS
from seqcore.data.text.spec import BATCH, LanguageSpec, SizeSpec, TransformerSpec, TranslationSpec
from seqcore.data.text.transfer import TransferSpec
from seqcore.size import WIDER, heads
from seqcore.spec import ModelSpec, RunSpec, Whole
from seqcore.text import N_, UserError
from seqcore.training.recording import MOST_BYTES

GIB = 2**30

WORKER_BASE = GIB // 2
"""Bytes a warm worker takes before its first run (0.3 GiB measured), with room for Python's own needs."""

PAGE_RESERVE = GIB
"""Bytes left for the page process, the host process and the system."""

MOST_WORKERS = 16

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
"""Matrices of a recurrent cell that are applied at each step."""

BLOCK_FLOPS = 16e9
"""Most floating-point operations the trainer does in one forward and backward pass; a test compares it."""


MEMORY_WINDOWS = 4096
"""Sequences of a memory task that are computed at once, at most: as many as a batch may have."""

TRANSLATED = 1000
"""Pairs a network that translates is tested on; a test compares it."""

SENTENCE = 80
"""Tokens of a corpus's sentence, at most: of the longest one in characters."""


@dataclass(frozen=True)
class Limits:
    """What the engine allows. Each field is read from `SEQLAB_<FIELD>` where the environment sets it."""

    runs_per_owner: int = 4
    """Runs that keep their model in a worker, for one viewer."""

    runs: int = 64
    """The same, for everybody."""

    runs_per_worker: int = 4
    """Runs training in one worker at once; others wait in the queue."""

    queue: int = 32
    """Runs that may wait."""

    batch: int = 200
    """Runs of one viewer's batches: waiting, training, and ended ones whose curves and forecasts are kept."""

    batches: int = 1000
    """The same, for everybody."""

    run_seconds: float = 1800.0
    """Training time of one run."""

    run_bytes: int = 0
    """Memory of one run; 0 is half of what a worker has for runs."""

    unwatched_pause: float = 60.0
    """Seconds without a viewer after which a run is paused."""

    unwatched_drop: float = 600.0
    """Further seconds after which a paused or stopped run is dropped."""

    unwatched_finished: float = 3600.0
    """Seconds without a viewer after which a finished run is dropped."""

    hung: float = 30.0
    """Seconds without an answer from a worker after which it is replaced."""

    @classmethod
    def from_environment(cls) -> "Limits":
        given = {item.name: os.environ.get(f"SEQLAB_{item.name.upper()}") for item in fields(cls)}
        return cls(**{name: type(getattr(cls, name))(text) for name, text in given.items() if text})


def memory() -> int:
    """Bytes of memory this machine, or the container around it, has."""
    from distributed.system import MEMORY_LIMIT  # knows about control groups

    return MEMORY_LIMIT


def worker_count() -> int:
    """How many workers this machine carries: SEQLAB_WORKERS, or one for each usable core its memory allows."""
    from dask.system import CPU_COUNT  # knows about affinity and control groups

    wanted = int(os.environ.get("SEQLAB_WORKERS") or min(CPU_COUNT, (memory() - PAGE_RESERVE) // (2 * WORKER_BASE)))
    return min(max(wanted, 1), MOST_WORKERS)


def worker_memory(workers: int) -> int:
    """Bytes each of `workers` may take before it is replaced, so that it is never the system that kills at random."""
    return max(2 * WORKER_BASE, (memory() - PAGE_RESERVE) // workers)


def run_memory(workers: int) -> int:
    """Bytes one run may take where nothing else is set: half of what a worker has for runs."""
    return (worker_memory(workers) - WORKER_BASE) // 2


def bytes_needed(spec: Whole, rows: int) -> int:
    """About what a run takes in a worker, in bytes; measured runs took 0.3 to 0.9 of it.

    Activations are numbers of 4 bytes, for as many windows as the trainer takes at once, whatever the batch size:
    scores are computed over all windows. And its recording.
    """
    if isinstance(spec, TranslationSpec | TransformerSpec):
        return _translation_bytes(spec)
    if isinstance(spec, LanguageSpec):
        return _language_bytes(spec)
    if isinstance(spec, TransferSpec):
        return 2 * _language_bytes(spec.language())  # what was pre-trained, and the classifier under way
    if isinstance(spec, RaceSpec):
        return _race_bytes(spec)
    windows, seq_length, horizon = _sizes(spec, rows)
    of_one = _attending if spec.model.architecture == "transformer" else _reading
    activations, weights = of_one(spec.model, seq_length, horizon)
    block = min(windows, max(8, BLOCK_FLOPS / (6 * seq_length * weights)))
    return int(4 * (3 * windows * (seq_length + horizon) + block * activations + 6 * weights)) + MOST_BYTES


def _reading(model: ModelSpec, seq_length: int, horizon: int) -> tuple[int, int]:
    """Activations of one window, steps * hidden * layers * (gates + 3), and weights.

    A decoder has as many weights again; each of its steps takes twice as much, under autograd.
    """
    cell = CELL.get(model.architecture)
    unfolds = cell is not None and model.architecture not in RECURRENT
    steps = 1 if model.architecture == "mlp" else seq_length + 2 * horizon * unfolds
    gates = GATES.get(cell, 1)
    width = model.hidden_size * model.num_layers * (2 if model.bidirectional else 1)
    return steps * width * (gates + 3), gates * width * (model.hidden_size + 2) * (1 + unfolds)


def _attending(model: ModelSpec, seq_length: int, horizon: int) -> tuple[int, int]:
    """The same of a Transformer: of each layer so many values of each unit at each step, as measured.

    Dropout keeps what it drops from and what it leaves, and attention then is no fused call: it keeps, of each head,
    the weight of every step at every other.
    """
    H, T, L = model.hidden_size, seq_length, model.num_layers
    kept = (14 + 8 * WIDER) * T * H + 4 * heads(H) * T * T if model.dropout else (20 + 2 * WIDER) * T * H
    return L * kept, L * (4 + 2 * WIDER) * H * H


def _race_bytes(spec: RaceSpec) -> int:
    """Of a batch of the longest sequences, at its peak: so many values of each unit at each step, as measured.

    Attention that is written out also has, of each head, so many tables of every step at every other.
    """
    H, L, T = spec.model.hidden_size, spec.model.num_layers, TASKS[spec.data.task].length(LAGS[-1])
    values = 48 * L * T * H + spec.racer.explicit * 18 * heads(H) * T * T
    return 4 * RACE_BATCH * values + MOST_BYTES


def _translation_bytes(spec: TranslationSpec | TransformerSpec) -> int:
    """Activations of encoder and decoder and logits, for a batch; the pairs are kept as numbers of 8 bytes."""
    task = TEXT_TASKS[spec.data.task]
    source, target = task.source_length, task.target_length + 2
    tokens = sum(map(len, task.vocabularies))
    if isinstance(spec, TransformerSpec):
        activations, weights = _transformer_numbers(spec.model, source, target, tokens)
    else:
        activations, weights = _coder_numbers(spec, source, target, tokens)
    logits, ids = 3 * target * tokens, (spec.data.pairs + TRANSLATED) * (source + target)
    return _text_bytes(spec, spec.data.pairs, activations + logits, weights, ids)


def _language_bytes(spec: LanguageSpec) -> int:
    """The same of a decoder, or of an encoder, which is about as large."""
    size = spec.data.vocabulary_size
    activations, weights = _transformer_numbers(spec.model, 0, SENTENCE, size)
    ids = (spec.data.sentences + TRANSLATED) * SENTENCE
    return _text_bytes(spec, spec.data.sentences, activations + 3 * SENTENCE * size, weights, ids)


def _text_bytes(spec: Whole, rows: int, activations: int, weights: int, ids: int) -> int:
    """Numbers of 4 bytes for a batch, ids of 8; what is not trained needs neither optimiser nor a way back."""
    if not spec.flat().get("trained", True):
        return 4 * 3 * weights + 8 * ids + MOST_BYTES
    batch = min(spec.training.batch_size or BATCH, rows)
    return 4 * (batch * activations + 6 * weights) + 8 * ids + MOST_BYTES


def _coder_numbers(spec: TranslationSpec, source: int, target: int, tokens: int) -> tuple[int, int]:
    """Activations for one pair, with what additive attention keeps: target * source * hidden; and weights."""
    model = spec.model
    directions = 2 if model.bidirectional else 1
    gates, width = GATES[model.architecture], model.hidden_size * model.num_layers
    cells = (source * directions + target) * width * (gates + 3)
    looks = target * source * (2 * model.hidden_size if model.attention == "additive" else 2)
    matrices = gates * width * (directions + 1) * (2 * model.hidden_size + model.embedding_size)
    return cells + looks, matrices + tokens * (model.embedding_size + model.hidden_size)


def _transformer_numbers(model: SizeSpec, source: int, target: int, tokens: int) -> tuple[int, int]:
    """The same: each part keeps what it reads, its maps, its sum; attention its weights, with dropout twice over."""
    rows = model.num_layers * (source * (10 * model.d_model + 2 * model.d_ff)
                               + target * (16 * model.d_model + 2 * model.d_ff))  # fmt: skip
    looks = (6 if model.dropout else 3) * model.num_layers * model.num_heads * (source**2 + target**2 + source * target)
    matrices = model.num_layers * (12 * model.d_model**2 + 4 * model.d_model * model.d_ff)
    return rows + looks, matrices + 2 * tokens * model.d_model


def _sizes(spec: RunSpec | MemorySpec, rows: int) -> tuple[int, int, int]:
    """Windows in memory at once, their steps, and the values forecast."""
    if isinstance(spec, MemorySpec):
        task = TASKS[spec.data.task]
        return MEMORY_WINDOWS, task.length(spec.data.lag) * len(task.channels), task.outputs
    data = spec.data
    return max(1, rows - data.seq_length - data.horizon + 1), data.seq_length, data.horizon


def check_memory(needed: int, allowed: int) -> None:
    """Raise a `UserError` that says the numbers if a run is too large."""
    if needed > allowed:
        raise UserError(
            N_(
                "This run needs about {needed:.1f} GiB of memory and may take {allowed:.1f} GiB: choose a smaller "
                "hidden size, fewer layers or a shorter window."
            ),
            needed=needed / GIB, allowed=allowed / GIB,
        )  # fmt: skip
