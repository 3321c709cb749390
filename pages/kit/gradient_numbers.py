"""The numbers first: what becomes of a number, and of a matrix, that is multiplied with itself at every step back."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import streamlit as st

from pages.kit.experiments import Experiment
from pages.kit.form import WIDEST_SLIDER
from pages.kit.live import board, theme
from pages.kit.text import plain, t
from seqcore.figures.decay import decay
from seqcore.figures.picture import SUPERSCRIPT, Picture
from seqcore.figures.powers import in_words
from seqcore.figures.powers import powers as powers_picture
from seqcore.spec import Setting, as_text
from seqcore.text import N_
from seqcore.unrolled.powers import MATRICES, Chain, jacobian_norms, powers, recurrent_matrix

SETTINGS: dict[str, Setting] = {f"num_{item.name}": item.metadata["setting"] for item in fields(Chain)}
"""The fields by their names in the URL, where the settings of a run have others."""

FIRST: dict[str, Any] = {f"num_{item.name}": item.default for item in fields(Chain)}

LONGEST = SETTINGS["num_distance"].high
NOTABLE = 0.01
"""What a peak has to be at least, as log10, to be told: more than rounding."""

ENDS = (10, 20, 50, 100, 200, 500, 1000)
"""Where the axis of the powers can end, so that it does not move with every k."""

HEIGHT = 250

QUESTIONS = (
    Experiment("grow", N_("What is 1.1 to the power 100?"), {"num_w": 1.1, "num_k": 100}),
    Experiment("fade", N_("And 0.9 to the power 100?"), {"num_w": 0.9, "num_k": 100}),
    Experiment(
        "turn", N_("What if the matrix only turns?"),
        {"num_matrix": "orthogonal", "num_radius": 1.0, "num_distance": 100},
    ),
    Experiment(
        "push", N_("Same radius, but far from normal?"),
        {"num_matrix": "nonnormal", "num_radius": 0.9, "num_distance": 100},
    ),
)  # fmt: skip
"""Each sets what its own picture shows, and leaves the other picture as it is."""


def _read(name: str, facts: Setting) -> Callable[[str], Any]:
    return lambda text: facts.check(name, facts.parse(name, text))


READERS: dict[str, Callable[[str], Any]] = {name: _read(name, facts) for name, facts in SETTINGS.items()}


def as_link(page: str) -> dict[str, str]:
    """The fields that are not as they are at first, as a URL holds them."""
    now = {name: st.session_state[f"{page}.{name}"] for name in FIRST}
    return {name: as_text(value) for name, value in now.items() if value != FIRST[name]}


def numbers(page: str) -> None:
    """Draw the questions, and two pictures side by side, each below the fields that move it."""
    with st.container(horizontal=True, key=f"{page}-numbers-questions"):
        for question in QUESTIONS:
            st.button(t(question.question), key=f"{page}.numbers.{question.name}", icon=":material/help:",
                      on_click=_ask, args=(page, question))  # fmt: skip
    number, matrix = st.columns(2, gap="medium", vertical_alignment="bottom")
    with number:
        st.markdown(t(N_("The weights are shared, so every step back multiplies with the same one once more.")))
        _row(page, "num_w", "num_k")
        chain = _chain(page)
        st.markdown(plain(_slide()))
        board([_powers(chain)], key=f"{page}.numbers.powers", columns=1, height=HEIGHT)
    with matrix:
        _row(page, "num_radius", "num_distance")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _field(page, "num_matrix")
            with st.popover(t(N_("More")), icon=":material/tune:"):
                _field(page, "num_hidden_size")
                _field(page, "num_seed")
        chain = _chain(page)
        left = {kind: _left(kind, chain.hidden_size, chain.radius, chain.seed)[: chain.distance + 1]
                for kind in MATRICES}  # fmt: skip
        st.markdown(plain(_told(chain, left[chain.matrix])))
        board([_decay(chain, left)], key=f"{page}.numbers.decay", columns=1, height=HEIGHT)


def _ask(page: str, question: Experiment) -> None:
    for name, value in question.settings.items():
        st.session_state[f"{page}.{name}"] = value


def _chain(page: str) -> Chain:
    """What the fields describe."""
    return Chain(**{name.removeprefix("num_"): st.session_state[f"{page}.{name}"] for name in FIRST})


def _row(page: str, *names: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name in names:
            _field(page, name)


def _field(page: str, name: str) -> None:
    """Draw the widget of one field; a whole number of a wide range is typed."""
    facts = SETTINGS[name]
    label = t(facts.label) + (f" · {t(facts.unit)}" if facts.unit else "")
    shared = {"key": f"{page}.{name}", "help": t(facts.help), "persist_state": "session"}
    if facts.kind == "choice":
        st.segmented_control(label, list(facts.choices), format_func=lambda value: t(facts.choices[value]),
                             required=True, **shared)  # fmt: skip
        return
    kind = int if facts.kind == "int" else float
    draw = st.number_input if facts.kind == "int" and facts.high - facts.low > WIDEST_SLIDER else st.slider
    draw(label, kind(facts.low), kind(facts.high), step=kind(facts.step), **shared)


def _number(size: float) -> str:
    """The number of this log10 in words that stay on one line."""
    return in_words(size).replace(" ", "\N{NO-BREAK SPACE}")


def _slide() -> str:
    """The slide's two numbers, computed."""
    large, small = (_number(powers(w, 100)[-1]) for w in (1.1, 0.9))
    words = N_("The slide's numbers: 1.1¹⁰⁰ ≈ {large} and 0.9¹⁰⁰ ≈ {small}. A tenth more or less, at every step.")
    return t(words).format(large=large, small=small)


