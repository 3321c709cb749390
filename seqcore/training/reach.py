"""How far back a network on a memory task reaches: its gradients by step, and what it still remembers."""

import numpy as np

from seqcore.data.tasks.spec import MemorySpec
from seqcore.probes.gradient_jacobian import jacobian_singular_values
from seqcore.probes.gradients import first_bad_step, gradients_by_step
from seqcore.probes.horizon import gradient_horizon, memory_horizon

LOOKED_AT = 32
"""Test sequences whose gradients are looked at."""

MOVED = 16
"""Test sequences whose steps are moved, one by one."""

LARGEST_JACOBIAN = 128
"""States of a step whose singular values are computed; those of twice as many take eight times as long."""

MOST_PROFILES = 20
"""Epochs of a run at which its reach is kept."""

REGRESSION, CLASSES = (0.5, 0.1), (2.0, 1.0)
"""How far a step is moved, and by more than which the output must move: in values, or in logits."""


def profile_epochs(epochs: int) -> frozenset[int]:
    """The first, the last, and between them more in the beginning, where a network changes most."""
    order = np.arange(MOST_PROFILES) / (MOST_PROFILES - 1)
    return frozenset(np.rint(epochs * order**1.5).astype(int).tolist())


def gradients(trainer) -> dict[str, np.ndarray]:
    """`gradient.` and every name of `gradients_by_step`, by step of the whole sequence: (T,) each.

    The gradient of the mean loss of `LOOKED_AT` sequences; it is 0 where truncation lets none pass. Where numbers are
    not finite, `bad.name` and `bad.step` (from 0) say where that began.
    """
    x, y = trainer.test_x[:LOOKED_AT], trainer.test_y[:LOOKED_AT]
    found = gradients_by_step(trainer.model, x, lambda answer: trainer.loss(answer, y))
    arrays = {f"gradient.{name}": _whole(values, x.shape[1]) for name, values in found.items()}
    if bad := first_bad_step(found):
        arrays |= {"bad.name": np.array(bad[0]), "bad.step": np.array(bad[1])}
    return arrays


def _whole(values: np.ndarray, steps: int) -> np.ndarray:
    """(T,) for all `steps`, where only the last ones were walked."""
    return np.pad(values, (steps - len(values), 0)) if values.ndim else values


def horizons(trainer, gradient: bool = True) -> dict[str, np.ndarray]:
    """`horizon.memory` and, if wanted, `horizon.gradient`: () the largest lag in steps, -1 if there is none."""
    size, epsilon = CLASSES if trainer.task.classes else REGRESSION
    x = trainer.test_x[:MOVED]
    measures = {"memory": memory_horizon, "gradient": gradient_horizon} if gradient else {"memory": memory_horizon}
    lags = {name: measure(trainer.model, x, epsilon, size=size).lag for name, measure in measures.items()}
    return {f"horizon.{name}": np.array(-1.0 if lag is None else lag) for name, lag in lags.items()}


def singular_values(trainer, sequence: int) -> dict[str, np.ndarray]:
    """`singular`: see `jacobian_singular_values`; nothing where a step has no Jacobian of its own, or a large one."""
    cell = trainer.model.cell
    if len(cell.between) or cell.hidden_size * (2 if cell.mode == "LSTM" else 1) > LARGEST_JACOBIAN:
        return {}
    return {"singular": jacobian_singular_values(trainer.model, trainer.test_x[sequence])}


class Profiles:
    """The reach of one run over its training, in few numbers."""

    def __init__(self, spec: MemorySpec):
        self.top = f"gradient.l{spec.model.num_layers - 1}.hidden.grad"
        self.epochs = profile_epochs(spec.training.epochs)
        self.kept: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def keep(self, trainer) -> None:
        """Add how far the network reaches as it is now."""
        found = gradients(trainer)
        memory = horizons(trainer, gradient=False)["horizon.memory"]
        self.kept[trainer.epoch] = found[self.top], found["gradient.weight_hh_l0.share"], memory

    def arrays(self, until: int) -> dict[str, np.ndarray]:
        """`over.epochs` (E,), `over.norms` and `over.share` (E, T), `over.memory` (E,), of the epochs up to `until`."""
        epochs = sorted(epoch for epoch in self.kept if epoch <= until)
        rows = zip(*(self.kept[epoch] for epoch in epochs), strict=True)
        named = zip(("norms", "share", "memory"), rows, strict=True)
        return {"over.epochs": np.array(epochs, float), **{f"over.{name}": np.stack(row) for name, row in named}}
