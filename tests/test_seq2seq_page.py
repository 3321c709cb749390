"""The page of seq2seq, as a visitor without a browser meets it."""

import numpy as np
import pytest

from pages.kit import lab, length_board, sentence_field, translation_form
from pages.kit.experiments import SEQ2SEQ
from pages.kit.sentence_field import hold, read_held, read_order
from seqcore.data.text import make
from seqcore.data.text.spec import TranslationSpec
from seqcore.look import MOST_HELD
from seqcore.spec import from_flat
from seqcore.text import UserError
from tests.browser import wait_for
from tests.test_gradients_page import message, numbers, runs_of, training, words
from tests.test_pages import open_page

PAGE = "seq2seq"
VIEWS = ("train", "inside", "intervene", "bottleneck")
TINY = {"seq2seq__hidden_size": "8", "seq2seq__embedding_size": "4", "seq2seq__pairs": "100", "seq2seq__epochs": "4",
        "seq2seq__task": "sentences"}  # fmt: skip
LONG = {**TINY, "seq2seq__epochs": "5000"}


@pytest.fixture(scope="module", autouse=True)
def one_worker():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLAB_WORKERS", "1")
        yield
        lab.engine().close()
        lab.engine.clear()


def trained(**query):
    """The page with a run of its own that has ended."""
    app = open_page(PAGE, **{**TINY, **query})
    app.button(key="seq2seq.bar.start").click().run()
    wait_for(lambda: all(run.view().ended for run in runs_of(app, PAGE)), 60)
    app.run()
    assert not app.exception
    return app, runs_of(app, PAGE)[-1]


def pictures(app) -> dict:
    return message(app, "seq2seq.board")


def test_a_recorded_run_is_there_before_anything_is_trained():
    app = open_page(PAGE)
    assert not app.exception and not app.warning and not app.error
    shown = pictures(app)
    assert list(shown) == ["token_loss", "attention", "accuracy"] and "Recorded run, not live" in words(app)
    assert numbers(shown["attention"]["0.z"]).reshape(shown["attention"]["0.z"]["shape"]).sum(1) == pytest.approx(1)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_before_during_and_after_training(view):
    app = open_page(PAGE, **LONG)
    app.segmented_control(key="seq2seq.view").set_value(view).run()
    assert not app.exception
    app.segmented_control(key="seq2seq.view").set_value("train").run()
    app.button(key="seq2seq.bar.start").click().run()
    try:
        wait_for(lambda: runs_of(app, PAGE)[-1].view().epoch, 60)
        app.segmented_control(key="seq2seq.view").set_value(view).run()
        assert not app.exception and not app.error and not app.warning
        assert app.query_params.get("seq2seq.view", "train") == view
        runs_of(app, PAGE)[-1].stop()
        wait_for(lambda: runs_of(app, PAGE)[-1].view().ended, 20)
        app.run()
        assert not app.exception
    finally:
        for run in runs_of(app, PAGE):
            run.forget()


def test_what_is_drawn_is_what_the_network_does():
    app, run = trained(seq2seq__view="inside", seq2seq__step="2")
    shot, shown = run.view().snapshot.arrays, pictures(app)
    np.testing.assert_allclose(numbers(shown["attention"]["0.z"]), shot["attention"].ravel(), atol=1e-6)
    np.testing.assert_allclose(sorted(numbers(shown["likeliest"]["0.x"])), sorted(shot["probabilities"][1]), atol=1e-6)
    assert set(shown) == {"attention", "likeliest", "bottleneck", "encoder", "beam", "decoder"}
    assert str(shot["said"]).replace(" ", "") in words(app).replace(" ", "") or not str(shot["said"])


def test_a_typed_sentence_is_answered_and_kept_in_the_link():
    app, run = trained()
    app.text_input(key="seq2seq.text").set_value("How are you?").run()
    assert app.query_params["seq2seq.text"] == "How are you?"
    assert run.view().snapshot.arrays["given"].tolist() == ["how", "are", "you", "?"] and "how are you" in words(app)
    app.button(key="seq2seq.bar.next").click().run()
    assert app.session_state["seq2seq.text"] == "" and app.session_state["seq2seq.pair"] == 1
    assert run.view().snapshot.arrays["truth"] == make("sentences", 1000, 0, "test").target[1]


