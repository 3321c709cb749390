"""The open box of a Transformer's data flow in words: what it is for, its formula, and the formula with its numbers."""

import math

import numpy as np
import streamlit as st

from pages.kit.flow_open import Arrays, Open, Spec, explanation, opened, sizes, tokens
from pages.kit.scene import Scene
from pages.kit.text import plain, t
from pages.kit.translation_pictures import BLANK
from seqcore.text import N_

MEANINGS = {
    "tokens": N_("The text is cut into tokens: they are all the network ever sees of it."),
    "ids": N_("Each token is replaced by its number in the vocabulary."),
    "embedding": N_("The number picks a row of a table that is learnt: from here on a token is a vector."),
    "position": N_("A pattern that says where a token stands; without it any order would read alike."),
    "input": N_("What stands there and where it stands, in one vector: this goes into the first layer."),
    "norm": N_("Each row is moved to mean 0 and spread 1, then stretched and shifted by weights that are learnt."),
    "q": N_("Information to be queried: every token asks a question of its own in every head."),
    "k": N_("Vectors being queried: what every token offers to be found by."),
    "v": N_("Values obtained: what a token hands over to those that look at it."),
    "scores": N_("Each row is a token's question, each column a key: the larger the product, the better they fit."),
    "scaled": N_("Sums of many products get large, and softmax would see only the largest: so they are divided."),
    "masked": N_("Places that may not be looked at get minus infinity: later words, or filling."),
    "weights": N_("Each row becomes shares that add up to 1: how much a token looks at each of the others."),
    "context": N_("The values, mixed in these shares: what the token has found."),
    "joined": N_("All heads found something else; here it stands side by side."),
    "out": N_("A linear map mixes what the heads have found."),
    "sum": N_("The residual: the part only adds to what came in, so nothing gets lost, and gradients pass."),
    "hidden": N_("Each token thinks by itself: a wide layer, of which what is negative is cut off."),
    "feed.out": N_("And back to the width of the model."),
    "states": N_("What the tower knows of each token, after all layers."),
    "logits": N_("How well each token of the vocabulary would fit here, as any number."),
    "probabilities": N_("The logits as shares that add up to 1; the largest is what the network says."),
    "loss": N_("How surprised the network is by the true token: training makes this smaller."),
}

KINDS = {
    "hidden": N_("This place may not be looked at."),
    "off": N_("This head is switched off."),
}


def flow_words(page: str, scene: Scene) -> None:
    """Draw what the open box is for, its shape and formula, and how its picked number comes about."""
    now, spec = opened(page, scene.spec), scene.spec
    arrays = scene.snapshot.arrays if scene.snapshot is not None and "rows" in scene.snapshot.arrays else {}
    told = explanation(now, arrays)
    with st.container(gap="xsmall", key=f"{page}-flow-words"):
        known = sizes(spec, arrays, st.session_state[f"{page}.flow_step"])
        meaning = MEANINGS.get(f"{now.box.part}.{now.box.value}", MEANINGS[now.box.value])
        st.markdown(f"**{plain(t(now.box.label))}** `{now.box.name}` · {_shape(now, known)}  \n{t(meaning)}")
        if now.box.whole:
            st.markdown(f"${now.box.whole}$")
        if now.box.value in ("loss", "probabilities"):
            _judgement(now, arrays)
        if "places" in told:
            words = t(N_("The picture shows the first {count} places; this sentence takes {taken} of them."))
            st.caption(words.format(count=len(told["places"]), taken=known[now.rows]))
        if "kind" in told:
            st.markdown(_with_numbers(now, spec, told))
            if names := [str(name) for name in told["names"].tolist() if name]:
                st.caption(" · ".join(f"`{name}`" for name in names))


def _shape(now: Open, known: dict[str, int]) -> str:
    """(N, T, S) = (4, 5, 7), in LaTeX."""
    letters = ", ".join(rf"\text{{{letter}}}".replace("_", r"\_") for letter in now.box.shape)
    numbers = ", ".join(str(known.get(letter, r"\cdot")) for letter in now.box.shape)
    return f"$({letters}) = ({numbers})$"


def _judgement(now: Open, arrays: Arrays) -> None:
    """The maximum, the true token, and minus the logarithm of what the network gave it."""
    if "surprise" not in arrays:
        return
    row = min(now.row, len(arrays["rows"]) - 1)
    if "asked" in arrays and not arrays["asked"][row]:
        st.markdown(t(N_("This token was not masked: nothing was to be guessed here.")))
        return
    said, true = (plain(_seen(arrays[name][row])) for name in ("output", "rows"))
    surprise = float(arrays["surprise"][row])
    if "truth" not in arrays:
        words = t(N_("At **{read}** the maximum is **{said}** with {share}; **{true}** is what it goes on with, since "
                     "nobody has told it the truth."))  # fmt: skip
    else:
        words = t(N_("At **{read}** the maximum is **{said}** with {share}; the true token is **{true}**."))
    read = plain(_seen(tokens(arrays, now.rows)[row]))
    share = f"{float(arrays['probabilities'][row, 0]):.3f}"
    st.markdown(words.format(read=read, said=said, share=share, true=true))
    st.markdown(rf"$L_{{{row}}} = -\ln p = -\ln({_tex(math.exp(-surprise))}) = {_tex(surprise)}$")


