"""The page of the Transformer, as a visitor without a browser meets it."""

import numpy as np
import pytest

from pages.kit import lab, reading_field, transformer_form
from pages.kit.experiments import TRANSFORMER
from pages.kit.heads import attentions_of, heads_of, joined, read_head
from seqcore.data.text import make
from seqcore.data.text.spec import TRANSFORMER_TASK, LanguageSpec, TransformerSpec, task_of, transformer_spec
from seqcore.figures.attention_grid import attention_grid
from tests.browser import wait_for
from tests.test_gradients_page import message, numbers, runs_of, words
from tests.test_pages import open_page

PAGE = "transformer"
LIVE = ("train", "flow", "attention", "intervene")
BOARDS = ("transfer", "race", "tokens")
TINY = {f"transformer__{name}": value for name, value in {
    "d_model": "8", "num_heads": "2", "num_layers": "1", "d_ff": "16", "pairs": "100", "sentences": "200",
    "epochs": "3",
}.items()}  # fmt: skip
LONG = {**TINY, "transformer__epochs": "5000"}


@pytest.fixture(scope="module", autouse=True)
def one_worker():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLAB_WORKERS", "1")
        yield
        lab.engine().close()
        lab.engine.clear()


def trained(**query):
    """The page with a run of its own that has ended, and that run."""
    app = open_page(PAGE, **{**TINY, **{f"transformer__{name}": value for name, value in query.items()}})
    app.button(key="transformer.bar.start").click().run()
    wait_for(lambda: all(run.view().ended for run in runs_of(app, PAGE)), 60)
    app.run()
    assert not app.exception and not app.error
    return app, runs_of(app, PAGE)[-1]


def pictures(app) -> dict:
    return message(app, "transformer.board")


def arrays(run) -> dict:
    return run.view().snapshot.arrays


def grid(shown) -> np.ndarray:
    z = shown["attention_grid"]["0.z"]
    return numbers(z).reshape(z["shape"])


def test_a_recorded_run_is_there_before_anything_is_trained():
    app = open_page(PAGE)
    assert not app.exception and not app.warning and not app.error
    assert list(pictures(app)) == ["token_loss", "attention_grid", "accuracy"]
    assert "Recorded run, not live" in words(app) and np.nanmax(grid(pictures(app))) > 0.5


@pytest.mark.parametrize("view", (*LIVE, *BOARDS))
def test_every_view_opens_before_anything_is_trained(view):
    app = open_page(PAGE, transformer__view=view)
    assert not app.exception and not app.warning and not app.error
    assert app.query_params.get("transformer.view", "train") == view


@pytest.mark.parametrize("task", ("sentences", "next", "masked", "sort"))
def test_every_live_view_opens_during_and_after_training(task):
    app = open_page(PAGE, **LONG, transformer__task=task)
    app.button(key="transformer.bar.start").click().run()
    try:
        run = runs_of(app, PAGE)[-1]
        wait_for(lambda: run.view().epoch, 60)
        for view in LIVE:
            app.segmented_control(key="transformer.view").set_value(view).run()
            assert not app.exception and not app.error and not app.warning, view
        run.stop()
        wait_for(lambda: run.view().ended, 20)
        for view in LIVE:
            app.segmented_control(key="transformer.view").set_value(view).run()
            assert not app.exception and not app.error, view
        assert task_of(run.spec) == task
    finally:
        run.forget()


def test_what_is_drawn_is_what_the_network_looks_at():
    app, run = trained(view="attention", map="encoder.l0.self", head="2", query="2")
    weights, shown = arrays(run)["encoder.l0.self.weights"], pictures(app)
    assert list(shown) == ["attention_grid", "head_view", "attention", "neuron_view"]
    maps = {name: arrays(run)[f"{name}.weights"] for name in attentions_of(run.spec)}
    alone = attention_grid(str, "light", "", maps).traces[0].data["z"]
    np.testing.assert_allclose(grid(shown), alone, atol=1e-6)
    z = shown["attention"]["0.z"]
    np.testing.assert_allclose(numbers(z).reshape(z["shape"]), weights[1], atol=1e-6)
    q, k = (arrays(run)[f"inside.encoder.l0.self.{side}"][1] for side in "qk")
    products = shown["neuron_view"]["1.z"]
    np.testing.assert_allclose(numbers(products).reshape(products["shape"]), q[1] * k, atol=1e-5)
    np.testing.assert_allclose((q[1] * k).sum(1) / 2, np.log(weights[1, 1]) + _log_sum(q[1] @ k.T / 2), atol=1e-4)


def _log_sum(scores: np.ndarray) -> float:
    return float(np.log(np.exp(scores).sum()))


def test_the_mean_of_the_heads_is_their_mean():
    app, run = trained(view="attention", map="decoder.l0.cross", head="0")
    z, mean = pictures(app)["attention"]["0.z"], arrays(run)["decoder.l0.cross.weights"].mean(0)
    np.testing.assert_allclose(numbers(z).reshape(z["shape"]), mean, atol=1e-6)


