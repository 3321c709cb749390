"""The Forward pass page as a visitor without a browser meets it."""

import json
import re

import numpy as np
import pytest

from pages.kit import lab
from pages.kit.forward_experiments import FORWARD
from pages.kit.forward_form import FORM, SETTINGS, VIEWS, positions
from pages.kit.matrices import short, written
from seqcore.unrolled import Setup, draw, forward, initial_states, origin
from seqcore.unrolled.sequence import filled, read_sequences
from seqcore.unrolled.shapes import shapes
from tests.test_pages import open_page

PAGE = "forward"


@pytest.fixture(scope="module", autouse=True)
def one_worker():
    """One engine with one worker for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLAB_WORKERS", "1")
        yield
        lab.engine().close()
        lab.engine.clear()


def opened(**query: str):
    return open_page(PAGE, **{f"{PAGE}__{name}": value for name, value in query.items()})


def field(app, name):
    return app.session_state[f"{PAGE}.{name}"]


def drawn(app, name: str) -> dict:
    """What a component was sent."""
    protos = [element.proto for element in app.get("bidi_component")]
    return next(json.loads(proto.json) for proto in protos if proto.id.endswith(f"{PAGE}.{name}"))


def matrix(app, name: str, component: str = "flow") -> dict:
    stages = drawn(app, component)["stages"]
    return next(matrix for stage in stages for matrix in stage["matrices"] if matrix["name"] == name)


def numbers(app, name: str) -> list[list[str]]:
    return [[text for text, _ in row] for row in matrix(app, name)["cells"]]


def press(app, name: str):
    app.button(key=f"{PAGE}.{name}").click().run()
    assert not app.exception
    return app


def own(app):
    """The pass that the page's settings ask of the core."""
    setup = Setup(**{name: field(app, name) for name in SETTINGS})
    return forward(setup, draw(setup), filled(read_sequences(field(app, "input")), setup), initial_states(setup))


def test_it_opens_at_the_first_operation_with_the_cores_numbers():
    app = opened()
    done, told = own(app), drawn(app, "flow")["origin"]
    assert not app.warning and not app.error
    for name in ("xi", "ao", "f", "c", "h"):
        assert numbers(app, name) == [[short(value) for value in done.tensors[f"l0.1.{name}"][0]]]
    assert [matrix(app, name)["state"] for name in ("xi", "hi", "h")] == ["now", "next", "next"]
    first = origin(done, "l0.1.xi[0,0]")
    assert told["number"] == written(first.value)
    assert [piece["ref"] for piece in told["pieces"] if "ref" in piece] == [term.ref for term in first.terms]
    assert first.equation in "".join(block.value for block in app.markdown)


def test_the_buttons_walk_through_every_operation_and_back():
    app = opened(seq_length="2", input="1, 0", cell="rnn", bidirectional="true")
    order = [str(position) for position in positions(Setup(cell="rnn", seq_length=2, bidirectional=True))]
    assert order[8:10] == ["l0r.2.input", "l0r.2.state"] and len(order) == 16
    assert app.button(key=f"{PAGE}.back").disabled and app.button(key=f"{PAGE}.first").disabled
    for name in order[1:]:
        assert field(press(app, "next"), "at") == name
    assert app.button(key=f"{PAGE}.next").disabled and app.button(key=f"{PAGE}.last").disabled
    assert field(press(app, "back"), "at") == order[-2]
    assert field(press(app, "earlier"), "at") == order[-6]
    assert field(press(app, "first"), "at") == order[0]
    assert field(press(app, "later"), "at") == order[4]
    assert field(press(app, "last"), "at") == order[-1]


def test_a_picked_unit_stays_picked_from_operation_to_operation():
    app = opened(pick="l0.2.xg[0,2]", at="l0.2.input")
    assert drawn(app, "flow")["picked"] == "l0.2.xg[0,2]"
    for wanted in ("hg", "ag", "i", "f"):
        press(app, "next")
        assert drawn(app, "flow")["picked"] == f"l0.2.{wanted}[0,2]"


