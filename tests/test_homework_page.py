"""The homework's page as a visitor without a browser meets it."""

import pytest

from pages.kit import batch, lab
from pages.kit.homework_views import VIEWS
from seqcore.data.series import load
from seqcore.homework import recipe, rows_as_text, rows_of
from seqcore.training.events import Epoch
from tests.browser import wait_for
from tests.test_pages import open_page

PAGE = "homework"
SMALL = {"homework__epochs": "20", "homework__hidden_size": "4", "homework__seeds": "2", "homework__models": "rnn,gru"}


@pytest.fixture(scope="module", autouse=True)
def one_worker():
    """One engine with one worker for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLAB_WORKERS", "1")
        yield
        lab.engine().close()
        lab.engine.clear()


def runs_of_page(app):
    return lab.engine().of(f"{app.session_state['seqlab.viewer']}/{PAGE}")


def train(app, count: int):
    """Press the button and wait until `count` runs have ended."""
    app.button(key=f"{PAGE}.start").click().run()
    assert not app.exception and not app.error
    wait_for(lambda: sum(run.view().ended for run in runs_of_page(app)) == count, 90)
    app.run()
    assert not app.exception
    return {run.spec: run.view() for run in runs_of_page(app)}


def cells(app) -> list[str]:
    return [str(value) for value in app.table[0].value.iloc[:, 0]]


def test_one_click_fills_the_table_with_the_cores_numbers():
    from seqcore.training.trainer import Trainer

    app = open_page(PAGE, **SMALL)
    assert "given" in cells(app)[0] and app.table[0].value.iloc[0, 1] == "4.25"
    views = train(app, 10)  # two networks of two seeds, six classical forecasters
    assert {view.status for view in views.values()} == {"finished"}
    spec = recipe().replace(architecture="gru", epochs=20, hidden_size=4, seed=1)
    last = [event for event in Trainer(spec, load("aapl_hw02")) if isinstance(event, Epoch)][-1]
    assert views[spec].history.test_rmse[-1] == last.test_rmse
    assert len(app.table[0].value) == 1 + 2 + 6
    assert any("No network beats" in warning.value for warning in app.warning)
    assert app.button(key=f"{PAGE}.start").disabled


def test_a_new_setting_is_a_new_row_and_the_old_one_keeps_its_numbers():
    app = open_page(PAGE, **{**SMALL, "homework__models": "rnn", "homework__seeds": "1"})
    before = train(app, 7)
    app.slider(key=f"{PAGE}.hidden_size").set_value(5).run()
    after = train(app, 8)
    assert before.keys() < after.keys()
    assert sum("RNN" in name for name in cells(app)) == 3  # given, and two of ours
    app.button(key=f"{PAGE}.clear").click().run()
    assert sum("RNN" in name for name in cells(app)) == 2


def test_a_link_brings_back_the_rows_and_the_view():
    rows = rows_of(recipe().replace(epochs=20), ["rnn", "bilstm"])
    app = open_page(PAGE, homework__rows=rows_as_text(rows), homework__view="shift", homework__models="mlp")
    assert [name for name in cells(app) if "RNN" in name or "LSTM" in name or name == "MLP"][1:] == [
        "Vanilla RNN", "Bidirectional LSTM", "MLP"]  # fmt: skip
    assert app.session_state[f"{PAGE}.view"] == "shift"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("rows", "rnn,hidden_size:9999", "hidden_size"), ("seeds", "0", "between 1 and 20"), ("models", "x", "models"),
     ("fair", "y", "fair"), ("architecture", "rnn", "does not exist")],
)  # fmt: skip
def test_a_wrong_link_gets_a_sentence_and_the_defaults(field, value, words):
    app = open_page(PAGE, **{f"homework__{field}": value})
    (warning,) = (w for w in app.warning if words.replace("_", "\\_") in w.value or words in w.value)
    assert len(cells(app)) == 1 + 3 + 6 and warning


def test_a_series_too_short_is_told_before_anything_starts():
    app = open_page(PAGE, homework__series="nile", homework__seq_length="99")
    app.button(key=f"{PAGE}.start").click().run()
    assert any("rows" in error.value for error in app.error)
    assert not runs_of_page(app)


def test_a_network_that_diverges_keeps_its_row_and_harms_no_other():
    settings = {**SMALL, "homework__models": "rnn,mlp", "homework__seeds": "1", "homework__optimiser": "sgd",
                "homework__lr": "10.0", "homework__epochs": "60"}  # fmt: skip
    app = open_page(PAGE, **settings)
    views = train(app, 8)
    states = {spec.model.architecture: view.status for spec, view in views.items()}
    assert "diverged" in {states["rnn"], states["mlp"]}
    assert states["naive"] == "finished" and len(cells(app)) == 1 + 2 + 6


@pytest.mark.parametrize("view", [view.name for view in VIEWS])
@pytest.mark.parametrize("lang", ["en", "zh_Hant"])
def test_every_view_opens_before_and_after_training(view, lang):
    app = open_page(PAGE, **SMALL, homework__view=view, lang=lang)
    assert not app.exception
    app.button(key=f"{PAGE}.start").click().run()
    wait_for(lambda: all(run.view().ended for run in runs_of_page(app)), 90)
    app.run()
    assert not app.exception and not app.error


def test_equal_weights_changes_hidden_sizes_until_all_have_as_many():
    app = open_page(PAGE, homework__fair="weights")
    assert not app.exception
    weights = {row for row in app.table[0].value.iloc[1:4, 3]}
    assert len(weights) == 3  # three different hidden sizes


def test_stop_keeps_what_is_finished():
    app = open_page(PAGE, **{**SMALL, "homework__epochs": "4000", "homework__seeds": "1", "homework__models": "lstm"})
    app.button(key=f"{PAGE}.start").click().run()
    wait_for(lambda: sum(run.view().status == "finished" for run in runs_of_page(app)) >= 2, 60)
    app.run()
    app.button(key=f"{PAGE}.stop").click().run()
    wait_for(lambda: all(run.view().ended for run in runs_of_page(app)), 10)
    left = {run.spec.model.architecture for run in runs_of_page(app)}
    assert "naive" in left and "lstm" not in left
    app.run()
    assert not app.button(key=f"{PAGE}.start").disabled


def test_batch_counts_the_time_left_by_the_pace_of_like_runs():
    from types import SimpleNamespace as View

    rnn, lstm = recipe().replace(architecture="rnn"), recipe()
    views = {
        rnn: View(epoch=500, epochs=500, seconds=1.0, ended=True),
        rnn.replace(seed=1): View(epoch=0, epochs=500, seconds=0.0, ended=False),
        lstm: View(epoch=250, epochs=500, seconds=1.5, ended=False),
    }
    assert batch.seconds_left(views) * max(1, lab.engine().status().warm) == pytest.approx(1.0 + 1.5)


def test_without_a_model_or_a_file_the_page_says_what_to_do():
    app = open_page(PAGE)
    app.session_state[f"{PAGE}.models"] = []
    app.run()
    assert not app.exception and any("at least one model" in warning.value for warning in app.warning)
    app = open_page(PAGE, homework__series="upload", homework__digest="ab" * 8, homework__view="predictions")
    assert not app.exception and app.button(key=f"{PAGE}.start").disabled
    assert any("choose the same file" in info.value for info in app.info)
