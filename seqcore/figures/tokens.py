"""How a translator learns, by epoch: the loss of a token, and how much of unseen pairs it gets right."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from seqcore.figures.palette import DASHES, palette
from seqcore.figures.picture import (
    Picture,
    Trace,
    base_layout,
    cursor,
    epoch_axis,
    error_axis,
    level,
    nice_range,
    stride,
)
from seqcore.text import N_

Other = tuple[str, np.ndarray, np.ndarray]
"""A pinned run's name, epochs (n,) and values (n,)."""

TENTHS = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
PERCENT = {"range": [-0.04, 1.04], "tickvals": TENTHS, "ticktext": [f"{100 * share:.0f}" for share in TENTHS]}
"""An axis of shares between 0 and 1, in percent, with room for lines at both ends."""


def token_loss(
    t: Callable[[str], str], theme: str, epoch: np.ndarray, train: np.ndarray, test: np.ndarray, *, epochs: int,
    updates: int, uniform: float, others: Sequence[Other] = (), at: float | None = None,
) -> Picture:  # fmt: skip
    """`train` and `test` (n,) in nats per token after the epochs `epoch` (n,), rising, on a logarithmic axis.

    `epochs` of `updates` updates each are planned and set the x axis; `uniform` is the loss where every token is
    equally likely, the logarithm of how many there are. Of `others` the training losses; `at` is the epoch looked at.
    """
    step = stride(epochs + 1)
    colours = palette(theme)
    traces = _others(theme, others, step, log=True)
    for name, values, role in ((t(N_("train")), train, "train"), (t(N_("test")), test, "test")):
        line = {"color": colours[role], "width": 2.5}
        traces.append(_line(name, epoch, values, step, line, "%{y:.3g} " + t(N_("nats")), log=True))
    span = nice_range(np.concatenate([[uniform], *(trace.data["y"] for trace in traces)]), log=True)
    traces.append(level(theme, t(N_("equally likely: {loss:.3g}")).format(loss=uniform), uniform, epochs))
    if at is not None:
        traces.append(cursor(theme, at, span, log=True))
    title, axis = epoch_axis(t, epochs)
    layout = base_layout(
        theme, t(N_("{epoch}, updates in each: {updates}")).format(epoch=title, updates=f"{updates:,}"),
        t(N_("Loss per token (nats)")), xaxis=axis, yaxis=error_axis(span, log=True),
    )  # fmt: skip
    words = [t(N_("Loss per token in nats by epoch, on a logarithmic axis."))]
    words.append(t(N_("If every token were equally likely it would be {loss:.3g}.")).format(loss=uniform))
    if len(epoch):
        words.append(t(N_("After epoch {epoch:.4g}: train {train:.3g}, test {test:.3g}.")).format(
            epoch=epoch[-1], train=train[-1], test=test[-1]))  # fmt: skip
    words += _told(others, ".3g")
    return Picture("token_loss", t(N_("Loss per token")), tuple(traces), layout, " ".join(words))


def accuracy(
    t: Callable[[str], str], theme: str, epoch: np.ndarray, tokens: np.ndarray, own: np.ndarray, whole: np.ndarray,
    *, epochs: int, others: Sequence[Other] = (), at: float | None = None,
) -> Picture:  # fmt: skip
    """Of unseen pairs the share of right tokens and of sentences right as a `whole` (n,), 0 to 1, after `epoch` (n,).

    `tokens` where the decoder reads the true ones before, `own` where it reads those it said; of `others` the share of
    right tokens. `epochs` are planned and set the x axis; `at` is the epoch looked at.
    """
    drawn = (
        (t(N_("tokens, fed the truth")), tokens, {"width": 2, "dash": "dot"}),
        (t(N_("fed its own")), own, {"width": 2, "dash": "dash"}),
        (t(N_("whole sentences")), whole, {"width": 3}),
    )
    words = [t(N_("Of unseen pairs, the share of right tokens and of whole sentences by epoch."))]
    if len(epoch) and np.isfinite(whole[-1]):
        words.append(t(N_(
            "After epoch {epoch:.4g}: tokens {tokens:.1%} where it reads the true ones before, {own:.1%} where it "
            "reads its own, whole sentences {whole:.1%}."
        )).format(epoch=epoch[-1], tokens=tokens[-1], own=own[-1], whole=whole[-1]))  # fmt: skip
    axis = t(N_("Right, of unseen pairs (%)"))
    picture = _shares(t, theme, epoch, drawn, axis, epochs=epochs, others=others, at=at)
    return replace(picture, title=t(N_("Right on unseen pairs")), alt=" ".join([*words, *_told(others, ".1%")]))