def test_what_the_browser_sends_is_checked():
    from pages.kit.forward_steps import show

    for ref in ("l0.2.q[0,0]", "l9.9.h[9,9]", "x" * 5000, "<b>", 7, None):
        show(Setup(), ref)  # outside a page the session is empty: nothing may be raised


def test_the_link_holds_the_whole_page_and_opens_it_again():
    changed = {"cell": "gru", "input_size": 2, "hidden_size": 4, "num_layers": 2, "seq_length": 5, "batch": 3,
               "bidirectional": True, "batch_first": False, "nonlinearity": "relu", "initial": "random",
               "start": "zeros", "seed": 12, "source": "data", "input": "1, 2, 3, 4, 5", "series": "nile", "row": 7,
               "held": "l0.z=0.5", "freeze": True, "edits": "weight_ih_l0[1,1]=0.5", "at": "l1r.2.n",
               "pick": "l1r.2.n[1,3]", "view": "steps", "guess": True,
               "function": "gelu"}  # fmt: skip
    assert set(changed) == set(FORM)
    app = opened()
    for name, value in changed.items():
        app.session_state[f"{PAGE}.{name}"] = value
    app.run()
    assert not app.exception
    link = {key: values[0] if isinstance(values, list) else values for key, values in app.query_params.items()}
    again = open_page(PAGE, **{key.replace(".", "__"): value for key, value in link.items()})
    assert {name: field(again, name) for name in changed} == changed
    assert drawn(again, "flow") == drawn(app, "flow") and drawn(again, "flow")["picked"] == "l1r.2.n[1,3]"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_size", "0"), ("hidden_size", "9"), ("cell", "cnn"), ("input_size", "nan"), ("batch", "1e9"),
        ("seq_length", "-3"), ("at", "<b>x</b>"), ("pick", "import os"), ("held", "l0.f=2"), ("edits", "x=1"),
        ("series", "../x"), ("row", "-1"), ("view", "all"), ("function", "eval"), ("freeze", "perhaps"), ("nope", "1"),
        ("input", "1" * 3000), ("input", "<i>"),
    ],
)  # fmt: skip
def test_a_hostile_link_gets_a_sentence_and_the_default(name, value):
    app = opened(**{name: value})
    assert len(app.warning) == 1 and "<b>" not in app.warning[0].value and "<i>" not in app.warning[0].value
    assert {one: field(app, one) for one in FORM} == FORM
    assert numbers(app, "xi")
    assert not press(app, "next").warning


@pytest.mark.parametrize(("text", "said"), [("", "empty"), ("1, x", "not a number"), ("1,,2", "missing"),
                                            ("9e9", "between"), ("<script>", "not a number")])  # fmt: skip
def test_bad_input_gets_a_sentence_and_the_page_goes_on(text, said):
    app = opened()
    app.text_input(key=f"{PAGE}.input").set_value(text).run()
    assert not app.exception and len(app.warning) == 1
    assert said in app.warning[0].value and "<script>" not in app.warning[0].value
    assert numbers(app, "x") == [["0.50"]]
    app.text_input(key=f"{PAGE}.input").set_value("0.25, 0.5").run()
    assert not app.warning and numbers(app, "x") == [["0.25"]] and field(app, "seq_length") == 2


def test_the_steps_slider_repeats_or_cuts_what_is_typed():
    app = opened(input="1, 2, 3")
    assert field(app, "seq_length") == 3
    app.slider(key=f"{PAGE}.seq_length").set_value(5).run()
    assert field(app, "input") == "1, 2, 3, 1, 2"
    app.slider(key=f"{PAGE}.seq_length").set_value(2).run()
    assert field(app, "input") == "1, 2" and not app.warning


