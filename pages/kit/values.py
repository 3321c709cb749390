"""What the values inside a network are called."""

import re

from pages.kit.text import t
from seqcore.text import N_

TAPS = {
    "hidden": N_("hidden state"), "cell": N_("cell state"), "i": N_("input gate i"), "f": N_("forget gate f"),
    "g": N_("candidate g"), "o": N_("output gate o"), "r": N_("reset gate r"), "z": N_("update gate z"),
    "n": N_("candidate n"),
}  # fmt: skip


def tap_label(tap: str) -> str:
    """`l0.hidden` in words."""
    layer, backward, kind = re.fullmatch(r"l(\d+)(r?)\.(\w+)", tap).groups()
    words = t(N_("Layer {layer}: {kind}")).format(layer=int(layer) + 1, kind=t(TAPS[kind]))
    return t(N_("{layer}, backwards")).format(layer=words) if backward else words
