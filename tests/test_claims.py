"""Verdicts come from what the runs measured, and from nothing else."""

import math
import re
import string
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import seqcore.claims as claims
from seqcore.claims import CLAIMS, Outcome, evidence
from seqcore.claims.bptt_reach import reach as reach_learnt
from seqcore.claims.evidence import LEARNT, Row, Rule, arm, decide, interval, over_chance, row
from seqcore.claims.gru_faster import slower
from seqcore.claims.near_past import NEAR
from seqcore.claims.only_milder import LEFT, reach
from seqcore.data.tasks import TASKS
from seqcore.data.tasks.spec import MemorySpec
from seqcore.training.events import EPOCH_FIELDS, Diverged, Epoch, History

every = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
KINDS = {"supported", "refuted", "depends", "open"}


def same(text):
    return text


def history(errors):
    return History(**{name: np.asarray(range(len(errors)) if name == "epoch" else errors, float)
                      for name in EPOCH_FIELDS})  # fmt: skip


def ran(spec, error=1.0, solved=None, share=None, kept=None, status="finished"):
    """A run that ends with `error` as a share of chance; or at epoch `solved` with none.

    `share` is what the last 10 steps have of the gradient, `kept` what a step back keeps of it: before and after.
    """
    task, steps = TASKS[spec.data.task], TASKS[spec.data.task].length(spec.data.lag)
    chance = task.error(task.chance_score)
    errors = [chance] * (spec.training.epochs + 1) if solved is None else [chance] * solved + [0.0]
    if solved is None:
        errors[-1] = error * chance
    arrays = {}
    if share:
        arrays["over.share"] = np.array(
            [[1 - part] + [0] * (steps - NEAR - 1) + [part / NEAR] * NEAR for part in share]
        )
    arrays["over.norms"] = np.array([step ** np.arange(steps)[::-1] for step in kept or (0.5, 0.5)])
    return Outcome(status, history(errors), arrays)


def outcomes(claim, made):
    """What `made(spec)` gives for each spec of `claim`."""
    return {spec: made(spec) for own in claim.arms() for spec in own.specs}


def biased(spec):
    return spec.remedies.forget_bias > 0


def keeps(rnn, lstm, with_bias):
    """By cell: what a step back keeps of the gradient, before and after."""
    return lambda s: ran(s, kept=rnn if s.model.architecture == "rnn" else with_bias if biased(s) else lstm)


def errs(good):
    """Below the line where `good(spec)`, else at chance."""
    return lambda s: ran(s, 0.1 if good(s) else 1.0)


WAYS = {
    "bptt_reach": {
        "supported": lambda s: ran(s, solved=5 if s.data.lag == 10 else None),
        "refuted": lambda s: ran(s, solved=5),
        "depends": lambda s: ran(s, solved=5 if s.data.task == "order" or s.data.lag == 10 else None),
        "open": lambda s: ran(s, solved=5 if s.seed == 0 or s.data.lag == 10 else None),
    },
    "near_past": {
        "supported": lambda s: ran(s, share=(0.9, 0.8)),
        "refuted": lambda s: ran(s, share=(0.2, 0.1)),
        "depends": lambda s: ran(s, share=(0.9, 0.2)),
        "open": lambda s: ran(s, share=(0.9, 0.1 if s.seed % 2 else 0.9)),
    },
    "lstm_memory": {
        "supported": errs(lambda s: True),
        "refuted": errs(lambda s: False),
        "depends": errs(lambda s: s.data.lag < 60),
        "open": errs(lambda s: s.data.lag < 60 or s.seed == 0),
    },
    "only_milder": {
        "supported": keeps((0.5, 0.5), (0.6, 0.9), (0.7, 0.7)),
        "refuted": keeps((0.7, 0.7), (0.6, 0.6), (0.7, 0.7)),
        "depends": keeps((0.5, 0.5), (0.4, 0.9), (0.6, 0.6)),
        "open": lambda s: ran(s, kept=(0.9 if s.seed % 2 and s.model.architecture == "lstm" else 0.5,) * 2),
    },
    "gru_faster": {
        "supported": lambda s: ran(s, solved=5 if s.model.architecture == "gru" else 10),
        "refuted": lambda s: ran(s, solved=10 if s.model.architecture == "gru" else 5),
        "depends": lambda s: ran(s, solved=6 if s.model.architecture == "gru" else 12 if s.data.lag == 10 else 3),
        "open": lambda s: ran(s, solved=6 if s.model.architecture == "gru" else 12 if s.seed % 2 else 3),
    },
    "clipping": {
        "supported": errs(lambda s: s.training.clip),
        "refuted": errs(lambda s: False),
        "depends": errs(lambda s: s.training.clip and s.remedies.gain < 2),
        "open": errs(lambda s: True),
    },
    "truncation": {
        "supported": errs(lambda s: True),
        "refuted": errs(lambda s: not s.remedies.truncate),
        "depends": errs(lambda s: not s.remedies.truncate or s.data.task == "order"),
        "open": errs(lambda s: False),
    },
    "orthogonal": {
        "supported": errs(lambda s: s.remedies.init != "torch"),
        "refuted": errs(lambda s: False),
        "depends": errs(lambda s: s.remedies.relu),
        "open": errs(lambda s: True),
    },
}  # fmt: skip
"""Outcomes by which each verdict is reached."""


