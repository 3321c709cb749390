"""Where a run's arithmetic happens, and whose random numbers it draws."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from seqcore.text import N_, UserError


def pick_device(wanted: str) -> torch.device:
    """The device for "auto", "cpu", "cuda" or "mps"; `UserError` if this machine does not have it.

    "auto" is the GPU where CUDA has one, otherwise the CPU: for the sizes of a lesson Apple's GPU is slower than
    its CPU, so "mps" is only taken when asked for.
    """
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return torch.device("cuda" if present["cuda"] else "cpu")
    if not present[wanted]:
        raise UserError(
            N_("This machine has no {wanted} device: choose auto or one of {choices}."),
            wanted=wanted.upper(), choices=", ".join(name.upper() for name, here in present.items() if here),
        )  # fmt: skip
    return torch.device(wanted)


class OwnRandomness:
    """A run's own stream of torch's global random numbers, whoever else draws from it in between.

    Dropout draws from the process's global generator, which all runs of a worker share; each run therefore puts its
    own state in place while it computes.
    """

    def __init__(self, seed: int, device: torch.device):
        self.devices = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(self.devices):
            torch.manual_seed(seed)
            self._keep()

    def _keep(self) -> None:
        self.state = torch.get_rng_state()
        self.device_states = [torch.cuda.get_rng_state(device) for device in self.devices]

    @property
    def states(self) -> tuple[np.ndarray, ...]:
        """Where the stream stands; assign it to go on from there."""
        return tuple(state.numpy().copy() for state in (self.state, *self.device_states))

    @states.setter
    def states(self, states: Sequence[np.ndarray]) -> None:
        self.state, *self.device_states = (torch.from_numpy(state.copy()) for state in states)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Draw from this run's stream inside the block; the process's own stream is as before afterwards."""
        with torch.random.fork_rng(self.devices):
            torch.set_rng_state(self.state)
            for device, state in zip(self.devices, self.device_states, strict=True):
                torch.cuda.set_rng_state(state, device)
            yield
            self._keep()
