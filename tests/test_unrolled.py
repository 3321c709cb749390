"""The forward pass written out in NumPy: equal to torch.nn, and honest about where each number came from."""

import math
import re
import warnings
from contextlib import suppress
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqcore.look import Clamp, read_clamps
from seqcore.text import UserError
from seqcore.unrolled import (
    OPERATIONS,
    Edit,
    Setup,
    as_torch,
    draw,
    edited,
    edits_as_text,
    forward,
    initial_states,
    misfit,
    origin,
    parameter_shapes,
    read_edits,
    read_place,
)  # fmt: skip
from seqcore.unrolled.sequence import filled, last_start, read_sequences, resized, sequences_as_text, window
from seqcore.unrolled.shapes import counted, counts, judge, ratio, read_shape, replay, shapes, snippet

SETTINGS = {item.name: item.metadata["setting"] for item in fields(Setup)}


def any_setup(generator: np.random.Generator, **fixed) -> Setup:
    """A setup with every setting drawn from its own range."""
    values = {}
    for name, facts in SETTINGS.items():
        if facts.kind == "choice":
            values[name] = list(facts.choices)[generator.integers(len(facts.choices))]
        elif facts.kind == "bool":
            values[name] = bool(generator.integers(2))
        else:
            values[name] = int(generator.integers(facts.low, facts.high + 1))
    return Setup(**(values | fixed))


def run(setup: Setup, seed: int = 0, **more):
    x = np.random.default_rng([seed, 7]).normal(size=(setup.batch, setup.seq_length, setup.input_size))
    return forward(setup, draw(setup), x, initial_states(setup), **more)


def torch_cell(setup: Setup) -> torch.nn.RNNBase:
    more = {"nonlinearity": setup.nonlinearity} if setup.cell == "rnn" else {}
    return getattr(torch.nn, setup.cell.upper())(
        setup.input_size, setup.hidden_size, setup.num_layers, batch_first=setup.batch_first,
        bidirectional=setup.bidirectional, dtype=torch.float64, **more,
    )  # fmt: skip


def test_equals_torch_on_a_thousand_settings():
    generator = np.random.default_rng(4)
    seen = set()
    for number in range(1000):
        setup = any_setup(generator, start="random")
        seen.add((setup.cell, setup.num_layers, setup.bidirectional, setup.batch_first, setup.initial))
        done, cell = run(setup, number), torch_cell(setup)
        cell.load_state_dict({name: torch.from_numpy(values) for name, values in done.weights.items()})
        states = [torch.from_numpy(values) for values in done.initial.values()]
        with torch.no_grad():
            output, last = cell(
                torch.from_numpy(as_torch(done).copy()), tuple(states) if len(states) > 1 else states[0]
            )
        output = output if setup.batch_first else output.transpose(0, 1)
        torch.testing.assert_close(torch.from_numpy(done.output), output)
        for ours, theirs in zip(done.final.values(), last if setup.cell == "lstm" else [last], strict=True):
            torch.testing.assert_close(torch.from_numpy(ours), theirs)
    assert len(seen) == 3 * 3 * 2 * 2 * 2


def test_a_cell_of_one_unit_by_hand():
    setup = Setup(cell="rnn", hidden_size=1, seq_length=2, start="zeros")
    weights = edited(draw(setup), read_edits("weight_ih_l0[0,0]=2;weight_hh_l0[0,0]=-1;bias_ih_l0[0]=0.5"))
    done = forward(setup, weights, np.array([[[0.25], [1.0]]]), initial_states(setup))
    first = math.tanh(2 * 0.25 + 0.5)
    assert done.output[0, :, 0].tolist() == pytest.approx([first, math.tanh(2 + 0.5 - first)], abs=1e-15)


def test_an_lstm_without_weights_has_half_open_gates():
    setup = Setup(hidden_size=2, start="zeros", initial="random")
    done = run(setup)
    assert (done.tensors["l0.1.f"] == 0.5).all() and (done.tensors["l0.1.g"] == 0).all()
    np.testing.assert_array_equal(done.final["c_n"], done.initial["c_0"] / 2**setup.seq_length)


def test_weights_are_torchs_by_name_order_and_shape_and_whole_with_two_decimals():
    generator = np.random.default_rng(1)
    for _ in range(20):
        setup = any_setup(generator, start="random")
        own = parameter_shapes(setup)
        assert list(own.items()) == [(n, tuple(w.shape)) for n, w in torch_cell(setup).state_dict().items()]
        weights = np.concatenate([values.ravel() for values in draw(setup).values()])
        np.testing.assert_array_equal(weights, np.round(weights, 2))
        assert np.abs(weights).max() <= setup.hidden_size**-0.5
    assert (draw(Setup(seed=1))["bias_ih_l0"] != draw(Setup(seed=2))["bias_ih_l0"]).any()


