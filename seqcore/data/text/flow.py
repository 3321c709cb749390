"""How a Transformer's numbers come to be: a box for each value, in the order they are computed.

    for box in flow("transformer", num_layers=2).values():
        print(box.name, box.shape, box.whole)

The names are those of `seqcore.models.transformer.inside`, and besides them those in `WORDS`, which are no tensors.
"""

from dataclasses import dataclass

from seqcore.text import N_

SIDES = {"transformer": ("encoder", "decoder"), "encoder": ("encoder",), "decoder": ("decoder",)}
"""The towers of each kind of Transformer."""

WORDS = ("tokens", "ids", "loss")
"""Last parts of the names of what goes in and what comes of it: no tensors of the network."""


@dataclass(frozen=True)
class Box:
    """One value of the flow.

    `label` says what it is, `short` the same on a small box, both to be translated. `shape` holds the glossary's
    letters: S and T are tokens. `reads` names the values it is made of. `whole` is its formula in LaTeX, `cell` that of
    one number, of an `odd` column another where it is another; in these %(r)s is the row and %(c)s the column, and
    %(w)s the column counted through all heads, or the other way round where heads are joined, with %(h)s the head.
    """

    name: str
    label: str
    short: str
    shape: tuple[str, ...]
    reads: tuple[str, ...]
    whole: str = ""
    cell: str = ""
    odd: str = ""

    @property
    def value(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(".")[2]

    @property
    def part(self) -> str:
        """The part of a layer it belongs to, self, cross or feed; empty for all else."""
        names = self.name.split(".")
        return names[2] if len(names) == 4 else ""


Words = tuple[str, str, str, str, str]
"""Label, short label, shape, and the formulas of the whole and of a cell. In a shape R stands for the tokens that look
and C for those looked at; in a formula X is what a part of a layer reads, Y what its last map gives."""

_LINEAR = r"\sum_k X_{%%(r)s,k}\,W^%s_{%%(w)s,k} + b^%s_{%%(w)s}"
_NORM = r"\gamma_{%(c)s}\,\frac{x_{%(r)s,%(c)s} - \mu_{%(r)s}}{\sqrt{\sigma^2_{%(r)s} + \epsilon}} + \beta_{%(c)s}"

ENTRY: dict[str, Words] = {
    "tokens": (N_("Tokens"), N_("tokens"), "R", "", ""),
    "ids": (N_("Ids: the tokens' numbers in the vocabulary"), N_("ids"), "R", "", ""),
    "embedding": (N_("Embedding"), N_("embed"), "R D", r"e_t = \sqrt{D}\;E_{\mathrm{id}_t}",
                  r"e_{%(r)s,%(c)s} = \sqrt{D}\;E_{\mathrm{id}_{%(r)s},%(c)s}"),
    "position": (N_("Positional encoding"), N_("place"), "R D", r"p_t = P_t", r"p_{%(r)s,%(c)s} = P_{%(r)s,%(c)s}"),
    "input": (N_("Embedding plus positional encoding"), N_("input"), "R D", r"x = e + p",
              r"x_{%(r)s,%(c)s} = e_{%(r)s,%(c)s} + p_{%(r)s,%(c)s}"),
}  # fmt: skip

ATTENTION: dict[str, Words] = {
    "q": (N_("Queries Q: what each token asks for"), "Q", "N R head_dim", r"Q = X\,W_Q^{\top} + b_Q",
          r"Q_{%(r)s,%(c)s} = " + _LINEAR % ("Q", "Q")),
    "k": (N_("Keys K: what each token is found by"), "K", "N C head_dim", r"K = X\,W_K^{\top} + b_K",
          r"K_{%(r)s,%(c)s} = " + _LINEAR % ("K", "K")),
    "v": (N_("Values V: what each token then gives"), "V", "N C head_dim", r"V = X\,W_V^{\top} + b_V",
          r"V_{%(r)s,%(c)s} = " + _LINEAR % ("V", "V")),
    "scores": (N_("Scores: every query times every key"), "Q·K", "N R C", r"S = Q\,K^{\top}",
               r"S_{%(r)s,%(c)s} = \sum_k Q_{%(r)s,k}\,K_{%(c)s,k}"),
    "scaled": (N_("Scores, scaled"), "÷ √d", "N R C", r"\tilde S = S / \sqrt{\text{head\_dim}}",
               r"\tilde S_{%(r)s,%(c)s} = \frac{S_{%(r)s,%(c)s}}{\sqrt{\text{head\_dim}}}"),
    "masked": (N_("Scores, masked"), N_("mask"), "N R C",
               r"M_{t,s} = \tilde S_{t,s} \;\text{or}\; -\infty", r"M_{%(r)s,%(c)s} = \tilde S_{%(r)s,%(c)s}"),
    "weights": (N_("Attention weights: the softmax of each row"), "softmax", "N R C", r"A = \mathrm{softmax}(M)",
                r"A_{%(r)s,%(c)s} = \frac{e^{M_{%(r)s,%(c)s} - m}}{\sum_k e^{M_{%(r)s,k} - m}}"),
    "context": (N_("Weighted sum of the values, by head"), "A·V", "N R head_dim", r"C = A\,V",
                r"C_{%(r)s,%(c)s} = \sum_k A_{%(r)s,k}\,V_{k,%(c)s}"),
    "joined": (N_("Heads, one beside the other"), N_("concat"), "R D", r"J = [\,C^{(0)}, \dots, C^{(N-1)}\,]",
               r"J_{%(r)s,%(c)s} = C^{(%(h)s)}_{%(r)s,%(w)s}"),
    "out": (N_("Output projection of the heads"), N_("project"), "R D", r"O = J\,W_O^{\top} + b_O",
            r"O_{%(r)s,%(c)s} = \sum_k J_{%(r)s,k}\,W^O_{%(c)s,k} + b^O_{%(c)s}"),
}  # fmt: skip

FEED: dict[str, Words] = {
    "hidden": (N_("Feed-forward, inside"), "ReLU", "R d_ff", r"H = \max(0,\; X\,W_1^{\top} + b_1)",
               r"H_{%(r)s,%(c)s} = \max\!\left(0,\; \sum_k X_{%(r)s,k}\,W^1_{%(c)s,k} + b^1_{%(c)s}\right)"),
    "out": (N_("Feed-forward, out"), N_("out"), "R D", r"F = H\,W_2^{\top} + b_2",
            r"F_{%(r)s,%(c)s} = \sum_k H_{%(r)s,k}\,W^2_{%(c)s,k} + b^2_{%(c)s}"),
}  # fmt: skip

SUM: Words = (N_("Residual: what came in is added"), "+ x", "R D", r"x \leftarrow x + Y",
              r"x'_{%(r)s,%(c)s} = x_{%(r)s,%(c)s} + Y_{%(r)s,%(c)s}")  # fmt: skip
NORM: Words = (N_("Layer norm"), N_("norm"), "R D",
               r"\bar x = \gamma\,\frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta",
               r"\bar x_{%(r)s,%(c)s} = " + _NORM)  # fmt: skip
STATES: Words = (N_("States: what the last layer gives"), N_("states"), "R D", r"h = \bar x",
                 r"h_{%(r)s,%(c)s} = \bar x_{%(r)s,%(c)s}")  # fmt: skip

EXIT: dict[str, Words] = {
    "logits": (N_("Logits: a number for each token of the vocabulary"), "logits", "R V", r"z = h\,W^{\top} + b",
               r"z_{%(r)s,%(c)s} = \sum_k h_{%(r)s,k}\,W_{%(c)s,k} + b_{%(c)s}"),
    "probabilities": (N_("Softmax over the vocabulary"), "softmax", "R V", r"p = \mathrm{softmax}(z)",
                      r"p_{%(r)s,%(c)s} = \frac{e^{z_{%(r)s,%(c)s} - m}}{\sum_k e^{z_{%(r)s,k} - m}}"),
    "loss": (N_("Cross entropy with the true token"), N_("loss"), "R", r"L_t = -\ln p_{t,\,y_t}",
             r"L_{%(r)s} = -\ln p_{%(r)s,\,y_{%(r)s}}"),
}  # fmt: skip

_WAVE = r"p_{%%(r)s,%%(c)s} = \%s\!\left(\frac{%%(r)s}{10000^{%%(e)s/D}}\right)"
WAVES = (r"p_{t,2i} = \sin\frac{t}{10000^{2i/D}},\quad p_{t,2i+1} = \cos\frac{t}{10000^{2i/D}}",
         _WAVE % "sin", _WAVE % "cos")  # fmt: skip
"""The formulas of sinusoidal places; %(e)s is the column, or the even one before it."""

_TURN = r"{0}_{{%(r)s,%(c)s}} = \hat {0}_{{%(r)s,%(e)s}}\,{1}\,\hat {0}_{{%(r)s,%(e)s+1}}\,{2}"
TURNS = (r"\sin\theta +", r"\cos\theta"), (r"\cos\theta -", r"\sin\theta")
"""How rotary places turn an odd and an even column of what the linear map gave, and is written with a hat."""


def flow(
    kind: str, num_layers: int = 1, norm_first: bool = True, position: str = "sinusoidal"
) -> dict[str, Box]:  # fmt: skip
    """The boxes by name, in the order they are computed, of a "transformer", an "encoder" or a "decoder" alone."""
    boxes: list[Box] = []
    for side in SIDES[kind]:
        boxes += _tower(side, num_layers, norm_first, position, crosses=kind == "transformer" and side == "decoder")
    rows, side = boxes[-1].shape[0], SIDES[kind][-1]
    reads = f"{side}.states"
    for value, words in EXIT.items():
        boxes.append(_box(value, words, rows, rows, (reads,)))
        reads = value
    return {box.name: box for box in boxes}


def _tower(side: str, num_layers: int, norm_first: bool, position: str, crosses: bool) -> list[Box]:
    """From the tokens to the states."""
    rows = "S" if side == "encoder" else "T"
    boxes = _entry(side, rows, position)
    x = f"{side}.input"
    parts = ("self", "cross", "feed") if crosses else ("self", "feed")
    for k in range(num_layers):
        for part in parts:
            boxes += _part(f"{side}.l{k}", part, x, rows, norm_first, position)
            x = f"{side}.l{k}.{part}.{'sum' if norm_first else 'norm'}"
    label, short, shape, whole, cell = STATES
    if norm_first:
        whole, cell = (formula.replace(r"\bar x", "h") for formula in NORM[3:])
    return [*boxes, _box(f"{side}.states", (label, short, shape, whole, cell), rows, rows, (x,))]


def _entry(side: str, rows: str, position: str) -> list[Box]:
    """What becomes of the tokens before the first layer."""
    added = position in ("sinusoidal", "learned")
    reads = {"tokens": (), "ids": ("tokens",), "embedding": ("ids",), "position": (),
             "input": ("embedding", "position") if added else ("embedding",)}  # fmt: skip
    boxes = []
    for value, words in ENTRY.items():
        odd = ""
        if value == "position":
            if not added:
                continue
            if position == "sinusoidal":
                words, odd = (*words[:3], *WAVES[:2]), WAVES[2]
        if value == "input" and not added:
            words = (N_("What the first layer reads: the embedding"), words[1], words[2],
                     r"x = e", r"x_{%(r)s,%(c)s} = e_{%(r)s,%(c)s}")  # fmt: skip
        boxes.append(_box(f"{side}.{value}", words, rows, rows, tuple(f"{side}.{name}" for name in reads[value]), odd))
    return boxes


def _part(layer: str, part: str, x: str, rows: str, norm_first: bool, position: str) -> list[Box]:
    """Those of an attention or a feed-forward part into which `x` comes, with the residual and the norm around it."""
    name, words = f"{layer}.{part}", FEED if part == "feed" else ATTENTION
    read = f"{name}.norm" if norm_first else x
    columns = "S" if part == "cross" else rows
    boxes = []
    for value, (*about, whole, cell) in words.items():
        source = "encoder.states" if part == "cross" and value in "kv" else read
        symbol = "h" if source == "encoder.states" else r"\bar x" if norm_first or not source.endswith("input") else "x"
        odd = ""
        if position == "rotary" and part == "self" and value in "qk":
            whole = whole.replace("= ", r"= R_t\,(") + ")"
            odd, cell = (_TURN.format(value.upper(), *turn) for turn in TURNS)
        formulas = (formula.replace("X", symbol) for formula in (whole, cell))
        boxes.append(_box(f"{name}.{value}", (*about, *formulas), rows, columns, _reads(name, value, source), odd))
    output = "F" if part == "feed" else "O"
    around = [_box(f"{name}.sum", (*SUM[:3], *(formula.replace("Y", output) for formula in SUM[3:])), rows, rows,
                   (x, f"{name}.out"))]  # fmt: skip
    norm = _box(f"{name}.norm", NORM, rows, rows, (x if norm_first else f"{name}.sum",))
    return [norm, *boxes, *around] if norm_first else [*boxes, *around, norm]


def _reads(name: str, value: str, source: str) -> tuple[str, ...]:
    """What a value of a part is made of; its maps of what came in read `source`."""
    inner = {"scores": ("q", "k"), "scaled": ("scores",), "masked": ("scaled",), "weights": ("masked",),
             "context": ("weights", "v"), "joined": ("context",),
             "out": ("hidden",) if name.endswith("feed") else ("joined",)}  # fmt: skip
    return tuple(f"{name}.{one}" for one in inner[value]) if value in inner else (source,)


def _box(name: str, words: Words, rows: str, columns: str, reads: tuple[str, ...], odd: str = "") -> Box:
    label, short, shape, whole, cell = words
    letters = tuple({"R": rows, "C": columns}.get(letter, letter) for letter in shape.split())
    return Box(name, label, short, letters, reads, whole, cell, odd)