def test_every_file_is_listed():
    files = {path.stem for path in Path(claims.__file__).parent.glob("*.py")}
    assert files - {"__init__", "claim", "evidence"} == {claim.name for claim in CLAIMS}
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS) >= 7


@every
def test_answers_foretell_verdicts_and_the_runs_are_many_and_different(claim):
    assert len(claim.answers) == len(claim.kinds) == len(set(claim.answers)) and 3 <= len(claim.answers) <= 4
    assert {"supported", "refuted", "depends"} <= set(claim.kinds) <= KINDS
    specs = [spec for own in claim.arms() for spec in own.specs]
    assert len(set(specs)) == len(specs) and len({own.label for own in claim.arms()}) == len(claim.arms())
    assert min(Counter(spec.replace(seed=0) for spec in specs).values()) >= 4
    assert claim.arms() == claim.arms()
    assert all(spec.stop for spec in specs)


@every
def test_the_numbers_in_the_words_are_those_of_the_runs(claim):
    specs = [spec for own in claim.arms() for spec in own.specs]
    known = {"near_past": {NEAR, TASKS["order"].length(30)}, "only_milder": {100 * LEFT}}.get(claim.name, set())
    known |= {claim.judge({}).line}
    known |= {spec.flat()[name] for spec in specs for name in ("lag", "truncate", "gain", "clip")}
    told = re.findall(r"\d+(?:\.\d+)?", claim.question + claim.explain)
    assert {float(number) for number in told} <= {float(number) for number in known}
    for own in claim.arms():
        for spec in own.specs:
            facts = {"lag (.*?)(?:,|$)": spec.data.lag, "bias (.)": spec.remedies.forget_bias,
                     r"last (\d+) steps": spec.remedies.truncate, "^(.*) times": spec.remedies.gain}  # fmt: skip
            for pattern, value in facts.items():
                if found := re.search(pattern, own.label):
                    assert float(found[1]) == value, own.label


@every
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_verdict_can_be_reached(claim, kind):
    verdict = claim.judge(outcomes(claim, WAYS[claim.name][kind]))
    assert verdict.kind == kind
    assert not re.search(r"[{}]|nan", verdict.words(same))
    assert len(verdict.points) == len(verdict.intervals) and all(len(values) >= 4 for _, values in verdict.points)
    assert math.isfinite(verdict.mean) == (verdict.values.keys() >= {"below"} and kind != "depends")
    if kind in ("supported", "refuted"):
        assert (verdict.low, verdict.mean, verdict.high) in verdict.intervals
        assert verdict.high <= verdict.line or verdict.low > verdict.line
    if kind == "depends":
        assert verdict.values["below"] and verdict.values["above"]


@every
def test_there_is_no_verdict_while_a_run_is_missing(claim):
    made = outcomes(claim, WAYS[claim.name]["supported"])
    empty = claim.judge({})
    assert empty.kind == "open" and not any(values for _, values in empty.points)
    assert f"0 of {len(made)} runs" in empty.words(same)
    first, *_ = made
    for status in ("failed", "stopped", "training"):
        cut = Outcome(status, history([]), {})
        verdict = claim.judge({**made, first: cut})
        assert verdict.kind == "open" and f"{len(made) - 1} of {len(made)} runs" in verdict.words(same)
        assert math.isnan(verdict.mean)
    without = claim.judge({spec: outcome for spec, outcome in made.items() if spec != first})
    assert without.points == claim.judge({**made, first: cut}).points
    counts = [sum(len(values) for _, values in found.points) for found in (without, claim.judge(made))]
    assert counts[0] < counts[1]


