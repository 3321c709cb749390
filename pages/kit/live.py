"""Pictures that move without flicker: the browser holds the figures, and only what changed is sent.

`st.plotly_chart` rebuilds a chart at every update. Here one component draws all pictures of a page; each call sends
the parts that changed since the last one, growing curves as what was appended. Called in a ticking fragment:

    @st.fragment(run_every=0.1)
    def tick():
        board([convergence(...), forecast(...)], key="train.board")

A click on a picture that is `clickable` is told to `on_pick`, with the place in the picture's own coordinates.

A browser may skip a message when two arrive within one frame, so every change is repeated in the next two messages;
a browser that missed more, or has lost its figures, asks for the whole.
"""

import base64
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.kit.text import t
from seqcore.figures.picture import Picture
from seqcore.text import N_

OVERLAP = 3
"""Messages in which a change is sent, as in static/live.js."""

ALT_EVERY = 2.0
"""Seconds between two changes of a text alternative: nobody can listen to ten a second."""

FURTHEST = 1000
"""The largest coordinate a click may have."""

_STATIC = Path(__file__).parents[2] / "static"
_VERSION = sha256(b"".join((_STATIC / name).read_bytes() for name in ("live.js", "live.css"))).hexdigest()[:12]

LOADER = f"""
const drawing = import(new URL("app/static/live.js?{_VERSION}", document.baseURI));
export default (component) => {{
  const {{ data, parentElement }} = component;
  const grid = parentElement.querySelector(".seqlab-board");
  drawing.then(({{ update }}) => update(component), () => (grid.textContent = data.trouble));
  return () => drawing.then(({{ close }}) => close(parentElement), () => {{}});
}};
"""
"""Streamlit sends a component's own script with every message, so it only loads the one that draws, by URL."""

_component = st.components.v2.component(
    "seqlab.board", html='<div class="seqlab-board"></div>', js=LOADER, isolate_styles=False
)


class Feed:
    """What one board's browser has been sent, and what it needs next."""

    def __init__(self):
        self.seq = 0
        self.forget()

    def forget(self) -> None:
        """The browser has nothing: the next `OVERLAP` messages are the whole, as it may miss the first."""
        self.forgotten = self.seq
        self.known: dict[tuple[str, str], Any] = {}
        self.changed: dict[tuple[str, str], int] = {}
        self.lengths: dict[tuple[str, str], deque[int]] = {}
        self.spoken = 0.0

    def message(self, pictures: list[Picture], moving: bool = False) -> dict[str, Any]:
        """The next message: for each picture, the parts that changed in the last `OVERLAP` messages.

        While the pictures are `moving`, their text alternatives change at most every `ALT_EVERY` seconds.
        """
        self.seq += 1
        whole = self.seq - self.forgotten <= OVERLAP
        parts = {picture.name: {} for picture in pictures}
        present = set()
        speak = whole or not moving or time.monotonic() - self.spoken > ALT_EVERY
        self.spoken = time.monotonic() if speak else self.spoken
        for picture in pictures:
            facts = {"title": picture.title, "layout": picture.layout, "clickable": picture.clickable,
                     "tall": picture.tall}  # fmt: skip
            facts["arrays"] = [sorted(trace.data) for trace in picture.traces]
            facts |= {f"{k}.style": trace.style for k, trace in enumerate(picture.traces)}
            if speak or (picture.name, "alt") not in self.known:
                facts["alt"] = picture.alt
            for key, value in facts.items():
                present.add((picture.name, key))
                if self._is_news((picture.name, key), value):
                    parts[picture.name][key] = {"v": value}
            for k, trace in enumerate(picture.traces):
                for attribute, values in trace.data.items():
                    key = (picture.name, f"{k}.{attribute}")
                    present.add(key)
                    if (part := self._array(key, values, trace.grows)) is not None:
                        parts[picture.name][key[1]] = part
        # what is not drawn now is sent again when it comes back: a whole message in between makes the browser forget it
        self.known = {key: value for key, value in self.known.items() if key in present or key[1] == "alt"}
        return {"seq": self.seq, "whole": whole, "names": list(parts), "pictures": parts}

    def _is_news(self, key: tuple[str, str], value: Any) -> bool:
        known = self.known.get(key)
        if isinstance(value, np.ndarray):
            same = np.array_equal(known, value, equal_nan=value.dtype.kind == "f")
        else:
            same = known == value
        if key not in self.known or not same:
            self.known[key] = value
            self.changed[key] = self.seq
        return self.seq - self.changed[key] < OVERLAP

    def _array(self, key: tuple[str, str], values: np.ndarray, grows: bool) -> dict | None:
        old = self.known.get(key)
        appended = (
            grows and old is not None and len(old) <= len(values) and np.array_equal(old, values[: len(old)], True)
        )
        lengths = self.lengths.setdefault(key, deque(maxlen=OVERLAP))
        if not appended:
            lengths.clear()
        start = lengths[0] if len(lengths) == OVERLAP else 0
        lengths.append(len(values))
        if not self._is_news(key, values):
            return None
        return encode(values, start)


def encode(values: np.ndarray, start: int = 0) -> dict[str, Any]:
    """An array for the browser, from index `start` on: 4 bytes a number in base64, or a list if it holds text."""
    if values.dtype.kind not in "fiu":
        return {"v": values.tolist()}
    part = {"f": base64.b64encode(np.ascontiguousarray(values[start:], dtype="<f4").tobytes()).decode()}
    if values.ndim == 2:
        part["shape"] = list(values.shape)
    elif start:
        part["from"] = start
    return part


def board(
    pictures: list[Picture], *, key: str, columns: int = 2, height: int = 205, moving: bool = False,
    on_pick: Callable[[str, float, float], None] | None = None,
) -> None:  # fmt: skip
    """Draw `pictures` side by side in `columns` (one on a phone), each plot `height` pixels high.

    `moving` says that the next call will come within a moment. `on_pick` gets the name of a clickable picture and the
    x and y of what was clicked in it.
    """
    store = f"{key}.feed"
    feed = st.session_state.setdefault(store, Feed())
    if (st.session_state.get(key) or {}).get("resync") is not None:
        feed.forget()
    trouble = t(N_("The picture could not be drawn: reload the page."))
    size = {"columns": columns, "height": f"{height}px", "trouble": trouble}
    names = {picture.name for picture in pictures if picture.clickable}

    def tell() -> None:
        sent = st.session_state[key].pick
        if on_pick and (place := picked(sent, names)) and sent.get("number") != st.session_state.get(f"{key}.pick"):
            st.session_state[f"{key}.pick"] = sent.get("number")  # while a page is busy one click may be told twice
            on_pick(*place)

    data = {**feed.message(pictures, moving), **size}
    _component(key=key, data=data, on_resync_change=lambda: None, on_pick_change=tell)


def picked(sent: Any, names: Collection[str]) -> tuple[str, float, float] | None:
    """What a browser `sent` as a click: one of `names`, x and y; None if it is anything else."""
    if not isinstance(sent, Mapping) or not isinstance(name := sent.get("name"), str) or name not in names:
        return None
    x, y = sent.get("x"), sent.get("y")
    if any(type(number) not in (int, float) or not 0 <= number <= FURTHEST for number in (x, y)):
        return None
    return name, float(x), float(y)


def theme() -> str:
    """The reader's theme, "light" or "dark"."""
    return "dark" if st.context.theme.type == "dark" else "light"
