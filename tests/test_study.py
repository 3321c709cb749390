"""The study page as a visitor without a browser meets it: AppTest, from `app.py`."""

import pytest

from pages.kit import lab
from pages.kit.grid import BASE, STUDIES, Grid, read_values
from seqcore.data.series import load
from seqcore.homework import ASKED
from seqcore.training.events import Epoch
from seqcore.training.trainer import Trainer
from tests.browser import wait_for
from tests.test_pages import open_page


@pytest.fixture(scope="module", autouse=True)
def one_worker():
    """One engine with one worker for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLAB_WORKERS", "1")
        yield
        lab.engine().close()
        lab.engine.clear()


TINY = {"study__vary": "hidden_size", "study__values": "2,3", "study__models": "rnn,mlp", "study__seeds": "2",
        "study__epochs": "4", "study__series": "airline", "study__seq_length": "12"}  # fmt: skip


def runs_of(app) -> dict:
    return {run.spec: run for run in lab.engine().of(f"{app.session_state['seqlab.viewer']}/study")}


def fill(app) -> dict:
    """Press the button and wait for the end."""
    app.button(key="study.start").click().run()
    assert not app.exception and not app.error
    wait_for(lambda: all(run.view().ended for run in runs_of(app).values()), 60)
    app.run()
    assert not app.exception
    return runs_of(app)


def test_one_click_fills_the_grid_with_the_numbers_of_the_core():
    app = open_page("study", **TINY)
    found = fill(app)
    base = BASE.replace(epochs=4, series="airline", seq_length=12)
    grid = Grid(base, "hidden_size", (2, 3), ("rnn", "mlp"), 2)
    assert set(found) == set(grid.runs)
    for spec, run in found.items():
        direct = [e.test_rmse for e in Trainer(spec, load("airline")) if isinstance(e, Epoch)]
        assert run.view().history.test_rmse.tolist() == direct
    assert app.button(key="study.start").disabled
    boxes = [*app.warning, *app.info, *app.success]
    assert len(boxes) == 1 and "Lowest: " in boxes[0].value
    assert "4 cells, 2 seeds each: 8 runs" in [caption.value for caption in app.caption]

    app.text_input(key="study.values").set_value("3, 5").run()
    assert "4 cells, 2 seeds each: 8 runs, 4 still to train" in app.caption[0].value and "about" in app.caption[0].value
    kept = {spec: run.id for spec, run in found.items()}
    again = fill(app)
    assert len(again) == 12 and all(again[spec].id == name for spec, name in kept.items())

    app.switch_page("pages/home.py").run()
    app.switch_page("pages/study.py").run()
    assert app.text_input(key="study.values").value == "3, 5" and app.button(key="study.start").disabled


def test_the_link_opens_the_same_study():
    changed = {**TINY, "study__values": "2,3,4", "study__lr": "0.02", "study__scaler_fit": "train"}
    app = open_page("study", **changed)
    link = {key: value[0] if isinstance(value, list) else value for key, value in app.query_params.items()}
    assert link == {name.replace("__", "."): value for name, value in changed.items()}
    app.selectbox(key="study.vary").set_value("num_layers").run()
    assert app.text_input(key="study.values").value == "1, 2, 3, 4" and "study.vary" not in app.query_params


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("vary", "horizon"), ("vary", "<script>alert(1)</script>"), ("values", ",".join(map(str, range(10_000)))),
        ("values", "1,<b>2"), ("models", "perceiver"), ("seeds", "0"), ("seeds", "99"), ("epochs", "1e9"),
        ("no_such", "1"),
    ],
)  # fmt: skip
def test_a_hostile_link_gets_one_sentence(key, value):
    app = open_page("study", **{f"study__{key}": value})
    assert len(app.warning) == 1 and "<" not in app.warning[0].value.replace("\\<", "")
    assert app.session_state["study.vary"] == "num_layers" and app.session_state["study.seeds"] == 3


def test_a_value_that_does_not_fit_the_series_is_told_before_anything_starts():
    app = open_page("study", study__vary="seq_length", study__values="5,143", study__series="airline")
    assert app.warning[0].value.startswith("Window (seq_length) 143") and "at most" in app.warning[0].value
    assert app.button(key="study.start").disabled and not runs_of(app)


def test_a_grid_of_too_many_runs_is_told_before_anything_starts():
    many = ",".join(map(str, range(1, 13)))
    app = open_page("study", study__vary="hidden_size", study__values=many, study__seeds="10")
    assert "360 runs" in app.warning[0].value.replace("\\", "")
    assert "study.start" not in [button.key for button in app.button]


def test_stop_keeps_what_is_done_and_another_grid_ends_what_trains():
    app = open_page("study", **{**TINY, "study__values": "2,64", "study__epochs": "3000"})
    app.button(key="study.start").click().run()
    wait_for(lambda: any(run.view().status == "finished" for run in runs_of(app).values()), 60)
    app.run()
    app.button(key="study.stop").click().run()
    wait_for(lambda: all(run.view().ended for run in runs_of(app).values()), 10)
    kept = runs_of(app)
    assert 0 < len(kept) < 8 and {run.view().status for run in kept.values()} == {"finished"}
    app.run()
    assert not app.button(key="study.start").disabled

    app.button(key="study.start").click().run()
    assert len(runs_of(app)) == 8
    app.text_input(key="study.values").set_value("5").run()
    assert any("of another grid still train" in caption.value for caption in app.caption)
    app.button(key="study.start").click().run()
    wanted = {spec for spec in runs_of(app) if spec.model.hidden_size == 5}
    assert len(wanted) == 4 and set(runs_of(app)) >= set(kept) | wanted
    assert all(run.view().ended for spec, run in runs_of(app).items() if spec not in wanted)
    app.button(key="study.stop").click().run()


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_a_question_sets_the_form_and_begins(study):
    app = open_page("study", study__hidden_size="7", study__seeds="1")
    app.button(key=f"study.try.{study.name}").click().run()
    assert not app.exception and not app.error and not app.warning
    base = BASE.replace(series=study.settings.get("series", "aapl_hw02"))
    values = read_values(study.settings["vary"], study.settings.get("values", ""))
    assert set(runs_of(app)) == set(Grid(base, study.settings["vary"], values, ASKED, 3).runs)
    app.button(key="study.stop").click().run()