@every
def test_what_diverged_counts_and_never_breaks_a_verdict(claim):
    made = outcomes(claim, WAYS[claim.name]["depends"])
    gone = {spec: Outcome("diverged", history([1.0, math.nan]), {}) for spec in made}
    verdict = claim.judge(gone)
    assert verdict.kind in ("open", "refuted", "supported") and not re.search("[{}]", verdict.words(same))
    for spec in list(made)[::3]:
        assert claim.judge({**made, spec: gone[spec]}).kind in KINDS


def test_sentences_are_translated_with_the_rows_they_name():
    claim = next(claim for claim in CLAIMS if claim.name == "clipping")
    verdict = claim.judge(outcomes(claim, WAYS["clipping"]["depends"]))
    words = verdict.words(lambda text: text.replace("times", "mal").replace("Cured", "Geheilt"))
    assert "Geheilt: 1.2 mal the identity, clipped at 1." in words
    assert all(label in verdict.words(same) for label in (*verdict.values["below"], *verdict.values["above"]))


@every
def test_every_sentence_of_a_verdict_has_only_places_that_are_filled(claim):
    for kind in ("supported", "refuted", "depends"):
        verdict = claim.judge(outcomes(claim, WAYS[claim.name][kind]))
        places = {name for _, name, _, _ in string.Formatter().parse(verdict.template) if name}
        assert places and places <= set(verdict.values)


def test_intervals_are_students():
    low, mean, high = interval([1, 2, 3, 4], 0.95)
    assert mean == 2.5 and high - mean == pytest.approx(mean - low) == pytest.approx(3.182446 * 1.2909944 / 2)
    assert interval([1, 10, 100], 0.95, log=True)[1] == pytest.approx(10)
    assert math.prod(interval([1, 10, 100], 0.95, log=True)[::2]) == pytest.approx(100)
    assert interval([10] * 5, 0.99) == (10, 10, 10)
    for values in ([], [1.0], [1.0, math.nan, 2.0], [1.0, math.inf]):
        assert np.isnan(interval(values, 0.95)).all()


def test_rows_are_judged_together_and_the_nearest_is_told():
    own = arm("x", 2, task="order")
    made = {spec: ran(spec) for spec in own.specs}
    rule = Rule("m", 0.5, "supported", "refuted", {"supported": "{below}", "refuted": "{above}", "depends": "{below}"})
    near, far = Row("near", (0.30, 0.35, 0.40, 0.35)), Row("far", (0.1, 0.1, 0.1, 0.12))
    control = Row("control", (0.9, 0.4, 0.9, 0.9), "above")
    verdict = decide([own], made, rule, [far, near, control])
    assert verdict.kind == "supported" and verdict.values["below"] == ("far", "near")
    assert (verdict.low, verdict.mean, verdict.high) == interval(near.values, 1 - evidence.ERROR_RATE / 2)
    assert verdict.intervals[2] == interval(control.values, 1 - evidence.ERROR_RATE / 2)
    wide = Row("wide", (0.34, 0.24, 0.34, 0.44))  # clear of the line alone, not together with a second row
    assert decide([own], made, rule, [wide]).kind == "supported"
    both = decide([own], made, rule, [wide, far])
    assert both.kind == "open" and both.values["unclear"] == ("wide",) and both.high > 0.5 > both.low
    assert "wide" in both.words(same)
    assert decide([own], made, rule, [far, Row("control", (0.9, 0.1, 0.2, 0.3), "above")]).values == {
        "broken": ("control",)
    }


def test_a_run_in_one_number():
    order, adding = MemorySpec().replace(task="order", epochs=4), MemorySpec().replace(task="adding", epochs=4)
    made = {order: ran(order, 0.25), adding: Outcome("finished", history([0.3, 0.2, math.sqrt(1 / 12) / 2]), {})}
    assert over_chance(made, order) == pytest.approx(0.25) and over_chance(made, adding) == pytest.approx(LEARNT)
    for error, status in ((math.nan, "finished"), (math.inf, "finished"), (7.0, "finished"), (0.1, "diverged")):
        assert over_chance({adding: Outcome(status, history([0.3, error]), {})}, adding) == evidence.WORST
    assert evidence.solved_at({adding: Outcome("finished", history([0.3, 0.2, 0.08, 0.05]), {})}, adding) == 2
    assert evidence.solved_at({order: Outcome("finished", history([0.5, 0.011, 0.009]), {})}, order) == 2
    assert evidence.solved_at({order: Outcome("diverged", history([0.5, math.nan]), {})}, order) == math.inf


