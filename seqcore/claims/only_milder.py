"""How far the gradient reaches back in an LSTM, compared with a vanilla RNN, seed by seed."""

import math

import numpy as np

from seqcore.claims.claim import Arm, Claim, Outcomes, Verdict
from seqcore.claims.evidence import Rule, arm, decide, profile, row
from seqcore.data.tasks.spec import MemorySpec
from seqcore.text import N_

LEFT = 0.01
"""The gradient reaches as far as there is at least this much left of it."""

SEEDS = 8

RULE = Rule(
    N_("reach of the LSTM's gradient over that of the RNN's"), line=1, below="refuted", above="supported", log=True,
    words={
        "supported": N_("Milder everywhere: {above}. As they begin, 1 % of the gradient is left after {rnn:.1f} steps "
                        "in the RNN, and after {lstm:.1f} in the LSTM."),
        "refuted": N_("Nowhere milder: {below}. As they begin, 1 % of the gradient is left after {rnn:.1f} steps in "
                      "the RNN, and after {lstm:.1f} in the LSTM."),
        "depends": N_("It depends. Milder: {above}. Not milder: {below}. As they begin, 1 % of the gradient is "
                      "left after {rnn:.1f} steps in the RNN, and after {lstm:.1f} in the LSTM."),
    },
)  # fmt: skip


def arms() -> tuple[Arm, ...]:
    adding = {"task": "adding", "lag": 30}
    return (
        arm(N_("Vanilla RNN"), SEEDS, architecture="rnn", epochs=50, **adding),
        arm("LSTM", SEEDS, epochs=50, **adding),
        arm(N_("LSTM with forget-gate bias 1"), SEEDS, epochs=1, forget_bias=1.0, **adding),
    )


def judge(outcomes: Outcomes) -> Verdict:
    rnn, lstm, biased = arms()
    rows = [
        row(N_("LSTM, untrained"), [lstm, rnn], outcomes, before),
        row(N_("LSTM with forget-gate bias 1, untrained"), [biased, rnn], outcomes, before),
        row(N_("LSTM, trained"), [lstm, rnn], outcomes, after),
    ]
    reaches = [row(own.label, [own], outcomes, reach_before).values for own in (rnn, lstm)]
    means = dict(zip(("rnn", "lstm"), (float(np.mean(own)) if own else math.nan for own in reaches), strict=True))
    return decide(arms(), outcomes, RULE, rows, **means)


def reach(norms: np.ndarray) -> float:
    """Steps back from the last until `LEFT` of its gradient is left, interpolated in the logarithm.

    `norms` (T,) are those of the gradient by each state, oldest first. At most T - 1; NaN if one is not finite.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.log(norms[::-1] / norms[-1])  # (T,)
    line = math.log(LEFT)
    below = np.flatnonzero(left < line)
    if np.isnan(left).any() or not len(below):
        return math.nan if np.isnan(left).any() else len(left) - 1.0
    k = below[0]
    return float(k - 1 + (left[k - 1] - line) / (left[k - 1] - left[k]))


def reach_before(outcomes: Outcomes, spec: MemorySpec) -> float:
    return reach(profile(outcomes, spec, "norms", 0))


def before(outcomes: Outcomes, lstm: MemorySpec, rnn: MemorySpec) -> float:
    return reach_before(outcomes, lstm) / reach_before(outcomes, rnn)


def after(outcomes: Outcomes, lstm: MemorySpec, rnn: MemorySpec) -> float:
    return reach(profile(outcomes, lstm, "norms", -1)) / reach(profile(outcomes, rnn, "norms", -1))


CLAIM = Claim(
    "only_milder",
    N_("The problem remains, only milder."),
    N_("Slides: LSTM"),
    N_("Does the gradient reach further back in an LSTM than in a vanilla RNN?"),
    (
        N_("Always further"),
        N_("Never further"),
        N_("It depends on the forget gate and on what has been learnt"),
    ),
    ("supported", "refuted", "depends"),
    N_(
        "A vanilla RNN and an LSTM get the adding problem with a lag of 30. By the gradient by each state one sees how "
        "many steps back 1 % of it is left: that it fades at all is the problem that remains. It is milder in a row if "
        "the LSTM's reach over that of the RNN with the same seed is above 1."
    ),
    arms,
    judge,
)  # fmt: skip
