"""What every time step has to do with the gradient: ∂L/∂h_k by step, and each step's part in the shared weights'.

Every step of the cell has weights of its own in autograd's eyes, so that autograd itself says what each step adds to
∂L/∂W = Σ_t ∂L/∂W_t. Source: Werbos 1990, Backpropagation through time; Pascanu et al. 2013, On the difficulty of
training recurrent neural networks, section 2 (the temporal components of the gradient).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from seqcore.probes.gradient_walk import Walk, walking

Loss = Callable[[torch.Tensor], torch.Tensor]
"""A scalar of the model's output."""


@dataclass(frozen=True, eq=False)
class Itemised:
    """Gradients step by step, as they are.

    `states`: arrays (T, B, H) by name. `l0.hidden` and, of an LSTM, `l0.cell` are the states themselves, and
    `l0.hidden.grad` and `l0.cell.grad` the loss's gradients by them. `l0.cell.kept` is what of the latter comes back
    along the cell state alone, times the forget gate at each step; `l0.cell.gated` is the rest, which goes through a
    gate or candidate of a later step. What the layer above or the head draws from h_j, or a caller from the last cell
    state, is where a path begins. `weights`: arrays (T, *shape) by torch's name, whose sum over T is the gradient.
    """

    states: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]


def itemise(model: nn.Module, x: torch.Tensor, loss: Loss) -> Itemised:
    """The gradients of `loss(model(x))`, x (B, T, C), in evaluation mode, in the model's own precision.

    Nothing of the model changes, nor its gradients. Raises `UserError` unless it has one recurrent cell.
    """
    with torch.enable_grad(), walking(model) as walks:
        value = loss(model(x.detach()))
    wanted = [tensor for walk in walks.values() for tensor in _wanted(walk)]
    gradients = iter(torch.autograd.grad(value, wanted, allow_unused=True, materialize_grads=True))
    found = Itemised({}, {})
    for layer, walk in walks.items():
        _sort(layer, walk, gradients, found)
    return found


def _wanted(walk: Walk) -> Iterator[torch.Tensor]:
    """What gradients are asked for, in the order in which `_sort` takes them."""
    for name in ("hidden", "cell"):
        yield from walk.values.get(name, ())
    if "cell" in walk.values:
        yield from walk.out
    for own in walk.weights.values():
        yield from own


def _sort(layer: str, walk: Walk, gradients: Iterator[torch.Tensor], found: Itemised) -> None:
    def take(count: int) -> torch.Tensor:
        return torch.stack([next(gradients) for _ in range(count)])

    steps = len(walk.out)
    for name in ("hidden", "cell"):
        if name in walk.values:
            found.states[f"{layer}.{name}"] = torch.stack(walk.values[name]).detach().cpu().numpy()
            found.states[f"{layer}.{name}.grad"] = take(steps).cpu().numpy()
    if "cell" in walk.values:
        whole = found.states[f"{layer}.cell.grad"]
        kept = _kept(walk, whole, take(steps)).cpu().numpy()
        found.states[f"{layer}.cell.kept"] = kept
        with np.errstate(invalid="ignore", over="ignore"):
            found.states[f"{layer}.cell.gated"] = whole - kept
    for name, own in walk.weights.items():
        found.weights[name] = take(len(own)).cpu().numpy()


def _kept(walk: Walk, whole: np.ndarray, of_out: torch.Tensor) -> torch.Tensor:
    """∂L/∂c_k (T, B, H) along the cell state alone: s_k = ∂L/∂h_k from outside * o_k (1 - tanh² c_k) + f_(k+1) s_(k+1).

    of_out (T, B, H): from outside to each hidden state. At the last step that is the `whole` (T, B, H) of ∂L/∂c_k.
    """
    with torch.no_grad():
        f, o, c = (torch.stack(walk.values[name]) for name in ("f", "o", "cell"))
        kept = of_out * o * (1 - c.tanh().square())
        back = range(len(kept))[:: 1 if walk.reverse else -1]
        kept[back[0]] = torch.from_numpy(whole[back[0]])
        for later, k in pairwise(back):
            kept[k] += f[later] * kept[later]
    return kept


def gradients_by_step(model: nn.Module, x: torch.Tensor, loss: Loss) -> dict[str, np.ndarray]:
    """What `itemise` gives, in few numbers: float64 arrays (T,) by name, for `loss(model(x))`, x (B, T, C).

    <l0.hidden, .hidden.grad, .cell, .cell.grad, .cell.kept, .cell.gated>: the norm by step, which is the mean over the
        batch of each sequence's own norm; a loss that is a mean over B sequences has B times smaller gradients
    <l0.cell.share>: of ∂L/∂c_k, the part that comes along the cell state alone, by projection (`.gated` has the rest)
    <weight_hh_l0>.norm: the norm of what each step adds to the shared weight's gradient
    <weight_hh_l0>.share: that as a part of the whole, by projection on it; these sum to 1, and some may be negative
    <weight_hh_l0>.total: (), the norm of the whole gradient

    Of a share whose whole is 0, all parts are 0. Nothing warns of what overflows: see `first_bad_step`.
    """
    itemised = itemise(model, x, loss)
    found = {}
    with np.errstate(invalid="ignore", over="ignore"):
        for name, values in itemised.states.items():
            found[name] = np.linalg.norm(values.astype(float), axis=2).mean(axis=1)
            if name.endswith(".cell.kept"):
                whole = itemised.states[name.replace("kept", "grad")].astype(float)
                found[name.replace("kept", "share")] = _part(
                    (values * whole).sum(axis=(1, 2)), np.square(whole).sum(axis=(1, 2))
                )
        for name, values in itemised.weights.items():
            parts = values.reshape(len(values), -1).astype(float)  # (T, P)
            whole = parts.sum(axis=0)
            found[f"{name}.norm"] = np.linalg.norm(parts, axis=1)
            found[f"{name}.share"] = _part(parts @ whole, whole @ whole)
            found[f"{name}.total"] = np.linalg.norm(whole)
    return found


def _part(parts: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(parts, whole, out=np.zeros_like(parts), where=whole != 0)


def first_bad_step(measured: Mapping[str, np.ndarray]) -> tuple[str, int] | None:
    """Where numbers first were not finite in what `gradients_by_step` gives: a name and a step, counted from 0.

    The pass forward comes first (`l0.hidden`, from the lowest layer and the step it reads first), then the way back
    (`l1.hidden.grad`, from the highest layer and the step it reads last). None if all is finite.
    """
    forward = [name for name in measured if name.endswith((".hidden", ".cell"))]
    back = [name for name in measured if name.endswith((".hidden.grad", ".cell.grad"))]
    for name in (*forward, *reversed(back)):
        bad = np.flatnonzero(~np.isfinite(measured[name]))
        if len(bad):
            up = name.partition(".")[0].endswith("r") == name.endswith(".grad")
            return name, int(bad[0] if up else bad[-1])
    return None
