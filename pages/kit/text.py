"""All visible text in the reader's language: short strings by gettext, lesson prose from Markdown files."""

import gettext
import io
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import streamlit as st
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from seqcore.text import UserError

ASSETS = Path(__file__).parents[2] / "assets"

LANGUAGES = {"en": "English", "zh_Hant": "繁體中文"}
"""Language code -> its own name; the first is the source language."""

KEY = "lang"
"""The language's name in the URL."""

CHOSEN = "seqlab.lang"
"""Its name in the session."""


@lru_cache(maxsize=len(LANGUAGES))  # asked for every word of a page: st.cache_resource would take longer than all else
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations of `assets/locale/<language>/LC_MESSAGES/seqlab.po`; English needs none."""
    path = ASSETS / "locale" / language / "LC_MESSAGES" / "seqlab.po"
    if language == "en" or not path.exists():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def language() -> str:
    """The reader's language: what they chose, else what the link says, else what the browser prefers."""
    if CHOSEN not in st.session_state:
        wanted = st.query_params.get(KEY, "")
        if wanted not in LANGUAGES:
            wanted = "zh_Hant" if (st.context.locale or "").startswith("zh") else "en"
        st.session_state[CHOSEN] = wanted
    return st.session_state[CHOSEN]


def t(text: str) -> str:
    """`text` in the reader's language; an empty text stays empty."""
    return catalogue(language()).gettext(text) if text else ""


def translator() -> Callable[[str], str]:
    """`t` in the language of this moment, for what runs later and elsewhere: a download that is made when asked for."""
    gettext_ = catalogue(language()).gettext
    return lambda text: gettext_(text) if text else ""


def sentence(error: UserError) -> str:
    """What `error` says, in the reader's language, as plain text that Markdown leaves alone."""
    return plain(t(error.template).format(**error.values))


def plain(text: str) -> str:
    """`text` with everything escaped that Markdown, LaTeX or HTML would act on."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~<>$:&])", r"\\\1", text)


@st.cache_data(max_entries=64, show_spinner=False)
def _sections(path: str) -> dict[str, str]:
    parts = re.split(r"^## (\w+)\n", Path(path).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def lesson(page: str) -> dict[str, str]:
    """The prose of a page by section, from `assets/lessons/<language>/<page>.md`; sections not translated are English.

    A section begins with a line `## name`; what is above the first one is a note to translators.
    """
    files = [ASSETS / "lessons" / code / f"{page}.md" for code in ("en", language())]
    return {name: body for file in files if file.exists() for name, body in _sections(str(file)).items()}
