"""What a run is: bounds, round trips, differences."""

import json
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcore.catalogue import ARCHITECTURES
from seqcore.spec import SETTINGS, RunSpec, from_flat, from_json, to_json
from seqcore.text import UserError


def values_of(name):
    """Any value the setting allows."""
    facts = SETTINGS[name][1]
    if facts.kind == "choice":
        return st.sampled_from(sorted(facts.choices))
    if facts.kind == "bool":
        return st.booleans()
    if facts.kind == "text":
        return st.text(max_size=int(facts.high))
    if facts.kind == "int":
        return st.integers(int(facts.low), int(facts.high))
    return st.floats(facts.low, facts.high)


def fits(values):
    recurrent = {a.name for a in ARCHITECTURES if a.recurrent}
    return not values.get("bidirectional") or values.get("architecture", "lstm") in recurrent


settings = st.fixed_dictionaries({}, optional={name: values_of(name) for name in SETTINGS}).filter(fits)


@given(settings)
def test_a_spec_survives_json_and_its_flat_form(values):
    spec = from_flat(values)
    assert from_json(json.loads(json.dumps(to_json(spec)))) == spec
    assert from_flat(spec.flat()) == spec
    assert {name: spec.flat()[name] for name in values} == values


@given(settings)
def test_text_of_a_value_parses_back(values):
    for name, value in values.items():
        if SETTINGS[name][1].kind != "text":
            text = (
                str(value).lower()
                if isinstance(value, bool)
                else repr(value)
                if isinstance(value, float)
                else str(value)
            )
            assert SETTINGS[name][1].parse(name, text) == value


@given(
    st.sampled_from(sorted(SETTINGS)), st.one_of(st.none(), st.text(), st.floats(), st.integers(), st.lists(st.text()))
)
def test_any_value_is_taken_or_refused_with_a_sentence(name, value):
    try:
        spec = from_flat({name: value})
    except UserError as problem:
        assert name in str(problem) or "bidirectional" in str(problem)
    else:
        assert spec.flat()[name] == value


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("hidden_size", 0, "hidden_size (0) must be between 1 and 256"),
        ("hidden_size", 2.5, "whole number"),
        ("lr", float("nan"), "must be a number"),
        ("architecture", "<script>", "must be one of rnn, lstm, gru"),
        ("no_such", 1, "no setting named 'no_such'"),
    ],
)
def test_errors_say_the_numbers(name, value, words):
    with pytest.raises(UserError, match=words.replace("(", r"\(").replace(")", r"\)")):
        from_flat({name: value})


def test_an_mlp_cannot_be_bidirectional():
    with pytest.raises(UserError, match="mlp cannot be bidirectional"):
        from_flat({"architecture": "mlp", "bidirectional": True})


def test_differences_name_exactly_what_differs():
    assert RunSpec().differences(RunSpec().replace(hidden_size=8, lr=0.1)) == [
        ("hidden_size", 32, 8),
        ("lr", 0.01, 0.1),
    ]
    assert RunSpec().differences(RunSpec()) == []


def test_specs_are_frozen_and_hashable():
    with pytest.raises(FrozenInstanceError):
        RunSpec().seed = 3
    assert hash(RunSpec()) == hash(RunSpec())


def test_every_setting_has_words_and_bounds():
    for name, (_, facts) in SETTINGS.items():
        assert facts.label and facts.help.endswith("."), name
        if facts.kind in ("int", "float"):
            assert facts.low < facts.high, name


def test_the_defaults_are_the_homeworks():
    spec = RunSpec().flat()
    wanted = {"hidden_size": 32, "seq_length": 19, "num_layers": 1, "epochs": 500, "lr": 0.01, "optimiser": "adam"}
    assert {name: spec[name] for name in wanted} == wanted
