"""The page of gradients through time, as a visitor without a browser meets it."""

import base64
import json
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from pages.kit import lab
from pages.kit.experiments import GRADIENTS
from pages.kit.form import LEARNING_RATES
from pages.kit.memory_form import FIELDS, FIRST, MEMORY
from pages.kit.text import ASSETS
from pages.kit.timeline import Stand
from seqcore.catalogue import RECURRENT
from seqcore.claims import CLAIMS
from seqcore.memory import fit, side_by_side
from seqcore.reports.run_file import load
from tests.browser import wait_for
from tests.test_pages import ROOT, open_page

PAGE = "gradients"
VIEWS = ("numbers", "telescope", "tasks", "lags", "claims")
TINY = {"gradients__lag": "4", "gradients__hidden_size": "4", "gradients__epochs": "6"}
LONG = {**TINY, "gradients__epochs": "5000", "gradients__stop": "false"}
EXPLODING = {"gradients__cell": "rnn", "gradients__lag": "30", "gradients__hidden_size": "32", "gradients__clip": "0",
             "gradients__init": "identity", "gradients__relu": "true", "gradients__optimiser": "momentum"}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def one_worker():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLAB_WORKERS", "1")
        yield
        lab.engine().close()
        lab.engine.clear()


def runs_of(app, part=PAGE):
    """The visitor's runs, oldest first."""
    return lab.engine().of(f"{app.session_state['seqlab.viewer']}/{part}")[::-1]


@contextmanager
def training(app):
    """Its runs in training; in the end they are dropped."""
    try:
        wait_for(lambda: all(run.view().epoch for run in runs_of(app)), 30)
        yield runs_of(app)
    finally:
        for run in runs_of(app):
            run.forget()


def trained(**query):
    """The page with runs of its own that have ended."""
    app = open_page(PAGE, **{**TINY, **query})
    app.button(key="gradients.bar.start").click().run()
    wait_for(lambda: all(run.view().ended for run in runs_of(app)), 60)
    app.run()
    assert not app.exception
    return app, runs_of(app)


def message(app, board="gradients.board") -> dict:
    """What the browser has been sent of a board: by picture, its parts."""
    part = next(part.proto for part in app.get("bidi_component") if part.proto.id.endswith(f"-{board}"))
    return json.loads(part.json)["pictures"]


def numbers(part: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(part["f"]), "<f4")


def words(app) -> str:
    return " ".join(part.value for part in (*app.markdown, *app.warning, *app.error, *app.info)).replace("\\", "")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_before_during_and_after_training(view):
    app = open_page(PAGE, **LONG)
    app.button(key="gradients.bar.start").click().run()
    with training(app) as runs:
        app.segmented_control(key="gradients.view").set_value(view).run()
        assert not app.exception and not app.error and not app.warning
        assert app.query_params.get("gradients.view", "telescope") == view
        for run in runs:
            run.stop()
        wait_for(lambda: all(run.view().ended for run in runs), 5)
        app.run()
        assert not app.exception and not app.error
    assert not open_page(PAGE, gradients__view=view).warning


@pytest.mark.parametrize("cell", RECURRENT)
def test_the_recorded_networks_are_labelled_so_and_drawn_as_the_file_has_them(cell):
    app = open_page(PAGE, gradients__cell=cell)
    assert "Recorded run, not live" in words(app)
    drawn = message(app)
    for k, kind in enumerate(RECURRENT):
        arrays = load(ASSETS / "runs" / f"memory_{kind}_30_0.npz").snapshot.arrays
        norms = arrays["gradient.l0.hidden.grad"][::-1].astype("f4")
        np.testing.assert_array_equal(numbers(drawn["telescope"][f"{k}.y"]), norms)
        if kind == cell:
            shares = 100 * arrays["gradient.weight_hh_l0.share"][::-1]
            np.testing.assert_allclose(numbers(drawn["itemised"]["0.y"]), shares, rtol=1e-6)
            heat = numbers(drawn["telescope_epochs"]["0.z"]).reshape(drawn["telescope_epochs"]["0.z"]["shape"])
            np.testing.assert_allclose(10.0 ** heat[0], arrays["over.norms"][:, -1], rtol=1e-5)
    assert ("paths" in drawn) == (cell == "lstm") and ("singular" in drawn) == (cell != "lstm")


