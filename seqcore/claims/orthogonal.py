"""Whether a vanilla RNN learns to look back far from first weights that keep the length of what they multiply."""

from seqcore.claims.claim import Arm, Claim, Outcomes, Verdict
from seqcore.claims.evidence import LEARNT, OF_CHANCE, Rule, arm, decide, over_chance, row
from seqcore.text import N_

SEEDS = 6

RULE = Rule(
    OF_CHANCE, line=LEARNT, below="supported", above="refuted",
    words={
        "supported": N_("From weights that keep lengths, the RNN learnt to remember everywhere: {below}. From "
                        "torch.nn's it did not."),
        "refuted": N_("From weights that keep lengths, the RNN did not learn to remember, either: {above}."),
        "depends": N_("It depends. Learnt: {below}. Not learnt: {above}."),
    },
)  # fmt: skip


def arms() -> tuple[Arm, ...]:
    last = {"architecture": "rnn", "task": "last", "lag": 20, "lr": 0.003, "epochs": 40}
    adding = {"architecture": "rnn", "task": "adding", "lag": 30, "lr": 0.003, "epochs": 60}
    return (
        arm(N_("Marked last value, lag 20, torch.nn's first weights"), SEEDS, **last),
        arm(N_("Marked last value, lag 20, orthogonal"), SEEDS, init="orthogonal", **last),
        arm(N_("Marked last value, lag 20, identity and relu"), SEEDS, init="identity", relu=True, **last),
        arm(N_("Adding problem, lag 30, torch.nn's first weights"), SEEDS, **adding),
        arm(N_("Adding problem, lag 30, orthogonal"), SEEDS, init="orthogonal", **adding),
        arm(N_("Adding problem, lag 30, identity and relu"), SEEDS, init="identity", relu=True, **adding),
    )


def judge(outcomes: Outcomes) -> Verdict:
    rows = [row(own.label, [own], outcomes, over_chance, "above" if own.specs[0].remedies.init == "torch" else "")
            for own in arms()]  # fmt: skip
    return decide(arms(), outcomes, RULE, rows)


CLAIM = Claim(
    "orthogonal",
    N_("A vanilla RNN remembers if it begins with orthogonal weights, or with the identity and relu."),
    "Saxe et al. 2014; Le, Jaitly & Hinton 2015",
    N_("From torch.nn's first weights a vanilla RNN fails here. Will it succeed from weights that keep lengths?"),
    (
        N_("Yes, on both tasks"),
        N_("No, on neither"),
        N_("It depends on the task and the weights"),
    ),
    ("supported", "refuted", "depends"),
    N_(
        "A vanilla RNN learns two tasks that it fails from torch.nn's first weights, or there is nothing to compare, "
        "from an orthogonal recurrent matrix, and from the identity with relu. It has learnt to remember in a row if "
        "its test error is at most half of what it would be without the far step."
    ),
    arms,
    judge,
)  # fmt: skip
