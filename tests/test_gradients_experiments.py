"""Experiments of many runs on the page of gradients through time: the map of lags, and the claims."""

import numpy as np
import pytest

from pages.kit import claim_board
from seqcore.claims import CLAIMS, Arm, Claim, Verdict
from seqcore.data.tasks.spec import MemorySpec
from seqcore.memory import side_by_side
from tests.browser import wait_for
from tests.test_gradients_page import PAGE, TINY, message, numbers, one_worker, runs_of, words  # noqa: F401
from tests.test_pages import open_page


def test_the_lag_map_trains_what_it_lacks_and_keeps_what_is_there():
    app = open_page(PAGE, **TINY, gradients__view="lags", gradients__lags="2,3", gradients__cells="gru,rnn")
    app.button(key="gradients.lagmap.start").click().run()
    owned = f"{PAGE}.lagmap"
    wait_for(lambda: [run.view().ended for run in runs_of(app, owned)] == [True] * 4, 60)
    app.run()
    assert not app.exception and "4 of 4 runs" in app.get("progress")[0].proto.text
    values = MemorySpec().replace(hidden_size=4, epochs=6).flat()
    assert {run.spec for run in runs_of(app, owned)} == set(side_by_side(values, ["rnn", "gru"], (2, 3)))
    assert app.button(key="gradients.lagmap.start").disabled
    app.multiselect(key="gradients.lags").set_value([2, 5]).run()
    assert not app.button(key="gradients.lagmap.start").disabled
    app.button(key="gradients.lagmap.start").click().run()
    wait_for(lambda: len(runs_of(app, owned)) == 6 and all(run.view().ended for run in runs_of(app, owned)), 60)


def test_no_lag_and_too_many_runs_are_sentences():
    app = open_page(PAGE, gradients__view="lags")
    app.multiselect(key="gradients.lags").set_value([]).run()
    assert "at least one lag" in app.warning[0].value and app.button(key="gradients.lagmap.start").disabled
    app.multiselect(key="gradients.lags").set_value([2, 3, 5, 8, 10]).run()
    app.slider(key="gradients.seeds").set_value(5).run()
    assert "75 runs" in app.warning[0].value and "60" in app.warning[0].value
    assert app.button(key="gradients.lagmap.start").disabled and not app.exception


def test_every_claim_has_its_card_and_its_link():
    app = open_page(PAGE, gradients__view="claims")
    for claim in CLAIMS:
        app.radio(key="gradients.claim").set_value(claim.name).run()
        assert not app.exception and not app.warning and claim.sentence in words(app)
        assert app.radio(key=f"gradients.guess.{claim.name}").value is None
        assert not app.button(key="gradients.claims.start").disabled
        assert app.query_params.get("gradients.claim", CLAIMS[0].name) == claim.name
    last = open_page(PAGE, gradients__view="claims", gradients__claim=CLAIMS[-1].name)
    assert last.radio(key="gradients.claim").value == CLAIMS[-1].name


def test_a_claim_runs_the_experiment_it_says_and_stop_ends_it():
    app = open_page(PAGE, gradients__view="claims")
    app.button(key="gradients.claims.start").click().run()
    specs = {spec for arm in CLAIMS[0].arms() for spec in arm.specs}
    assert not app.exception and {run.spec for run in runs_of(app, "gradients.claims")} == specs
    assert "The verdict stands here" in app.info[0].value
    app.button(key="gradients.claims.stop").click().run()
    assert not app.button(key="gradients.claims.start").disabled
    assert all(run.view().ended for run in runs_of(app, "gradients.claims"))


@pytest.mark.parametrize("kind", ["supported", "refuted", "depends"])
def test_the_verdict_is_that_of_the_runs_and_is_held_against_the_guess(kind, monkeypatch):
    specs = tuple(MemorySpec().replace(lag=2, hidden_size=2, epochs=2, seed=seed) for seed in range(2))

    def judge(outcomes):
        ends = tuple(outcome.history.test_rmse[-1] for outcome in outcomes.values() if outcome.status == "finished")
        own = kind if len(ends) == len(specs) else "open"
        mean, rows = float(np.mean(ends or np.nan)), (("GRU", ends),)
        interval = (mean, mean, mean)
        return Verdict(own, "It is {mean:.3f}.", {"mean": mean}, "RMSE", rows, (interval,), *interval, False, 1.0)

    claim = Claim(CLAIMS[0].name, "A sentence", "A slide", "What then?", ("Yes", "No"), ("supported", "refuted"),
                  "Tiny.", lambda: (Arm("GRU", specs),), judge)  # fmt: skip
    monkeypatch.setattr(claim_board, "CLAIMS", (claim,))
    app = open_page(PAGE, gradients__view="claims")
    app.radio(key=f"gradients.guess.{claim.name}").set_value(0).run()
    app.button(key="gradients.claims.start").click().run()
    wait_for(lambda: all(run.view().ended for run in runs_of(app, "gradients.claims")), 30)
    app.run()
    ends = [run.view().history.test_rmse[-1] for run in runs_of(app, "gradients.claims")]
    assert f"It is {np.mean(ends):.3f}." in words(app) and not app.info and not app.exception
    told = app.caption[-1].value
    assert "You thought so, too" in told if kind == "supported" else "otherwise: “Yes”" in told
    dots = numbers(message(app, "gradients.claims.board")["verdict"]["1.x"])
    assert sorted(dots) == pytest.approx(sorted(ends))
