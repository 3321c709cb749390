"""The page that looks into a network, as a visitor without a browser meets it."""

import numpy as np
import pytest

from pages.kit import lab
from pages.kit.inside import VIEWS
from seqcore.look import Clamp, Look, Study
from tests.browser import wait_for
from tests.test_pages import open_page

SMALL = {"hidden__epochs": "20", "hidden__hidden_size": "6", "hidden__series": "airline", "hidden__seq_length": "12"}


@pytest.fixture(scope="module", autouse=True)
def one_worker():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLAB_WORKERS", "1")
        yield
        lab.engine().close()
        lab.engine.clear()


def trained(**query):
    """The page with a small run of its own that has ended."""
    app = open_page("hidden", **{**SMALL, **query})
    app.button(key="hidden.bar.start").click().run()
    run = lab.engine().of(f"{app.session_state['seqlab.viewer']}/hidden")[0]
    wait_for(lambda: run.view().ended, 60)
    app.run()
    assert not app.exception and not app.error
    return app, run


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("architecture", ["lstm", "mlp"])
def test_every_view_of_every_kind_of_network_opens(view, architecture):
    app, run = trained(hidden__architecture=architecture, hidden__view=view)
    look = run.view().look
    assert look.window == run.view().started.train_windows  # the first of the test part
    assert (look.study is not None) and look.weights == (view == "weights")
    told = " ".join(info.value for info in app.info)
    assert ("no gates" in told) == (view == "gates" and architecture == "mlp")
    assert ("Nothing is held" in told) == (view == "held")


def test_a_held_gate_costs_what_the_core_says_and_letting_go_gives_all_back():
    from seqcore.training.trainer import Trainer

    app, run = trained(hidden__architecture="lstm")
    before = run.view().snapshot
    app.selectbox(key="hidden.hold.tap").select("l0.f").run()
    app.slider(key="hidden.hold.True").set_value(1.0).run()
    app.button(key="hidden.hold.add").click().run()
    assert app.session_state["hidden.view"] == "held" and app.query_params["hidden.hold"] == "l0.f=1"
    held = run.view().snapshot
    assert run.view().look.clamps == (Clamp("l0.f", 1.0),)
    trainer = Trainer(run.spec, run.series)
    list(trainer)
    direct = trainer.snapshot(Look(run.view().look.window, clamps=(Clamp("l0.f", 1.0),)))
    np.testing.assert_array_equal(held.arrays["held.rmse"], direct.arrays["held.rmse"])
    assert (held.arrays["held.l0.f"] == 1).all() and not (held.arrays["l0.f"] == 1).any()
    app.button(key="hidden.hold.clear").click().run()
    after = run.view().snapshot
    assert app.session_state["hidden.hold"] == "" and "held.rmse" not in after.arrays
    assert after.digest == before.digest
    for name, values in before.arrays.items():
        np.testing.assert_array_equal(after.arrays[name], values)


def test_what_another_network_does_not_have_is_a_sentence_and_the_page_goes_on():
    app, run = trained(hidden__architecture="rnn", hidden__hold="l0.f=1", hidden__tap="l3.cell", hidden__units="2,99")
    assert any("no l0" in warning.value for warning in app.warning)
    assert app.session_state["hidden.tap"] == "l0.hidden" and app.session_state["hidden.units"] == [2]
    assert run.view().look.clamps == ()


@pytest.mark.parametrize("query", [
    {"hidden__hold": "l0.f=9"}, {"hidden__hold": "x" * 500}, {"hidden__view": "<b>"}, {"hidden__window": "-7"},
    {"hidden__window": "1e9"}, {"hidden__units": ",".join("1" * 40)}, {"hidden__span": "9,x"},
    {"hidden__hidden_size": "0"}, {"hidden__tap": "../../etc"}, {"hidden__order": "none"},
])  # fmt: skip
def test_a_wrong_link_is_told_and_the_page_opens(query):
    app = open_page("hidden", **query)
    assert len(app.warning) == 1 and not app.exception


def test_a_link_opens_the_page_as_it_was():
    own = {"tap": "l0.cell", "units": "1,4", "span": "3,7", "view": "similar", "order": "cluster", "window": "11",
           "hold": "l0.i[2]=0.5"}  # fmt: skip
    app = open_page("hidden", **{f"hidden__{name}": text for name, text in own.items()})
    app.run()
    assert {name: app.query_params[name] for name in app.query_params} == {
        f"hidden.{name}": text for name, text in own.items()
    }


def test_two_networks_stand_beside_each_other_on_the_same_window():
    app, first = trained(hidden__architecture="lstm")
    app.selectbox(key="hidden.architecture").select("gru").run()
    app.button(key="hidden.bar.start").click().run()
    second = lab.engine().of(first.owner)[0]
    wait_for(lambda: second.view().ended, 60)
    app.run()
    assert app.session_state["hidden.run"] == second.id  # a new run is looked at by itself
    app.selectbox(key="hidden.other").select(first.id).run()
    assert not app.exception
    assert first.view().look.window == second.view().look.window
    assert first.view().look.study == second.view().look.study == Study("l0.hidden", (8, 11))
