"""A small recurrent network computed step by step in NumPy: every number kept, and where each came from.

    setup = Setup(cell="gru", hidden_size=2)
    done = forward(setup, draw(setup), x, initial_states(setup))
    origin(done, "l0.3.h[0,1]").terms

It equals `torch.nn`, and needs no torch, so that a page can compute it itself.
"""

from seqcore.unrolled.forward import OPERATIONS, Pass, forward, key
from seqcore.unrolled.origin import Origin, Term, as_torch, origin, read_place
from seqcore.unrolled.setup import Setup, parameter_shapes
from seqcore.unrolled.weights import Edit, draw, edited, edits_as_text, initial_states, misfit, read_edits

__all__ = [
    "OPERATIONS", "Edit", "Origin", "Pass", "Setup", "Term", "as_torch", "draw", "edited", "edits_as_text", "forward",
    "initial_states", "key", "misfit", "origin", "parameter_shapes", "read_edits", "read_place",
]  # fmt: skip
