"""How long an LSTM trains until it has solved a task, compared with a GRU, seed by seed."""

from seqcore.claims.claim import Arm, Claim, Outcomes, Verdict
from seqcore.claims.evidence import Rule, arm, decide, row, solved_at
from seqcore.data.tasks.spec import MemorySpec
from seqcore.text import N_

SEEDS = 6

RULE = Rule(
    N_("updates of the LSTM over updates of the GRU"), line=1, below="refuted", above="supported", log=True,
    words={
        "supported": N_("The GRU was faster everywhere: {above}."),
        "refuted": N_("The GRU was nowhere faster: {below}."),
        "depends": N_("It depends. The GRU was faster: {above}. The LSTM was faster: {below}."),
    },
)  # fmt: skip


def arms() -> tuple[Arm, ...]:
    adding = {"task": "adding", "lag": 10, "lr": 0.003, "epochs": 40}
    copy = {"task": "copy", "lag": 40, "lr": 0.003, "epochs": 30}
    return (
        arm(N_("GRU, adding problem, lag 10"), SEEDS, architecture="gru", **adding),
        arm(N_("LSTM, adding problem, lag 10"), SEEDS, **adding),
        arm(N_("LSTM with forget-gate bias 4, adding problem, lag 10"), SEEDS, forget_bias=4.0, **adding),
        arm(N_("GRU, copy, lag 40"), SEEDS, architecture="gru", **copy),
        arm(N_("LSTM with forget-gate bias 4, copy, lag 40"), SEEDS, forget_bias=4.0, **copy),
    )


def judge(outcomes: Outcomes) -> Verdict:
    adding, lstm, biased, copy, biased_copy = arms()
    pairs = [(lstm, adding), (biased, adding), (biased_copy, copy)]
    return decide(arms(), outcomes, RULE, [row(pair[0].label, pair, outcomes, slower) for pair in pairs])


def slower(outcomes: Outcomes, lstm: MemorySpec, gru: MemorySpec) -> float:
    """Epochs the LSTM took as a multiple of the GRU's; a network that solved nothing took all it had."""
    took = [min(solved_at(outcomes, spec), spec.training.epochs) for spec in (lstm, gru)]
    return took[0] / took[1]


CLAIM = Claim(
    "gru_faster",
    N_("GRU converges faster than LSTM."),
    N_("Slides: GRU"),
    N_("Which needs fewer updates until a task is solved, with the same hidden size and learning rate?"),
    (
        N_("The GRU, always"),
        N_("The LSTM, always"),
        N_("It depends on the task and on the LSTM's forget gate"),
    ),
    ("supported", "refuted", "depends"),
    N_(
        "A GRU and an LSTM are trained on the same sequences until they solve a task, with the forget gate as torch.nn "
        "begins it and with one that begins open. The GRU is faster in a row if the LSTM's updates over those of the "
        "GRU with the same seed are above 1. Who never solves it counts with all the updates there were."
    ),
    arms,
    judge,
)  # fmt: skip
