"""Small multiples of convergence: a panel for each value of what is studied, all on the same axes.

They are pictures of their own rather than axes within one: the page sets them side by side or, on a phone, below each
other; each has its title and its text alternative, and only those that learn are drawn again.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from seqcore.figures.overlay import Curves, overlay
from seqcore.figures.picture import Picture, error_axis, with_unit
from seqcore.text import N_


def multiples(
    t: Callable[[str], str], theme: str, panels: Sequence[tuple[str, Sequence[Curves]]], *, unit: str, epochs: int,
    part: str = "test", log: bool = True, naive: float | None = None,
) -> list[Picture]:  # fmt: skip
    """A picture as `overlay` draws it for each (title, rows), with one range of errors for all.

    `epochs` is the most that any panel plans.
    """
    pictures = [
        overlay(t, theme, rows, unit=unit, epochs=epochs, part=part, log=log, naive=naive) for _, rows in panels
    ]
    begun = [any(len(seed) for row in rows for seed in row.seeds) for _, rows in panels]
    ranges = [picture.layout["yaxis"]["range"] for picture, has in zip(pictures, begun, strict=True) if has]
    axis = error_axis([min(low for low, _ in ranges), max(high for _, high in ranges)], log) if ranges else {}
    error = with_unit(t(N_("Test RMSE")) if part == "test" else t(N_("Train RMSE")), unit)  # small: no more words fit
    made = []
    for k, (picture, (title, _)) in enumerate(zip(pictures, panels, strict=True)):
        axis_title, *notes = picture.layout["annotations"]
        layout = {
            **picture.layout, "yaxis": {**picture.layout["yaxis"], **axis},
            "annotations": [{**axis_title, "text": error}, *notes],
        }  # fmt: skip
        name, alt = f"multiples.{k}", f"{title}. {picture.alt}"
        made.append(replace(picture, name=name, title=title, alt=alt, layout=layout))
    return made