def test_reach_is_the_largest_lag_up_to_which_all_are_solved():
    specs = [MemorySpec().replace(task="last", lag=lag) for lag in (10, 25, 40)]
    for solved, expected in (((3, 3, 3), 40), ((3, 3, None), 25), ((3, None, 3), 10), ((None, 3, 3), 0)):
        made = {spec: ran(spec, solved=epoch) for spec, epoch in zip(specs, solved, strict=True)}
        assert reach_learnt(made, *specs) == expected


def test_the_gradients_reach_is_where_one_percent_is_left():
    steps = np.arange(35)[::-1]
    assert reach(0.5**steps) == pytest.approx(math.log(LEFT) / math.log(0.5))
    assert reach(3e-5 * 0.8**steps) == pytest.approx(math.log(LEFT) / math.log(0.8))
    assert reach(0.95**steps) == 34  # not down to 1 % within the sequence
    assert reach(np.array([0.0, 0.0, 0.5, 1.0])) == 1
    assert math.isnan(reach(np.array([1.0, math.nan, 1.0]))) and math.isnan(reach(np.zeros(4)))


def test_the_points_by_hand():
    by_name = {claim.name: claim for claim in CLAIMS}

    def points(name, made):
        return [values[0] for _, values in by_name[name].judge(outcomes(by_name[name], made)).points]

    epochs = {("gru", 10): 4, ("lstm", 10): 10, ("gru", 40): 20, ("lstm", 40): 8}
    solved = points("gru_faster", lambda s: ran(s, solved=epochs[s.model.architecture, s.data.lag]))
    assert solved == [2.5, 2.5, 0.4]
    kept = points("only_milder", WAYS["only_milder"]["depends"])
    half = math.log(0.5)
    assert kept == pytest.approx([half / math.log(0.4), half / math.log(0.6), 34 * half / math.log(LEFT)])
    assert points("near_past", WAYS["near_past"]["depends"]) == pytest.approx([0.9, 0.2, 0.9, 0.9])
    assert points("lstm_memory", WAYS["lstm_memory"]["depends"]) == pytest.approx([0.1, 0.1, 1, 0.1, 0.1])


def test_who_solves_nothing_counts_with_all_updates():
    lstm, gru = (MemorySpec().replace(architecture=cell, epochs=40) for cell in ("lstm", "gru"))
    assert slower({lstm: ran(lstm, solved=12), gru: ran(gru, solved=8)}, lstm, gru) == 1.5
    assert slower({lstm: ran(lstm), gru: ran(gru, solved=8)}, lstm, gru) == 5
    assert slower({lstm: ran(lstm), gru: ran(gru)}, lstm, gru) == 1


def train(spec):
    from seqcore.training.memory import MemoryTrainer

    trainer, told, status = MemoryTrainer(spec), [], "finished"
    for event in trainer:
        if isinstance(event, Epoch):
            told.append(event)
        elif isinstance(event, Diverged):
            status = "diverged"
    curves = {name: np.array([getattr(event, name) for event in told], float) for name in EPOCH_FIELDS}
    return Outcome(status, History(**curves), trainer.conclusion().arrays if status == "finished" else {})


def test_an_experiment_from_training_to_verdict():
    short = arm("short", 2, task="order", lag=4, epochs=8, architecture="gru")
    blind = arm("blind", 2, task="last", lag=12, epochs=2, architecture="gru", truncate=4)
    rule = Rule("error", LEARNT, "supported", "refuted", dict.fromkeys(("supported", "refuted", "depends"), "{below}"))

    def verdict():
        made = {spec: train(spec) for own in (short, blind) for spec in own.specs}
        return decide([short, blind], made, rule, [row(own.label, [own], made, over_chance) for own in (short, blind)])

    found = verdict()
    assert found.kind == "depends" and found.values["below"] == ("short",) and found.values["above"] == ("blind",)
    assert verdict() == found


def test_the_profiles_that_are_judged_are_those_that_trainers_keep():
    claim = next(claim for claim in CLAIMS if claim.name == "near_past")
    untrained = [own for own in claim.arms() if own.specs[0].training.epochs == 1]
    verdict = claim.judge({spec: train(spec) for own in untrained for spec in own.specs[:3]})
    shares = dict(verdict.points)
    assert min(shares["LSTM, untrained"]) > 0.9 and max(shares["LSTM with forget-gate bias 4, untrained"]) < 0.6
    assert verdict.kind == "open"


def test_claims_need_no_torch():
    code = "import sys, seqcore.claims; sys.exit('torch' in sys.modules or 'streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1]).returncode == 0
