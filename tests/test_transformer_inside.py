"""Every number of a Transformer that reads, against what it computes; and heads, positions and masks taken away."""

import math
import re

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from seqcore.models.seq2seq import PAD
from seqcore.models.transformer import (
    POSITIONS,
    TransformerDecoder,
    TransformerEncoder,
    altered,
    attentions,
    tapped,
)
from tests.test_seq2seq import SOURCES, TARGETS, shifted
from tests.test_transformer import alone, made

VALUES = ("q", "k", "v", "scores", "scaled", "masked", "weights", "context", "joined", "out")


def whole(position="sinusoidal"):
    """The names that `inside` says there are."""
    names = ["logits", "probabilities"]
    for side, parts in (("encoder", ["self"]), ("decoder", ["self", "cross"])):
        added = ["position"] if position in ("sinusoidal", "learned") else []
        names += [f"{side}.{value}" for value in ("embedding", *added, "input", "states")]
        for k in range(2):
            names += [f"{side}.l{k}.{part}.{value}" for part in parts for value in (*VALUES, "sum", "norm")]
            names += [f"{side}.l{k}.feed.{value}" for value in ("norm", "hidden", "out", "sum")]
    return set(names)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("position", POSITIONS)
def test_inside_is_what_the_model_computes(position, norm_first):
    model, source, target_in = made(position=position, norm_first=norm_first), SOURCES[1], shifted(TARGETS)[0]
    numbers = model.inside(source, target_in)
    assert set(numbers) == whole(position)
    seen = {name: torch.from_numpy(values) for name, values in numbers.items()}
    with torch.no_grad():
        assert_close(seen["logits"], model(source[None], target_in[None])[0])
        assert_close(seen["encoder.embedding"], math.sqrt(8) * model.encoder.embedding.table(source))
        assert_close(seen["encoder.states"], model.encode(source[None])[0].states[0])
        for name, attention in attentions(model).items():
            q, k, v, scores, scaled, masked, weights, context, joined, out = (
                seen[f"{name}.{value}"] for value in VALUES
            )
            assert_close(scores, torch.einsum("nth,nsh->nts", q, k))
            assert_close(scaled, scores / 2)
            hidden = torch.zeros_like(scores, dtype=torch.bool)
            hidden[:] = (
                torch.ones(4, 4).triu(1).bool() if name.startswith("decoder") and "self" in name else source == PAD
            )
            assert_close(masked, scaled.masked_fill(hidden, -math.inf))
            assert_close(weights, masked.softmax(-1))
            assert (weights[hidden] == 0).all()
            assert_close(context, weights @ v)
            assert_close(joined, torch.cat(list(context), -1))
            assert_close(out, attention.out(joined))
    assert_close(seen["probabilities"], seen["logits"].softmax(-1))


@pytest.mark.parametrize("norm_first", [False, True])
def test_residuals_and_norms_are_where_the_names_say(norm_first):
    model = made(norm_first=norm_first)
    seen = {name: torch.from_numpy(values) for name, values in model.inside(SOURCES[0], shifted(TARGETS)[0]).items()}
    for side, parts in (("encoder", "self feed"), ("decoder", "self cross feed")):
        x = seen[f"{side}.input"]
        assert_close(x, seen[f"{side}.embedding"] + seen[f"{side}.position"])
        for k, layer in enumerate(getattr(model, side).layers):
            for part in parts.split():
                around = getattr(layer, f"around_{part}".replace("self", "attention"))
                norm, out, total = (seen[f"{side}.l{k}.{part}.{value}"] for value in ("norm", "out", "sum"))
                if part == "feed":
                    hidden = torch.relu(layer.feed.up(norm if norm_first else x)).detach()
                    assert_close(seen[f"{side}.l{k}.feed.hidden"], hidden)
                    assert_close(out, layer.feed.down(hidden).detach())
                assert_close(total, x + out)
                assert_close(norm, around.norm(x if norm_first else total).detach())
                x = total if norm_first else norm
        assert_close(seen[f"{side}.states"], getattr(model, side).norm(x).detach())


def test_fewer_names_are_less_work_and_nothing_stays_behind():
    model, runs = made(dropout=0.5), []
    model.decoder.register_forward_hook(lambda *_: runs.append(1))
    asked = ["encoder.l0.self.w", "encoder.states"]
    assert list(model.inside(SOURCES[0], shifted(TARGETS)[0], asked)) == ["encoder.l0.self.weights", "encoder.states"]
    assert not runs and model.training
    assert set(model.inside(SOURCES[0], shifted(TARGETS)[0], ["logits"])) == {"logits"} and runs
    with tapped(model, ["decoder.l1.cross.weights"]) as tape:
        assert [name for name, each in attentions(model).items() if each.explicit] == ["decoder.l1.cross"]
        model(SOURCES, shifted(TARGETS))
    assert list(tape) == ["decoder.l1.cross.weights"] and tape["decoder.l1.cross.weights"].shape == (4, 2, 4, 5)
    assert not any(each.explicit for each in attentions(model).values())
    model(SOURCES, shifted(TARGETS))
    assert len(tape) == 1 and not any(
        module._forward_hooks for module in model.modules() if module is not model.decoder
    )


def test_readers_and_writers_show_the_same():
    reader, writer = alone(TransformerEncoder), alone(TransformerDecoder)
    found, tokens = reader.inside(SOURCES[0]), SOURCES[0][None]
    assert set(found) == {name for name in whole() if not name.startswith("decoder")}
    np.testing.assert_allclose(found["logits"], reader(tokens)[0].detach(), atol=1e-12)
    found = writer.inside(SOURCES[0])
    assert set(found) == {name for name in whole() if not re.search("encoder|cross", name)}
    np.testing.assert_allclose(found["logits"], writer(tokens)[0].detach(), atol=1e-12)
    assert (np.triu(found["decoder.l0.self.weights"], 1) == 0).all()


def test_heads_are_switched_off_and_on_again():
    model, target_in = made(), shifted(TARGETS)
    plain = model(SOURCES, target_in)
    with altered(model, heads={"decoder.l1.cross": [False, False]}):
        other = torch.tensor([[7, 8, 4, 6, 2]])
        assert not torch.allclose(model(SOURCES[:1], target_in[:1]), model(other, target_in[:1]))
        found = model.inside(SOURCES[0], target_in[0], ["decoder.l1.cross", "decoder.l0.cross"])
        assert (found["decoder.l1.cross.context"] == 0).all() and (found["decoder.l0.cross.context"] != 0).all()
        with altered(model, heads={"decoder.l0.cross": np.array([False, False])}):
            assert_close(model(SOURCES[:1], target_in[:1]), model(other, target_in[:1]))
    assert torch.equal(model(SOURCES, target_in), plain)
    off = model.inside(SOURCES[0], target_in[0], ["logits"], heads={"encoder.l0.self": [True, False]})
    assert not np.allclose(off["logits"], plain[0].detach())
    for wrong in ({"encoder.l5.self": [True, True]}, {"encoder.l0.self": [True]}):
        with pytest.raises(ValueError, match="must name an attention"), altered(model, heads=wrong):
            pass
    assert torch.equal(model(SOURCES, target_in), plain)
