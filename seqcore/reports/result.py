"""What is left of a run when it has ended: what a table, a picture or a notebook needs, without its model."""

from dataclasses import dataclass

from seqcore.spec import Whole
from seqcore.training.events import History, Snapshot, Started


@dataclass(frozen=True, eq=False)
class Result:
    """One run as it stands: `status` as in `RunView`; before it began, `history` is empty, the rest None.

    The snapshot of a run that has ended holds `train_prediction` and `test_prediction` (windows, horizon),
    `free_running` (test rows,) and `lag_rmse` (L,), all in the data's own units.
    """

    spec: Whole
    status: str
    history: History
    started: Started | None
    snapshot: Snapshot | None
