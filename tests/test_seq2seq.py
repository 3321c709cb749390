"""Encoder and decoder against torch and step by step, in float64; what they say when they run free."""

import itertools
import math
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from seqcore import cells
from seqcore.models.seq2seq import BOS, EOS, PAD, Seq2seq, beam, decode, greedy, inside, token_loss, translate
from seqcore.models.seq2seq.encoder import Encoder
from seqcore.text import UserError
from tests.test_seq2seq_attention import KINDS, gradients, some

CELLS = ("rnn", "lstm", "gru")
SOURCES = torch.tensor([[5, 6, 7, 8, 2], [9, 4, 2, 0, 0], [7, 7, 4, 2, 0], [2, 0, 0, 0, 0]])
TARGETS = torch.tensor([[4, 5, 6, 2], [7, 2, 0, 0], [6, 4, 2, 0], [5, 5, 5, 2]])


@pytest.fixture(autouse=True)
def written_out(monkeypatch):
    """The shapes here are small ones, for which torch's kernel would be chosen."""
    monkeypatch.setattr(cells.recurrent, "LEAST_STEPS", 2)
    for cell in (cells.RNN, cells.LSTM, cells.GRU):
        monkeypatch.setattr(cell, "least_batch", 0)
        monkeypatch.setattr(cell, "least_state", 0)


def made(cell="gru", attention="additive", seed=0, **sizes):
    torch.manual_seed(seed)
    sizes = {"hidden_size": 6, "embedding_size": 5, "source_size": 10, "target_size": 8, **sizes}
    return Seq2seq(cell, attention=attention, **sizes).double()


def shifted(targets):
    """What a decoder reads before it says `targets` (B, T)."""
    return torch.cat([torch.full_like(targets[:, :1], BOS), targets[:, :-1]], 1)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_encoder_is_torchs_on_packed_sequences(cell, layers, bidirectional):
    torch.manual_seed(0)
    ours = Encoder(cell, 10, 5, 6, layers, bidirectional, 0.0).double()
    theirs = getattr(nn, cell.upper())(5, 6, layers, batch_first=True, bidirectional=bidirectional).double()
    named = {f"{own.removesuffix('0')}{name[1:].replace('r', '_reverse')}": values
             for name, module in ours.cells.items() for own, values in module.named_parameters()}  # fmt: skip
    theirs.load_state_dict(named)
    states, state = ours(SOURCES)
    lengths = (SOURCES != PAD).sum(1)
    x = nn.utils.rnn.pack_padded_sequence(ours.embedding(SOURCES), lengths, batch_first=True, enforce_sorted=False)
    packed, final = theirs(x)
    expected = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)[0]
    finals = list(final) if cell == "lstm" else [final]
    if bidirectional:
        pairs = [torch.cat([each[k], each[k + 1]], 1) for each in finals for k in range(0, 2 * layers, 2)]
        bridged = [torch.tanh(bridge(pair)) for bridge, pair in zip(ours.bridges, pairs, strict=True)]
        finals = [torch.stack(bridged[k : k + layers]) for k in range(0, len(bridged), layers)]
    mine = [states, *(state if cell == "lstm" else [state])]
    assert_close(mine, [expected, *finals])
    weights = list(named.values())
    embedding = ours.embedding.weight
    of_mine = gradients(mine, [embedding, *weights])
    of_theirs = gradients([expected, *finals], [embedding, *(theirs.get_parameter(name) for name in named)])
    assert_close(of_mine, of_theirs)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("attention", ["none", *KINDS])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_batch_of_one_is_a_batch_of_many(cell, attention, bidirectional):
    if attention == "dot" and bidirectional:
        with pytest.raises(UserError, match="12 numbers, the decoder's 6"):
            made(cell, attention, bidirectional=True)
        return
    model, target_in = made(cell, attention, bidirectional=bidirectional, num_layers=2), shifted(TARGETS)
    together = model.attend(SOURCES, target_in)
    assert torch.equal(together.logits, model(SOURCES, target_in))
    for b, length in enumerate((SOURCES != PAD).sum(1)):
        alone = model.attend(SOURCES[b : b + 1, :length], target_in[b : b + 1])
        assert_close(alone.logits[0], together.logits[b])
        assert attention == "none" or (together.weights[b, :, length:] == 0).all()
        grads = gradients([alone.logits], model.parameters())
        assert_close(grads, gradients([model(SOURCES, target_in)[b : b + 1]], model.parameters()))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("attention", ["none", *KINDS])