def test_a_head_is_switched_off_and_on_again():
    app, run = trained(view="intervene")
    assert arrays(run)["tested.loss"][0] == arrays(run)["tested.loss"][1]
    app.multiselect(key="transformer.off").set_value(["encoder.l0.self.1"]).run()
    assert app.query_params["transformer.off"] == "encoder.l0.self.1"
    before, after = arrays(run)["tested.loss"]
    assert after - before == pytest.approx(arrays(run)["heads.encoder.l0.self"][1]) and "untouched" in words(app)
    app.button(key="transformer.bar.let_go").click().run()
    assert app.session_state["transformer.off"] == [] and "before" not in arrays(run)


def test_without_positions_the_order_of_the_words_is_nothing():
    app, run = trained(view="intervene", task="masked")
    app.text_input(key="transformer.text").set_value("This story is long and not very interesting.").run()
    app.button(key="transformer.bar.turn").click().run()
    with_positions, without = arrays(run)["moved"]
    assert without < 1e-5 < with_positions and "without positions by" in words(app)
    app.toggle(key="transformer.positions").set_value(False).run()
    assert arrays(run)["tested.loss"][0] != arrays(run)["tested.loss"][1]
    assert app.query_params["transformer.positions"] == "false"


def test_a_word_is_exchanged_for_another():
    app, run = trained(view="intervene")
    given = arrays(run)["given"].tolist()
    app.selectbox(key="transformer.bar.other.0").set_value("we").run()
    assert arrays(run)["given"].tolist() == ["we", *given[1:]]
    assert app.session_state["transformer.text"] == joined(run.spec, ["we", *given[1:]])


def test_a_word_is_hidden_from_the_encoder_and_guessed():
    app, run = trained(view="intervene", task="masked")
    app.selectbox(key="transformer.bar.token").set_value(0).run()
    app.button(key="transformer.bar.hide").click().run()
    first = arrays(run)
    assert first["asked"][0] and first["read"][0] == "<mask>"
    for place in np.flatnonzero(first["asked"]).tolist():
        app.selectbox(key="transformer.bar.token").set_value(place).run()
        app.button(key="transformer.bar.hide").click().run()
    assert not arrays(run)["asked"].any() and app.query_params["transformer.hidden"] == "none"


def test_the_temperature_changes_what_is_drawn_from():
    app, run = trained(view="intervene", task="next")
    mild = arrays(run)["next.probabilities"].max()
    app.slider(key="transformer.temperature").set_value(0.2).run()
    assert arrays(run)["next.probabilities"].max() > mild
    app.slider(key="transformer.top_k").set_value(2).run()
    assert arrays(run)["next.kept"].sum() == 2
    before = arrays(run)["samples.said"].tolist()
    app.slider(key="transformer.top_k").set_value(0).run()
    app.slider(key="transformer.temperature").set_value(3.0).run()
    app.button(key="transformer.bar.dice").click().run()
    assert arrays(run)["samples.said"].tolist() != before and app.session_state["transformer.dice"] == 1
    assert "sampling" in pictures(app)


@pytest.mark.parametrize("task", ("sentences", "next", "masked"))
@pytest.mark.parametrize("text", ("   ", "blorp <b>x</b>", "مرحبا 😀", "$\\frac{1}{2}$ **x**", "a " * 5000))
def test_whatever_is_typed_is_a_sentence_or_an_answer(task, text):
    app, run = trained(task=task)
    app.text_input(key="transformer.text").set_value(text).run()
    assert not app.exception and not app.error
    if len(text) > 200:
        assert any("10000 characters" in part.value for part in app.caption)
        assert "transformer.text" not in app.query_params
    elif text.strip():
        assert arrays(run)["unknown"].any() and "<unk>" in words(app).replace("\\", "")
    assert not any(part.allow_html for part in app.markdown)


def test_what_was_done_is_undone_and_the_sentence_stays():
    app, run = trained(view="intervene", text="how are you?")
    assert app.button(key="transformer.bar.let_go").disabled
    app.button(key="transformer.bar.turn").click().run()
    app.button(key="transformer.bar.let_go").click().run()
    assert app.session_state["transformer.text"] == "how are you?"
    assert arrays(run)["read"].tolist() == arrays(run)["given"].tolist()


def test_a_recorded_run_cannot_be_changed():
    app = open_page(PAGE, transformer__view="intervene")
    assert "press Train, then click" in words(app) and not app.multiselect


def test_a_board_view_does_not_change_the_learning_rate_of_a_run():
    app = open_page(PAGE, **LONG)
    app.button(key="transformer.bar.start").click().run()
    run = runs_of(app, PAGE)[-1]
    try:
        wait_for(lambda: run.view().epoch, 60)
        for view in ("tokens", "train", "transfer", "train"):
            app.segmented_control(key="transformer.view").set_value(view).run()
        assert run.view().lr == 0.003 and not run.view().marks
        assert [slider.value for slider in app.select_slider if "lr" in slider.key][-1] == 0.003
    finally:
        run.forget()


