"""How one step stretches and shrinks the state: the singular values of the step's Jacobian, by step."""

from collections.abc import Callable

import numpy as np

from seqcore.figures.palette import faint, palette
from seqcore.figures.picture import Picture, Trace, base_layout, nice_range, whole_ticks
from seqcore.text import N_


def singular(t: Callable[[str], str], theme: str, title: str, values: np.ndarray, *, kind: str) -> Picture:
    """`values` (T, H), largest first, of a network of `kind` ("rnn" ...): their whole range and its middle half shaded.

    Where the largest is below 1 the step shrinks every change of the state.
    """
    values = np.asarray(values, float)
    size = values.shape[1]
    colour = palette(theme)[kind]
    wide, narrow = faint(colour, 0.12), faint(colour, 0.3)
    unseen = {"line": {"width": 0}, "hoverinfo": "skip"}
    rows = [
        (size - 1, unseen),
        (3 * size // 4, {**unseen, "fillcolor": wide}),
        (size // 2, {"name": t(N_("median")), "line": {"width": 1.8, "dash": "dot", "color": colour},
                     "fillcolor": narrow}),
        (size // 4, {**unseen, "fillcolor": narrow}),
        (0, {"name": t(N_("largest")), "line": {"width": 2.6, "color": colour}, "fillcolor": wide}),
    ]  # fmt: skip
    traces = []
    for place, more in rows:
        style = {"type": "scatter", "mode": "lines", "x0": 1, "dx": 1, "hovertemplate": "%{y:.3g}", **more}
        if "fillcolor" in more:
            style["fill"] = "tonexty"
        traces.append(Trace(style, {"y": values[:, place].astype(np.float32)}))
    one = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1,
           "line": {"color": palette(theme)["naive"], "width": 1.5, "dash": "dash"}}  # fmt: skip
    layout = base_layout(
        theme, t(N_("Step of the window")), t(N_("Singular values of the step's Jacobian")), shapes=[one],
        xaxis={"range": [1, max(len(values), 2)], "unifiedhovertitle": {"text": t(N_("step")) + " %{x}"},
               **whole_ticks(len(values))},
        yaxis={"range": nice_range(np.append(values[:, 0], 1.2), log=False)},
    )  # fmt: skip
    return Picture("singular", title, tuple(traces), layout, _alt(t, title, values))


def _alt(t: Callable, title: str, values: np.ndarray) -> str:
    largest = values[:, 0][np.isfinite(values[:, 0])]
    if not len(largest):
        return t(N_("{title}: no finite value.")).format(title=title)
    words = N_(
        "{title}: singular values of the step's Jacobian over {steps} steps. The largest lies between {low:.3g} and "
        "{high:.3g}, and above 1 in {above} steps."
    )
    return t(words).format(
        title=title, steps=len(values), low=largest.min(), high=largest.max(), above=(largest > 1).sum()
    )