def test_all_steps_at_once_are_the_steps_one_by_one(cell, attention):
    model, target_in = made(cell, attention, num_layers=2), shifted(TARGETS)
    memory, state = model.encode(SOURCES)
    assert model.decoder.cell.kernel_for(model.decoder.embedding(target_in)) == "fused"
    whole, logits, weights = model.decoder(target_in, state, memory), [], []
    for t in range(target_in.shape[1]):
        said, state, seen = model.decoder.step(target_in[:, t], state, memory)
        logits, weights = [*logits, said], [*weights, seen]
    expected = torch.stack(logits, 1)
    assert_close(whole.logits, expected)
    assert attention == "none" or assert_close(whole.weights, torch.stack(weights, 1)) is None
    assert_close(gradients([whole.logits], model.parameters()), gradients([expected], model.parameters()))


def test_the_logits_are_those_of_luongs_equation():
    model, target_in = made(attention="general"), shifted(TARGETS)
    found, decoder = model.attend(SOURCES, target_in), model.decoder
    states = model.encoder(SOURCES)[0]
    context = torch.einsum("bts,bse->bte", found.weights, states)
    seen = torch.tanh(torch.einsum("hk,btk->bth", decoder.combine.weight, torch.cat([context, found.states], 2)))
    assert_close(found.logits, seen @ decoder.output.weight.T + decoder.output.bias)
    plain = made(attention="none")
    found = plain.attend(SOURCES, target_in)
    assert_close(found.logits, plain.decoder.output(found.states))


@pytest.mark.parametrize("part", ["encoder", "decoder"])
@pytest.mark.parametrize("layers", [1, 2])
def test_dropout_falls_on_what_goes_into_each_layer(part, layers):
    model = made(num_layers=layers, dropout=0.5, embedding_size=200, hidden_size=100)
    steady, seen = model.eval()(SOURCES, shifted(TARGETS)), {}
    model.train()
    stacks = {"encoder": list(model.encoder.cells.values()), "decoder": [model.decoder.cell]}
    for k, cell in enumerate(stacks[part]):
        cell.register_forward_pre_hook(lambda cell, given, k=k: seen.update({k: given[0]}))
    assert not torch.equal(model(SOURCES, shifted(TARGETS)), steady)
    assert len(seen) == (layers if part == "encoder" else 1)
    for given in seen.values():
        assert (given == 0).double().mean().item() == pytest.approx(0.5, abs=0.1)
    assert model.decoder.cell.dropout == (0.5 if layers > 1 else 0.0)


@pytest.mark.parametrize("ratio", [0.0, 0.5])
def test_scheduled_sampling_is_that_of_a_pass_step_by_step(ratio):
    model, target_in = made(dropout=0.0), shifted(TARGETS)
    torch.manual_seed(5)
    whole = model(SOURCES, target_in, ratio)
    torch.manual_seed(5)
    own = torch.rand(target_in.shape) >= ratio
    memory, state = model.encode(SOURCES)
    token, logits, differ = target_in[:, 0], [], False
    for t in range(4):
        said, state, _ = model.decoder.step(token, state, memory)
        logits.append(said)
        if t < 3:
            token = torch.where(own[:, t + 1] & (target_in[:, t + 1] != PAD), said.argmax(-1), target_in[:, t + 1])
            differ |= bool((token != target_in[:, t + 1]).any())
    assert differ
    assert_close(whole, torch.stack(logits, 1))
    assert_close(gradients([whole], model.parameters()), gradients([torch.stack(logits, 1)], model.parameters()))


def test_the_coin_falls_as_often_as_it_should_and_dropout_stays_on():
    model = made(dropout=0.2, target_size=40)
    targets = torch.full((2000, 3), 39)
    memory, state = model.eval().encode(SOURCES[:1].expand(2000, -1))
    model.train()
    own = model.decoder.mixed(targets, state, memory, 0.0)
    assert (own == own[0]).all()  # the same sentence and no dropout: the same words
    mixed = model.decoder.mixed(targets, state, memory, 0.7)
    assert (mixed[:, 0] == 39).all() and (mixed[:, 1:] == 39).double().mean().item() == pytest.approx(0.7, abs=0.03)
    assert model.decoder.training and model.decoder.dropout.training


