"""Whoever trains a run: gradient descent for a network, a fit for a classical forecaster."""

from seqcore.catalogue import CLASSICAL
from seqcore.data.series import Series
from seqcore.spec import RunSpec


def make_trainer(spec: RunSpec, series: Series):
    """A `Trainer` or a `Baseline`: iterate over it for the events of the run.

    Raises `UserError` where spec and series do not fit together.
    """
    if spec.model.architecture in CLASSICAL:
        from seqcore.training.baseline import Baseline  # with statsmodels, which most workers never need

        return Baseline(spec, series)
    from seqcore.training.trainer import Trainer

    return Trainer(spec, series)
