"""One colour for each role, the same on every page. Source: Okabe and Ito 2008, a colour-blind-safe set.

In each theme a role keeps its hue and becomes darker or lighter where the original would be hard to see.
"""

LIGHT = {
    "train": "#0072B2", "test": "#D55E00", "truth": "#22262B", "naive": "#6B6B6B", "free": "#8A4B7C",
    "input": "#5A6570", "gradient": "#6A4C93", "mark": "#8A6D00",
    "i": "#009E73", "f": "#D55E00", "g": "#8A6D00", "o": "#0072B2", "r": "#B5528C", "z": "#2B87BD", "n": "#A86F00",
    "text": "#22262B", "grid": "rgba(34,38,43,0.10)", "shade": "rgba(213,94,0,0.07)",
}  # fmt: skip
DARK = LIGHT | {
    "train": "#56B4E9", "test": "#F28E4B", "truth": "#EDEFF2", "naive": "#9AA3AD", "free": "#CC79A7",
    "input": "#A9B4C0", "gradient": "#B79CED", "mark": "#F0E442",
    "g": "#F0E442", "o": "#56B4E9", "i": "#2FCB9E", "f": "#F28E4B", "r": "#CC79A7", "z": "#56B4E9", "n": "#E69F00",
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


def palette(theme: str) -> dict[str, str]:
    """Colours by role for "light" or "dark"."""
    return DARK if theme == "dark" else LIGHT