def test_the_loss_is_that_of_real_tokens_alone():
    logits = some(4, 4, 8)
    each = [-logits[b, t].log_softmax(0)[TARGETS[b, t]] for b in range(4) for t in range(4) if TARGETS[b, t] != PAD]
    assert_close(token_loss(logits, TARGETS), sum(each) / len(each))
    (gradient,) = torch.autograd.grad(token_loss(logits, TARGETS), logits)
    assert (gradient[TARGETS == PAD] == 0).all()


@pytest.fixture(scope="module")
def trained():
    """A model that has learnt the four pairs, and one that has begun to."""
    models = []
    for updates in (15, 120):
        model = made(attention="general", seed=3, hidden_size=16).float()
        optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
        for _ in range(updates):
            optimiser.zero_grad()
            token_loss(model(SOURCES, shifted(TARGETS)), TARGETS).backward()
            optimiser.step()
        models.append(model)
    return models


@contextmanager
def steps_of(model):
    """The steps its decoder takes inside the `with` block."""
    taken = []
    hook = model.decoder.register_forward_hook(lambda *_: taken.append(1))
    yield taken
    hook.remove()


def test_it_learns_a_small_batch_by_heart(trained):
    with steps_of(trained[1]) as taken:
        assert torch.equal(translate(trained[1], SOURCES, 50)[:, :4], TARGETS)
    assert len(taken) == 4  # none after all have ended


