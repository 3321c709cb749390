"""Memory for activations, taken again and again: fresh pages cost a recurrent cell more than its arithmetic."""

import math
import threading
import weakref

import numpy as np
import torch

DTYPES = {torch.float32: np.float32, torch.float64: np.float64}
"""The kinds of numbers the written-out kernels know."""


class Workspace:
    """Blocks of memory that serve again once the last tensor in them is gone.

    `take` wraps a block in a NumPy view made for the occasion and owned by the tensor's storage alone: the view dies
    when no tensor, view or saved activation shares the storage any more, and a weak reference to it tells that the
    block is free. So whatever somebody still holds (two forward passes before a backward pass, an output kept for
    later) is never written over, and there are never more blocks than were in use at one time.
    """

    def __init__(self):
        self._blocks: list[tuple[np.ndarray, weakref.ref]] = []
        self._lock = threading.Lock()

    def take(self, *shape: int, dtype: torch.dtype) -> torch.Tensor:
        """A contiguous CPU tensor of that shape, its values undefined, aligned to 64 bytes."""
        size = math.prod(shape) * dtype.itemsize
        with self._lock:
            free = [block for block in self._blocks if block[1]() is None]
            chosen = min((b for b in free if b[0].nbytes >= size), key=lambda b: b[0].nbytes, default=None)
            if chosen is None:
                memory = _aligned(size)
                chosen = max(free, key=lambda b: b[0].nbytes, default=None)  # too small: it gives way
            else:
                memory = chosen[0]
            lease = memory[:size].view(DTYPES[dtype]).reshape(shape)
            self._blocks = [b for b in self._blocks if b is not chosen] + [(memory, weakref.ref(lease))]
            return torch.from_numpy(lease)

    @property
    def nbytes(self) -> int:
        """Bytes held, in use or not."""
        return sum(memory.nbytes for memory, _ in self._blocks)

    def __reduce__(self):
        return Workspace, ()  # a copied or unpickled cell begins with a workspace of its own


def _aligned(size: int) -> np.ndarray:
    """`size` bytes that begin at a multiple of 64; NumPy asks the system for huge pages, torch does not."""
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]
