"""Sentences of the slides, each with the experiment that tests it and computes its verdict.

A new claim is a file here and a line in `CLAIMS`.
"""

from seqcore.claims import (
    bptt_reach,
    clipping,
    gru_faster,
    lstm_memory,
    near_past,
    only_milder,
    orthogonal,
    truncation,
)
from seqcore.claims.claim import Arm, Claim, Outcome, Verdict
from seqcore.claims.evidence import HOW

CLAIMS: tuple[Claim, ...] = tuple(
    module.CLAIM
    for module in (
        bptt_reach, near_past, lstm_memory, only_milder, gru_faster, clipping, truncation, orthogonal,
    )
)  # fmt: skip
"""In the order they are offered: as the lecture comes to them."""

__all__ = ["CLAIMS", "HOW", "Arm", "Claim", "Outcome", "Verdict"]
