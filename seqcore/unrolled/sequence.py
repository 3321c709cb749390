"""The input of a forward pass: typed or drawn numbers, or a window of a series."""

import math

import numpy as np

from seqcore.text import N_, UserError
from seqcore.unrolled.setup import Setup

LARGEST = 100.0
"""An input number lies within this distance of 0."""

MOST_LETTERS = 2000
MOST_STEPS = 24

Sequences = tuple[tuple[tuple[float, ...], ...], ...]
"""Sequences of steps of features, ragged as they were typed."""


def read_sequences(text: str) -> Sequences:
    """Steps are separated by commas, the features of a step by spaces, sequences by a slash: `0.5, 1, -0.2 / 0, 0, 1`.

    Every sequence has as many steps as the first. `UserError` says what is wrong.
    """
    if not text.strip(" ,/\n"):
        raise UserError(N_("The input is empty: type numbers, or draw a curve."))
    if len(text) > MOST_LETTERS:
        raise UserError(
            N_("The input has {count} letters, and at most {most} are read."), count=len(text), most=MOST_LETTERS
        )
    sequences = []
    for sequence in text.split("/"):
        steps = [step.split() for step in sequence.strip(" ,\n").split(",")]
        sequences.append(tuple(tuple(_number(word) for word in step) for step in steps))
        if not all(sequences[-1]):
            raise UserError(N_("Two commas follow each other: a number is missing between them."))
    first = len(sequences[0])
    if first > MOST_STEPS:
        raise UserError(N_("The input has {count} steps, and at most {most} fit."), count=first, most=MOST_STEPS)
    for k, sequence in enumerate(sequences, 1):
        if len(sequence) != first:
            raise UserError(
                N_("Sequence {number} has {count} steps and the first has {first}: they must be equal."),
                number=k, count=len(sequence), first=first,
            )  # fmt: skip
    return tuple(sequences)


def _number(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(N_("{value!r} is not a number: write numbers like 0.5, separated by commas."), value=word[:20])
    if abs(value) > LARGEST:
        raise UserError(
            N_("{name} ({value}) must be between {low} and {high}."),
            name="input", value=value, low=-LARGEST, high=LARGEST,
        )  # fmt: skip
    return value


def sequences_as_text(sequences: Sequences) -> str:
    """The inverse of `read_sequences`."""
    return " / ".join(", ".join(" ".join(f"{n:g}" for n in step) for step in sequence) for sequence in sequences)


def resized(sequences: Sequences, steps: int) -> Sequences:
    """The same with another number of steps: cut off, or gone on with from the beginning."""
    return tuple(tuple(sequence[k % len(sequence)] for k in range(steps)) for sequence in sequences)


def filled(sequences: Sequences, setup: Setup) -> np.ndarray:
    """The input (B, T, C), float64, of as many steps as were typed; what is left over is not used.

    A missing sequence is the first one, begun a step later for each place in the batch; a missing feature is the first
    feature a step earlier for each place. Both go round in a circle.
    """
    steps = len(sequences[0])
    x = np.empty((setup.batch, steps, setup.input_size))
    for b, t, k in np.ndindex(x.shape):
        sequence, later = (sequences[b], 0) if b < len(sequences) else (sequences[0], b)
        step = sequence[(t + later) % steps]
        x[b, t, k] = step[k] if k < len(step) else sequence[(t + later - k) % steps][0]
    return x


def window(values: np.ndarray, start: int, setup: Setup) -> np.ndarray:
    """The input (B, T, C) from a series (N,), rounded to two decimals.

    The first sequence begins at row `start`, each further one a row later; feature `k` is the value `k` rows earlier.
    `start` must be between `input_size - 1` and `last_start`.
    """
    rows = start + np.arange(setup.batch)[:, None, None] + np.arange(setup.seq_length)[:, None]
    return np.round(values[rows - np.arange(setup.input_size)], 2)


def last_start(values: np.ndarray, setup: Setup) -> int:
    """The last row at which a window of a series (N,) can begin."""
    return len(values) - setup.seq_length - setup.batch + 1
