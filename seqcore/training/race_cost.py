"""What a pass costs: the bytes kept for the way back, and what one further step takes and has to carry."""

from collections.abc import Callable, Iterable

import torch
from torch import nn

from seqcore.models.remedied import Remedied
from seqcore.models.transformer.forecaster import TransformerForecaster


def kept_bytes(model: nn.Module, x: torch.Tensor) -> int:
    """Bytes that a forward pass over x (B, T, C) keeps for its backward pass, beyond the weights and x itself.

    Counted are the tensors autograd saves, each stretch of memory once, however many views of it are saved. The
    written-out cells save theirs the same way: the stretches of their workspace that hold inputs, states and gates.
    What the backward pass takes for itself, and gives back, is not counted.
    """
    known = _storages((x, *model.parameters(), *model.buffers()))
    saved: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        saved.update(_storages([tensor]))
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        answer = model(x)  # held until the count is done: what is freed may be taken again under the same address
    total = sum(size for address, size in saved.items() if address not in known)
    del answer
    return total


def _storages(tensors: Iterable[torch.Tensor]) -> dict[int, int]:
    """Bytes of the memory the tensors lie in, by its address."""
    return {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}


Step = Callable[[], torch.Tensor]


@torch.no_grad()
def further_step(model: Remedied | TransformerForecaster, x: torch.Tensor) -> tuple[Step, int]:
    """What reads the last step of x (B, T, C) when all before it has been read, giving (B, K), and the bytes it needs.

    A recurrent network carries its state; with attention the states of all steps so far too; a Transformer the keys
    and values of all of them in every layer. The step may be called again and again: it changes nothing.
    """
    make = _attend_once if isinstance(model, TransformerForecaster) else _recur_once
    step, carried = make(model.eval(), x[:, :-1], x[:, -1:])
    return torch.no_grad()(step), sum(tensor.numel() * tensor.element_size() for tensor in carried)


def _recur_once(model: Remedied, past: torch.Tensor, now: torch.Tensor) -> tuple[Step, tuple[torch.Tensor, ...]]:
    states, carried = model.cell(past)
    parts = carried if isinstance(carried, tuple) else (carried,)
    attends = model.query is not None

    def step() -> torch.Tensor:
        state, _ = model.cell(now, carried)  # (B, 1, H)
        h = state[:, -1]
        if not attends:
            return model.head(h)
        seen = torch.cat([states, state], dim=1)  # (B, T, H)
        weights = (seen @ model.query(h)[:, :, None]).softmax(dim=1)  # (B, T, 1)
        return model.head(torch.cat([h, (weights * seen).sum(dim=1)], dim=1))

    return step, (states, *parts) if attends else parts


def _attend_once(
    model: TransformerForecaster, past: torch.Tensor, now: torch.Tensor
) -> tuple[Step, tuple[torch.Tensor, ...]]:
    length = past.shape[1]
    h, sides = model.lift(past) + model.places[:length], []
    for layer in model.layers:
        h, seen = layer(h, model.mask[:length, :length])
        sides.append(seen)

    def step() -> torch.Tensor:
        h = model.lift(now) + model.places[length]
        for layer, seen in zip(model.layers, sides, strict=True):
            h, _ = layer(h, past=seen)
        return model.head(h[:, -1])

    return step, tuple(tensor for seen in sides for tensor in seen)