def test_the_next_sentence_is_the_next_one():
    app, run = trained()
    app.button(key="transformer.bar.next").click().run()
    assert app.session_state["transformer.pair"] == 1
    assert arrays(run)["truth"] == make("sentences", 1000, 0, "test").target[1]


def test_sizes_that_do_not_go_together_are_told_and_cannot_be_trained():
    app = open_page(PAGE, transformer__d_model="60", transformer__num_heads="7")
    assert "d_model (60) must be divisible by num_heads (7)" in words(app) and not app.exception
    assert app.button(key="transformer.bar.start").disabled


def test_the_papers_own_size_is_looked_at_without_training():
    app = open_page(PAGE, **{**TINY, "transformer__num_layers": "6"})
    app.button(key="transformer.bar.untrained").click().run()
    wait_for(lambda: runs_of(app, PAGE)[-1].view().ended, 60)
    for view in LIVE:
        app.segmented_control(key="transformer.view").set_value(view).run()
        assert not app.exception and not app.error
    assert len(runs_of(app, PAGE)[-1].view().history) == 1


def test_names_say_where_an_attention_is():
    spec = TransformerSpec().replace(num_layers=2, num_heads=2)
    assert attentions_of(spec) == ["encoder.l0.self", "encoder.l1.self", "decoder.l0.self", "decoder.l0.cross",
                                   "decoder.l1.self", "decoder.l1.cross"]  # fmt: skip
    assert len(heads_of(spec)) == 12 and read_head("decoder.l1.cross.0") == ("decoder.l1.cross", 0)
    assert attentions_of(LanguageSpec()) == ["decoder.l0.self", "decoder.l1.self"]
    assert attentions_of(LanguageSpec().replace(architecture="encoder")) == ["encoder.l0.self", "encoder.l1.self"]


def test_tokens_are_joined_as_they_are_typed():
    assert joined(TransformerSpec(), ["how", "are", "you"]) == "how are you"
    assert joined(LanguageSpec(), [" How", "<mask>", " you", "?"]) == "How ___ you?"
    assert joined(LanguageSpec().replace(tokens="characters"), ["H", "<mask>", "w"]) == "H___w"


@pytest.mark.parametrize("experiment", TRANSFORMER, ids=lambda experiment: experiment.name)
def test_every_experiment_is_a_run_that_can_be_made(experiment):
    app = open_page(PAGE)
    app.button(key=f"transformer.try.{experiment.name}").click().run()
    assert not app.exception and not app.error
    run = runs_of(app, PAGE)[-1]
    own = {name: value for name, value in experiment.settings.items() if name != "view"}
    assert run.spec == transformer_spec(own) and len(app.toast) == 1
    assert app.session_state["transformer.view"] == experiment.settings.get("view", "train")
    run.forget()


@pytest.mark.parametrize("name", [*transformer_form.FIRST, *reading_field.FIRST, "view", "oops"])
def test_nonsense_in_a_link_is_told_and_ignored(name):
    app = open_page(PAGE, **{f"transformer__{name}": "<b>ŋ" + "9" * 300})
    assert not app.exception and app.warning
    first = {**transformer_form.FIRST, **reading_field.FIRST, "view": "train"}
    if name in first:
        assert app.session_state[f"transformer.{name}"] == first[name]


def test_the_link_is_the_experiment():
    wanted = {"task": "next", "corpus": "chinese", "tokens": "characters", "d_model": 24, "num_heads": 3, "epochs": 7,
              "position": "rotary", "norm_first": False, "warmup": 7, "label_smoothing": 0.1, "pair": 3, "order": "2,0",
              "off": ["decoder.l0.self.1", "decoder.l1.self.0"], "positions": False, "temperature": 1.5, "top_k": 5,
              "top_p": 0.8, "dice": 3, "view": "intervene", "text": "你好"}  # fmt: skip
    text = {f"transformer__{name}": reading_field._written(value) for name, value in wanted.items()}
    app = open_page(PAGE, **text)
    assert not app.exception and not app.warning
    for name, value in wanted.items():
        assert app.session_state[f"transformer.{name}"] == value, name
    assert {name.removeprefix("transformer."): value for name, value in app.query_params.items()} == {
        name: reading_field._written(value) for name, value in wanted.items()}  # fmt: skip


@pytest.mark.parametrize("task", TRANSFORMER_TASK.choices)
def test_every_task_has_its_form(task):
    app = open_page(PAGE, transformer__task=task)
    assert not app.exception
    half = task in ("next", "masked")
    assert bool([box for box in app.selectbox if box.key == "transformer.corpus"]) == half
    assert not any(each.key == "transformer.causal" for each in app.toggle) or task != "masked"
