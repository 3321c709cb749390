"""Whether clipping lets a network learn whose gradient explodes."""

from seqcore.claims.claim import Arm, Claim, Outcomes, Verdict
from seqcore.claims.evidence import LEARNT, OF_CHANCE, Rule, arm, decide, over_chance, row
from seqcore.text import N_

SEEDS = 6

RULE = Rule(
    OF_CHANCE, line=LEARNT, below="supported", above="refuted",
    words={
        "supported": N_("Clipped, the networks learnt: {below}. Unclipped none did."),
        "refuted": N_("Clipped, the networks did not learn, either: {above}."),
        "depends": N_("It depends. Cured: {below}. Not cured: {above}."),
    },
)  # fmt: skip


def arms() -> tuple[Arm, ...]:
    steep = {"architecture": "rnn", "relu": True, "init": "identity", "optimiser": "sgd", "lr": 0.1,
             "task": "order", "lag": 20, "epochs": 40}  # fmt: skip
    return (
        arm(N_("1.2 times the identity, unclipped"), SEEDS, gain=1.2, clip=0.0, **steep),
        arm(N_("1.2 times the identity, clipped at 1"), SEEDS, gain=1.2, clip=1.0, **steep),
        arm(N_("3 times the identity, unclipped"), SEEDS, gain=3.0, clip=0.0, **steep),
        arm(N_("3 times the identity, clipped at 1"), SEEDS, gain=3.0, clip=1.0, **steep),
    )


def judge(outcomes: Outcomes) -> Verdict:
    rows = [row(own.label, [own], outcomes, over_chance, "" if own.specs[0].training.clip else "above")
            for own in arms()]  # fmt: skip
    return decide(arms(), outcomes, RULE, rows)


CLAIM = Claim(
    "clipping",
    N_("Clipping the gradient cures the explosion."),
    N_("Slides: gradient clipping"),
    N_("A relu RNN begins with 1.2 or 3 times the identity, and explodes. Will it learn once its gradient is clipped?"),
    (
        N_("Yes, both"),
        N_("No, neither"),
        N_("It depends on how fast it explodes"),
    ),
    ("supported", "refuted", "depends"),
    N_(
        "A relu RNN that begins with a multiple of the identity learns the temporal order with a lag of 20 by gradient "
        "descent (SGD), unclipped and clipped to a norm of 1. Unclipped it must fail, or there is nothing to cure. It "
        "is cured in a row if its test error is at most half of what it would be without the far step; a run that "
        "diverges counts as twice that."
    ),
    arms,
    judge,
)  # fmt: skip
