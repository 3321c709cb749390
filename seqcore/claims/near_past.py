"""Which steps the gradient of the recurrent matrix comes from: before training and after, in several networks."""

import numpy as np

from seqcore.claims.claim import Arm, Claim, Outcomes, Verdict
from seqcore.claims.evidence import Rule, arm, decide, profile, row
from seqcore.data.tasks.spec import MemorySpec
from seqcore.text import N_

NEAR = 10
"""Steps that count as the near past."""

SEEDS = 8

RULE = Rule(
    N_("share of the last 10 steps in the gradient"), line=0.5, below="refuted", above="supported",
    words={
        "supported": N_("The last 10 steps dominate everywhere: {above}. In the untrained vanilla RNN the gradient by "
                        "the first state is {far:.0e} of that by the last."),
        "refuted": N_("Nowhere do the last 10 steps dominate: {below}. In the untrained vanilla RNN the gradient by "
                      "the first state is {far:.0e} of that by the last."),
        "depends": N_("It depends. The last 10 steps dominate: {above}. They do not: {below}. In the untrained "
                      "vanilla RNN the gradient by the first state is {far:.0e} of that by the last."),
    },
)  # fmt: skip


def arms() -> tuple[Arm, ...]:
    order = {"task": "order", "lag": 30, "lr": 0.003}
    return (
        arm(N_("Vanilla RNN"), SEEDS, architecture="rnn", epochs=50, **order),
        arm(N_("LSTM, untrained"), SEEDS, epochs=1, **order),
        arm(N_("LSTM with forget-gate bias 4, untrained"), SEEDS, epochs=1, forget_bias=4.0, **order),
    )


def judge(outcomes: Outcomes) -> Verdict:
    rnn, *others = arms()
    rows = [
        row(N_("Vanilla RNN, untrained"), [rnn], outcomes, near_before),
        row(N_("Vanilla RNN, trained"), [rnn], outcomes, near_after),
        *(row(own.label, [own], outcomes, near_before) for own in others),
    ]
    far = row(rnn.label, [rnn], outcomes, far_over_near).values
    return decide(arms(), outcomes, RULE, rows, far=float(np.median(far)) if far else np.nan)


def near_before(outcomes: Outcomes, spec: MemorySpec) -> float:
    return float(profile(outcomes, spec, "share", 0)[-NEAR:].sum())


def near_after(outcomes: Outcomes, spec: MemorySpec) -> float:
    return float(profile(outcomes, spec, "share", -1)[-NEAR:].sum())


def far_over_near(outcomes: Outcomes, spec: MemorySpec) -> float:
    """The norm of the gradient by the first state, before training, as a part of that by the last."""
    norms = profile(outcomes, spec, "norms", 0)
    return float(norms[0] / norms[-1])


CLAIM = Claim(
    "near_past",
    N_("The gradient does not vanish, only the far part of it does: the near past dominates the sum."),
    N_("Slides: vanishing and exploding gradients"),
    N_("How much of the gradient of the recurrent matrix comes from the last 10 of 35 steps?"),
    (
        N_("More than half, in every network"),
        N_("Less than half, in every network"),
        N_("It depends on the first weights and on what has been learnt"),
    ),
    ("supported", "refuted", "depends"),
    N_(
        "The gradient of the recurrent matrix is a sum over 35 steps, and the share of the last 10 of them is "
        "measured: in networks as they begin, and in a vanilla RNN that was trained to tell the order of two symbols, "
        "one of them 30 steps back. The near past dominates a row if its mean share is above one half."
    ),
    arms,
    judge,
)  # fmt: skip
