"""The pages as a visitor without a browser meets them: AppTest, from `app.py`."""

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import lab
from pages.kit.form import LEARNING_RATES
from pages.kit.lessons import LESSONS
from seqcore.catalogue import CLASSICAL, SERIES
from seqcore.spec import SETTINGS, RunSpec
from tests.browser import wait_for

ROOT = Path(__file__).parents[1]
ENDED = ("finished", "stopped", "diverged", "failed")


@pytest.fixture(scope="module", autouse=True)
def one_worker():
    """One engine with one worker for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLAB_WORKERS", "1")
        yield
        lab.engine().close()
        lab.engine.clear()


def open_page(name: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    app.run()
    for key, value in query.items():
        app.query_params[key.replace("__", ".")] = value
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception
    return app


def run_of(app: AppTest):
    return lab.engine().of(f"{app.session_state['seqlab.viewer']}/train")[0]


def train(app: AppTest):
    """Press Train and wait for the end."""
    app.button(key="train.bar.start").click().run()
    assert not app.exception and not app.error
    run = run_of(app)
    wait_for(lambda: run.view().status in ENDED, 60)
    app.run()
    return run


@pytest.mark.parametrize("name", [lesson.name for lesson in LESSONS])
@pytest.mark.parametrize("lang", ["en", "zh_Hant"])
def test_every_page_opens_in_every_language(name, lang):
    app = open_page(name, lang=lang)
    assert app.title[0].value


def test_the_page_process_has_no_torch():
    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app.py', default_timeout=60).run()\n"
        f"for name in {[lesson.name for lesson in LESSONS]!r}:\n"
        "    app.switch_page(f'pages/{name}.py').run(); assert not app.exception\n"
        "app.switch_page('pages/train.py').run().button(key='train.bar.start').click().run()\n"
        "assert not app.exception\n"
        "print('torch' in sys.modules)\n"
        "from pages.kit import lab; lab.engine().close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.split()[-1] == "False", done.stderr


def test_a_run_from_the_form_is_the_run_of_the_core():
    from seqcore.data.series import load
    from seqcore.training.events import Epoch
    from seqcore.training.trainer import Trainer

    app = open_page("train", train__architecture="gru", train__epochs="12", train__hidden_size="8")
    run = train(app)
    spec = RunSpec().replace(architecture="gru", epochs=12, hidden_size=8)
    assert run.spec == spec
    direct = [event for event in Trainer(spec, load(spec.data.series)) if isinstance(event, Epoch)]
    assert run.view().history.test_rmse.tolist() == [event.test_rmse for event in direct]
    assert run.view().history.train_rmse.tolist() == [event.train_rmse for event in direct]


def test_the_link_holds_every_setting_and_opens_it_again():
    app = open_page("train")
    changed = {"series": "airline", "architecture": "rnn", "hidden_size": 7, "seq_length": 12, "horizon": 2,
               "train_fraction": 0.7, "scaler": "standard", "scaler_fit": "all", "split": "windows", "num_layers": 2,
               "dropout": 0.25, "bidirectional": True, "epochs": 33, "batch_size": 16, "optimiser": "rmsprop",
               "lr": 0.005, "clip": 1.5, "device": "cpu", "seed": 42}  # fmt: skip
    assert set(changed) == set(SETTINGS) - {"digest"}
    for name, value in changed.items():
        app.session_state[f"train.{name}"] = value
    app.run()
    assert not app.exception
    link = {key: values[0] if isinstance(values, list) else values for key, values in app.query_params.items()}
    again = open_page("train", **{key.replace(".", "__"): value for key, value in link.items()})
    assert {name: again.session_state[f"train.{name}"] for name in changed} == changed


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hidden_size", "99999"), ("hidden_size", "-1"), ("lr", "nan"), ("epochs", "1e9"), ("series", "../../etc/x"),
        ("architecture", "<script>alert(1)</script>"), ("seed", "__import__('os')"), ("no_such", "1"), ("dropout", ""),
        ("bidirectional", "perhaps"), ("digest", "x" * 1000),
    ],
)  # fmt: skip
def test_a_hostile_link_gets_a_sentence_and_the_defaults(key, value):
    app = open_page("train", **{f"train__{key}": value})
    assert len(app.warning) == 1 and "<script>" not in app.warning[0].value
    assert {name: app.session_state[f"train.{name}"] for name in SETTINGS} == RunSpec().flat()
    assert not app.button(key="train.bar.start").disabled


@pytest.mark.parametrize("name", sorted(set(SETTINGS) - {"digest"}))
def test_each_setting_at_both_ends_leaves_the_page_standing(name):
    facts = SETTINGS[name][1]
    ends = (
        [c for c in facts.choices if c not in CLASSICAL]
        if facts.choices
        else [False, True]
        if facts.kind == "bool"
        else [facts.low, facts.high]
    )
    if name == "lr":
        ends = [LEARNING_RATES[0], LEARNING_RATES[-1]]
    app = open_page("train")
    for value in ends:
        app.session_state[f"train.{name}"] = int(value) if facts.kind == "int" else value
        app.run()
        assert not app.exception


def test_a_window_as_long_as_the_series_is_refused_with_the_numbers():
    app = open_page("train", train__series="airline", train__seq_length="144")
    app.button(key="train.bar.start").click().run()
    run = run_of(app)
    wait_for(lambda: run.view().status in ENDED, 60)
    app.run()
    assert not app.exception and run.view().status == "failed"
    assert "= 145 rows" in app.error[0].value and "at most 28" in app.error[0].value


def test_a_run_that_diverges_says_so_at_its_epoch():
    app = open_page("train", train__optimiser="sgd", train__lr="10.0", train__scaler="none", train__epochs="50")
    app.button(key="train.bar.start").click().run()
    run = run_of(app)
    wait_for(lambda: run.view().status in ENDED, 60)
    app.run()
    assert run.view().status == "diverged" and f"epoch {run.view().epoch}" in app.error[0].value.replace("\\", "")


def test_a_pinned_run_is_compared_with_the_next():
    app = open_page("train", train__epochs="6", train__hidden_size="4")
    train(app)
    app.button(key="train.bar.pin").click().run()
    app.session_state["train.hidden_size"] = 9
    app.run()
    train(app)
    scores, differing = (table.value for table in app.dataframe)
    assert list(scores.index) == ["A", "this run"]
    assert differing.to_numpy().tolist() == [["4", "9"]]
    app.button(key="train.bar.unpin").click().run()
    assert not app.dataframe and not app.exception


def test_an_experiment_sets_the_form_and_runs():
    app = open_page("train")
    app.button(key="train.try.small").click().run()
    assert not app.exception
    assert run_of(app).spec == RunSpec().replace(series="sine", architecture="rnn", hidden_size=1, epochs=300)
    assert app.session_state["train.hidden_size"] == 1


@pytest.mark.parametrize("series", [entry.name for entry in SERIES])
def test_every_series_can_be_chosen(series):
    app = open_page("train", train__series=series)
    assert not app.error and not app.button(key="train.bar.start").disabled
