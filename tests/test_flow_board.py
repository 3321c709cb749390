"""Walking the data flow: what is asked for, what is drawn of it, and what a click and a button do."""

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import flow_open
from pages.kit.flow_board import FIRST, NAMES, READERS
from pages.kit.flow_open import boxes_of, find, in_any_layer
from pages.kit.flow_words import FILLED, KINDS, MEANINGS
from seqcore.data.text.flow import WORDS, flow
from seqcore.data.text.spec import LanguageSpec, SizeSpec, TransformerSpec
from seqcore.look import PLACE, Look, Sentence
from seqcore.models.transformer import formula
from seqcore.text import UserError
from seqcore.training.make import make_trainer
from tests.test_flow import RULES

SMALL = {"d_model": 8, "num_heads": 2, "d_ff": 12}
SPECS = {
    "transformer": TransformerSpec().replace(**SMALL, pairs=100),
    "encoder": LanguageSpec(model=SizeSpec(architecture="encoder")).replace(**SMALL, sentences=100),
    "decoder": LanguageSpec().replace(**SMALL, sentences=100, num_layers=1),
}
TRAINERS = {}


def shot(kind, asked=None):
    """What the untrained network makes of the first test sentence, with the words of its vocabulary."""
    if kind not in TRAINERS:
        TRAINERS[kind] = make_trainer(replace(SPECS[kind], trained=False))
        list(TRAINERS[kind])
    found = TRAINERS[kind].snapshot(Look(sentence=Sentence(**(asked or {}))))
    vocabulary = TRAINERS[kind].vocabularies[1] if kind == "transformer" else TRAINERS[kind].vocabulary
    words = np.array(vocabulary.decode(range(len(vocabulary))))
    return replace(found, arrays={**found.arrays, "words": words})


def page():
    import streamlit as st

    from pages.kit.flow_board import FIRST, READERS, as_link, flow_fields, flow_sentence
    from pages.kit.flow_pictures import flow_pictures
    from pages.kit.flow_words import flow_words
    from pages.kit.form import open_form
    from pages.kit.scene import Scene
    from tests import test_flow_board as test

    problems, kind = open_form("p", FIRST, READERS), st.session_state["kind"]
    known = st.session_state["known"]
    flow_fields("p", test.SPECS[kind], test.shot(kind) if known else None)
    asked = flow_sentence("p", test.SPECS[kind])
    seen = test.shot(kind, asked) if known else None
    scene = Scene("", test.SPECS[kind], None, "finished", None, None, seen, ())
    st.session_state["out"] = {"pictures": flow_pictures("p", scene), "asked": asked, "shot": seen,
                               "link": as_link("p"), "problems": problems}  # fmt: skip
    flow_words("p", scene)


def opened(kind="transformer", known=True, **query):
    app = AppTest.from_function(page, default_timeout=30)
    app.session_state["kind"], app.session_state["known"] = kind, known
    for name, text in query.items():
        app.query_params[f"p.flow_{name}"] = str(text)
    return run(app)


def run(app):
    app.run()
    assert not app.exception
    return app


def out(app, name):
    return app.session_state["out"][name]


def clicked(app, *place):
    """The page after a click on a picture."""
    app.session_state["click"] = place

    def click():
        import streamlit as st

        from pages.kit.flow_board import flow_picked

        flow_picked("p", *st.session_state["click"])

    other = AppTest.from_function(click)
    for key in ("click", "p.bar.flow", *(f"p.{name}" for name in FIRST)):
        if key in app.session_state:
            other.session_state[key] = app.session_state[key]
    run(other)
    for name in FIRST:
        app.session_state[f"p.{name}"] = other.session_state[f"p.{name}"]
    return run(app)


def words(app):
    return " ".join(each.value for each in (*app.markdown, *app.caption))