def guesses(
    t: Callable[[str], str], theme: str, epoch: np.ndarray, tokens: np.ndarray, unseen: np.ndarray | None = None,
    *, naive: float, epochs: int, others: Sequence[Other] = (), at: float | None = None,
) -> Picture:  # fmt: skip
    """Of unseen sentences the share of right `tokens` (n,), 0 to 1, after `epoch` (n,); `naive` is that of the most
    frequent token. `unseen` (n,), if there is any, is the share where no place sees what it is to foretell.

    The rest is as in `accuracy`.
    """
    drawn = [(t(N_("tokens")), tokens, {"width": 3})]
    if unseen is not None:
        drawn.append((t(N_("without seeing them")), unseen, {"width": 2, "dash": "dash"}))
    words = [t(N_("Of unseen sentences, the share of right tokens by epoch."))]
    if len(epoch):
        words.append(t(N_("After epoch {epoch:.4g}: {tokens:.1%}.")).format(epoch=epoch[-1], tokens=tokens[-1]))
        if unseen is not None:
            words.append(t(N_("Where no place sees what it is to foretell: {unseen:.1%}.")).format(unseen=unseen[-1]))
    words.append(t(N_("The most frequent token alone would be right in {share:.1%}.")).format(share=naive))
    axis = t(N_("Right, of unseen sentences (%)"))
    picture = _shares(t, theme, epoch, drawn, axis, epochs=epochs, others=others, at=at)
    always = level(theme, t(N_("always the most frequent: {share:.1%}")).format(share=naive), naive, epochs)
    return replace(picture, title=t(N_("Right on unseen sentences")), traces=(*picture.traces, always),
                   alt=" ".join([*words, *_told(others, ".1%")]))  # fmt: skip


def _shares(
    t: Callable, theme: str, epoch: np.ndarray, drawn: Sequence[tuple[str, np.ndarray, dict]], axis: str, *,
    epochs: int, others: Sequence[Other], at: float | None,
) -> Picture:  # fmt: skip
    """Lines of shares by epoch, by name and style."""
    step = stride(epochs + 1)
    colour = palette(theme)["test"]
    traces = _others(theme, others, step, log=False)
    for name, values, line in drawn:
        traces.append(_line(name, epoch, values, step, {"color": colour, **line}, "%{y:.1%}", log=False))
    if at is not None:
        traces.append(cursor(theme, at, PERCENT["range"], log=False))
    title, by_epoch = epoch_axis(t, epochs)
    layout = base_layout(theme, title, axis, xaxis=by_epoch, yaxis=PERCENT)
    return Picture("accuracy", "", tuple(traces), layout, "")


def _line(
    name: str, epoch: np.ndarray, values: np.ndarray, step: int, line: dict[str, Any], hover: str, *, log: bool
) -> Trace:
    """Every `step`-th value; in what is not finite, or 0 on a logarithmic axis, the line has a gap."""
    at, y = np.asarray(epoch)[::step], np.asarray(values, float)[::step]
    drawable = np.isfinite(y) & ((y > 0) | (not log))
    style = {"type": "scatter", "mode": "lines", "name": name, "line": line, "hovertemplate": hover}
    return Trace(style, {"x": at.astype(np.float32), "y": np.where(drawable, y, np.nan).astype(np.float32)}, grows=True)


def _others(theme: str, others: Sequence[Other], step: int, *, log: bool) -> list[Trace]:
    """Thin grey lines, told apart by their dashes; never solid, as the run itself is."""
    traces = []
    for k, (name, epoch, values) in enumerate(others):
        line = {"color": palette(theme)["naive"], "width": 1.5, "dash": DASHES[1 + k % (len(DASHES) - 1)]}
        trace = _line(name, epoch, values, step, line, "", log=log)
        traces.append(Trace({**trace.style, "hoverinfo": "skip"}, trace.data))
    return traces


def _told(others: Sequence[Other], digits: str) -> list[str]:
    return [f"{name}: {values[-1]:{digits}}." for name, _, values in others if len(values)]