@pytest.mark.parametrize("text", ["   ", "blorp <b>x</b>", "😀", "مرحبا", "$\\frac{1}{2}$ **x**"])
def test_whatever_is_typed_is_a_sentence_or_an_answer(text):
    app, run = trained()
    app.text_input(key="seq2seq.text").set_value(text).run()
    assert not app.exception and not app.error
    if text.strip():
        assert any("<unk>" in part.value.replace("\\", "") for part in app.caption)
    else:
        assert (
            any("nothing to translate" in part.value for part in app.caption) and "truth" in run.view().snapshot.arrays
        )
    assert not any(part.allow_html for part in app.markdown)


def test_weights_are_held_and_let_go():
    app, run = trained(seq2seq__view="intervene")
    before = run.view().snapshot.arrays["attention"]
    app.selectbox(key="seq2seq.bar.step_held").select_index(1).run()
    app.button(key="seq2seq.bar.hold").click().run()
    assert app.session_state["seq2seq.held"] == "1.0=masked" and before[1, 0] > 0
    assert run.view().snapshot.arrays["attention"][1, 0] == 0 and "untouched" in words(app)
    app.segmented_control(key="seq2seq.click").set_value("forced").run()
    app.button(key="seq2seq.bar.hold").click().run()
    assert app.session_state["seq2seq.held"] == "1.0=forced" and run.view().snapshot.arrays["attention"][1, 0] == 1
    app.button(key="seq2seq.bar.let_go").click().run()
    assert app.session_state["seq2seq.held"] == "" and app.button(key="seq2seq.bar.let_go").disabled
    np.testing.assert_array_equal(run.view().snapshot.arrays["attention"], before)


def test_the_source_is_turned_round_and_cut():
    app, run = trained(seq2seq__view="intervene")
    given = run.view().snapshot.arrays["given"].tolist()
    app.button(key="seq2seq.bar.turn").click().run()
    assert run.view().snapshot.arrays["read"].tolist() == given[::-1]
    app.slider(key=f"seq2seq.bar.kept.{len(given)}").set_value(2).run()
    app.button(key="seq2seq.bar.cut").click().run()
    assert run.view().snapshot.arrays["read"].tolist() == given[::-1][:2], "what was turned stays so"
    app.button(key="seq2seq.bar.shuffle").click().run()
    assert sorted(run.view().snapshot.arrays["read"].tolist()) == sorted(given[::-1][:2]), "what was cut stays cut"
    read = " ".join(run.view().snapshot.arrays["read"])
    assert f"{read} →" in words(app) and f"untouched: {' '.join(given)}" in words(app)


def test_the_next_pair_is_turned_round_whole():
    app, run = trained(seq2seq__view="intervene", seq2seq__task="dates_fr")
    for _ in range(4):
        app.button(key="seq2seq.bar.next").click().run()
        app.button(key="seq2seq.bar.turn").click().run()
        arrays = run.view().snapshot.arrays
        assert arrays["read"].tolist() == arrays["given"].tolist()[::-1]


def test_a_pasted_book_is_told_and_kept_out_of_the_link():
    app, run = trained()
    app.text_input(key="seq2seq.text").set_value("a " * 5000).run()
    assert not app.exception and any("10000 characters" in part.value for part in app.caption)
    assert "seq2seq.text" not in app.query_params and "truth" in run.view().snapshot.arrays


def test_without_attention_the_views_say_so():
    app, _ = trained(seq2seq__attention="none", seq2seq__view="intervene", seq2seq__hiding="masked")
    shown = {name: str(picture["layout"]["v"]["annotations"]).replace("<br>", " ")
             for name, picture in pictures(app).items()}  # fmt: skip
    assert "No attention" in shown["attention"] and "take the word out" in shown["effect"]
    assert not [box for box in app.selectbox if box.key == "seq2seq.bar.place"]


def test_the_bottleneck_is_measured_over_settings_and_seeds():
    app = open_page(PAGE, **TINY, seq2seq__view="bottleneck", seq2seq__seeds="1")
    app.button(key="seq2seq.lengths.start").click().run()
    wait_for(lambda: all(run.view().ended for run in runs_of(app, "seq2seq.lengths")), 60)
    app.run()
    assert not app.exception and len(runs_of(app, "seq2seq.lengths")) == 2
    assert {run.spec.model.attention for run in runs_of(app, "seq2seq.lengths")} == {"none", "additive"}
    table = app.dataframe[0].value
    assert list(table.index) == ["none", "additive (Bahdanau)"] and table["runs"].tolist() == ["1/1", "1/1"]
    app.session_state["seq2seq.attentions"] = []
    app.run()
    assert "at least one kind" in words(app) and not app.exception


