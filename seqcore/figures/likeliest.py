"""What a decoder would say next: its likeliest tokens as bars."""

from collections.abc import Callable, Sequence

import numpy as np

from seqcore.figures.palette import faint, palette
from seqcore.figures.picture import Picture, Trace, base_layout
from seqcore.figures.token_axis import plain, short
from seqcore.text import N_


def likeliest(
    t: Callable[[str], str], theme: str, tokens: Sequence[str], probabilities: np.ndarray, *, chosen: int | None,
    step: int,
) -> Picture:  # fmt: skip
    """`tokens` with their `probabilities` (10,), the likeliest first, at the top; `step` is the decoder's, from 1 on.

    `chosen` is the place in `tokens` of the one that is fed back, None if it is none of them.
    """
    count = len(tokens)
    marked = [place == chosen for place in range(count)]
    names = [f"<b>▸ {short(token)}</b>" if mark else short(token) for token, mark in zip(tokens, marked, strict=True)]
    colours = palette(theme)
    style = {
        "type": "bar", "orientation": "h", "textposition": "outside",
        "textangle": 0, "textfont": {"size": 11}, "cliponaxis": False, "constraintext": "none",
        "marker": {"color": [colours["free"] if mark else faint(colours["free"], 0.4) for mark in marked],
                   "line": {"color": colours["text"], "width": [2 if mark else 0 for mark in marked]}},
        "hovertemplate": "%{customdata}: %{x:.4f}<extra></extra>",
    }  # fmt: skip
    data = {
        "x": np.asarray(probabilities, np.float32), "y": np.arange(count, dtype=np.float32),
        "text": np.array([f"{share:.3f}" if share >= 0.0005 else "&lt; 0.001" for share in probabilities], dtype=str),
        "customdata": np.array([plain(token) for token in tokens], dtype=str),
    }  # fmt: skip
    layout = base_layout(
        theme, t(N_("Probability")), t(N_("Token")), hovermode="closest", bargap=0.18,
        margin={"r": 50, "t": 22, "b": 32},
        xaxis={"range": [0, 1], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickfont": {"size": 11}},
        yaxis={"showgrid": False, "range": [max(count, 1) - 0.5, -0.5], "tickvals": list(range(count)),
               "ticktext": names, "tickfont": {"size": 11}, "automargin": True},
    )  # fmt: skip
    title = t(N_("Step {step}: what comes next?")).format(step=step)
    told = ", ".join(f"{token} {share:.3f}" for token, share in zip(tokens, probabilities, strict=True))
    words = [title, t(N_("The likeliest tokens: {tokens}.")).format(tokens=told)]
    if chosen is not None:
        words.append(t(N_("Chosen: {token}.")).format(token=tokens[chosen]))
    return Picture("likeliest", title, (Trace(style, data),), layout, " ".join(words))
