"""Whoever trains a run: gradient descent for a network, a fit for a classical forecaster."""

from seqcore.catalogue import CLASSICAL
from seqcore.data.series import Series
from seqcore.data.tasks.race import RaceSpec
from seqcore.data.tasks.spec import MemorySpec
from seqcore.data.text.spec import LanguageSpec, TransformerSpec, TranslationSpec
from seqcore.data.text.transfer import TransferSpec
from seqcore.spec import Whole
from seqcore.training.recording import Branch


def make_trainer(spec: Whole, series: Series | None = None, branch: Branch | None = None):
    """Whoever trains such a run: iterate over it for the events of the run.

    Tasks on text or memory need no series. With `branch` it goes on from there. Raises `UserError` where spec and
    series do not fit together.
    """
    if isinstance(spec, MemorySpec):
        from seqcore.training.memory import MemoryTrainer

        return MemoryTrainer(spec)
    if isinstance(spec, RaceSpec):
        from seqcore.training.race import RaceTrainer

        return RaceTrainer(spec)
    if isinstance(spec, TranslationSpec | TransformerSpec):
        from seqcore.training.translation import TranslationTrainer

        return TranslationTrainer(spec)
    if isinstance(spec, LanguageSpec):
        from seqcore.training.language import LanguageTrainer

        return LanguageTrainer(spec)
    if isinstance(spec, TransferSpec):
        from seqcore.training.transfer import TransferTrainer

        return TransferTrainer(spec)
    if spec.model.architecture in CLASSICAL:
        from seqcore.training.baseline import Baseline  # with statsmodels, which most workers never need

        return Baseline(spec, series)
    from seqcore.training.trainer import Trainer

    if branch is None:
        return Trainer(spec, series)
    trainer = Trainer(spec, series, branch.clamps)
    trainer.go_on_from(branch.states[max(branch.states)], optimiser=branch.optimiser)
    return trainer