@pytest.mark.parametrize("kind", SPECS)
def test_every_box_opens_to_its_numbers(kind):
    app = opened(kind)
    once = [box for box in boxes_of(SPECS[kind]).values() if ".l1." not in box.name]
    for box in once if kind == "transformer" else once[::4]:
        name = box.name
        app.session_state["p.flow_box"] = in_any_layer(name)
        run(app)
        assert app.selectbox(key="p.flow_box").value == in_any_layer(name)
        drawing, tensor, _ = out(app, "pictures")
        assert drawing.name == "flow" and drawing.tall and name in words(app)
        arrays, asked = out(app, "shot").arrays, out(app, "asked")
        assert asked["inside"] == (() if box.value in WORDS else (name,))
        if box.value == "position":
            np.testing.assert_array_equal(tensor.traces[0].data["z"], arrays["formula.places"])
        elif box.value == "ids":
            assert tensor.traces[0].data["text"][0, 0] == str(arrays["formula.ids"][0])
        elif box.value not in WORDS:
            values = arrays[f"inside.{name}"]
            values = values[0] if values.ndim == 3 else values
            seen = tensor.traces[0].data["z"]
            corner = app.session_state["p.bar.flow"]
            part = values[corner.top :, corner.left :][: seen.shape[0], : seen.shape[1]]
            np.testing.assert_array_equal(seen, np.where(np.isfinite(part), part, np.nan))
            row, column = arrays["formula.cell"][1:]
            assert f"{arrays['formula.value']:.3g}" == f"{values[row, column]:.3g}"


def test_a_formula_is_written_with_the_numbers_in_it():
    app = opened(box="decoder.self.q", head=1, row=2, column=1)
    told = {name: out(app, "shot").arrays[f"formula.{name}"] for name in ("left", "right", "bias", "value", "cell")}
    assert told["cell"].tolist() == [1, 2, 1]
    line = next(each.value for each in app.markdown if each.value.startswith("$Q_{2,1}"))
    assert r"W^Q_{5,k}" in line and rf"\mathbf{{{told['value']:.3g}}}" in line  # the fifth of both heads' 2 * 4
    for number in (*told["left"], *told["right"], told["bias"]):
        assert f"{abs(number):.3g}" in line
    assert "decoder.layers.0.attention.query.weight[5, k]" in words(app)
    bars = out(app, "pictures")[2].traces[0].data["x"]
    np.testing.assert_allclose(bars.sum(), told["value"], rtol=1e-4)


def test_the_maximum_and_the_true_token_are_marked_and_judged():
    app = opened(box="probabilities", step=2, row=1)
    arrays, tensor = out(app, "shot").arrays, out(app, "pictures")[1]
    assert rf"\ln({np.exp(-arrays['surprise'][1]):.3g})" in words(app) or "cdot 10" in words(app)
    assert str(arrays["output"][1]) in words(app) and str(arrays["rows"][1]) in words(app)
    app.button(key="p.bar.flow_token").click()
    run(app)
    most = arrays["inside.probabilities"][2].argmax()
    assert app.session_state["p.flow_step"] == 3 and out(app, "asked")["cell"] == ("probabilities", 0, 2, most)
    frames = [shape for shape in out(app, "pictures")[1].layout["shapes"] if shape["line"].get("dash") is None]
    left = app.session_state["p.bar.flow"].left
    assert (most - left - 0.42, 1.58) in [(shape["x0"], shape["y0"]) for shape in frames]
    assert tensor.traces[0].data["z"].shape == (2, 24) and "of 250" in tensor.layout["xaxis"]["title"]["text"]


def test_the_decoder_goes_token_by_token():
    app = opened(box="decoder.self.weights", step=1)
    count = len(out(app, "shot").arrays["input"])
    for step in range(1, count + 1):
        assert out(app, "pictures")[1].traces[0].data["z"].shape == (step, step)
        assert app.session_state["p.flow_row"] == step - 1 or step == 1
        app.button(key="p.bar.flow_token").click()
        run(app)
    assert app.session_state["p.flow_step"] == 1  # from the beginning again
    ahead = opened(known=False, box="decoder.self.weights", step=2, row=9, column=9)  # not read, not to be picked
    assert out(ahead, "asked")["cell"] == ("decoder.l0.self.weights", 0, 1, 1)
    assert not [each for each in opened("encoder").slider if each.key == "p.flow_step"]


