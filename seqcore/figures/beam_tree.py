"""A beam search as a tree: at every step the best hypotheses live on, all others end there."""

import textwrap
from collections.abc import Callable, Sequence

import numpy as np

from seqcore.figures.palette import faint, palette
from seqcore.figures.picture import Picture, Trace, base_layout
from seqcore.figures.token_axis import breadth, plain, short
from seqcore.text import N_

NARROW = 240
"""Pixels a phone leaves for the steps."""

LETTER = 0.62
"""Width of a letter, by its size."""

SMALLEST, LARGEST = 9, 12
"""Sizes of the tokens' letters."""


def height(rows: int) -> int:
    """Pixels the plot should be high; `rows` are the beam's width and the pruned hypotheses drawn at each step."""
    return max(205, 26 * rows + 90)


def beam_tree(
    t: Callable[[str], str], theme: str, tokens: Sequence[str], parents: np.ndarray, steps: np.ndarray,
    log_probabilities: np.ndarray, kept: np.ndarray, finished: np.ndarray, best: int, *, most: int = 3,
) -> Picture:  # fmt: skip
    """Hypotheses (n,), parents before children: the last token of each, the number of the one it goes on from, how many
    tokens it has, and the log-probability of all, in nats. Number 0 is the root, `best` the result.

    Of those not `kept` the likeliest `most` of each step are drawn. The plot should be `height(width + most)` pixels
    high.
    """
    parents, steps, logs = np.asarray(parents), np.asarray(steps), np.asarray(log_probabilities, float)
    kept, finished = np.asarray(kept, bool), np.asarray(finished, bool)
    path = _path(parents, best)
    drawn = _drawn(steps, logs, kept, most, path)
    y = _rows(parents, steps, logs, drawn)
    role = np.where(np.isin(np.arange(len(tokens)), path), "best", np.where(kept, "kept", "pruned"))
    edges = [_edges(t, theme, parents, steps, y, [k for k in drawn if k and role[k] == part], part)
             for part in ("pruned", "kept", "best")]  # fmt: skip
    nodes = _nodes(t, theme, tokens, parents, steps, logs, finished, y, drawn, role)
    hidden = len(tokens) - len(drawn)
    sentence = textwrap.shorten(_sentence(tokens, path), 30, placeholder=" …")
    title = t(N_("Beam search: {sentence}")).format(sentence=sentence or "…")
    alt = _alt(t, tokens, logs, kept, finished, steps, path, hidden)
    return Picture("beam", title, (*edges, nodes), _layout(t, theme, steps, y, finished[drawn].any(), hidden), alt)


def _path(parents: np.ndarray, number: int) -> list[int]:
    """From the root to a node."""
    path = [number]
    while path[-1]:
        path.append(int(parents[path[-1]]))
    return path[::-1]


def _drawn(steps: np.ndarray, logs: np.ndarray, kept: np.ndarray, most: int, path: Sequence[int]) -> list[int]:
    """The numbers of the nodes that are drawn, rising."""
    shown = {0, *path, *np.flatnonzero(kept).tolist()}
    for step in range(1, int(steps.max()) + 1):
        pruned = [k for k in np.flatnonzero(steps == step).tolist() if k not in shown]
        shown.update(sorted(pruned, key=lambda k: -logs[k])[:most])
    return sorted(shown)


def _rows(parents: np.ndarray, steps: np.ndarray, logs: np.ndarray, drawn: Sequence[int]) -> np.ndarray:
    """The height of each node: 0 is the lowest.

    Those of a step lie in the order of their parents, then of their worth, so that no edges cross.
    """
    y = np.zeros(len(parents), np.float32)
    for step in range(1, int(steps.max()) + 1):
        column = sorted((k for k in drawn if steps[k] == step), key=lambda k: (-y[parents[k]], -logs[k]))
        y[column] = (len(column) - 1) / 2 - np.arange(len(column))
    return y - y[drawn].min()


def _edges(
    t: Callable, theme: str, parents: np.ndarray, steps: np.ndarray, y: np.ndarray, numbers: Sequence[int], part: str
) -> Trace:
    """The lines from the parents to the nodes `numbers`, with gaps between them."""
    colours = palette(theme)
    name, line = {
        "pruned": (t(N_("pruned")), {"color": faint(colours["naive"], 0.6), "width": 1, "dash": "dot"}),
        "kept": (t(N_("kept")), {"color": colours["free"], "width": 1.8}),
        "best": (t(N_("best")), {"color": colours["truth"], "width": 4}),
    }[part]
    ends = np.array([[parents[k], k] for k in numbers], int).reshape(-1, 2)
    gap = np.full((len(ends), 1), np.nan)
    x, heights = (np.hstack([values[ends], gap]).ravel().astype(np.float32) for values in (steps, y))
    return Trace({"type": "scatter", "mode": "lines", "name": name, "hoverinfo": "skip", "line": line},
                 {"x": x, "y": heights})  # fmt: skip