def _seen(token: str) -> str:
    return str(token).strip() or BLANK


def _with_numbers(now: Open, spec: Spec, told: dict[str, np.ndarray]) -> str:
    """The formula of one number, first with its names and then with the real numbers."""
    head, row, column = told["cell"].tolist()
    width = spec.model.d_model // spec.model.num_heads
    counted = {"r": row, "c": column, "e": column - column % 2, "h": head, "w": head * width + column}
    if now.box.value == "joined":
        counted["h"], counted["w"] = divmod(column, width)
    symbols = (now.box.odd if column % 2 and now.box.odd else now.box.cell) % counted
    kind = str(told["kind"])
    if kind in KINDS:
        value = r"-\infty" if now.box.value == "masked" else "0"
        return f"${symbols.partition('=')[0]} = {value}$ · {t(KINDS[kind])}"
    value = rf"\mathbf{{{_tex(float(told['value']))}}}"
    if kind == "same":
        return f"${symbols} = {value}$"
    remark = ""
    if kind == "softmax":
        remark = rf" · $m = {_tex(float(told['parts'][0]))}$ " + t(N_("(the largest; it cancels)"))
    elif len(told["parts"]) == 1:
        remark = rf" · $\theta = {_tex(float(told['parts'][0]))}$"
    return f"${symbols} = {FILLED[kind](told)} = {value}${remark}"


def _tex(value: float) -> str:
    """A number in LaTeX: three digits, four behind the point at most."""
    if not math.isfinite(value):
        return r"\text{NaN}" if math.isnan(value) else r"\infty" if value > 0 else r"-\infty"
    if value and not 1e-3 <= abs(value) < 1e5:
        mantissa, power = f"{value:.1e}".split("e")
        return rf"{mantissa} \cdot 10^{{{int(power)}}}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _bracketed(value: float) -> str:
    return f"({_tex(value)})" if value < 0 else _tex(value)


def _rest(value: float, count: int) -> str:
    words = t(N_("others: {count}")).format(count=count)
    return rf"\underbrace{{{_bracketed(value)}}}_{{\text{{{words}}}}}"


def _products(told: dict[str, np.ndarray]) -> str:
    """a b + c d + … + the others + bias"""
    left, right = told["left"].tolist(), told["right"].tolist()
    parts = [rf"{_bracketed(a)} \cdot {_bracketed(b)}" for a, b in zip(left, right, strict=True)]
    if told["others"]:
        parts.append(_rest(float(told["rest"]), int(told["others"])))
    if told["names"][2]:
        parts.append(_bracketed(float(told["bias"])))
    return " + ".join(parts)


def _shares(told: dict[str, np.ndarray]) -> str:
    """e^(own) / (e^(own) + …)"""
    parts = [_tex(value) for value in told["right"].tolist()]
    if told["others"]:
        parts.append(_rest(float(told["rest"]), int(told["others"])))
    return rf"\frac{{{parts[0]}}}{{{' + '.join(parts)}}}"


def _normed(told: dict[str, np.ndarray]) -> str:
    x, mean, variance, eps = map(float, told["parts"])
    below = rf"\sqrt{{{_tex(variance)} + {_tex(eps)}}}"
    return (rf"{_bracketed(float(told['left'][0]))} \cdot \frac{{{_tex(x)} - {_bracketed(mean)}}}{{{below}}}"
            rf" + {_bracketed(float(told['bias']))}")  # fmt: skip


def _wave(told: dict[str, np.ndarray]) -> str:
    return rf"\{told['kind']}({_tex(float(told['left'][0]))} \cdot {_tex(float(told['right'][0]))})"


FILLED = {
    "terms": _products,
    "sum": lambda told: " + ".join(_bracketed(value) for value in told["left"].tolist()),
    "relu": lambda told: rf"\max(0,\; {_products(told)})",
    "softmax": _shares,
    "norm": _normed,
    "quotient": lambda told: rf"\frac{{{_tex(float(told['left'][0]))}}}{{{_tex(float(told['right'][0]))}}}",
    "sin": _wave,
    "cos": _wave,
}
"""By the kind of a formula, what stands in it."""