@pytest.mark.parametrize("stage", [0, 1])
def test_free_running_feeds_its_own_words_back(trained, stage):
    model = trained[stage]
    together = translate(model, SOURCES, 9)
    for b, source in enumerate(SOURCES):
        alone = greedy(model, source, 9)
        T = len(alone.ids)
        assert list(alone.ids) == together[b, :T].tolist() and (together[b, T:] == PAD).all()
        assert alone.ids[-1] == EOS or T == 9
        said = model(source[None], shifted(torch.tensor([alone.ids])))[0].log_softmax(-1).detach()
        assert said.argmax(-1).tolist() == list(alone.ids)
        assert alone.log_probability == pytest.approx(said.max(-1).values.sum().item(), abs=1e-4)
        assert_close(torch.from_numpy(alone.probabilities), said.exp().topk(8).values, rtol=1e-4, atol=1e-6)
        assert alone.top[:, 0].tolist() == list(alone.ids) and alone.weights.shape == (T, 5)
        assert (alone.weights[:, source.numpy() == PAD] == 0).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("attention", ["none", "general"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_beam_of_one_is_greedy(cell, attention, seed):
    model = made(cell, attention, seed)
    for source in SOURCES:
        found, expected = beam(model, source, 1, 12), greedy(model, source, 12)
        assert found.ids(found.best) == expected.ids
        assert found.nodes[found.best].log_probability == expected.log_probability


def test_a_wider_beam_finds_what_is_likelier(trained):
    for model, source, width in itertools.product(trained, SOURCES, (2, 5, 10)):
        found, plain = beam(model, source, width, 9), greedy(model, source, 9)
        assert found.nodes[found.best].log_probability >= plain.log_probability - 1e-6


@pytest.mark.parametrize("normalise", [0.0, 1.0])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_beam_as_wide_as_all_there_is_finds_the_best(monkeypatch, cell, normalise):
    monkeypatch.setattr(decode, "WIDEST", 5**3)
    model = made(cell, "additive", seed=7, target_size=5)
    found, best = beam(model, SOURCES[0], 5**3, 3, normalise), (-math.inf, None)
    for length in (1, 2, 3):
        for words in itertools.product(range(5), repeat=length):
            if EOS in words[:-1] or (length < 3 and words[-1] != EOS):
                continue
            logs = model(SOURCES[:1], shifted(torch.tensor([words])))[0].log_softmax(-1).detach()
            total = logs[torch.arange(length), list(words)].sum().item()
            best = max(best, (total / length**normalise, words))
    assert found.ids(found.best) == best[1] and found.nodes[found.best].score == pytest.approx(best[0])


def test_the_tree_holds_what_was_kept_and_what_was_pruned(trained):
    found = beam(trained[0], SOURCES[1], 3, 6)
    nodes = found.nodes
    with steps_of(trained[1]) as taken:
        done = beam(trained[1], SOURCES[1], 1, 50)
    assert len(taken) == len(done.ids(done.best)) < 50
    for number, node in enumerate(nodes[1:], 1):
        parent = nodes[node.parent]
        assert node.parent < number and node.step == parent.step + 1 and parent.kept and not parent.finished
        assert node.log_probability < parent.log_probability and node.finished == (node.token == EOS)
        ids = torch.tensor([found.ids(number)])
        logs = trained[0](SOURCES[1:2], shifted(ids))[0].log_softmax(-1).detach()
        assert node.log_probability == pytest.approx(logs.gather(1, ids.T).sum().item(), abs=1e-4)
    for step in range(1, 1 + max(node.step for node in nodes)):
        kept = [node.score for node in nodes if node.step == step and node.kept]
        assert len(kept) <= 3 and all(min(kept, default=math.inf) >= node.score or node.kept or node.finished
                                      for node in nodes if node.step == step)  # fmt: skip
    assert nodes[found.best].kept and nodes[found.best].score == max(node.score for node in nodes if node.finished)


def test_held_weights_change_what_is_said(trained):
    model, source = trained[1], SOURCES[0]
    forced = torch.full((2, 5), torch.nan)
    forced[1] = torch.tensor([0.0, 0.0, 0.0, 1.0, 0.0])
    masked = torch.zeros(1, 5, dtype=torch.bool)
    masked[0, 2] = True
    plain, held = greedy(model, source, 4), greedy(model, source, 4, forced, masked)
    assert held.weights[1].tolist() == [0, 0, 0, 1, 0] and held.weights[0, 2] == 0 and plain.weights[0, 2] > 0
    assert held.log_probability != plain.log_probability


@pytest.mark.parametrize("attention", ["none", "additive"])
@pytest.mark.parametrize("cell", CELLS)
def test_every_parameter_learns(cell, attention):
    model = made(cell, attention, num_layers=2, bidirectional=True)
    token_loss(model(SOURCES, shifted(TARGETS)), TARGETS).backward()
    for name, values in model.named_parameters():
        assert values.grad is not None and values.grad.abs().sum() > 0, name
    assert (model.encoder.embedding.weight.grad[PAD] == 0).all()


def test_the_same_seed_gives_the_same_bits():
    runs = []
    for _ in range(2):
        model = made(seed=4, dropout=0.3, bidirectional=True)
        optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(5):
            optimiser.zero_grad()
            token_loss(model(SOURCES, shifted(TARGETS), 0.5), TARGETS).backward()
            optimiser.step()
        runs.append(list(model.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(*runs, strict=True))


@pytest.mark.parametrize("attention", ["none", "additive"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_inside_is_what_the_model_computes(cell, attention):
    model = made(cell, attention, bidirectional=True, num_layers=2)
    arrays = inside(model, SOURCES[0], TARGETS[0])
    assert {name: values.shape for name, values in arrays.items()} == {
        "encoder": (5, 12), "bottleneck": (2, 6), "input": (4,), "decoder": (4, 6), "logits": (4, 8), "output": (4,),
        "surprise": (4,), "top": (4, 8), "probabilities": (4, 8),
        **({} if attention == "none" else {"attention": (4, 5)}),
    }  # fmt: skip
    np.testing.assert_array_equal(arrays["logits"], model(SOURCES[:1], shifted(TARGETS[:1]))[0].detach().numpy())
    free, said = inside(model, SOURCES[0], None, most=7), greedy(model, SOURCES[0], 7)
    assert tuple(free["output"]) == said.ids and tuple(free["input"]) == (BOS, *said.ids[:-1])
    assert attention == "none" or np.allclose(free["attention"], said.weights)
    assert model.training and model.encoder.training


@pytest.mark.parametrize(
    ("call", "words"),
    [(lambda m: greedy(m, SOURCES[0][:0], 5), "1 to 200 tokens, not 0"),
     (lambda m: translate(m, SOURCES[:, 4:], 5), "nothing to read"),
     (lambda m: beam(m, SOURCES[0].repeat(50), 2, 5), "1 to 200 tokens, not 250"),
     (lambda m: greedy(m, SOURCES[0], 201), "1 to 200 tokens, not 201"),
     (lambda m: beam(m, SOURCES[0], 11, 5), "1 to 10 wide, not 11"),
     (lambda m: greedy(m, SOURCES[0], 2, torch.full((1, 5), 0.3)), r"at most 1 in a row, not 1\.5"),
     (lambda m: greedy(m, SOURCES[0], 2, torch.full((1, 5), -0.1)), "must not be negative")],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(trained, call, words):
    with pytest.raises(UserError, match=words):
        call(trained[0])
    assert trained[0].training
