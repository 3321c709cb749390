"""What is known of cells on a memory task, as pictures: how far gradients reach, and who learns to remember."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pages.kit.live import theme
from pages.kit.memory_panel import MemoryScene
from pages.kit.text import t, translator
from seqcore.data.tasks import TASKS
from seqcore.figures.gradient import gradient
from seqcore.figures.horizon import horizons
from seqcore.figures.itemised import itemised
from seqcore.figures.learning import learning
from seqcore.figures.picture import Picture, base_layout
from seqcore.figures.singular import singular
from seqcore.figures.states import states
from seqcore.figures.telescope import telescope, telescope_epochs
from seqcore.text import N_


def telescope_pictures(scenes: Sequence[MemoryScene], cell: str, detail: str) -> list[Picture]:
    """Every cell's gradient by distance, and of one `cell` over the epochs, by the steps' shares, and one `detail`."""
    tr, known = translator(), [scene for scene in scenes if _has(scene, _top(scene))]
    curves = {scene.name: scene.snapshot.arrays[_top(scene)] for scene in known}
    lags = {scene.name: _remembered(scene) for scene in known}
    first = telescope(tr, theme(), curves, [scene.spec.model.architecture for scene in known], horizons=lags)
    one = _one(known, cell)
    return [
        _or_told(first) if known else first,
        *(_in_detail(one, detail) if one is not None else map(_place, ("telescope_epochs", "itemised", "last"))),
    ]


def _in_detail(scene: MemoryScene, detail: str) -> list[Picture]:
    tr, arrays, name = translator(), scene.snapshot.arrays, scene.name
    over = telescope_epochs(
        tr, theme(), t(N_("{name}: the gradient's norm over the training")).format(name=name), arrays["over.norms"],
        arrays["over.epochs"], epochs=scene.spec.training.epochs,
    )  # fmt: skip
    shares = itemised(
        tr, theme(), f"{name} weight_hh_l0", arrays["gradient.weight_hh_l0.share"],
        float(arrays["gradient.weight_hh_l0.total"]),
    )  # fmt: skip
    return [_or_told(picture) for picture in (over, shares, *_last(scene, detail))]


def _last(scene: MemoryScene, detail: str) -> list[Picture]:
    """An LSTM's two paths, or the singular values of each step."""
    tr, arrays, name = translator(), scene.snapshot.arrays, scene.name
    cell = f"gradient.l{scene.spec.model.num_layers - 1}.cell"
    if detail == "paths" and f"{cell}.kept" in arrays:
        paths = {t(N_("whole")): "grad", t(N_("along the cell state")): "kept", t(N_("through the gates")): "gated"}
        curves = {words: arrays[f"{cell}.{part}"] for words, part in paths.items()}
        picture = telescope(tr, theme(), curves, ["truth", "cell", "o"], state="c")
        title = t(N_("{name}: two ways back")).format(name=name)
        return [Picture("paths", title, picture.traces, picture.layout, picture.alt)]
    if "singular" in arrays:
        title = t(N_("{name}: how a step stretches its state")).format(name=name)
        return [singular(tr, theme(), title, arrays["singular"], kind=scene.spec.model.architecture)]
    return [_place("singular", t(N_("No Jacobian of a step: with layer norm or a skip, or so many units")))]


def task_pictures(scenes: Sequence[MemoryScene], cell: str) -> list[Picture]:
    """Who learns the task, how far each remembers, and of one `cell` the gradient's norm and its states."""
    tr = translator()
    spec = scenes[0].spec
    task, epochs = TASKS[spec.data.task], spec.training.epochs
    roles = [scene.spec.model.architecture for scene in scenes]
    curves = {scene.name: (scene.history.epoch, scene.history.test_rmse) for scene in scenes}
    who = learning(
        tr, theme(), curves, roles, chance=task.error(task.chance_score), solved=task.error(task.solved_score),
        classes=bool(task.classes), solved_at={scene.name: scene.solved_at for scene in scenes}, epochs=epochs,
        diverged_at={s.name: int(s.history.epoch[-1]) for s in scenes if s.status == "diverged" and len(s.history)},
    )  # fmt: skip
    seen = [scene for scene in scenes if _has(scene, "over.memory")]
    far = horizons(
        tr, theme(), {s.name: (s.snapshot.arrays["over.epochs"], s.snapshot.arrays["over.memory"]) for s in seen},
        [s.spec.model.architecture for s in seen], lag=spec.data.lag, epochs=epochs,
        gradient={s.name: float(s.snapshot.arrays.get("horizon.gradient", np.nan)) for s in seen},
    )  # fmt: skip
    one = _one(scenes, cell)
    limits = [mark.value for mark in one.marks if mark.name == "clip"]
    norm = gradient(
        tr, theme(), one.history.grad_norm, epochs=epochs, clip=limits[-1] if limits else one.spec.training.clip,
        at=one.at, clipped=one.snapshot.arrays.get("clipped_norm") if one.snapshot else None,
    )  # fmt: skip
    pictures = [who, far, Picture("gradient", f"{one.name}: {norm.title}", norm.traces, norm.layout, norm.alt)]
    tap = f"l{spec.model.num_layers - 1}.hidden"
    if not _has(one, tap):
        return [*pictures, _place("states")]
    title = t(N_("{name}: hidden state over a test sequence")).format(name=one.name)
    return [*pictures, _or_told(states(tr, theme(), title, one.snapshot.arrays[tap], kind="hidden"))]


def _place(name: str, words: str = "") -> Picture:
    """Holds the place of a picture that is coming, or says in `words` why there is none."""
    alt = words or t(N_("The picture comes with the first epoch."))
    return Picture(name, words or "…", (), base_layout(theme(), "", ""), alt)


def _one(scenes: Sequence[MemoryScene], cell: str) -> MemoryScene | None:
    """That of `cell`, or the last one."""
    return next((s for s in scenes if s.spec.model.architecture == cell), scenes[-1] if scenes else None)


def _or_told(picture: Picture) -> Picture:
    """The picture; it says so where all of its numbers overflowed."""
    if any(np.isfinite(values).any() for trace in picture.traces for values in trace.data.values()):
        return picture
    note = {"xref": "paper", "x": 0.5, "yref": "paper", "y": 0.5, "showarrow": False, "text": t(N_("overflow"))}
    return replace(picture, layout={**picture.layout, "annotations": [*picture.layout["annotations"], note]})


def _top(scene: MemoryScene) -> str:
    return f"gradient.l{scene.spec.model.num_layers - 1}.hidden.grad"


def _has(scene: MemoryScene, name: str) -> bool:
    return scene.snapshot is not None and name in scene.snapshot.arrays


def _remembered(scene: MemoryScene) -> int | None:
    """The memory horizon, as it was measured last."""
    lag = scene.snapshot.arrays["over.memory"][-1]
    return int(lag) if lag >= 0 else None
