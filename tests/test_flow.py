"""The data flow: every number's formula gives the number, and the boxes are what the network computes."""

from functools import partial

import numpy as np
import pytest

from seqcore.data.text.flow import WORDS, flow
from seqcore.models.transformer import POSITIONS, TransformerDecoder, TransformerEncoder, altered
from seqcore.models.transformer.formula import MOST, described, explained
from tests.test_seq2seq import SOURCES, TARGETS, shifted
from tests.test_transformer import alone, made

RULES = {
    "terms": lambda f: (f["left"] * f["right"]).sum() + f["rest"] + f["bias"],
    "sum": lambda f: f["left"].sum(),
    "relu": lambda f: max(0.0, (f["left"] * f["right"]).sum() + f["rest"] + f["bias"]),
    "softmax": lambda f: np.exp(f["left"][0] - f["parts"][0]) / (f["right"].sum() + f["rest"]),
    "norm": lambda f: f["left"][0] * (f["parts"][0] - f["parts"][1]) / np.sqrt(f["parts"][2:].sum()) + f["bias"],
    "quotient": lambda f: f["left"][0] / f["right"][0],
    "sin": lambda f: np.sin(f["left"][0] * f["right"][0]),
    "cos": lambda f: np.cos(f["left"][0] * f["right"][0]),
    "same": lambda f: f["left"][0],
    "hidden": lambda f: -np.inf if str(f["name"]).endswith("masked") else 0.0,
    "off": lambda f: 0.0,
}
"""What each kind of formula says, as `seqcore.models.transformer.formula` has it."""

SHAPES = {"S": 5, "T": 4, "D": 8, "N": 2, "head_dim": 4, "d_ff": 12}


def models(**sizes):
    """Each kind of Transformer, in single precision, with what reads a sentence with it."""
    source, target_in = SOURCES[0], shifted(TARGETS)[0]
    pair = made(**sizes).float()
    reader, writer = (alone(kind, **sizes).float() for kind in (TransformerEncoder, TransformerDecoder))
    yield "transformer", pair, partial(pair.inside, source, target_in)
    yield "encoder", reader, partial(reader.inside, source)
    yield "decoder", writer, partial(writer.inside, target_in)


def told(model, read, *cell):
    return {name.removeprefix("formula."): values for name, values in explained(model, read, cell).items()}


def state_of(model, reference):
    """The number that a name with its place, such as `decoder.output.bias[3]`, means."""
    name, _, place = reference.partition("[")
    return model.state_dict()[name].numpy()[tuple(int(k) for k in place.rstrip("]").split(","))]


@pytest.mark.parametrize(("norm_first", "tied"), [(False, True), (True, False)])
@pytest.mark.parametrize("position", POSITIONS)
def test_every_formula_gives_the_number_in_the_tensor(position, norm_first, tied):
    draws = np.random.default_rng(0)
    for kind, model, read in models(position=position, norm_first=norm_first, tied=tied):
        seen, kinds = read(), set()
        assert {box.name for box in described(model).values() if box.value not in WORDS} == set(seen)
        assert described(model) == flow(kind, 2, norm_first, position)

        def once(names, read=read, seen=seen):  # the ids are heard in a pass, all else is known
            return read(names) if names[0].endswith("embedding") else {name: seen[name] for name in names}

        for name, array in seen.items():
            ends = {(0,) * array.ndim, tuple(np.subtract(array.shape, 1))}
            for place in ends | {tuple(draws.integers(array.shape))}:
                found = told(model, once, name, *(0,) * (3 - array.ndim), *place)
                assert found["name"] == name and tuple(found["cell"])[3 - array.ndim :] == place
                assert len(found["left"]) == len(found["right"]) == len(found["at"]) <= MOST
                assert found["value"] == array[place]
                # single precision: sums in another order
                np.testing.assert_allclose(RULES[str(found["kind"])](found), array[place], rtol=1e-4, atol=2e-6)
                kinds.add(str(found["kind"]))
        assert kinds >= {"terms", "sum", "relu", "softmax", "norm", "quotient", "same"}
        assert ("sin" in kinds) == ("cos" in kinds) == (position == "sinusoidal")
        assert ("hidden" in kinds) or kind == "encoder"


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("position", POSITIONS)
def test_the_shapes_are_those_of_the_tensors(position, norm_first):
    for _, model, read in models(position=position, norm_first=norm_first):
        sizes = {**SHAPES, "V": len(model.state_dict()[
            "decoder.output.bias" if "decoder.output.bias" in model.state_dict() else "output.bias"])}  # fmt: skip
        for name, array in read().items():
            assert tuple(sizes[letter] for letter in described(model)[name].shape) == array.shape


