"""Where a number of a forward pass came from: its equation, and the numbers that were put into it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqcore.text import N_, UserError
from seqcore.unrolled.forward import TAPPED, Pass, key
from seqcore.unrolled.setup import Setup

SQUASHED = {"i": "σ", "f": "σ", "o": "σ", "r": "σ", "z": "σ", "g": "tanh", "n": "tanh"}

NOTES = {
    "weight": N_("A weight: training would find it, here it is drawn at random or set by hand."),
    "input": N_("A number of the input."),
    "initial": N_("The state before the first step."),
    "held": N_("Held at this value by hand, so nothing flows into it."),
    "frozen": N_("The cell state is frozen: it is handed on as it was."),
}
"""What is said of a number that has no equation, or has lost it."""


@dataclass(frozen=True)
class Term:
    """A number inside an equation: how it is written, what it is, and the element it comes from."""

    label: str
    value: float
    ref: str


@dataclass(frozen=True)
class Origin:
    """One element, its equation (LaTeX, of the whole tensor) and in `pieces` the same with this element's numbers.

    Pieces are terms and what stands between them. A number that was not computed so has a `note` (to translate)
    that says what it is, and no pieces: a beginning, or a value held by hand.
    """

    ref: str
    label: str
    value: float
    equation: str
    pieces: tuple[str | Term, ...]
    note: str = ""

    @property
    def terms(self) -> tuple[Term, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Term))

    def symbols(self) -> str:
        """`o_2[0, 0] · tanh(c_2[0, 0])`"""
        return "".join(piece if isinstance(piece, str) else piece.label for piece in self.pieces)

    def numbers(self, write: Callable[[float], str]) -> str:
        """`0.62 · tanh(0.31)`; a negative number stands in brackets behind an operator."""
        told = ""
        for piece in self.pieces:
            text = piece if isinstance(piece, str) else write(piece.value)
            bare = isinstance(piece, str) or piece.value >= 0 or not told or told.endswith("(")
            told += text if bare else f"({text})"
        return told


@dataclass(frozen=True)
class Place:
    """An element of a step's tensor: `l0r.2.f[0,1]`."""

    layer: int
    reverse: bool
    t: int
    name: str
    b: int
    j: int


def read_place(ref: str) -> Place | None:
    """The place a reference names, or None where it names a weight, an input or an initial state."""
    found = re.fullmatch(r"l(\d)(r?)\.(\d{1,2})\.(\w{1,2})\[(\d),(\d)\]", ref)
    if not found:
        return None
    layer, reverse, t, name, b, j = found.groups()
    return Place(int(layer), bool(reverse), int(t), name, int(b), int(j))


def origin(done: Pass, ref: str) -> Origin:
    """Where the element `ref` came from: `l0.2.h[0,1]`, `weight_ih_l0[5,1]`, `input[0,1,0]` or `h_0[0,0,1]`.

    `input` is indexed as PyTorch sees it, so by `batch_first`. Raises `UserError` where there is no such element.
    """
    place = read_place(ref)
    if place is None:
        return _beginning(done, ref)
    tensor = key(place.layer, place.reverse, place.t, place.name)
    if tensor not in done.tensors or place.b >= done.setup.batch or place.j >= done.setup.hidden_size:
        raise _missing(ref)
    walk = _Walk(done, place)
    equation, pieces = walk.equation()
    note = walk.interference()
    if note:
        pieces = [walk.previous("c", place.j)] if note == NOTES["frozen"] else []
    value = float(done.tensors[tensor][place.b, place.j])
    return Origin(ref, label(done.setup, place), value, equation, tuple(pieces), note)


def label(setup: Setup, place: Place) -> str:
    """`f_2[0, 1]`, and the layer before it where there is more than one: `l0r.f_2[0, 1]`."""
    deep = setup.num_layers > 1 or setup.bidirectional
    prefix = f"l{place.layer}{'r' * place.reverse}." if deep else ""
    return f"{prefix}{place.name}_{place.t}[{place.b}, {place.j}]"


def as_torch(done: Pass) -> np.ndarray:
    """The input as it is handed to PyTorch: (B, T, C), or (T, B, C) without `batch_first`."""
    return done.x if done.setup.batch_first else done.x.swapaxes(0, 1)


def _beginning(done: Pass, ref: str) -> Origin:
    found = re.fullmatch(r"(\w{1,30})\[(\d{1,2}(?:,\d{1,2}){0,2})\]", ref)
    if not found:
        raise _missing(ref)
    name, index = found[1], tuple(int(number) for number in found[2].split(","))
    tensors = {**done.weights, **done.initial, "input": as_torch(done)}
    values = tensors.get(name)
    if values is None or len(index) != values.ndim or any(k >= n for k, n in zip(index, values.shape, strict=True)):
        raise _missing(ref)
    note = "input" if name == "input" else "initial" if name in done.initial else "weight"
    equation = rf"\texttt{{{name.replace('_', chr(92) + '_')}}}"
    return Origin(ref, f"{name}{list(index)}", float(values[index]), equation, (), NOTES[note])


def _missing(ref: str) -> UserError:
    return UserError(N_("There is no number called {name!r} in this pass."), name=ref[:40])