def test_the_recorded_errors_of_the_memory_task_are_the_files():
    drawn = message(open_page(PAGE, gradients__view="tasks"))
    for k, kind in enumerate(RECURRENT):
        history = load(ASSETS / "runs" / f"memory_{kind}_30_0.npz").history
        np.testing.assert_array_equal(numbers(drawn["learning"][f"{k}.y"]), history.test_rmse.astype("f4"))


@pytest.mark.parametrize("end", [0, -1])
def test_each_field_at_both_ends_leaves_the_page_standing(end):
    app = open_page(PAGE)
    for name in FIELDS:
        facts = MEMORY[name][1]
        ends = list(facts.choices) if facts.choices else [False, True] if facts.kind == "bool" else None
        ends = ends or (LEARNING_RATES if name == "lr" else [facts.low, facts.high])
        app.session_state[f"{PAGE}.{name}"] = int(ends[end]) if facts.kind == "int" else ends[end]
        app.run()
        assert not app.exception and not app.warning, name
    app.button(key="gradients.bar.start").click().run()
    wait_for(lambda: all(run.view().ended for run in runs_of(app)), 30)
    app.run()
    assert not app.exception
    assert {run.view().status for run in runs_of(app)} == {"failed" if end else "finished"}
    assert all("MPS" in error.value or "mps" in error.value for error in app.error) and len(app.error) == -3 * end
    for run in runs_of(app):
        run.forget()


@pytest.mark.parametrize(("name", "text"), [
    ("no_such", "1"), ("lag", "0"), ("lag", "9999"), ("lag", "9" * 5000), ("cells", "foo"), ("cells", ""),
    ("task", "<b>bold</b>"), ("lags", "7"), ("lags", "5,7"), ("lags", "²"), ("lags", "9" * 5000), ("lags", "<i>"),
    ("seeds", "9"), ("claim", "<b>"), ("view", "../../x"), ("cell", "mlp"), ("gain", "nan"), ("relu", "perhaps"),
    ("clip", "-1"), ("init", "__import__('os')"), ("detail", "x" * 500), ("num_w", "<script>"),
])  # fmt: skip
def test_a_wrong_link_gets_a_sentence_and_the_defaults(name, text):
    app = open_page(PAGE, **{f"gradients__{name}": text, "gradients__view": "lags"} if name == "lags" else
                    {f"gradients__{name}": text})  # fmt: skip
    assert len(app.warning) == 1
    assert not any(mark in app.warning[0].value.replace("\\<", "") for mark in "<`$[")
    assert {field: app.session_state[f"{PAGE}.{field}"] for field in FIRST} == FIRST
    assert app.session_state["gradients.lags"] == [5, 10, 20, 40, 80]


def test_without_a_network_there_is_a_sentence_and_nothing_to_train():
    app = open_page(PAGE)
    app.pills(key="gradients.cells").set_value([]).run()
    assert "Choose at least one network" in app.warning[0].value
    assert app.button(key="gradients.bar.start").disabled and app.button(key="gradients.bar.untrained").disabled
    app.segmented_control(key="gradients.view").set_value("lags").run()
    assert app.button(key="gradients.lagmap.start").disabled and not app.exception
    app.pills(key="gradients.cells").set_value(["gru"]).run()
    assert not app.warning and not app.button(key="gradients.lagmap.start").disabled


def test_a_remedy_that_a_cell_cannot_take_is_left_out_for_it_alone():
    _, runs = trained(gradients__relu="true", gradients__forget_bias="1.5", gradients__layer_norm="true")
    taken = {run.spec.model.architecture: run.spec.remedies for run in runs}
    assert {cell: (own.relu, own.forget_bias) for cell, own in taken.items()} == {
        "rnn": (True, 0.0), "lstm": (False, 1.5), "gru": (False, 0.0)}  # fmt: skip
    assert all(own.layer_norm for own in taken.values())


@pytest.mark.parametrize("experiment", GRADIENTS, ids=lambda experiment: experiment.name)
def test_an_experiment_sets_the_form_and_starts_what_it_says(experiment):
    app = open_page(PAGE, gradients__epochs="7", gradients__task="parity")  # which do not stay
    app.button(key=f"gradients.try.{experiment.name}").click().run()
    assert not app.exception and not app.error
    wanted = {**FIRST, **experiment.settings}
    cells = wanted.pop("cells")
    with training(app) as runs:
        assert [run.spec for run in runs] == side_by_side({name: wanted[name] for name in FIELDS}, cells)
        assert {name: app.session_state[f"{PAGE}.{name}"] for name in wanted} == wanted
        assert app.segmented_control(key="gradients.cell").value in cells or len(cells) == len(RECURRENT)


