"""A run as its viewer holds it."""

from collections.abc import Callable

from seqcore.engine.job import Job, Watch
from seqcore.engine.view import RunView
from seqcore.look import NOW, Look
from seqcore.spec import Whole, settings_of


class Run:
    """One run of the engine: `view()` says where it stands, everything else asks for a change and returns at once.

    Changes act between two slices of training, within some hundredths of a second. What makes no sense any more (to
    pause a run that has ended) is ignored.
    """

    def __init__(self, job: Job, ask: Callable, await_look: Callable, clock: Callable[[], float]):
        self._job = job
        self._ask = ask
        self._await_look = await_look
        self._clock = clock

    @property
    def id(self) -> str:
        """A token nobody can guess."""
        return self._job.id

    @property
    def spec(self) -> Whole:
        return self._job.spec

    @property
    def series(self):
        """The `Series` it is trained on."""
        return self._job.series

    @property
    def owner(self) -> str:
        return self._job.owner

    def view(self) -> RunView:
        """The run as it stands: immutable, and replaced by a new one with a higher `version` at each change."""
        return self._job.view

    def pause(self) -> None:
        self._ask("pause", self._job)

    def resume(self) -> None:
        self._ask("resume", self._job)

    def step(self) -> None:
        """Train one epoch more, then pause."""
        self._ask("step", self._job)

    def stop(self) -> None:
        """End the training; what was reached can still be looked at."""
        self._ask("stop", self._job)

    def change(self, **values: float) -> None:
        """Change settings of the training while it goes on: those its trainer names in `CHANGEABLE`.

        Raises `UserError` where one is out of its range.
        """
        settings = settings_of(type(self.spec))
        checked = {name: settings[name][1].check(name, value) for name, value in values.items()}
        self._ask("change", self._job, checked)

    def watch(self, look: Look = NOW, wait: float = 0.0) -> None:
        """Say that somebody looks, and at what.

        A run in training takes such snapshots by itself, as long as somebody watches. One that rests, or is looked at
        as it was at a recorded epoch, takes one when something else is wanted than was shown before; to have it in
        the next `view()`, `wait` for it that many seconds at most.
        """
        self._ask("look", self._job, Watch(look, self._clock()))
        if wait:
            self._await_look(self._job, wait)

    def forget(self) -> None:
        """Drop it: the engine does not find it any more, and its worker has its memory back."""
        self._ask("drop", self._job)
