"""Whether an LSTM learns to remember, at short lags and long ones."""

from seqcore.claims.claim import Arm, Claim, Outcomes, Verdict
from seqcore.claims.evidence import LEARNT, OF_CHANCE, Rule, arm, decide, over_chance, row
from seqcore.text import N_

SEEDS = 5

RULE = Rule(
    OF_CHANCE, line=LEARNT, below="supported", above="refuted",
    words={
        "supported": N_("The LSTM learnt to remember everywhere: {below}."),
        "refuted": N_("Nowhere did the LSTM learn to remember: {above}."),
        "depends": N_("It depends. Learnt: {below}. Not learnt: {above}."),
    },
)  # fmt: skip


def arms() -> tuple[Arm, ...]:
    plain = {"architecture": "lstm", "epochs": 40}
    return (
        arm(N_("Adding problem, lag 10"), SEEDS, task="adding", lag=10, **plain),
        arm(N_("Adding problem, lag 20"), SEEDS, task="adding", lag=20, **plain),
        arm(N_("Adding problem, lag 60"), SEEDS, task="adding", lag=60, **plain),
        arm(N_("Copy, lag 20"), SEEDS, task="copy", lag=20, **plain),
        arm(N_("Copy, lag 20, forget-gate bias 3"), SEEDS, task="copy", lag=20, forget_bias=3.0, **plain),
    )


def judge(outcomes: Outcomes) -> Verdict:
    return decide(arms(), outcomes, RULE, [row(own.label, [own], outcomes, over_chance) for own in arms()])


CLAIM = Claim(
    "lstm_memory",
    N_("LSTM has no short-term memory problem."),
    N_("Slides: LSTM"),
    N_("An LSTM is asked for what it read 10, 20 or 60 steps ago. Will it learn to answer?"),
    (
        N_("Yes, at every lag"),
        N_("No, at none of them"),
        N_("It depends on the lag, the task and the forget gate"),
    ),
    ("supported", "refuted", "depends"),
    N_(
        "An LSTM as torch.nn begins it is trained on two tasks, with a short lag and with longer ones, and once with a "
        "forget gate that begins open. It has learnt to remember if its test error is at most half of what it would be "
        "without the far step."
    ),
    arms,
    judge,
)  # fmt: skip