def test_the_link_holds_every_field_and_opens_them_again():
    changed = {"task": "order", "lag": 12, "hidden_size": 7, "lr": 0.005, "epochs": 33, "num_layers": 2,
               "dropout": 0.25, "batch_size": 16, "optimiser": "rmsprop", "stop": False, "seed": 42,
               "device": "cpu", "clip": 1.5, "clip_value": 0.25, "truncate": 9, "init": "orthogonal", "gain": 0.9,
               "forget_bias": 1.0, "relu": True, "layer_norm": True, "skip": 5, "attention": True,
               "cells": ["rnn", "gru"]}  # fmt: skip
    assert set(changed) == set(FIRST)
    changed |= {"view": "tasks", "cell": "gru", "detail": "stretch", "lags": [3, 60], "seeds": 4, "num_w": 0.97,
                "num_matrix": "orthogonal", "claim": CLAIMS[-1].name}  # fmt: skip
    app = open_page(PAGE)
    for name, value in changed.items():
        app.session_state[f"{PAGE}.{name}"] = value
    app.run()
    link = {key: values[0] if isinstance(values, list) else values for key, values in app.query_params.items()}
    assert {key.removeprefix("gradients.") for key in link} == set(changed)
    again = open_page(PAGE, **{key.replace(".", "__"): value for key, value in link.items()})
    assert {name: again.session_state[f"{PAGE}.{name}"] for name in changed} == changed
    assert not again.warning
    again.button(key="gradients.bar.start").click().run()
    with training(again) as runs:
        flat = {name: changed[name] for name in FIELDS}
        assert [run.spec for run in runs] == [fit(flat, "rnn"), fit(flat, "gru")]


def test_clipping_and_truncation_reach_the_runs_that_train():
    app = open_page(PAGE, **LONG)
    app.button(key="gradients.bar.start").click().run()
    changed = {"clip": 0.5, "clip_value": 0.02, "truncate": 3}
    with training(app) as runs:
        for name, value in changed.items():
            app.slider(key=f"gradients.{name}").set_value(value).run()
        for run in runs:
            wait_for(lambda run=run: {mark.name: mark.value for mark in run.view().marks} == changed, 10)
            wait_for(lambda run=run: not run.view().snapshot.arrays["gradient.l0.hidden.grad"][:-3].any(), 10)
        app.run()
        assert not app.exception
        drawn = numbers(message(app)["telescope"]["0.y"])
        assert np.isfinite(drawn[:3]).all() and np.isnan(drawn[3:]).all()
        assert {run.view().status for run in runs} == {"running"}


def test_a_network_that_trains_is_made_anew_with_another_remedy_unless_there_is_none_to_make():
    app = open_page(PAGE, **LONG)
    app.button(key="gradients.bar.start").click().run()
    with training(app):
        app.toggle(key="gradients.attention").set_value(True).run()
        assert not app.exception and all(run.spec.remedies.attention for run in runs_of(app))
        anew = runs_of(app)
        app.pills(key="gradients.cells").set_value([]).run()
        app.toggle(key="gradients.attention").set_value(False).run()
        assert not app.exception and "Choose at least one network" in app.warning[0].value
        assert runs_of(app) == anew


def test_pause_step_resume_and_stop_move_all_networks_together():
    app = open_page(PAGE, **LONG)
    app.button(key="gradients.bar.start").click().run()
    with training(app) as runs:
        app.button(key="gradients.bar.pause").click().run()
        wait_for(lambda: {run.view().status for run in runs} == {"paused"}, 5)
        app.run()
        here = [run.view().epoch for run in runs]
        app.button(key="gradients.bar.step").click().run()
        wait_for(lambda: [run.view().epoch for run in runs] == [epoch + 1 for epoch in here], 5)
        app.run()
        app.button(key="gradients.bar.resume").click().run()
        wait_for(lambda: all(run.view().epoch > epoch + 2 for run, epoch in zip(runs, here, strict=True)), 10)
        app.button(key="gradients.bar.stop").click().run()
        wait_for(lambda: {run.view().status for run in runs} == {"stopped"}, 2)