def _nodes(
    t: Callable, theme: str, tokens: Sequence[str], parents: np.ndarray, steps: np.ndarray, logs: np.ndarray,
    finished: np.ndarray, y: np.ndarray, drawn: Sequence[int], role: np.ndarray,
) -> Trace:  # fmt: skip
    colours = palette(theme)
    ink = {"pruned": faint(colours["text"], 0.6), "kept": colours["free"], "best": colours["truth"]}
    text, size = _labels(tokens, steps, drawn, role)
    style = {
        "type": "scatter", "mode": "markers+text", "textposition": "top center", "cliponaxis": False,
        "hovertemplate": "%{customdata}<extra></extra>",
        "textfont": {"size": size, "color": [colours["text"] if role[k] != "pruned" else ink["pruned"] for k in drawn]},
        "marker": {"color": [ink[role[k]] for k in drawn], "opacity": 1,
                   "size": [{"pruned": 4, "kept": 7, "best": 9}[role[k]] + 3 * bool(finished[k]) for k in drawn],
                   "line": {"width": 0}, "symbol": ["square" if finished[k] else "circle" for k in drawn]},
    }  # fmt: skip
    words = [_pointed_at(t, _sentence(tokens, _path(parents, k)), logs[k]) for k in drawn]
    return Trace(style, {"x": steps[drawn].astype(np.float32), "y": y[drawn], "text": np.array(text, dtype=str),
                         "customdata": np.array(words, dtype=str)})  # fmt: skip


def _labels(tokens: Sequence[str], steps: np.ndarray, drawn: Sequence[int], role: np.ndarray) -> tuple[list[str], int]:
    """What stands above each drawn node, and its size: on a phone's width no label may lie on the next step's.

    Where that takes too small letters, only the best path is named.
    """
    for named in (set(drawn), {k for k in drawn if role[k] == "best"}):
        letters = sum(max((breadth(tokens[k]) for k in named if steps[k] == step), default=0)
                      for step in range(int(steps.max()) + 1))  # fmt: skip
        size = int(NARROW / (LETTER * (letters + steps.max() + 1)))
        if size >= SMALLEST:
            break
    bold = {k: f"<b>{short(tokens[k])}</b>" if role[k] == "best" else short(tokens[k]) for k in named}
    return [bold.get(k, "") for k in drawn], min(max(size, SMALLEST), LARGEST)


def _sentence(tokens: Sequence[str], path: Sequence[int]) -> str:
    return " ".join(tokens[k] for k in path[1:])


def _pointed_at(t: Callable, sentence: str, log: float) -> str:
    lines = [plain(line) for line in textwrap.wrap(sentence, 36)]
    return "<br>".join([*lines, t(N_("log-probability {log:.3f} nats")).format(log=log)])


def _layout(t: Callable, theme: str, steps: np.ndarray, y: np.ndarray, ended: bool, hidden: int) -> dict:
    marks = [t(N_("■ finished"))] * bool(ended)
    if hidden:
        marks.append(t(N_("pruned, not drawn: {count}")).format(count=f"{hidden:,}"))
    note = {"xref": "paper", "x": 1, "xanchor": "right", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 6,
            "showarrow": False, "text": " · ".join(marks)}  # fmt: skip
    last = int(steps.max())
    return base_layout(
        theme, t(N_("Step (tokens so far)")), t(N_("Hypotheses")), [note] if marks else [], hovermode="closest",
        margin={"r": 24, "t": 30},
        xaxis={"range": [-0.4, last + 0.4], "showgrid": False, **({"dtick": 1} if last <= 12 else {})},
        yaxis={"range": [-0.5, float(y.max()) + 0.9], "showticklabels": False, "showgrid": False},
    )  # fmt: skip


def _alt(
    t: Callable, tokens: Sequence[str], logs: np.ndarray, kept: np.ndarray, finished: np.ndarray, steps: np.ndarray,
    path: Sequence[int], hidden: int,
) -> str:  # fmt: skip
    words = [
        t(N_("A tree of {steps} steps: kept hypotheses {kept}, pruned {pruned}, finished {finished}.")).format(
            steps=int(steps.max()),
            kept=int(kept[1:].sum()),
            pruned=int((~kept[1:]).sum()),
            finished=int(finished.sum()),
        )
    ]
    if len(path) > 1:
        words.append(t(N_("The best: {sentence}, log-probability {log:.3f} nats.")).format(
            sentence=_sentence(tokens, path), log=logs[path[-1]]))  # fmt: skip
    if hidden:
        words.append(t(N_("Of the pruned ones, {count} of the less likely are not drawn.")).format(count=hidden))
    return " ".join(words)
