"""Whoever trains a run: gradient descent for a network, a fit for a classical forecaster."""

from seqcore.catalogue import CLASSICAL
from seqcore.data.series import Series
from seqcore.data.tasks.spec import MemorySpec
from seqcore.spec import RunSpec
from seqcore.training.recording import Branch


def make_trainer(spec: RunSpec | MemorySpec, series: Series | None = None, branch: Branch | None = None):
    """A `Trainer`, `MemoryTrainer` or `Baseline`: iterate over it for the events of the run.

    A memory task needs no series. With `branch` it goes on from there. Raises `UserError` where spec and series do not
    fit together.
    """
    if isinstance(spec, MemorySpec):
        from seqcore.training.memory import MemoryTrainer

        return MemoryTrainer(spec)
    if spec.model.architecture in CLASSICAL:
        from seqcore.training.baseline import Baseline  # with statsmodels, which most workers never need

        return Baseline(spec, series)
    from seqcore.training.trainer import Trainer

    if branch is None:
        return Trainer(spec, series)
    trainer = Trainer(spec, series, branch.clamps)
    trainer.go_on_from(branch.states[max(branch.states)], optimiser=branch.optimiser)
    return trainer