def test_overflow_gets_a_sentence_and_the_page_goes_on():
    edits = "weight_ih_l0[0,0]=1;weight_hh_l0[0,0]=1e100"
    app = opened(cell="rnn", nonlinearity="relu", hidden_size="1", start="zeros", edits=edits, at="l0.6.h")
    assert "overflow" in app.warning[0].value
    assert numbers(app, "h") == [["∞"]] and not app.exception


def test_changes_that_no_longer_fit_are_told_and_left_out():
    app = opened(hidden_size="3", edits="weight_ih_l0[11,0]=1", held="l0.f[2]=1")
    assert not app.warning
    app.slider(key=f"{PAGE}.hidden_size").set_value(2).run()
    assert len(app.warning) == 2 and not app.exception
    app.segmented_control(key=f"{PAGE}.cell").set_value("rnn").run()
    assert len(app.warning) == 2 and "no l0" in app.warning[1].value.replace("\\", "") and not app.exception
    app.segmented_control(key=f"{PAGE}.cell").set_value("lstm").run()
    app.slider(key=f"{PAGE}.hidden_size").set_value(3).run()
    assert not app.warning and "weight_ih_l0[11,0]=1" in " ".join(b.value for b in app.markdown).replace("\\", "")


def test_one_click_keeps_the_cell_state_and_another_puts_all_back():
    app = press(opened(), "try.keep")
    words = " ".join(block.value for block in app.markdown)
    assert "exactly the same at all 8 steps" in words
    kept = numbers(app, "c")
    assert kept == [[short(value) for value in own(app).initial["c_0"][0, 0]]]
    press(app, "last")
    assert numbers(app, "c") == kept
    press(app, "restore")
    assert (field(app, "held"), field(app, "freeze"), field(app, "edits")) == ("", False, "")
    assert numbers(app, "c") != kept and "exactly the same" not in " ".join(block.value for block in app.markdown)


def test_the_button_that_keeps_for_ever_and_freezing_work_in_any_lstm():
    app = press(opened(num_layers="2", bidirectional="true", initial="random"), "latch")
    assert field(app, "held").count("=") == 8 and "exactly the same" in " ".join(b.value for b in app.markdown)
    press(app, "restore")
    app.toggle(key=f"{PAGE}.freeze").set_value(True).run()
    assert "exactly the same" in " ".join(b.value for b in app.markdown) and not app.exception


def test_a_picked_weight_is_set_and_every_later_number_moves():
    app = opened(pick="weight_ih_l0[0,0]")
    before = numbers(app, "h")
    widget = next(one for one in app.number_input if one.key.startswith(f"{PAGE}.set."))
    widget.set_value(2.5).run()
    assert field(app, "edits") == "weight_ih_l0[0,0]=2.5"
    assert matrix(app, "W", "weights")["cells"][0][0][0] == "2.50" and numbers(app, "h") != before
    widget = next(one for one in app.number_input if one.key.startswith(f"{PAGE}.set."))
    widget.set_value(1.0).run()
    assert field(app, "edits") == "weight_ih_l0[0,0]=1"


def test_a_picked_gate_is_held_and_a_sum_cannot_be():
    app = opened(pick="l0.2.f[0,1]", at="l0.2.f")
    next(one for one in app.number_input if one.key.startswith(f"{PAGE}.set.")).set_value(0.75).run()
    assert field(app, "held") == "l0.f[1]=0.75" and numbers(app, "f")[0][1] == "0.75"
    app = opened(pick="l0.2.af[0,1]", at="l0.2.sum")
    assert next(one for one in app.number_input if one.key.startswith(f"{PAGE}.set.")).disabled


