"""Find the bugs: a short encoder-decoder whose wrong lines are to be marked, and what each of them would do."""

import re
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

import streamlit as st

from pages.kit.text import t
from seqcore.data.mistakes import LINES, MISTAKES, Mistake, program
from seqcore.text import N_, UserError

FIRST = {"marked": ""}
"""The lines that were marked when last checked, as a URL holds them; none before that."""


def _marked(text: str) -> str:
    read_marked(text)
    return text


READERS: Mapping[str, Callable[[str], str]] = MappingProxyType({"marked": _marked})


def read_marked(text: str) -> list[int]:
    """`3,20` -> the numbers of lines, in order; `UserError` for what are none."""
    numbers = text.split(",") if re.fullmatch(r"([0-9]{1,2},){0,98}[0-9]{1,2}", text) else []
    lines = sorted({int(number) for number in numbers})
    if text and not (lines and all(1 <= line <= len(LINES) and LINES[line - 1].text for line in lines)):
        raise UserError(N_("{value!r} are no lines of this code: write numbers from 1 to {most}, like 3,20."),
                        value=text[:40], most=len(LINES))  # fmt: skip
    return lines


def as_link(page: str) -> dict[str, str]:
    """The marked lines, as a URL holds them, if there are any."""
    return {"marked": text} if (text := st.session_state[f"{page}.marked"]) else {}


def bug_hunt(page: str) -> None:
    """Draw the code with a box to tick at each line, and beside it what was found."""
    st.subheader(t(N_("Find the bugs")), anchor=False)
    words = t(N_("An encoder-decoder with {count} mistakes, each on a line of its own. Python complains about {loud} "
                 "of them. The others run, and what comes out is wrong: those are the worst."))  # fmt: skip
    st.markdown(words.format(count=len(MISTAKES), loud=sum(mistake.loud for mistake in MISTAKES.values())))
    code, verdict = st.columns([1.1, 1], gap="medium")
    with code:
        _code(page)
    with verdict:
        _verdict(page, read_marked(st.session_state[f"{page}.marked"]))
        with st.expander(t(N_("Show the mended code")), icon=":material/code:"):
            st.code(program(), language="python", line_numbers=True)


def _code(page: str) -> None:
    """The numbered lines; ticking sends nothing, so that it is as quick on a slow line."""
    marked = read_marked(st.session_state[f"{page}.marked"])
    with st.form(f"{page}.bugs"):
        with st.container(gap=None):
            for number, line in enumerate(LINES, 1):
                if line.text:
                    st.session_state.setdefault(_box(page, number), number in marked)
                    st.checkbox(as_label(number, line.text), key=_box(page, number))
                else:
                    st.space("small")
        with st.container(horizontal=True):
            st.form_submit_button(t(N_("Check")), key=f"{page}.bugs.check", icon=":material/fact_check:",
                                  type="primary", on_click=_check, args=(page,))  # fmt: skip
            st.form_submit_button(t(N_("Start over")), key=f"{page}.bugs.again", icon=":material/restart_alt:",
                                  on_click=_again, args=(page,))  # fmt: skip


def as_label(number: int, text: str) -> str:
    """A line as the label of its box: its number, and the code with blanks that stay at its beginning."""
    inner = text.lstrip(" ")
    return f"`{number:2}  {' ' * (len(text) - len(inner))}".replace(" ", "\u00a0") + f"{inner}`"


def _box(page: str, number: int) -> str:
    return f"{page}.bugs.{number}"


def _check(page: str) -> None:
    ticked = [number for number in range(1, len(LINES) + 1) if st.session_state.get(_box(page, number))]
    st.session_state[f"{page}.marked"] = ",".join(map(str, ticked))


def _again(page: str) -> None:
    st.session_state[f"{page}.marked"] = ""
    for number in range(1, len(LINES) + 1):
        st.session_state[_box(page, number)] = False


def _verdict(page: str, marked: Collection[int]) -> None:
    """Each mistake, found or not yet, and each line that was marked and is right."""
    if not marked:
        st.info(t(N_("Mark the lines that you suspect, then press Check. You may check as often as you like.")),
                icon=":material/bug_report:")  # fmt: skip
        return
    found = [number for number in MISTAKES if number in marked]
    st.markdown(t(N_("**{found} of {count}** mistakes found. What you have not found yet is told by what one would see "
                     "of it; open it for the line.")).format(found=len(found), count=len(MISTAKES)))  # fmt: skip
    for number, mistake in MISTAKES.items():
        _tell(page, number, mistake, number in found)
    right = [number for number in marked if number not in MISTAKES]
    if right:
        st.markdown(t(N_("**Well looked at, but right as it is:**")))
        for number in right:
            st.markdown(t(N_("Line {number}: {why}")).format(number=number, why=t(LINES[number - 1].why)))


def _tell(page: str, number: int, mistake: Mistake, found: bool) -> None:
    """One mistake: open if it was found, and closed if not, with the line inside."""
    line = t(N_("Line {number}")).format(number=number) if found else t(N_("Not found yet"))
    icon = ":material/check_circle:" if found else ":material/search:"
    with st.expander(f"**{line}** · {t(mistake.symptom)}", found, key=f"{page}.bugs.told.{number}.{found}", icon=icon):
        kind = t(N_("loud: Python stops")) if mistake.loud else t(N_("silent: it runs"))
        badge = f":blue-badge[:material/volume_up: {kind}]" if mistake.loud else (
            f":orange-badge[:material/volume_off: {kind}]")  # fmt: skip
        st.markdown(f"{badge} {t(mistake.effect)}")
        wrong, right = mistake.text.strip(), mistake.right.strip()
        st.code(f"- {number:2}  {wrong}\n+ {number:2}  {right}", language=None, wrap_lines=True)
        st.markdown(f":material/straighten: {t(mistake.measured)}")