def test_the_factors_carry_the_names_of_the_weights():
    for _, model, read in models(tied=True):
        for name, place in (("embedding", (0, 1, 3)), ("l1.self.q", (1, 2, 3)), ("l0.feed.hidden", (0, 1, 7))):
            side = "encoder" if hasattr(model, "encoder") else "decoder"
            found = told(model, read, f"{side}.{name}", *place)
            for k, left, right in zip(found["at"], found["left"], found["right"], strict=True):
                weight, bias = (str(each).replace("k]", f"{k}]") for each in found["names"][1:])
                assert state_of(model, weight) == right
                assert not bias or state_of(model, bias) == found["bias"]
                given = str(found["names"][0]).replace("k]", f"{k}]")
                if "[" in given:
                    value, _, at = given.partition("[")
                    assert read([value])[value][tuple(int(i) for i in at.rstrip("]").split(","))] == left
        found = told(model, read, "logits", 0, 0, 3)
        tower = "decoder" if hasattr(model, "decoder") else "encoder"
        assert str(found["names"][1]) == f"{tower}.embedding.table.weight[3, k]"


def test_the_largest_terms_come_first_and_the_rest_is_summed():
    _, model, read = next(models(d_model=40, d_ff=50))
    found = told(model, read, "decoder.l0.feed.out", 0, 1, 2)
    sizes = np.abs(found["left"] * found["right"])
    assert len(sizes) == MOST and (np.diff(sizes) <= 0).all() and found["others"] == 50 - MOST
    inner, weight = read(["decoder.l0.feed.hidden"])["decoder.l0.feed.hidden"][1], model.decoder.layers[0].feed.down
    assert sizes.min() >= np.sort(np.abs(inner * weight.weight[2].detach().numpy()))[-MOST]
    found = told(model, read, "probabilities", 0, 0, 5)
    assert found["at"][0] == 5 and found["left"].max() <= found["parts"][0]


def test_a_head_that_is_off_and_a_place_outside_are_told():
    _, model, read = next(models())
    with altered(model, heads={"decoder.l0.cross": [True, False]}):
        assert told(model, read, "decoder.l0.cross.context", 1, 0, 0)["kind"] == "off"
        assert told(model, read, "decoder.l0.cross.context", 0, 0, 0)["kind"] == "terms"
        assert told(model, read, "decoder.l0.cross.joined", 0, 0, 6)["value"] == 0
    assert tuple(told(model, read, "decoder.l0.cross.weights", 9, 99, 999)["cell"]) == (1, 3, 4)
    assert tuple(told(model, read, "decoder.l0.self.q", -1, -1, -1)["cell"]) == (0, 0, 0)
    for name in ("decoder.l7.self.q", "encoder.l0.cross.q", "encoder.nothing", "loss"):
        assert explained(model, read, (name, 0, 0, 0)) == {}
    with altered(model, positions=False):
        assert explained(model, read, ("encoder.position", 0, 0, 0)) == {}
        assert told(model, read, "encoder.input", 0, 1, 1)["names"].tolist() == ["encoder.embedding[1, 1]", "", ""]


def test_ids_and_the_table_of_places_are_told():
    for _, model, read in models():
        side = "encoder" if hasattr(model, "encoder") else "decoder"
        tokens = SOURCES[0] if side == "encoder" else shifted(TARGETS)[0]
        for value in ("tokens", "ids"):
            assert told(model, read, f"{side}.{value}", 0, 0, 0)["ids"].tolist() == tokens.tolist()
        found = told(model, read, f"{side}.position", 0, 15, 2)
        np.testing.assert_array_equal(found["places"], getattr(model, side).embedding.places.numpy())
        assert found["value"] == found["places"][15, 2] and (found["kind"], found["left"]) == ("sin", [15])
        assert not any(module._forward_hooks for module in model.modules())