@pytest.mark.parametrize("seed", range(30))
def test_every_number_is_what_its_terms_say(seed):
    """Each explanation, computed from its own pieces, gives the element; each term leads to an element of its value."""
    done = run(any_setup(np.random.default_rng([seed, 1]), seq_length=3))
    names = {"σ": lambda x: 1 / (1 + math.exp(-x)), "tanh": math.tanh, "ReLU": lambda x: max(x, 0.0)}
    for tensor in done.tensors:
        ref = f"{tensor}[{done.setup.batch - 1},{done.setup.hidden_size - 1}]"
        found = origin(done, ref)
        told = "".join(p if isinstance(p, str) else repr(p.value) for p in found.pieces)
        told = re.sub(r"·", "*", told).replace("−", "-")
        assert eval(told, {"__builtins__": {}}, names) == pytest.approx(found.value, abs=1e-12)
        assert not found.note
        for term in found.terms:
            assert origin(done, term.ref).value == term.value


def test_every_way_back_ends_at_a_weight_the_input_or_the_first_state():
    done = run(Setup(num_layers=2, bidirectional=True, hidden_size=2, seq_length=3))
    waiting, seen, ends = ["l1r.1.h[0,1]"], set(), set()
    while waiting:
        found = origin(done, waiting.pop())
        if found.ref in seen:
            continue
        seen.add(found.ref)
        waiting += [term.ref for term in found.terms]
        if not found.terms:
            assert found.note and read_place(found.ref) is None
            ends.add(found.ref.partition("[")[0].partition("_l")[0])
    assert ends == {"input", "h_0", "c_0", "weight_ih", "weight_hh", "bias_ih", "bias_hh"}


def test_an_explanation_reads_as_it_should():
    setup = Setup(hidden_size=1, start="zeros", initial="random", seed=3)
    done = run(setup)
    found = origin(done, "l0.2.h[0,0]")
    assert (found.label, found.symbols()) == ("h_2[0, 0]", "o_2[0, 0] · tanh(c_2[0, 0])")
    c = done.tensors["l0.2.c"][0, 0]
    assert found.numbers(lambda value: f"{value:.3g}") == f"0.5 · tanh({c:.3g})"
    assert origin(done, "l0.2.c[0,0]").symbols() == "f_2[0, 0] · c_1[0, 0] + i_2[0, 0] · g_2[0, 0]"
    product = origin(done, "l0.1.hf[0,0]")
    assert [term.ref for term in product.terms] == ["weight_hh_l0[1,0]", "h_0[0,0,0]", "bias_hh_l0[1]"]
    assert r"\texttt{weight\_hh\_l0[1:2]}" in product.equation
    h_0 = done.initial["h_0"][0, 0, 0]
    assert product.numbers("{:.2f}".format) == f"0.00 · {h_0:.2f} + 0.00".replace(f"{-abs(h_0):.2f}", f"({h_0:.2f})")


def test_input_is_indexed_as_torch_sees_it():
    for batch_first, ref in ((True, "input[1,2,0]"), (False, "input[2,1,0]")):
        done = run(Setup(batch=2, batch_first=batch_first))
        assert origin(done, ref).value == done.x[1, 2, 0]
        assert origin(done, "l0.3.xi[1,0]").terms[1].ref == ref


@pytest.mark.parametrize("ref", ["l0.9.h[0,0]", "l0.1.q[0,0]", "weight_ih_l0[12,0]", "weight_ih_l7[0,0]", "c_0[0]", "x",
                                 "input[0,0,4]", "__class__[0,0]", "l0.1.h[0,3]"])  # fmt: skip
def test_what_is_not_there_is_a_sentence(ref):
    with pytest.raises(UserError, match="no number called"):
        origin(run(Setup()), ref)


