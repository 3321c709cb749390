"""One colour for each role, the same on every page. Source: Okabe and Ito 2008, a colour-blind-safe set.

In each theme a role keeps its hue and becomes darker or lighter where the original would be hard to see. The networks'
colours were searched for so that any two stay apart in lightness or hue for every kind of colour-blind eye.
"""

from collections.abc import Iterable
from dataclasses import dataclass

LIGHT = {
    "train": "#0072B2", "test": "#D55E00", "truth": "#22262B", "naive": "#6B6B6B", "free": "#8A4B7C",
    "input": "#5A6570", "gradient": "#6A4C93", "mark": "#8A6D00",
    "i": "#009E73", "f": "#D55E00", "g": "#8A6D00", "o": "#0072B2", "r": "#B5528C", "z": "#2B87BD", "n": "#A86F00",
    "hidden": "#4A3AA7", "cell": "#8C3B12",
    "rnn": "#1D5DCA", "lstm": "#BA730A", "gru": "#8F3384", "mlp": "#12935A", "cnn": "#4B3704",
    "encoder_decoder": "#A159FF", "encoder_decoder_attention": "#BC3230", "repeat_vector": "#FB2791",
    "transformer": "#8781D8",
    "text": "#22262B", "grid": "rgba(34,38,43,0.10)", "shade": "rgba(213,94,0,0.07)",
}  # fmt: skip
DARK = LIGHT | {
    "train": "#56B4E9", "test": "#F28E4B", "truth": "#EDEFF2", "naive": "#9AA3AD", "free": "#CC79A7",
    "input": "#A9B4C0", "gradient": "#B79CED", "mark": "#F0E442",
    "g": "#F0E442", "o": "#56B4E9", "i": "#2FCB9E", "f": "#F28E4B", "r": "#CC79A7", "z": "#56B4E9", "n": "#E69F00",
    "hidden": "#A99BFF", "cell": "#E0A070",
    "rnn": "#8FC1FA", "lstm": "#E8651F", "gru": "#B35CBB", "mlp": "#1FDB88", "cnn": "#F1CE45",
    "encoder_decoder": "#077AF2", "encoder_decoder_attention": "#C24561", "repeat_vector": "#75823F",
    "transformer": "#6F45FF",
    "text": "#E6E9ED", "grid": "rgba(230,233,237,0.13)", "shade": "rgba(242,142,75,0.10)",
}  # fmt: skip

BACKGROUND = {"light": "#F4F5F3", "dark": "#1A2027"}
"""The panel behind the pictures: `secondaryBackgroundColor` in `.streamlit/config.toml`."""

STATES = {
    "light": [[0, "#1F5FA8"], [0.4, "#7FB2D9"], [0.5, "#F4F5F3"], [0.6, "#EBA56F"], [1, "#B5470B"]],
    "dark": [[0, "#7CC4F5"], [0.4, "#2F6C99"], [0.5, "#1A2027"], [0.6, "#A95B20"], [1, "#FFB27A"]],
}
"""Diverging, centred on 0: blue below, orange above, the page's own background in between.

Steeper near 0, where most states are, so that a scale as wide as a state can become still tells them apart.
"""

GATES = {
    "light": [[0, "#F3F4F2"], [0.5, "#5FB59B"], [1, "#00543C"]],
    "dark": [[0, "#1A2027"], [0.5, "#1F7D63"], [1, "#9BF0D3"]],
}
"""Sequential, from closed to open."""

ERRORS = {
    "light": [[0, "#E3EAF5"], [0.5, "#5577B6"], [1, "#123068"]],
    "dark": [[0, "#26364F"], [0.5, "#4F7DC4"], [1, "#D3E4FF"]],
}
"""Sequential, from a small error to a large one; even the smallest differs from the page."""

ATTENTION = {
    "light": [[0, "#F4F5F3"], [0.4, "#D79BC4"], [0.75, "#8A3F86"], [1, "#3D0A45"]],
    "dark": [[0, "#1A2027"], [0.4, "#74407A"], [0.75, "#C77FC0"], [1, "#FFE6FA"]],
}
"""Sequential, from a weight of 0, the page's own background, to one of 1."""

STEPS = {
    "light": [[0, "#DDA23A"], [0.5, "#C4501B"], [1, "#5B1208"]],
    "dark": [[0, "#8A4A1C"], [0.5, "#E08A3C"], [1, "#FFE9B8"]],
}
"""Sequential, from the first step of a path to its last: warm, to lie on the cold `ERRORS`."""

LETTERS = {"light": ("#101418", "#FFFFFF"), "dark": ("#FFFFFF", "#101418")}
"""What is written on the lower and on the upper half of `ERRORS`."""

BETTER = {"light": "rgba(18,147,90,0.16)", "dark": "rgba(31,219,136,0.16)"}
"""The side of a picture where a forecast is better than the naive one."""

NETWORKS = (
    "rnn", "lstm", "gru", "mlp", "cnn", "encoder_decoder", "encoder_decoder_attention", "repeat_vector",
    "transformer",
)  # fmt: skip
"""The kinds of row that have a colour of their own."""

DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True)
class Look:
    """How a row of a table is drawn in every picture: its colour's role, and the how-many-th of that role it is."""

    role: str
    turn: int = 0


def looks(kinds: Iterable[str]) -> list[Look]:
    """A look for each row, by its architecture's name; what is no network is grey like the naive forecast.

    A row keeps its look when others are added after it.
    """
    found: list[Look] = []
    for kind in kinds:
        role = kind if kind in NETWORKS else "naive"
        found.append(Look(role, sum(look.role == role for look in found)))
    return found


def stroke(theme: str, look: Look) -> dict[str, str]:
    """Colour and dash of a row's line: the first four of a role differ by dash, the next are nearer to the text's ink.

    The naive forecast's grey is never solid: solid lines are networks and the truth.
    """
    colours = palette(theme)
    turn = look.turn + (look.role == "naive")
    ink = min(0.3 * (turn // len(DASHES)), 0.6)
    return {"color": _mix(colours[look.role], colours["text"], ink), "dash": DASHES[turn % len(DASHES)]}


def faint(colour: str, opacity: float) -> str:
    """A colour "#rrggbb" that lets through what lies behind it."""
    return f"rgba({','.join(str(part) for part in _rgb(colour))},{opacity:g})"


def _rgb(colour: str) -> list[int]:
    return [int(colour[k : k + 2], 16) for k in (1, 3, 5)]


def _mix(colour: str, other: str, share: float) -> str:
    parts = zip(_rgb(colour), _rgb(other), strict=True)
    return "#" + "".join(f"{round((1 - share) * a + share * b):02X}" for a, b in parts)


def palette(theme: str) -> dict[str, str]:
    """Colours by role for "light" or "dark"."""
    return DARK if theme == "dark" else LIGHT