def _told(chain: Chain, left: np.ndarray) -> str:
    """What theory and the chosen matrix leave of a gradient at the far end of the picture, and the peak before it."""
    words = t(N_("{steps} steps back, theory says {power} ≈ {law}; this matrix leaves {measured}.")).format(
        steps=chain.distance, power=f"{chain.radius:g}{str(chain.distance).translate(SUPERSCRIPT)}",
        law=_number(powers(chain.radius, chain.distance)[-1]), measured=_number(left[-1]),
    )  # fmt: skip
    peak = int(left.argmax())
    if 0 < peak < chain.distance and left[peak] > NOTABLE:
        words += " " + t(N_("It was largest {steps} steps back: {most}.")).format(steps=peak, most=_number(left[peak]))
    return words


def _powers(chain: Chain) -> Picture:
    longest = next(end for end in ENDS if end >= chain.k)
    return powers_picture(t, theme(), powers(chain.w, longest), w=chain.w, k=chain.k)


@st.cache_data(max_entries=512, show_spinner=False)
def _left(matrix: str, hidden_size: int, radius: float, seed: int) -> np.ndarray:
    """log10 of what is left of a gradient after 0, 1, 2 ... `LONGEST` steps; fewer steps are the beginning of it."""
    chain = Chain(matrix=matrix, hidden_size=hidden_size, radius=radius, seed=seed)
    return jacobian_norms(recurrent_matrix(chain), LONGEST)


def _decay(chain: Chain, left: dict[str, np.ndarray]) -> Picture:
    """The chosen kind of matrix, and the others in thinner lines."""
    measured = {t(MATRICES[kind]): (kind, sizes) for kind, sizes in left.items()}
    picture = decay(t, theme(), powers(chain.radius, chain.distance), measured, radius=chain.radius)
    others = {t(label) for kind, label in MATRICES.items() if kind != chain.matrix}
    thin = [replace(trace, style={**trace.style, "opacity": 0.7, "line": {**trace.style["line"], "width": 1.2}})
            if trace.style["name"] in others else trace for trace in picture.traces]  # fmt: skip
    return replace(picture, traces=tuple(thin))