def test_an_lstm_with_f_1_and_i_0_keeps_its_cell_state_to_the_last_bit():
    setup = Setup(hidden_size=5, num_layers=2, bidirectional=True, seq_length=24, batch=3, initial="random")
    clamps = read_clamps(",".join(f"{layer}.{gate}" for layer in ("l0", "l0r", "l1", "l1r") for gate in ("f=1", "i=0")))
    for done in (run(setup, clamps=clamps), run(setup, freeze=True)):
        for row, layer in enumerate(("l0", "l0r", "l1", "l1r")):
            for t in range(1, 25):
                np.testing.assert_array_equal(done.tensors[f"{layer}.{t}.c"], done.initial["c_0"][row])
    assert origin(done, "l0.3.c[0,1]").terms[0].ref == "l0.2.c[0,1]" and "frozen" in origin(done, "l0.3.c[0,1]").note


@pytest.mark.parametrize("text", ["l0.hidden[1]=0.3", "l0.cell=2", "l0.o=0", "l0.g[2]=-1"])
def test_a_held_value_is_held_and_what_follows_moves(text):
    setup = Setup(seq_length=4)
    plain, (clamp,) = run(setup), read_clamps(text)
    done = run(setup, clamps=[clamp])
    name = {"hidden": "h", "cell": "c"}.get(clamp.tap[3:], clamp.tap[3:])
    unit = slice(None) if clamp.unit is None else clamp.unit
    assert all((done.tensors[f"l0.{t}.{name}"][:, unit] == clamp.value).all() for t in range(1, 5))
    assert (done.tensors["l0.2.hi"] != plain.tensors["l0.2.hi"]).any()
    np.testing.assert_array_equal(done.tensors["l0.1.ai"], plain.tensors["l0.1.ai"])
    held = origin(done, f"l0.1.{name}[0,{clamp.unit or 0}]")
    assert "by hand" in held.note and not held.terms


def test_a_held_value_of_the_reverse_direction_leaves_the_other_alone():
    setup = Setup(bidirectional=True)
    done, plain = run(setup, clamps=[Clamp("l0r.f", 0.0)]), run(setup)
    assert (done.tensors["l0r.2.f"] == 0).all()
    np.testing.assert_array_equal(done.tensors["l0.6.h"], plain.tensors["l0.6.h"])