def test_a_shape_is_guessed_and_answered_at_once():
    app = opened(view="shapes", num_layers="2", batch_first="false")
    assert "(6, 1, 1)" in " ".join(block.value for block in app.markdown).replace("\\", "")
    app.toggle(key=f"{PAGE}.guess").set_value(True).run()
    assert not [one for one in app.code if "print(tuple(" in one.value]
    truth = {shape.name: shape.shape for shape in shapes(Setup(num_layers=2, batch_first=False))}
    for name, guess, said in (("input", (1, 6, 1), "order"), ("h_0", (2, 1, 3), "Right"), ("c_n", (1, 1, 3), "Nearly")):
        box = next(one for one in app.text_input if f"guess.{name}." in one.key)
        box.set_value(", ".join(map(str, guess))).run()
        assert said in " ".join(block.value for block in app.markdown)
    assert truth["h_0"] == (2, 1, 3) and "**1 of 6**" in " ".join(block.value for block in app.markdown)
    next(one for one in app.text_input if "guess.output." in one.key).set_value("a lot").run()
    assert not app.exception and "no shape" in " ".join(block.value for block in app.markdown)


def test_weights_are_counted_beside_the_formula():
    app = opened(view="weights", num_layers="2")
    words = " ".join(block.value for block in app.markdown)
    total = sum(values.size for values in draw(Setup(num_layers=2)).values())
    assert words.count(f"**{total}**") == 2 and "= 1 : 3 : 4" in words


def test_a_window_of_a_series_is_the_input():
    from seqcore.data.scaler import fit
    from seqcore.data.series import load

    app = opened(source="data", series="airline", row="30", seq_length="5")
    values = load("airline").values
    scaled = np.round(fit("minmax11", values).apply(values), 2)
    assert numbers(app, "x") == [[short(scaled[30])]]
    press(app, "later")
    assert numbers(app, "x") == [[short(scaled[31])]]
    app = opened(source="data", series="lynx", row="99999", seq_length="24", batch="4", input_size="4")
    assert field(app, "row") == 114 - 24 - 4 + 1 and not app.exception


@pytest.mark.parametrize("experiment", FORWARD, ids=lambda experiment: experiment.name)
def test_each_experiment_sets_the_form_and_stands(experiment):
    app = press(opened(seed="5", hidden_size="8", held="l0.o=0"), f"try.{experiment.name}")
    assert not app.warning
    assert {name: field(app, name) for name in FORM} == {**FORM, **experiment.settings}


@pytest.mark.parametrize("name", [*SETTINGS, "view", "function"])
def test_each_field_at_both_ends_leaves_the_page_standing(name):
    if name in SETTINGS:
        facts = SETTINGS[name]
        ends = list(facts.choices or []) or (
            [False, True] if facts.kind == "bool" else [int(facts.low), int(facts.high)]
        )
    else:
        ends = list(VIEWS) if name == "view" else ["here", "gelu", "relu"]
    for value in ends:
        app = opened(**{"num_layers": "2", name: str(value).lower()})
        assert not app.exception and not app.warning
        if field(app, "view") == "steps":
            press(app, "last")


def test_the_largest_network_stands():
    text = ", ".join(["0.5"] * 24)
    app = opened(
        cell="lstm", input_size="4", hidden_size="8", num_layers="3", batch="4", bidirectional="true", input=text
    )
    press(app, "last")
    assert field(app, "at") == "l2r.1.h" and len(numbers(app, "h")) == 4


def test_numbers_are_written_short_and_truly():
    assert [short(v) for v in (-0.004, 0.125, -99.999, 123.4, 12345.0, -1e100, np.inf, -np.inf, np.nan)] == [
        "0.00", "0.12", "−100", "123", "1e4", "−1e100", "∞", "−∞", "NaN"
    ]  # fmt: skip
    assert [written(v) for v in (0.5, -0.18634, 1e-7)] == ["0.5", "−0.1863", "1e−07"]


def test_the_browsers_side_builds_no_markup_from_data():
    from tests.test_structure import ROOT

    for name in ("matrices.js", "pad.js"):
        script = (ROOT / "static" / name).read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script)
