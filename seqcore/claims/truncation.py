"""Whether a network can learn what lies further back than its gradient goes."""

from seqcore.claims.claim import Arm, Claim, Outcomes, Verdict
from seqcore.claims.evidence import LEARNT, OF_CHANCE, Rule, arm, decide, over_chance, row
from seqcore.text import N_

SEEDS = 6

RULE = Rule(
    OF_CHANCE, line=LEARNT, below="supported", above="refuted",
    words={
        "supported": N_("Ten steps of gradient were enough everywhere: {below}."),
        "refuted": N_("Ten steps of gradient were nowhere enough: {above}."),
        "depends": N_("It depends. Enough: {below}. Not enough: {above}."),
    },
)  # fmt: skip


def arms() -> tuple[Arm, ...]:
    plain = {"architecture": "gru", "lag": 20, "epochs": 40}
    return (
        arm(N_("Marked last value, whole gradient"), SEEDS, task="last", **plain),
        arm(N_("Marked last value, last 10 steps"), SEEDS, task="last", truncate=10, **plain),
        arm(N_("Adding problem, last 10 steps"), SEEDS, task="adding", truncate=10, **plain),
        arm(N_("Temporal order, last 10 steps"), SEEDS, task="order", truncate=10, **plain),
    )


def judge(outcomes: Outcomes) -> Verdict:
    rows = [row(own.label, [own], outcomes, over_chance, "" if own.specs[0].remedies.truncate else "below")
            for own in arms()]  # fmt: skip
    return decide(arms(), outcomes, RULE, rows)


CLAIM = Claim(
    "truncation",
    N_("Truncated BPTT is enough."),
    N_("Slides: truncated BPTT"),
    N_("The answer lies 20 steps back, and the gradient goes back only 10. Can a GRU learn it all the same?"),
    (
        N_("Yes, on every task"),
        N_("No, on none"),
        N_("It depends on whether the last ten steps already show what to do"),
    ),
    ("supported", "refuted", "depends"),
    N_(
        "A GRU learns three tasks whose answer lies 20 steps back while no gradient goes back more than 10. With the "
        "whole gradient it must succeed, or there is nothing to compare. Ten steps are enough in a row if the test "
        "error is at most half of what it would be without the far step."
    ),
    arms,
    judge,
)  # fmt: skip
