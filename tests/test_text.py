"""Every sentence a student can see exists in every language, and nothing typed is rendered."""

import re
import string
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from pages.kit.text import LANGUAGES, plain

ROOT = Path(__file__).parents[1]
OTHERS = [code for code in LANGUAGES if code != "en"]


def sentences() -> set[str]:
    """The messages marked in the code, as `make catalogues` finds them."""
    found = set()
    for path in [ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "seqcore").rglob("*.py")]:
        found |= {message for _, message, *_ in extract_from_file("python", path, keywords={"N_": None, "t": None})}
    return {message for message in found if isinstance(message, str)}


def catalogue(language):
    with (ROOT / "assets/locale" / language / "LC_MESSAGES/seqlab.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file, locale=language) if message.id}


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated(language):
    translated = catalogue(language)
    assert not sorted(message for message in sentences() if not translated.get(message))


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_of_its_original(language):
    for message, translation in catalogue(language).items():
        places = [{(name, form) for _, name, form, _ in string.Formatter().parse(text) if name is not None}
                  for text in (message, translation)]  # fmt: skip
        assert places[0] == places[1], message


@pytest.mark.parametrize("language", OTHERS)
def test_a_translated_lesson_has_the_sections_of_its_original(language):
    for original in (ROOT / "assets/lessons/en").glob("*.md"):
        translated = ROOT / "assets/lessons" / language / original.name
        sections = [re.findall(r"^## (\w+)$", path.read_text(), re.MULTILINE) for path in (original, translated)]
        assert sections[0] == sections[1], original.name


@given(st.text())
def test_plain_text_keeps_every_character_and_escapes_what_markdown_acts_on(text):
    escaped = plain(text)
    assert re.sub(r"\\(.)", r"\1", escaped, flags=re.DOTALL) == text
    assert not re.search(r"(?<!\\)[<>`*_\[\]$]", re.sub(r"\\.", "", escaped, flags=re.DOTALL))
