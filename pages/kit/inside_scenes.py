"""The pictures of what a network does inside: values over a window, one traced unit, and four ways to look closer."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pages.kit.inside import Inside
from pages.kit.live import theme
from pages.kit.scene import Scene
from pages.kit.scenes import Options, convergence_picture, forecast_picture
from pages.kit.text import t
from pages.kit.values import TAPS, tap_label
from seqcore.figures.matches import matches
from seqcore.figures.matrix import matrix
from seqcore.figures.openness import openness, openness_units
from seqcore.figures.picture import Picture, amount
from seqcore.figures.readout import readout
from seqcore.figures.states import states
from seqcore.figures.trace import trace
from seqcore.figures.trajectory import trajectory
from seqcore.look import GATES, Study
from seqcore.text import N_

BLOCKS = {"lstm": "ifgo", "gru": "rzn"}
"""The gates in the rows of a weight matrix, from the top."""


def inside_pictures(scene: Scene, inside: Inside, other: Scene | None) -> list[Picture]:
    """Heat map and trace, the pictures of the chosen view, and the heat map and trace of another run beside it."""
    closer = VIEWS[inside.view] if scene.snapshot else _training
    pictures = [*_window(scene, inside), *closer(scene, inside)]
    if other is not None:
        pictures += [replace(picture, name=f"other.{picture.name}", title=f"B · {picture.title}")
                     for picture in _window(other, inside)]  # fmt: skip
    return pictures


def _window(scene: Scene, inside: Inside) -> list[Picture]:
    """The chosen value over the window, all units, and one unit on top of the input."""
    arrays = scene.snapshot.arrays if scene.snapshot else {}
    tap = inside.tap if inside.tap in arrays else next((name for name in arrays if name.endswith(".hidden")), None)
    if tap is None:
        return [states(t, theme(), tap_label(inside.tap), np.zeros((1, 1), np.float32), kind="hidden"),
                trace(t, theme(), tap_label(inside.tap), np.zeros(1), np.zeros(1), kind="hidden")]  # fmt: skip
    held = inside.clamps and f"held.{tap}" in arrays
    values, title = arrays[f"held.{tap}" if held else tap], tap_label(tap)
    title = t(N_("{title}, held")).format(title=title) if held else title
    unit = min(_traced(arrays, inside), values.shape[1] - 1)
    order = _order(scene, inside, values.shape[1])
    kind = tap.rpartition(".")[2]
    name = t(N_("unit {unit}")).format(unit=unit + 1)
    steps = arrays["input"][-len(values) :, 0]  # a network without steps has one state, after the last
    return [
        states(t, theme(), title, values, kind=kind, order=order),
        trace(t, theme(), f"{title}, {name}", values[:, unit], steps, kind=kind, span=inside.span),
    ]


def _order(scene: Scene, inside: Inside, units: int) -> np.ndarray | None:
    """The units in the order asked for, if it was measured for the value and the network shown."""
    if scene.status == "recorded" and inside.tap != Study().tap:
        return None
    order = scene.snapshot.arrays.get(f"study.order.{inside.order}")
    return order.astype(int) if order is not None and len(order) == units else None


def _traced(arrays, inside: Inside) -> int:
    """The unit to trace: the first one chosen, else the first that stands out, else the most active."""
    for found in (inside.units, arrays.get("study.units", ()), arrays.get("study.order.activity", ())):
        if len(found):
            return int(found[0])
    return 0


def _training(scene: Scene, inside: Inside) -> list[Picture]:
    return [convergence_picture(scene, Options(), []), forecast_picture(scene, Options())]


def _gates(scene: Scene, inside: Inside) -> list[Picture]:
    """How open each gate is over the test part, all units together and one by one."""
    arrays = scene.snapshot.arrays
    counts = {name.removeprefix("study.open."): a for name, a in arrays.items() if name.startswith("study.open.")}
    if not counts:
        return _training(scene, inside)
    layer = inside.tap.partition(".")[0]
    shown = {tap: a for tap, a in counts.items() if tap.startswith(f"{layer}.")} or counts
    tap = inside.tap if inside.tap in shown else next(iter(shown))
    kinds = [name.rpartition(".")[2] for name in shown]
    return [
        openness(t, theme(), {t(TAPS[kind]): a for kind, a in zip(kinds, shown.values(), strict=True)}, kinds),
        openness_units(t, theme(), tap_label(tap), counts[tap], _order(scene, inside, len(counts[tap]))),
    ]


def _space(scene: Scene, inside: Inside) -> list[Picture]:
    """Where the state goes, in the plane that shows most of it, beside the forecast."""
    arrays = scene.snapshot.arrays
    if "study.path" not in arrays:
        return _training(scene, inside)
    way = trajectory(
        t, theme(), arrays["study.path"], arrays["study.cloud"], arrays["study.cloud_target"],
        explained=arrays["study.explained"], three_d=not inside.plane, azimuth=inside.turn, elevation=20,
    )  # fmt: skip
    return [way, forecast_picture(scene, Options())]


def _readout(scene: Scene, inside: Inside) -> list[Picture]:
    """What a linear function of the state tells, beside the forecast."""
    arrays = scene.snapshot.arrays
    if "study.readout" not in arrays:
        return _training(scene, inside)
    units = arrays["study.readout_units"]
    told = readout(t, theme(), arrays["study.readout"], units, _order(scene, inside, len(units)))
    return [told, forecast_picture(scene, Options())]


def _similar(scene: Scene, inside: Inside) -> list[Picture]:
    """Moments of other windows at which the same units behave the same, beside the forecast."""
    arrays = scene.snapshot.arrays
    if not len(arrays.get("study.match_window", ())):
        return _training(scene, inside)
    begin, end = arrays["study.span"].astype(int)
    labels = [t(N_("window {window}")).format(window=int(window)) for window in arrays["study.match_window"]]
    own = arrays["input"][begin : end + 1, 0]
    return [matches(t, theme(), own, arrays["study.match_input"], labels), forecast_picture(scene, Options())]


def _weights(scene: Scene, inside: Inside) -> list[Picture]:
    """The recurrent and the input weights of the layer looked at, or the first two matrices there are."""
    arrays = scene.snapshot.arrays
    layer = inside.tap.partition(".")[0].replace("r", "_reverse")
    matrices = {name.removeprefix("weight."): a for name, a in arrays.items()
                if name.startswith("weight.") and a.ndim > 1}  # fmt: skip
    own = {name: a for name, a in matrices.items() if name.endswith(f"_{layer}")}
    shown = sorted((own or matrices).items(), key=lambda item: "_hh_" not in item[0])[:2]
    gates = BLOCKS.get(scene.spec.model.architecture, ())
    pictures = [
        matrix(t, theme(), f"{name} · {_shape(a)}", a.reshape(len(a), -1), blocks=gates if name in own else ())
        for name, a in shown
    ]
    return [replace(picture, name=f"weights.{k}") for k, picture in enumerate(pictures)] or _training(scene, inside)


def _shape(values: np.ndarray) -> str:
    return " × ".join(map(str, values.shape))


def _held(scene: Scene, inside: Inside) -> list[Picture]:
    """The forecast with values held, and what it costs."""
    arrays = scene.snapshot.arrays
    if "held.rmse" not in arrays:
        return _training(scene, inside)
    parts = ("train_prediction", "test_prediction")
    shot = replace(scene.snapshot, arrays={**arrays, **{part: arrays[f"held.{part}"] for part in parts}})
    epoch = scene.snapshot.epoch
    unit = t(scene.series.unit)
    before, after = scene.history.test_rmse[min(epoch, len(scene.history) - 1)], arrays["held.rmse"][1]
    title = t(N_("Held: test RMSE {before} → {after}")).format(before=f"{before:.4g}", after=amount(after, unit))
    held = forecast_picture(replace(scene, snapshot=shot), Options(only_test=True))
    free = forecast_picture(scene, Options(only_test=True))
    return [replace(free, title=t(N_("As it is"))), replace(held, name="held", title=title)]


VIEWS = {
    "training": _training, "gates": _gates, "space": _space, "readout": _readout, "similar": _similar,
    "weights": _weights, "held": _held,
}  # fmt: skip
"""View -> its pictures, named as in `pages.kit.inside`."""


def missing(scene: Scene, inside: Inside) -> str | None:
    """Why a view shows the training instead, as a sentence; None where it does not."""
    arrays: Sequence[str] = scene.snapshot.arrays if scene.snapshot else ()
    if inside.view == "gates" and not any(tap.rpartition(".")[2] in GATES for tap in arrays):
        return t(N_("This network has no gates: an LSTM has i, f, o, a GRU r and z."))
    if inside.view == "held" and not inside.clamps:
        return t(N_("Nothing is held: choose a value on the left under “What if …” and hold it."))
    return None
