"""The shapes of what goes into a recurrent network and comes out: guess them, then see why; and its weights counted."""

import pandas as pd
import streamlit as st

from pages.kit.forward_form import key
from pages.kit.text import plain, sentence, t
from seqcore.text import N_, UserError
from seqcore.unrolled import Setup
from seqcore.unrolled.shapes import Shape, counted, counts, judge, ratio, read_shape, shapes, snippet
from seqcore.unrolled.weights import as_shape


def shapes_view(setup: Setup) -> None:
    """Draw every shape with its reason, or first a field to guess it; and the same in PyTorch."""
    table, code = st.columns([1.5, 1], gap="medium")
    with table:
        guessing = st.toggle(t(N_("Guess the shape first")), key=key("guess"), persist_state="session")
        right = 0
        for shape in shapes(setup):
            right += _guess(shape, setup) if guessing else _tell(shape)
        if guessing:
            st.markdown(t(N_("**{right} of {count}** shapes guessed.")).format(right=right, count=len(shapes(setup))))
    with code:
        st.markdown(t(N_("The same in PyTorch")))
        if guessing:
            st.caption(t(N_("The script prints the shapes, so it is shown when you no longer guess.")))
        else:
            st.code(snippet(setup), language="python", wrap_lines=True)


def why(shape: Shape) -> str:
    """The reason for a shape, as plain text in the reader's language."""
    outer, *inner = shape.why
    values = {**outer.values, "last": t(inner[0].template).format(**inner[0].values)} if inner else outer.values
    return plain(t(outer.template).format(**values))


def _tell(shape: Shape) -> int:
    name, reason = st.columns([1, 3.6])
    name.markdown(f"`{shape.name}`  \n**{plain(as_shape(shape.shape))}**")
    reason.markdown(why(shape))
    return 0


def _guess(shape: Shape, setup: Setup) -> bool:
    """Ask for one shape and answer at once; whether it is right."""
    widget = key(f"guess.{shape.name}.{hash(setup)}")  # another network asks anew
    field, answer = st.columns([1, 3.6], vertical_alignment="bottom")
    text = field.text_input(f"`{shape.name}`", key=widget, placeholder="?, ?, ?", max_chars=40)
    if not text:
        answer.markdown(t(N_("Which shape is it?")))
        return False
    try:
        verdict = judge(read_shape(text), shape.shape)
    except UserError as problem:
        answer.markdown(f":material/help: {sentence(problem)}")
        return False
    icon = ":material/check_circle:" if verdict.right else ":material/cancel:"
    answer.markdown(f"{icon} **{plain(t(verdict.hint))}** " + (why(shape) if verdict.right else ""))
    return verdict.right


def count_table(setup: Setup) -> None:
    """Draw the weight counts: by formula, by adding up, and beside the other cells'."""
    rows = counts(setup)
    st.dataframe(
        pd.DataFrame({t(N_("Layer")): [row.layer for row in rows],
                      t(N_("blocks · (H·I + H·H + H + H)")): [row.formula for row in rows],
                      t(N_("Weights")): [row.total for row in rows]}),
        hide_index=True, width="content",
    )  # fmt: skip
    total, sizes = sum(row.total for row in rows), ratio(setup)
    st.markdown(t(N_("By the formula **{formula}**, counted one by one **{counted}**.")).format(
        formula=total, counted=counted(setup)))  # fmt: skip
    parts = {cell: size // sizes["rnn"] for cell, size in sizes.items()}
    st.markdown(
        t(N_("RNN : GRU : LSTM = {rnn} : {gru} : {lstm} = {a} : {b} : {c}, for one, three and four blocks.")).format(
            **sizes, a=parts["rnn"], b=parts["gru"], c=parts["lstm"]
        )
    )
