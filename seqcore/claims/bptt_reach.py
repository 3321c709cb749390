"""How many steps back a vanilla RNN learns to look, on two tasks and from two kinds of first weights."""

from seqcore.claims.claim import Arm, Claim, Outcomes, Verdict
from seqcore.claims.evidence import Rule, arm, decide, row, solved_at
from seqcore.data.tasks.spec import MemorySpec
from seqcore.text import N_

LAGS = (10, 25, 40)
SEEDS = 6

RULE = Rule(
    N_("reach, steps"), line=10, below="supported", above="refuted",
    words={
        "supported": N_("The RNN looked back at most about 10 steps: {below}."),
        "refuted": N_("The RNN learnt to look back further than 10 steps: {above}."),
        "depends": N_("It depends. About 10 steps at most: {below}. Further: {above}."),
    },
)  # fmt: skip


def arms() -> tuple[Arm, ...]:
    plain = {"architecture": "rnn", "epochs": 40, "lr": 0.005}
    return (
        arm(N_("Marked last value"), SEEDS, LAGS, task="last", **plain),
        arm(N_("Marked last value, orthogonal first weights"), SEEDS, LAGS, task="last", init="orthogonal", **plain),
        arm(N_("Temporal order"), SEEDS, LAGS, task="order", **plain),
    )


def judge(outcomes: Outcomes) -> Verdict:
    rows = [row(own.label, [own], outcomes, reach) for own in arms()]
    return decide(arms(), outcomes, RULE, rows)


def reach(outcomes: Outcomes, *specs: MemorySpec) -> float:
    """The largest lag up to which every one was solved; 0 if not even the smallest was."""
    furthest = 0
    for spec in specs:
        if solved_at(outcomes, spec) > spec.training.epochs:
            break
        furthest = spec.data.lag
    return float(furthest)


CLAIM = Claim(
    "bptt_reach",
    N_("BPTT can be used up to 8 or 10 steps."),
    N_("Slides: backpropagation through time"),
    N_("How far back can a vanilla RNN learn to look?"),
    (
        N_("10 steps at most, whatever the task"),
        N_("Further than 10 steps, whatever the task"),
        N_("It depends on the task and on the first weights"),
    ),
    ("supported", "refuted", "depends"),
    N_(
        "A vanilla RNN learns two tasks whose answer lies 10, 25 or 40 steps back, one of them also from an orthogonal "
        "recurrent matrix. Its reach is the largest of these lags up to which it solves all of them. The sentence "
        "holds for a row if the mean reach is at most 10 steps."
    ),
    arms,
    judge,
)  # fmt: skip
