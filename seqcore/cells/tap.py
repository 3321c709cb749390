"""A named place in a network where a recorder may look."""

from torch import nn


class Tap(nn.Identity):
    """Hands its input (B, T, H) on unchanged; `seqcore.probes.record` keeps what passes, under `name`."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name