class _Walk:
    """The equations of one place, with the elements that go into them."""

    def __init__(self, done: Pass, place: Place):
        self.done, self.setup, self.place = done, done.setup, place
        self.before = place.t + (1 if place.reverse else -1)
        self.end = f"l{place.layer}{'_reverse' if place.reverse else ''}"

    def term(self, place: Place) -> Term:
        """An element of any step, in the same sequence of the batch."""
        tensor = key(place.layer, place.reverse, place.t, place.name)
        value = float(self.done.tensors[tensor][place.b, place.j])
        return Term(label(self.setup, place), value, f"{tensor}[{place.b},{place.j}]")

    def interference(self) -> str:
        """The note on a number that was set and not computed."""
        place, name = self.place, self.place.name
        if name == "c" and self.done.freeze:
            return NOTES["frozen"]
        tap = f"l{place.layer}{'r' * place.reverse}"
        for clamp in self.done.clamps:
            owner, _, kind = clamp.tap.partition(".")
            if owner == tap and TAPPED.get(kind, kind) == name and clamp.unit in (None, place.j):
                return NOTES["held"]
        return ""

    def here(self, name: str) -> Term:
        """The same unit of another tensor of this step."""
        return self.term(replace(self.place, name=name))

    def previous(self, name: str, j: int) -> Term:
        """A unit of the state that this step was handed."""
        p = self.place
        if not 1 <= self.before <= self.setup.seq_length:
            row = p.layer * len(self.setup.directions) + p.reverse
            return self.element(f"{name}_0", (row, p.b, j))
        return self.term(replace(p, t=self.before, name=name, j=j))

    def element(self, name: str, index: tuple[int, ...]) -> Term:
        """A number that has no equation: of a weight, the input or an initial state."""
        ref = f"{name}[{','.join(map(str, index))}]"
        return Term(f"{name}{list(index)}", _beginning(self.done, ref).value, ref)

    def read(self, k: int) -> Term:
        """The `k`-th number this layer reads at this step."""
        p, H = self.place, self.setup.hidden_size
        if p.layer == 0:
            return self.element("input", (p.b, p.t - 1, k) if self.setup.batch_first else (p.t - 1, p.b, k))
        return self.term(replace(p, layer=p.layer - 1, reverse=k >= H, name="h", j=k % H))

    def product(self, kind: str, block: str, factors: Sequence[Term]) -> list[str | Term]:
        """weight · factor + ... + bias, over one row of the block."""
        row = self.setup.blocks.index(block) * self.setup.hidden_size + self.place.j
        pieces: list[str | Term] = []
        for k, factor in enumerate(factors):
            pieces += [self.element(f"weight_{kind}_{self.end}", (row, k)), " · ", factor, " + "]
        return [*pieces, self.element(f"bias_{kind}_{self.end}", (row,))]

    def equation(self) -> tuple[str, list[str | Term]]:
        """LaTeX of the whole tensor, and the pieces of this element."""
        name = self.place.name
        if len(name) == 2 and name[0] == "x":
            factors = [self.read(k) for k in range(self.setup.width(self.place.layer))]
            return self._product_latex(name, "ih", "x_t"), self.product("ih", name[1], factors)
        if len(name) == 2 and name[0] == "h":
            factors = [self.previous("h", k) for k in range(self.setup.hidden_size)]
            return self._product_latex(name, "hh", self._prior("h")), self.product("hh", name[1], factors)
        if name == "an":
            equation = r"a^n_t = x^n_t + r_t \odot h^n_t"
            return equation, [self.here("xn"), " + ", self.here("r"), " · ", self.here("hn")]
        if name[0] == "a":
            q = name[1]
            return rf"a^{q}_t = x^{q}_t + h^{q}_t", [self.here(f"x{q}"), " + ", self.here(f"h{q}")]
        if name in SQUASHED:
            tex = r"\sigma" if SQUASHED[name] == "σ" else r"\tanh"
            return rf"{name}_t = {tex}(a^{name}_t)", [f"{SQUASHED[name]}(", self.here(f"a{name}"), ")"]
        if name == "c":
            kept, new = (
                [self.here("f"), " · ", self.previous("c", self.place.j)],
                [self.here("i"), " · ", self.here("g")],
            )
            return rf"c_t = f_t \odot {self._prior('c')} + i_t \odot g_t", [*kept, " + ", *new]
        return self._hidden()

    def _hidden(self) -> tuple[str, list[str | Term]]:
        if self.setup.cell == "lstm":
            return r"h_t = o_t \odot \tanh(c_t)", [self.here("o"), " · tanh(", self.here("c"), ")"]
        if self.setup.cell == "gru":
            z, n = self.here("z"), self.here("n")
            pieces = ["(1 − ", z, ") · ", n, " + ", z, " · ", self.previous("h", self.place.j)]
            return rf"h_t = (1 - z_t) \odot n_t + z_t \odot {self._prior('h')}", pieces
        bend = self.setup.nonlinearity
        tex, word = (r"\tanh", "tanh") if bend == "tanh" else (r"\mathrm{ReLU}", "ReLU")
        return rf"h_t = {tex}(a^h_t)", [f"{word}(", self.here("ah"), ")"]

    def _prior(self, name: str) -> str:
        return f"{name}_{{t{'+' if self.place.reverse else '-'}1}}"

    def _product_latex(self, name: str, kind: str, factor: str) -> str:
        """The product by the documentation's names, and which rows of PyTorch's tensors those are."""
        block, H = name[1], self.setup.hidden_size
        short = kind if self.setup.cell == "rnn" else kind[0] + block
        first = self.setup.blocks.index(block) * H
        end = self.end.replace("_", r"\_")
        rows = "" if self.setup.cell == "rnn" else f"[{first}:{first + H}]"
        weight, bias = (rf"\texttt{{{stem}\_{kind}\_{end}{rows}}}" for stem in ("weight", "bias"))
        equation = rf"{name[0]}^{block}_t = W_{{{short}}}\,{factor} + b_{{{short}}}"
        return rf"{equation},\quad W_{{{short}}} = {weight},\; b_{{{short}}} = {bias}"
