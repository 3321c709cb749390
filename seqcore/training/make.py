"""Whoever trains a run: gradient descent for a network, a fit for a classical forecaster."""

from seqcore.catalogue import CLASSICAL
from seqcore.data.series import Series
from seqcore.data.tasks.spec import MemorySpec
from seqcore.data.text.spec import TransformerSpec, TranslationSpec
from seqcore.spec import Whole
from seqcore.training.recording import Branch


def make_trainer(spec: Whole, series: Series | None = None, branch: Branch | None = None):
    """A `Trainer`, `MemoryTrainer`, `TranslationTrainer` or `Baseline`: iterate over it for the events of the run.

    Memory and text tasks need no series. With `branch` it goes on from there. Raises `UserError` where spec and series
    do not fit together.
    """
    if isinstance(spec, MemorySpec):
        from seqcore.training.memory import MemoryTrainer

        return MemoryTrainer(spec)
    if isinstance(spec, TranslationSpec | TransformerSpec):
        from seqcore.training.translation import TranslationTrainer

        return TranslationTrainer(spec)
    if spec.model.architecture in CLASSICAL:
        from seqcore.training.baseline import Baseline  # with statsmodels, which most workers never need

        return Baseline(spec, series)
    from seqcore.training.trainer import Trainer

    if branch is None:
        return Trainer(spec, series)
    trainer = Trainer(spec, series, branch.clamps)
    trainer.go_on_from(branch.states[max(branch.states)], optimiser=branch.optimiser)
    return trainer
