"""RepeatVector in Keras and PyTorch: what is said of its layers is so."""

import pytest
import torch
from streamlit.testing.v1 import AppTest

from pages.kit.keras_form import READERS
from seqcore.size import weights
from seqcore.spec import RunSpec
from seqcore.text import UserError
from seqcore.unrolled.repeat_vector import in_keras, in_torch, layers

SIZES = [(20, 5, 32), (7, 1, 1), (2, 50, 3)]


@pytest.mark.parametrize(("steps", "horizon", "hidden"), SIZES)
def test_the_torch_code_has_the_shapes_and_weights_of_the_table(steps, horizon, hidden):
    names: dict = {}
    exec(in_torch(steps, horizon, hidden), names)
    model, found = names["model"], layers(horizon, hidden)
    shapes = {}
    for name in ("fold", "unfold", "head"):
        getattr(model, name).register_forward_hook(lambda _, x, y, name=name: shapes.update({name: (x[0], y)}))
    assert model(torch.randn(4, steps, 1)).shape == (4, *found[3].shape)
    assert shapes["fold"][1][1][0].shape == (1, 4, *found[0].shape)
    assert shapes["unfold"][0].shape == (4, *found[1].shape)
    assert torch.equal(shapes["unfold"][0][:, 0], shapes["unfold"][0][:, -1])  # every step reads the same
    assert shapes["unfold"][1][0].shape == (4, *found[2].shape)
    counted = [sum(p.numel() for p in getattr(model, name).parameters()) for name in ("fold", "unfold", "head")]
    assert counted == [found[k].torch for k in (0, 2, 3)]
    assert sum(counted) == weights(RunSpec().replace(architecture="repeat_vector", hidden_size=hidden))


@pytest.mark.parametrize(("steps", "horizon", "hidden"), SIZES)
def test_keras_counts_one_bias_a_gate(steps, horizon, hidden):
    names: dict = {}
    exec(in_torch(steps, horizon, hidden), names)
    one_bias = sum(p.numel() for name, p in names["model"].named_parameters() if "bias_hh" not in name)
    found = layers(horizon, hidden)
    assert sum(layer.keras for layer in found) == one_bias
    assert [eval(layer.formula.replace("·", "*")) for layer in found] == [layer.keras for layer in found]


def test_the_counts_are_those_that_keras_3_gave():
    assert [(layer.shape, layer.keras) for layer in layers(5, 32)] == [
        ((32,), 4352), ((5, 32), 0), ((5, 32), 8320), ((5, 1), 33),
    ]  # fmt: skip
    assert [layer.keras for layer in layers(3, 8)] == [320, 0, 544, 9]


def test_the_keras_code_names_the_layers_of_the_table_in_their_order():
    code = in_keras(20, 5, 32).split("Sequential([")[1]
    calls = ("Input((20, 1))", "LSTM(32)", "RepeatVector(5)", "LSTM(32, return_seq", "TimeDistributed(Dense(1))")
    places = [code.index(text) for text in calls]
    assert places == sorted(places)
    compile(in_keras(20, 5, 32), "keras", "exec")


@pytest.mark.parametrize(("name", "text"), [("keras_steps", "1"), ("keras_steps", "201"), ("keras_horizon", "0"),
                                            ("keras_hidden", "257"), ("keras_hidden", "x")])  # fmt: skip
def test_fields_from_a_link_are_bounded(name, text):
    with pytest.raises(UserError):
        READERS[name](text)


def page() -> None:
    import streamlit as st

    from pages.kit.form import open_form
    from pages.kit.keras_form import FIRST, READERS, as_link, keras_form

    open_form("seq2seq", FIRST, READERS)
    keras_form("seq2seq")
    st.session_state["linked"] = as_link("seq2seq")


def test_the_sliders_change_the_codes_the_table_and_the_link():
    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception and app.session_state["linked"] == {}
    app.slider(key="seq2seq.keras_hidden").set_value(256)
    app.slider(key="seq2seq.keras_horizon").set_value(50)
    app.slider(key="seq2seq.keras_steps").set_value(200).run()
    assert not app.exception
    assert app.session_state["linked"] == {"keras_steps": "200", "keras_horizon": "50", "keras_hidden": "256"}
    assert [code.value for code in app.code] == [in_keras(200, 50, 256).rstrip(), in_torch(200, 50, 256).rstrip()]
    total = app.dataframe[0].value.iloc[-1]
    found = layers(50, 256)
    assert list(total)[-2:] == [sum(layer.keras for layer in found), sum(layer.torch for layer in found)]
    assert any(f"**{8 * 256:,}**" in text.value for text in app.markdown)
