"""One direction of one recurrent layer as autograd sees it."""

import numpy as np
import torch

from seqcore.cells.sweep import Call


class Layer(torch.autograd.Function):
    """x (T, C, B), h0 and c0 (B, H) or None, and the parameters of `torch.nn` -> y (T, H, B), h_n and c_n (B, H).

    y lies in the workspace, with what the backward pass needs. c0 and c_n are None but for an LSTM.
    """

    @staticmethod
    def forward(ctx, call: Call, x, h0, c0, *parameters):
        steps, inputs, batch = x.shape
        kind, take, size = call.kind, call.take, parameters[1].shape[1]
        stacked = take(steps + 1, inputs + 1 + size, batch)
        before, after = (stacked[1:], stacked[:-1]) if call.reverse else (stacked[:-1], stacked[1:])
        before[:, :inputs] = x
        before[:, inputs] = 1
        # without a backward pass one slab serves every step, and stays in the processor's cache
        gates = take(steps if call.keep else 1, kind.slabs * size, batch).expand(steps, -1, -1)
        cells = take(steps + 1 if call.keep else 1, kind.has_cell * size, batch).expand(steps + 1, -1, -1)
        weight = kind.pack(*(None if p is None else p.numpy() for p in parameters))
        sweep = kind(call, weight, stacked.numpy(), gates.numpy(), cells.numpy())
        _fill(sweep.hidden[0], h0)
        if kind.has_cell:
            _fill(sweep.cell[0], c0)
        for t in range(steps):
            sweep.forward(t)
        y = after[:, inputs + 1 :]
        if call.tape is not None:
            call.note("hidden", y.numpy())
            sweep.note(gates.numpy(), (cells[:-1] if call.reverse else cells[1:]).numpy())
        ctx.call, ctx.weight = call, weight
        ctx.save_for_backward(stacked, gates, cells)
        ctx.set_materialize_grads(False)
        return y, _rows(sweep.hidden[-1]), _rows(sweep.cell[-1]) if kind.has_cell else None

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, dy, dh_n, dc_n):
        call = ctx.call
        sweep = call.kind(call, ctx.weight, *(t.numpy() for t in ctx.saved_tensors))
        steps, shape = sweep.steps, (sweep.size, sweep.batch)
        dh = _fill(call.take(*shape).numpy(), dh_n)
        dc = _fill(call.take(*shape).numpy(), dc_n) if sweep.has_cell else None
        dx = call.take(steps, sweep.inputs, sweep.batch) if ctx.needs_input_grad[1] else None
        seen = call.take(steps, *shape) if call.tape is not None else None
        dys, dxs, seens = ([None] * steps if a is None else sweep.steps_of(a.numpy()) for a in (dy, dx, seen))
        sweep.begin_backward()
        for t in reversed(range(steps)):
            if dy is not None:
                np.add(dh, dys[t], out=dh)
            if seen is not None:
                seens[t][...] = dh
            sweep.backward(t, dh, dc)
            sweep.descend(t, dh, dxs[t])
        if seen is not None:
            call.note("hidden.grad", seen.numpy())
        _, _, needs_h0, needs_c0, *needed = ctx.needs_input_grad
        gradients = zip(sweep.parameter_gradients(), needed, strict=True)
        gradients = (torch.from_numpy(g) if wanted else None for g, wanted in gradients)
        return None, dx, _rows(dh) if needs_h0 else None, _rows(dc) if needs_c0 else None, *gradients


def _fill(memory: np.ndarray, state: torch.Tensor | None) -> np.ndarray:
    """Write `state` (B, H), or zeros, to `memory` (H, B)."""
    memory[...] = 0 if state is None else state.numpy().T
    return memory


def _rows(state: np.ndarray) -> torch.Tensor:
    """(H, B) -> (B, H), in memory of its own."""
    return torch.from_numpy(state.T.copy())
