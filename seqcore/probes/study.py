"""What a model does over many windows: how its gates behave, where its states go, what can be read from them.

M windows are looked at, evenly spaced if not all. What is said of states is of the tap asked for: S steps (1 in an
MLP, T otherwise) of H units. Windows whose states are not finite are left out, and NaN stands for what cannot be told.

study.windows: (M,), the windows looked at
study.open.<gate>: (H, 20), for every gate, see `openness`, over the test windows
study.order.activity, .correlation, .cluster: (H,), see `order`, over the watched window
study.axes, .mean, .explained: (k, H), (H,), (k,), see `trajectory`; study.path: (S, k), the watched window's way
study.cloud: (P, k), where at most 600 other windows end; study.cloud_target: (P,), their first target, scaled
study.readout, .readout_units: (3,), (H, 3), of value, slope and position, see `readout`
study.span: (2,), first and last step that are searched for, or (0,) if none; study.units: (U,), by which units
study.match_window, .match_start, .match_distance: (n,), where they behave alike, see `similar`
study.match_input: (n, L), what came in there, scaled
"""

import numpy as np
import torch
from torch import nn

from seqcore.look import GATES, Study
from seqcore.probes.openness import openness
from seqcore.probes.order import by_activity, by_cluster, by_correlation
from seqcore.probes.readout import quantities, readout
from seqcore.probes.record import record
from seqcore.probes.similar import first_rows, outstanding, similar
from seqcore.probes.trajectory import principal, project
from seqcore.text import N_, UserError

MOST_NUMBERS = 4_000_000
"""Numbers of one tap that are kept."""

BLOCK = 8_000_000
"""Numbers of all taps together that are recorded at a time."""

MOST_ENDS = 600
"""Windows whose last states are given at most."""


def study(
    model: nn.Module, x: torch.Tensor, y: torch.Tensor, first_test: int, window: int, request: Study
) -> dict[str, np.ndarray]:
    """What `model`, in evaluation mode, does over the windows `x` (N, T, 1) with targets `y` (N, K): arrays by name.

    Windows from `first_test` on are the test part; number `window` is the watched one. A span or units outside the
    window are moved inside, or left out. Raises `UserError` if there is no such tap.
    """
    tape = _recorded(model, x[window : window + 1])
    if request.tap not in tape:
        raise UserError(
            N_("This network has no {tap}: choose one of {choices}."), tap=request.tap, choices=", ".join(tape)
        )
    own = tape[request.tap][0]  # (S, H)
    looked_at = _evenly(len(x), MOST_NUMBERS // own.size)
    block = max(1, BLOCK // sum(values.size for values in tape.values()))
    open_, states = _watch(model, x, looked_at, first_test, request.tap, block)
    fine = np.isfinite(states).all(axis=(1, 2))
    windows, states = looked_at[fine], states[fine]
    inputs = x[:, :, 0].cpu().numpy()  # (N, T)
    wanted = quantities(inputs[windows])[:, -len(own) :]
    together, alone = readout(states, wanted, windows < first_test)
    found = {
        "windows": looked_at,
        **{f"open.{tap}": counts for tap, counts in open_.items()},
        "order.activity": by_activity(own),
        "order.correlation": by_correlation(own, inputs[window, -len(own) :]),
        "order.cluster": by_cluster(own),
        "readout": together,
        "readout_units": alone,
        **_ways(own, states, windows, window, y[:, 0].cpu().numpy(), end=0 if "r." in request.tap else -1),
        **_matches(own, states, windows, window, inputs, request),
    }
    return {f"study.{name}": values for name, values in found.items()}


def _recorded(model: nn.Module, x: torch.Tensor) -> dict[str, np.ndarray]:
    """Every tap (B, S, H); a model that has diverged computes with what is no number, and that is no news."""
    with torch.no_grad(), record(model) as tape, np.errstate(invalid="ignore", over="ignore"):
        model(x)
    return tape.arrays


def _evenly(count: int, most: int) -> np.ndarray:
    """The numbers from 0 to `count` - 1, or at most `most` of them, evenly spaced from the first to the last."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, max(most, 2)).round().astype(int)


def _watch(
    model: nn.Module, x: torch.Tensor, windows: np.ndarray, first_test: int, tap: str, block: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """How open each gate is (H, 20) over those of `windows` (M,) in the test part; and `tap`'s states (M, S, H)."""
    open_: dict[str, np.ndarray] = {}
    states = []
    for start in range(0, len(windows), block):
        chosen = windows[start : start + block]
        tape = _recorded(model, x[chosen])
        states.append(tape[tap])
        for name, values in tape.items():
            if name.rpartition(".")[2] in GATES:
                open_[name] = open_.get(name, 0) + openness(values[chosen >= first_test])
    return open_, np.concatenate(states)


def _ways(
    own: np.ndarray, states: np.ndarray, windows: np.ndarray, window: int, target: np.ndarray, end: int
) -> dict[str, np.ndarray]:
    """The watched window's way in the plane of the principal components, and where others end, at step `end`."""
    axes, mean, explained = principal(states.reshape(-1, states.shape[2]))
    others = np.flatnonzero(windows != window)
    others = others[_evenly(len(others), MOST_ENDS)]
    return {
        "axes": axes, "mean": mean, "explained": explained, "path": project(own, axes, mean),
        "cloud": project(states[others, end], axes, mean), "cloud_target": target[windows[others]],
    }  # fmt: skip


def _matches(
    own: np.ndarray, states: np.ndarray, windows: np.ndarray, window: int, inputs: np.ndarray, request: Study
) -> dict[str, np.ndarray]:
    """Where the watched span is found elsewhere; empty if no span is asked for, or no unit moves."""
    steps, size = own.shape
    first, last = sorted(np.clip(request.span or (0, 0), 0, steps - 1))
    span, length = slice(first, last + 1), last + 1 - first
    spread = states.reshape(-1, size).std(axis=0, dtype=float) if len(states) else np.zeros(size)
    units = np.array([unit for unit in request.units if 0 <= unit < size and spread[unit] > 0], int)
    if request.span is None or not np.isfinite(own).all():
        units = units[:0]
    elif not len(units):
        units = outstanding(own, span, spread)
    begins = first_rows(inputs)
    found = similar(own[span, units], states[:, :, units], spread[units], begins[windows], begins[window] + first)
    before = inputs.shape[1] - steps  # of a layer with one step, that is the last
    at = before + found.start[:, None] + np.arange(length)
    return {
        "span": np.array([first, last] if request.span else [], int), "units": units,
        "match_window": windows[found.window], "match_start": found.start, "match_distance": found.distance,
        "match_input": inputs[windows[found.window][:, None], at],
    }  # fmt: skip
