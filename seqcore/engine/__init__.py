"""Where runs live: worker processes that train them in fair slices, and the handles by which pages hold them.

`connect()` starts the engine; `Engine.submit` gives a `Run`. Nothing here imports torch but what runs in workers.
"""

from seqcore.engine.engine import Engine, connect
from seqcore.engine.limits import Limits
from seqcore.engine.run import Run
from seqcore.engine.view import EngineStatus, Fork, RunView

__all__ = ["Engine", "EngineStatus", "Fork", "Limits", "Run", "RunView", "connect"]