def test_untrained_networks_are_shown_as_they_are_made():
    from seqcore.look import Look
    from seqcore.training.memory import MemoryTrainer

    app = open_page(PAGE, **TINY, gradients__cells="gru", gradients__cell="gru")
    app.button(key="gradients.bar.untrained").click().run()
    with training(app) as (run,):
        app.run()
        assert app.session_state["gradients.timeline.stands"].at == 0
        trainer = MemoryTrainer(run.spec)
        list(zip(range(2), trainer, strict=False))  # made, and scored before any update
        norms = trainer.snapshot(Look(gradients=True)).arrays["gradient.l0.hidden.grad"][::-1].astype("f4")
        np.testing.assert_array_equal(numbers(message(app)["telescope"]["0.y"]), norms)


def test_training_again_takes_the_place_of_what_was_there():
    app = open_page(PAGE, **LONG)
    for _ in range(3):
        app.button(key="gradients.bar.start").click().run()
        assert not app.error and not app.exception
    with training(app) as runs:
        assert [run.spec.model.architecture for run in runs] == list(RECURRENT)


def test_what_solved_its_task_and_still_trains_says_both():
    app = open_page(PAGE, **{**LONG, "gradients__lag": "2"}, gradients__cells="gru")
    app.button(key="gradients.bar.start").click().run()
    with training(app) as (run,):
        wait_for(lambda: run.view().history.test_rmse.min() <= 0.08, 30)
        solved = int((run.view().history.test_rmse <= 0.08).argmax())
        app.run()
        line = words(app)
        assert f"solved after {25 * solved:,} updates" in line and "of 5000" in line


def test_a_network_that_diverges_is_shown_as_it_was_before_and_the_others_go_on():
    app = open_page(PAGE, **{**LONG, **EXPLODING}, gradients__cells="rnn,lstm", gradients__gain="1.3")
    app.button(key="gradients.bar.start").click().run()
    with training(app) as (rnn, lstm):
        wait_for(lambda: rnn.view().status == "diverged" and lstm.view().epoch > 2, 20)
        app.session_state["gradients.timeline.stands"] = Stand(rnn.id, 0, 0)
        app.run()
        assert app.session_state["gradients.timeline.stands"].at == 0  # though the other has come further
        app.session_state["gradients.timeline.stands"] = Stand(rnn.id)
        app.run()
        assert f"Vanilla RNN: Diverged at epoch {rnn.view().epoch}" in app.error[0].value.replace("\\", "")
        assert lstm.view().status == "running"
        drawn = numbers(message(app)["telescope"]["0.y"])
        assert np.isfinite(drawn).all() and drawn[-1] > 1e3 * drawn[0]  # it grows on the way back


def test_an_overflow_is_told_with_its_step_and_no_picture_is_blank():
    app, (run,) = trained(**{**EXPLODING, "gradients__lag": "100"}, gradients__cells="rnn", gradients__gain="1.6")
    assert run.view().status == "diverged"
    assert "on the way back the gradient overflows at step 7 of 105" in words(app)
    drawn = numbers(message(app)["telescope"]["0.y"])
    assert np.isfinite(drawn[:20]).all() and np.isnan(drawn[-1])
    for picture in message(app).values():
        finite = any(np.isfinite(numbers(part)).any() for part in picture.values() if "f" in part)
        assert finite or "overflow" in json.dumps(picture["layout"])


def test_what_was_opened_of_the_remedies_stays_open():
    app = open_page(PAGE)
    remedies = lambda: next(part for part in app.expander if "Remedies" in part.label).proto.expanded  # noqa: E731
    assert not remedies()
    app.slider(key="gradients.clip").set_value(2.0).run()
    assert remedies()
    app.slider(key="gradients.clip").set_value(FIRST["clip"]).run()
    assert remedies()


def test_the_page_process_trains_in_every_view_without_torch():
    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "from pages.kit import lab\n"
        "app = AppTest.from_file('app.py', default_timeout=60).run()\n"
        "app.query_params['gradients.lag'] = '3'; app.query_params['gradients.epochs'] = '5'\n"
        "app.switch_page('pages/gradients.py').run()\n"
        "app.button(key='gradients.bar.start').click().run()\n"
        f"for view in {VIEWS!r}:\n"
        "    app.segmented_control(key='gradients.view').set_value(view).run(); assert not app.exception\n"
        "print('torch' in sys.modules)\n"
        "lab.engine().close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.split()[-1] == "False", done.stderr