def test_overflow_is_a_sentence_and_no_warning():
    setup = Setup(cell="rnn", nonlinearity="relu", hidden_size=1, seq_length=6, start="zeros")
    weights = edited(draw(setup), read_edits("weight_ih_l0[0,0]=1;weight_hh_l0[0,0]=1e100"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = forward(setup, weights, np.ones((1, 6, 1)), initial_states(setup))
    assert "l0.5.hh" in str(done.trouble) and "too large" in str(done.trouble)
    assert run(Setup()).trouble is None


def test_edits_go_to_text_and_back_and_touch_nothing_else():
    edits = (Edit("weight_ih_l0", (5, 0), 0.5), Edit("bias_hh_l1_reverse", (2,), -1e-3))
    assert read_edits(edits_as_text(edits)) == edits
    assert read_edits("bias_ih_l0[1]=1;bias_ih_l0[1]=2") == (Edit("bias_ih_l0", (1,), 2.0),)
    first = draw(Setup())
    after = edited(first, edits[:1])
    assert after["weight_ih_l0"][5, 0] == 0.5 and first["weight_ih_l0"][5, 0] != 0.5
    assert (after["weight_ih_l0"] != first["weight_ih_l0"]).sum() == 1


@pytest.mark.parametrize(
    "text",
    ["weight_ih_l0[0,0]", "w[0]=1", "weight_ih_l0[0,0]=nan", "weight_ih_l0[0,0]=1e101", "weight_ih_l0[0,0]=inf",
     "weight_ih_l0[-1,0]=1", "weight_ih_l0[0,0]=--1"],
)  # fmt: skip
def test_edits_that_cannot_be_read_are_refused(text):
    with pytest.raises(UserError):
        read_edits(text)


def test_edits_that_do_not_fit_are_told_with_the_shape():
    assert misfit(Edit("weight_ih_l0", (11, 0), 1.0), Setup()) is None
    assert "(12, 1)" in str(misfit(Edit("weight_ih_l0", (12, 0), 1.0), Setup()))
    assert "weight_hh_l0" in str(misfit(Edit("weight_ih_l1", (0, 0), 1.0), Setup()))
    assert misfit(Edit("bias_ih_l0", (0, 0), 1.0), Setup())
    with pytest.raises(UserError, match="201"):
        read_edits(";".join(f"bias_ih_l{k % 10}[{k // 10}]=1" for k in range(201)))


@pytest.mark.parametrize("seed", range(12))
def test_the_snippet_runs_and_prints_the_shapes(seed, capsys):
    setup = any_setup(np.random.default_rng([seed, 2]))
    told = {shape.name: shape.shape for shape in shapes(setup)}
    space = {}
    exec(snippet(setup), space)
    assert {name: tuple(space[name].shape) for name in told} == told
    assert capsys.readouterr().out.split("\n")[:-1] == [str(told[n]) for n in ("output", "h_n", "c_n") if n in told]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_replayed_pass_is_the_same_in_torch(cell, capsys):
    setup = Setup(cell=cell, num_layers=2, bidirectional=True, batch=2, batch_first=False, initial="random")
    done, space = run(setup), {}
    before = torch.get_default_dtype()
    try:
        exec(replay(setup, done.weights, done.x, done.initial), space)
    finally:
        torch.set_default_dtype(before)
    torch.testing.assert_close(space["output"], torch.from_numpy(done.output.swapaxes(0, 1).copy()))


@pytest.mark.parametrize("seed", range(20))
def test_weights_are_counted_as_the_formula_says(seed):
    setup = any_setup(np.random.default_rng([seed, 3]))
    total = sum(weight.numel() for weight in torch_cell(setup).parameters())
    assert total == counted(setup) == sum(row.total for row in counts(setup))
    assert all(eval(row.formula.replace("·", "*"), {"__builtins__": {}}) == row.total for row in counts(setup))
    sizes = ratio(setup)
    assert [sizes[cell] / sizes["rnn"] for cell in ("rnn", "gru", "lstm")] == [1, 3, 4]


def test_a_guess_is_judged():
    assert judge((2, 6, 3), (2, 6, 3)).right
    hints = {guess: judge(guess, (2, 6, 3)).hint for guess in ((6, 2, 3), (2, 6), (2, 6, 4), (1, 1, 1))}
    assert "order" in hints[6, 2, 3] and "three" in hints[2, 6] and "Nearly" in hints[2, 6, 4]
    assert len(set(hints.values())) == 4
    assert read_shape("(2, 6,3)") == read_shape("2 6 3") == (2, 6, 3)
    for text in ("", "2.5, 1", "a", "-1, 2, 3", "1 2 3 4 5 6"):
        with pytest.raises(UserError):
            read_shape(text)


def test_typed_sequences_go_to_text_and_back():
    sequences = read_sequences("0.5 1, -2 / 3, 4 0.25")
    assert sequences == (((0.5, 1.0), (-2.0,)), ((3.0,), (4.0, 0.25)))
    assert read_sequences(sequences_as_text(sequences)) == sequences
    assert resized(sequences, 3)[1] == ((3.0,), (4.0, 0.25), (3.0,))


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "empty"), (" , ", "empty"), ("1,,2", "commas"), ("1, x", "'x'"), ("nan", "'nan'"), ("101", "between"),
     ("1, 2 / 3", "Sequence 2 has 1"), (",".join("1" * 25), "25 steps"), ("1" * 2001, "2001")],
)  # fmt: skip
def test_typed_input_that_cannot_be_read_is_a_sentence(text, said):
    with pytest.raises(UserError, match=said):
        read_sequences(text)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused(text):
    with suppress(UserError):
        assert filled(read_sequences(text), Setup(batch=3, input_size=2)).shape[::2] == (3, 2)


def test_missing_sequences_and_features_come_from_the_first():
    x = filled(read_sequences("1, 2, 3"), Setup(batch=2, input_size=2))
    assert x[0].tolist() == [[1, 3], [2, 1], [3, 2]] and x[1].tolist() == [[2, 1], [3, 2], [1, 3]]
    assert filled(read_sequences("1 9, 2 8"), Setup())[0].tolist() == [[1], [2]]


def test_a_window_of_a_series():
    values, setup = np.arange(30) / 100, Setup(batch=2, input_size=3, seq_length=4)
    x = window(values, 5, setup)
    assert x.shape == (2, 4, 3) and x[1, 2].tolist() == [0.08, 0.07, 0.06]
    assert window(values, last_start(values, setup), setup)[-1, -1, 0] == values[-1]


def test_operations_make_every_tensor_once_and_in_order():
    for cell, operations in OPERATIONS.items():
        made = [name for names in operations.values() for name in names]
        assert sorted(made) == sorted(key.split(".")[2] for key in run(Setup(cell=cell, seq_length=1)).tensors)
        done = run(replace(Setup(), cell=cell, seq_length=1))
        for k, name in enumerate(made):
            for term in origin(done, f"l0.1.{name}[0,0]").terms:
                place = read_place(term.ref)
                assert place is None or made.index(place.name) < k