def test_back_and_next_walk_through_all_boxes():
    app, seen = opened("decoder", known=False, box="decoder.tokens"), []
    assert app.button(key="p.bar.flow_back").disabled
    while not app.button(key="p.bar.flow_next").disabled:
        seen.append(out(app, "asked")["cell"][0])
        app.button(key="p.bar.flow_next").click()
        run(app)
    assert [*seen, "loss"] == list(boxes_of(SPECS["decoder"]))


def test_clicks_open_boxes_and_pick_numbers():
    app = opened()
    text = out(app, "pictures")[0].traces[1].data
    place = next(k for k, label in enumerate(text["text"]) if label == "V" and text["x"][k] > 28 and text["y"][k] > 30)
    app = clicked(app, "flow", float(text["x"][place]), float(text["y"][place]))
    assert out(app, "asked")["inside"] == ("decoder.l0.cross.v",)
    app = clicked(app, "tensor", 3.0, 1.0)
    assert out(app, "asked")["cell"] == ("decoder.l0.cross.v", 0, 1, 3)
    app = clicked(app, "flow", 0.0, 0.0)
    assert out(app, "asked")["cell"] == ("decoder.l0.cross.v", 0, 1, 3)
    app.session_state["p.flow_box"] = "encoder.position"
    app = clicked(run(app), "positions", 5.0, 30.0)
    assert out(app, "asked")["cell"] == ("encoder.position", 0, 30, 5) and "30" in words(app)


def test_a_wide_tensor_is_drawn_in_parts_and_says_so():
    app = opened(box="logits", column=100, row=0, step=2)
    tensor, corner = out(app, "pictures")[1], app.session_state["p.bar.flow"]
    assert (corner.top, corner.left) == (0, 96) and "96 to 119 of 250" in tensor.layout["xaxis"]["title"]["text"]
    app = clicked(app, "tensor", 1.0, 1.0)
    assert out(app, "asked")["cell"] == ("logits", 0, 1, 97)


def test_nothing_is_known_before_the_first_look():
    app = opened(known=False)
    assert [picture.name for picture in out(app, "pictures")] == ["flow", "tensor", "terms"]
    assert "come" in out(app, "pictures")[1].alt


def test_a_link_is_the_whole_state_and_a_bad_one_says_so():
    app = opened(box="encoder.feed.hidden", layer=1, head=1, row=1, column=7, step=2)
    assert out(app, "link") == {"flow_box": "encoder.feed.hidden", "flow_layer": "1", "flow_head": "1",
                                "flow_row": "1", "flow_column": "7", "flow_step": "2"}  # fmt: skip
    assert out(app, "asked")["cell"] == ("encoder.l1.feed.hidden", 0, 1, 7)
    assert out(opened(), "link") == {}
    problems = out(opened(box="x<b>", layer=9, head=-1, step=0), "problems")
    assert len(problems) == 4 and "flow_box" in str(problems[0])
    for name, text in (("flow_row", "1e9"), ("flow_column", "10000"), ("flow_step", "٣")):
        with pytest.raises(UserError):
            READERS[name](text)


def test_a_network_without_the_box_opens_one_like_it():
    for kind, spec in SPECS.items():
        for name in NAMES:
            box = find(boxes_of(spec), name, 0)
            assert box.name in boxes_of(spec) and (box.value == name.rpartition(".")[2] or kind != "transformer")
    assert find(flow("decoder"), "decoder.cross.q", 0).name == "decoder.l0.self.q"
    assert find(flow("encoder", position="none"), "encoder.position", 0).value == "weights"
    assert opened("decoder", box="decoder.cross.weights", layer=5).session_state["out"]["asked"]["inside"] == (
        "decoder.l0.self.weights",
    )


def test_what_page_and_core_tell_each_other_fits():
    assert flow_open.PLACES == formula.PLACES and set(RULES) == {*FILLED, *KINDS, "same"}
    for kind in SPECS:
        for name, box in flow(kind, 6).items():
            assert box.value in WORDS or PLACE.fullmatch(name)
            assert box.value in MEANINGS and in_any_layer(name) in NAMES
