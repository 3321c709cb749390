"""The numbers first: what the view says and draws is what the core computes, and its link brings it back."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.gradient_numbers import FIRST, QUESTIONS, READERS
from seqcore.figures.decay import LINES
from seqcore.text import UserError
from seqcore.unrolled.powers import MATRICES, Chain, jacobian_norms, recurrent_matrix


def page():
    import streamlit as st

    from pages.kit.form import open_form
    from pages.kit.gradient_numbers import FIRST, READERS, as_link, numbers

    st.session_state["problems"] = open_form("gradients", FIRST, READERS)
    numbers("gradients")
    st.session_state["link"] = as_link("gradients")


def opened(**query):
    app = AppTest.from_function(page, default_timeout=30)
    for name, text in query.items():
        app.query_params[f"gradients.{name}"] = text
    app.run()
    assert not app.exception
    return app


def drawn(app, picture):
    """What the browser has been sent of a picture."""
    known = app.session_state[f"gradients.numbers.{picture}.feed"].known
    return {part: value for (name, part), value in known.items() if name == picture}


def said(app):
    return " ".join(text.value for text in app.markdown).replace("\\", "").replace("\N{NO-BREAK SPACE}", " ")


def test_it_opens_with_the_slides_numbers():
    app = opened()
    assert "1.1¹⁰⁰ ≈ 13,780 and 0.9¹⁰⁰ ≈ 2.656 × 10⁻⁵" in said(app)
    assert drawn(app, "powers")["alt"].endswith("Marked: 1.1¹⁰⁰ ≈ 13,780.")
    assert "at spectral radius 0.9." in drawn(app, "decay")["alt"]
    assert app.session_state["problems"] == [] and app.session_state["link"] == {}


@pytest.mark.parametrize("matrix", MATRICES)
def test_every_kind_is_measured_and_the_chosen_one_stands_out(matrix):
    app = opened(num_matrix=matrix, num_radius="1.05", num_distance="40", num_hidden_size="6", num_seed="3")
    parts = drawn(app, "decay")
    for k, kind in enumerate(MATRICES):
        chain = Chain(matrix=kind, radius=1.05, distance=40, hidden_size=6, seed=3)
        left = jacobian_norms(recurrent_matrix(chain), 40)
        np.testing.assert_allclose(parts[f"{k}.y"], left, rtol=1e-5, atol=1e-7)
        line = parts[f"{k}.style"]["line"]
        assert line["width"] == (2.4 if kind == matrix else 1.2) and line["dash"] == LINES[kind][1]
    assert len(parts["3.y"]) == 41 and parts["3.style"]["line"]["width"] == 1.6  # theory stays as it is


def test_what_is_left_and_its_peak_are_told():
    turns = said(opened(num_matrix="orthogonal"))
    assert "100 steps back, theory says 0.9¹⁰⁰ ≈ 2.656 × 10⁻⁵; this matrix leaves 2.656 × 10⁻⁵." in turns
    assert "largest" not in turns
    pushes = said(opened(num_matrix="nonnormal"))
    left = jacobian_norms(recurrent_matrix(Chain(matrix="nonnormal")), 100)
    assert f"It was largest {left.argmax()} steps back: {10 ** left.max():.4g}." in pushes and 0 < left.argmax() < 20
    assert "largest" not in said(opened(num_matrix="nonnormal", num_radius="1.2"))  # it grows to the end


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_question_sets_its_own_fields_and_no_others(question):
    app = opened(num_w="0.5", num_radius="1.5", num_hidden_size="4")
    app.button(key=f"gradients.numbers.{question.name}").click().run()
    assert not app.exception
    before = {**FIRST, "num_w": 0.5, "num_radius": 1.5, "num_hidden_size": 4}
    now = {name: app.session_state[f"gradients.{name}"] for name in FIRST}
    assert now == {**before, **question.settings}
    if question.name == "fade":
        assert "0.9¹⁰⁰ ≈ 2.656 × 10⁻⁵" in drawn(app, "powers")["alt"]


def test_a_link_brings_everything_back():
    texts = {"num_w": "-2.5", "num_k": "301", "num_matrix": "orthogonal", "num_hidden_size": "8", "num_radius": "1.1",
             "num_distance": "20", "num_seed": "77"}  # fmt: skip
    app = opened(**texts)
    assert app.session_state["link"] == texts and set(texts) == set(FIRST) == set(READERS)
    assert "(−2.5)³⁰¹ ≈ −" in drawn(app, "powers")["alt"]


@pytest.mark.parametrize(("name", "text"), [
    ("num_w", "3.01"), ("num_w", "nan"), ("num_k", "1001"), ("num_k", "1.5"), ("num_matrix", "<b>"), ("num_seed", "-1"),
    ("num_hidden_size", "1"), ("num_radius", "0"), ("num_distance", "1e9"), ("num_distance", "x" * 500),
])  # fmt: skip
def test_what_a_link_gets_wrong_is_said_and_the_default_holds(name, text):
    with pytest.raises(UserError, match=name):
        READERS[name](text)
    app = opened(**{name: text, "num_k" if name != "num_k" else "num_w": "2"})
    assert len(app.session_state["problems"]) == 1
    assert app.session_state[f"gradients.{name}"] == FIRST[name]


@pytest.mark.parametrize("low", [True, False])
def test_every_field_can_be_at_its_ends(low):
    app = opened()
    for kind in (app.slider, app.number_input):
        for widget in kind:
            widget.set_value(widget.min if low else widget.max)
    app.run()
    assert not app.exception
    chain = Chain(w=-3.0, k=0, hidden_size=2, radius=0.1, distance=2) if low else Chain(
        w=3.0, k=1000, hidden_size=64, radius=2.0, distance=200, seed=9999
    )  # fmt: skip
    assert {name: app.session_state[f"gradients.{name}"] for name in FIRST} == {
        f"num_{name}": getattr(chain, name) for name in Chain.__dataclass_fields__
    }
    assert len(drawn(app, "decay")["0.y"]) == chain.distance + 1
    assert np.isfinite(drawn(app, "powers")["1.y"]).all()


def test_the_axis_of_the_powers_does_not_move_with_every_step():
    for text, longest in (("0", 10), ("11", 20), ("20", 20), ("101", 200), ("999", 1000)):
        parts = drawn(opened(num_k=text, num_w="0.99"), "powers")
        assert parts["layout"]["xaxis"]["range"][1] == pytest.approx(1.01 * longest)