def test_settings_that_do_not_go_together_are_told_and_cannot_be_trained():
    app = open_page(PAGE, seq2seq__attention="dot", seq2seq__bidirectional="true")
    assert "compares states of one size" in words(app) and app.button(key="seq2seq.bar.start").disabled
    assert not app.exception


@pytest.mark.parametrize("name", [*translation_form.FIRST, *sentence_field.FIRST, *length_board.FIRST, "view", "oops"])
def test_nonsense_in_a_link_is_told_and_ignored(name):
    app = open_page(PAGE, **{f"seq2seq__{name}": "<b>ŋ" + "9" * 300})
    assert not app.exception and app.warning
    first = {**translation_form.FIRST, **sentence_field.FIRST, **length_board.FIRST, "view": "train"}
    if name in first:
        assert app.session_state[f"seq2seq.{name}"] == first[name]


def test_the_link_is_the_experiment():
    wanted = {"task": "dates_fr", "architecture": "lstm", "attention": "general", "hidden_size": 20, "epochs": 7,
              "teacher_forcing": 0.5, "schedule": "linear", "pair": 3, "held": "1.2=forced",
              "order": "2,0", "view": "intervene", "attentions": ["dot"], "forcings": [0.5], "seeds": 3,
              "beam": 2, "step": 4}  # fmt: skip
    text = {f"seq2seq__{name}": ",".join(map(str, value)) if isinstance(value, list) else str(value)
            for name, value in wanted.items()}  # fmt: skip
    app = open_page(PAGE, **text)
    assert not app.exception and not app.warning
    assert {name: app.session_state[f"seq2seq.{name}"] for name in wanted} == wanted
    assert {f"seq2seq.{name}" for name in wanted} <= set(app.query_params)


@pytest.mark.parametrize("experiment", SEQ2SEQ, ids=lambda experiment: experiment.name)
def test_every_experiment_is_a_run_that_can_be(experiment):
    own = {name: value for name, value in experiment.settings.items() if name in translation_form.FIRST}
    spec = from_flat({**translation_form.FIRST, **own}, TranslationSpec)
    assert spec.training.epochs <= 200


def test_an_experiment_sets_the_form_and_runs():
    app = open_page(PAGE)
    app.button(key="seq2seq.try.bottleneck").click().run()
    with training(app) as _:
        pass
    assert not app.exception and app.session_state["seq2seq.attention"] == "none"
    assert app.session_state["seq2seq.view"] == "inside" and app.session_state["seq2seq.hidden_size"] == 8


def test_held_weights_and_orders_come_back_from_text(monkeypatch):
    assert read_held("1.2=masked,0.0=forced") == {(1, 2): "masked", (0, 0): "forced"} and read_held("") == {}
    assert read_order("2,0,1") == (2, 0, 1) and read_order("") is None
    for wrong in (
        "1.2=x",
        "1,2",
        "a.b=masked",
        "1.2=masked;",
        "0.1=forced,0.2=forced",
        ",".join(f"{k}.0=masked" for k in range(MOST_HELD + 1)),
    ):
        with pytest.raises(UserError):
            read_held(wrong)
    for wrong in ("1,,2", "-1", "1;2", "1" * 5, ",".join("1" * 500)):
        with pytest.raises(UserError):
            read_order(wrong)
    state = {"p.held": ""}
    monkeypatch.setattr(sentence_field.st, "session_state", state)
    hold("p", 1, 2, "forced")
    hold("p", 1, 3, "forced")
    assert state["p.held"] == "1.3=forced", "of a row one weight at most is forced"
    hold("p", 1, 2, "masked")
    hold("p", 1, 3, "forced")
    assert state["p.held"] == "1.2=masked"
    for column in range(MOST_HELD + 5):
        hold("p", 7, column, "masked")
    assert len(read_held(state["p.held"])) == MOST_HELD and f"7.{MOST_HELD + 4}=masked" in state["p.held"]
