"""Text tasks: the translations are right, the parts share no meaning, and every token has its number."""

import re
from collections import Counter
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from string import ascii_lowercase as LETTERS

import numpy as np
import pytest
from babel.dates import format_date
from hypothesis import given, settings
from hypothesis import strategies as st

import seqcore.data.text as text
from seqcore.data.text import BOS, EOS, PAD, SPECIAL, TEXT_TASKS, UNK, Pairs, Vocabulary, dates, make, vocabularies
from seqcore.text import UserError

names = pytest.mark.parametrize("name", TEXT_TASKS)
SENTENCES = TEXT_TASKS["sentences"]
EVERY_DAY = [dates.FIRST + timedelta(days=n) for n in range((dates.LAST - dates.FIRST).days + 1)]


def test_every_file_is_listed():
    files = {path.stem for path in Path(text.__file__).parent.glob("*.py")}
    tasks = {"dates", "sentences", "letters"}
    assert files == tasks | {
        "__init__", "task", "vocabulary", "grammar", "lexicon", "spec", "tokenizer", "bpe", "corpus", "flow", "reviews",
        "transfer",
    }  # fmt: skip
    assert list(TEXT_TASKS) == [task.name for module in (dates, text.sentences, text.letters) for task in module.TASKS]
    assert list(TEXT_TASKS) == ["dates_zh", "dates_fr", "dates_ko", "dates_iso", "sentences", "sort", "copy"]


def test_a_vocabulary_numbers_its_tokens_and_knows_what_it_does_not_know():
    vocabulary = Vocabulary(("b", "a"))
    assert (PAD, BOS, EOS, UNK) == (0, 1, 2, 3) and len(vocabulary) == 6
    assert vocabulary.encode(["a", "b", "c", "<eos>"]) == [5, 4, UNK, EOS]
    assert vocabulary.decode([1, 5, 3, 2, 0]) == ["<bos>", "a", "<unk>", "<eos>", "<pad>"]
    assert "a" in vocabulary and "c" not in vocabulary and "<pad>" in vocabulary
    for wrong in (-1, 6):
        with pytest.raises(ValueError, match=rf"id \({wrong}\) must be between 0 and 5"):
            vocabulary.decode([wrong])
    for wrong in (("a", "a"), ("<unk>",), ("",)):
        with pytest.raises(ValueError, match="each must be new"):
            Vocabulary(wrong)
    with pytest.raises(AttributeError):
        vocabulary.tokens = ()


@names
def test_the_same_seed_gives_the_same_pairs_and_another_seed_or_part_gives_others(name):
    first = make(name, 50, 7)
    assert first == make(name, 50, 7) and len(first) == len(first.target) == 50
    assert first != make(name, 50, 8) and not set(first.target) & set(make(name, 50, 7, "test").target)


@names
def test_no_meaning_is_in_both_parts(name):
    train, test = (make(name, 3000, 1, part) for part in ("train", "test"))
    assert not set(train.target) & set(test.target) and not set(train.source) & set(test.source)
    assert {TEXT_TASKS[name].part(target) for target in train.target} == {"train"}


def test_one_meaning_in_ten_is_kept_for_the_test():
    share = np.mean([TEXT_TASKS["dates_iso"].part(day.isoformat()) == "test" for day in EVERY_DAY])
    assert share == pytest.approx(0.1, abs=0.005)
    kept = [day for day in range(1, 32) if TEXT_TASKS["dates_iso"].part(f"1998-05-{day:02}") == "test"]
    assert kept == [6, 30]  # as on every machine


@names
def test_numbers_are_the_tokens_padded_behind_the_end(name):
    task, pairs = TEXT_TASKS[name], make(name, 300, 3)
    sources, targets = vocabularies(name)
    x, y = task.numbers(pairs, (sources, targets))
    assert x.dtype == y.dtype == np.int64 and UNK not in x and UNK not in y
    assert x.shape == (300, max(len(task.tokens(source)) for source in pairs.source))
    assert y.shape == (300, max(map(len, pairs.target)) + 2)
    for row, source, answer, target in zip(x, pairs.source, y, pairs.target, strict=True):
        length = len(task.tokens(source))
        assert sources.decode(row[:length]) == task.tokens(source) and (row[length:] == PAD).all()
        assert answer[0] == BOS and answer[len(target) + 1] == EOS and (answer[len(target) + 2 :] == PAD).all()
        assert task.join_target(targets.decode(answer[1 : len(target) + 1])) == target
    empty = task.numbers(Pairs((), ()), (sources, targets))
    assert [ids.shape for ids in empty] == [(0, 0), (0, 0)]


def test_vocabularies_hold_what_a_date_can_be_made_of_and_nothing_else():
    written = {dates.written(day, form).lower() for day in EVERY_DAY[::29] for form in dates.forms(day)}
    assert set("".join(written)) == set(vocabularies("dates_ko")[0].tokens)
    assert vocabularies("dates_iso")[1].tokens == tuple("-0123456789")
    for name, task in TEXT_TASKS.items():
        assert vocabularies(name) == (Vocabulary(task.source_tokens), Vocabulary(task.target_tokens))
        assert list(task.source_tokens) == sorted(task.source_tokens)


def test_lengths_of_dates_are_what_they_are_said_to_be():
    longest = max(len(dates.written(day, form)) for day in EVERY_DAY[:366] for form in dates.forms(day))
    for task in dates.TASKS:
        translated = task.draw.args[0]
        assert task.source_length == longest == 36
        assert max(len(translated(day)) for day in EVERY_DAY[:366]) == task.target_length


BABEL = {"dates_zh": ("zh_Hant", "long"), "dates_fr": ("fr", "long"), "dates_ko": ("ko", "long")}
"""The forms again, asked of Babel by name."""


@pytest.mark.parametrize(
    ("name", "expected"),
    [("zh", "1998年5月3日"), ("fr", "3 mai 1998"), ("ko", "1998년 5월 3일"), ("iso", "1998-05-03")],
)
def test_a_day_is_translated_as_babel_writes_it(name, expected):
    translated = TEXT_TASKS[f"dates_{name}"].draw.args[0]
    assert translated(date(1998, 5, 3)) == expected
    for day in EVERY_DAY[::97]:
        if name == "iso":
            assert translated(day) == day.isoformat()
        else:
            locale, form = BABEL[f"dates_{name}"]
            assert translated(day) == format_date(day, form, locale=locale)


@pytest.mark.parametrize("part", ["train", "test"])
def test_rows_of_letters_are_sorted_and_copied(part):
    for name, expected in (("sort", lambda row: "".join(sorted(row))), ("copy", str)):
        pairs = make(name, 2000, 5, part)
        assert pairs.target == tuple(map(expected, pairs.source))
        assert {len(row) for row in pairs.source} == set(range(3, 13))
        assert set("".join(pairs.source)) == set(LETTERS)
        assert max(Counter("".join(row[0] for row in pairs.source)).values()) < 2 * 2000 / 26  # none is favoured
        assert any(len(set(row)) < len(row) for row in pairs.source)  # a letter can come twice


def test_no_row_is_sorted_in_training_whose_letters_are_those_of_a_test_row():
    train, test = ({"".join(sorted(row)) for row in make("sort", 10_000, 2, part).source} for part in ("train", "test"))
    assert len(test) > 3000 and not train & test
    kept = [letter for letter in LETTERS if TEXT_TASKS["sort"].part(f"aa{letter}") == "test"]
    assert kept == ["j", "m", "z"]  # as on every machine
    share = np.mean([TEXT_TASKS["copy"].part("".join(row)) == "test" for row in product(LETTERS, repeat=3)])
    assert share == pytest.approx(0.1, abs=0.005)


MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
UNITS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
}
TEENS = {"tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15,
         "sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20,
         "thirtieth": 30}  # fmt: skip
ORDINALS = {**UNITS, **TEENS, **{f"twenty-{unit}": 20 + n for unit, n in UNITS.items()}, "thirty-first": 31}


def readings(written):
    """Every day between 1900 and 2100 that a date can mean to somebody, as ISO, by rules of its own."""
    written = written.lower()
    if found := re.fullmatch(r"(\d+)[-/.](\d+)[-/.](\d+)", written):
        parts = found.groups()
        orders = [(0, 1, 2)] if len(parts[0]) == 4 else [(2, 0, 1), (2, 1, 0), (0, 1, 2)]
        triples = [[parts[place] for place in order] for order in orders]
    else:
        words = re.findall(r"twenty-\w+|thirty-\w+|'?\w+", written)
        months = [str(MONTHS.index(word[:3]) + 1) for word in words if word[:3] in MONTHS]
        days = [str(ORDINALS[word]) for word in words if word in ORDINALS]
        days += [re.match(r"\d+", word)[0] for word in words if re.fullmatch(r"\d\d?(st|nd|rd|th)?", word)]
        years = [word.lstrip("'") for word in words if re.fullmatch(r"\d{4}|'\d\d", word)]
        triples = [[*years, *months, *days]]
    found = set()
    for year, month, day in triples:
        if len(year) == 1 or len(month) > 2 or len(day) > 2:
            continue
        century = 0 if len(year) == 4 else 1900 if int(year) >= 69 else 2000
        try:
            found.add(date(century + int(year), int(month), int(day)).isoformat())
        except ValueError:
            continue
    return found


def test_every_way_of_writing_a_day_has_that_day_as_its_one_reading():
    used = set()
    for day in EVERY_DAY[::41] + [date(1998, 5, n) for n in range(1, 32)]:
        for form in dates.forms(day):
            used.add(form)
            assert readings(dates.written(day, form)) == {day.isoformat()}, dates.written(day, form)
    assert used == set(dates.ALL_FORMS)


def test_a_day_that_two_people_would_read_differently_is_not_written_in_figures():
    assert readings("03/05/1998") == {"1998-05-03", "1998-03-05"}
    written = {dates.written(date(1998, 5, 3), form) for form in dates.forms(date(1998, 5, 3))}
    assert not [way for way in written if re.fullmatch(r"\d\d?[/.-]\d\d?[/.-]\d+", way)]
    assert {"3 May 1998", "May 3rd, 1998", "Sunday, 3 May 1998", "the third of May 1998", "1998-05-03", "3 May '98",
            "Sun, May 3, 1998", "the 3rd of May, 1998", "May the third, 1998"} <= written  # fmt: skip
    assert "13/05/98" in {dates.written(date(1998, 5, 13), form) for form in dates.forms(date(1998, 5, 13))}
    for year in (1901, 1968, 2011, 2069):
        ways = [dates.written(date(year, 5, 13), form) for form in dates.forms(date(year, 5, 13))]
        assert f"13/05/{year}" in ways and f"13/05/{year % 100:02}" not in ways
        assert (f"13 May '{year % 100:02}" in ways) == (year == 2011)


def test_days_of_the_week_and_suffixes_are_right():
    assert dates.written(date(2000, 2, 29), "{weekday} {th}") == "Tuesday 29th"
    suffixed = [dates.written(date(1998, 5, n), "{th}") for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 30, 31)]
    assert " ".join(suffixed) == "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 23rd 30th 31st"


@pytest.mark.parametrize(
    ("typed", "tokens"),
    [
        ("How are you?", "how are you ?"),
        ("I don’t like my mother's dog.", "i do not like my mother 's dog ."),
        ("  She's  TIRED\n", "she is tired"),
        ("They won't, I can't; we're", "they will not , i can not ; we are"),
        ("Ｈｅ　ｉｓ　ｔａｌｌ．", "he is tall ."),
        ("<b>tea</b>", "< b > tea < / b >"),
        ("🐈🐈 اهلا", "🐈 🐈 اهلا"),
        ("<eos>", "< eos >"),
        ("\ud800", "\ud800"),
    ],
)
def test_what_is_typed_is_split_as_what_is_drawn(typed, tokens):
    assert SENTENCES.typed(typed) == tokens.split()


def test_unknown_words_and_characters_are_marked():
    words, characters = vocabularies("sentences")[0], vocabularies("dates_fr")[0]
    assert words.decode(words.encode(SENTENCES.typed("The zebra <eos> 🐈"))) == ["the", *["<unk>"] * 5]
    assert TEXT_TASKS["dates_fr"].typed("３　MAY 1998") == list("3 may 1998")
    assert characters.encode(["k", "🐈"]) == [UNK, UNK]


@names
@given(st.text(max_size=text.TYPED))
@settings(max_examples=60, deadline=None)
def test_anything_typed_becomes_tokens_or_a_sentence(name, typed):
    task = TEXT_TASKS[name]
    if not typed.split():
        with pytest.raises(UserError, match="There is nothing to translate: type 1 to 200 characters"):
            task.typed(typed)
        return
    tokens = task.typed(typed)
    assert 0 < len(tokens) <= len(typed) and all(tokens) and not set(tokens) & set(SPECIAL)
    vocabulary = vocabularies(name)[0]
    ids = vocabulary.encode(tokens)
    assert all(UNK <= number < len(vocabulary) for number in ids)
    assert all(
        number == UNK or token == known
        for number, token, known in zip(ids, tokens, vocabulary.decode(ids), strict=True)
    )


@names
def test_what_is_too_long_is_refused_with_the_numbers(name):
    assert len(TEXT_TASKS[name].typed("a" * 200)) == (1 if name == "sentences" else 200)
    with pytest.raises(UserError) as problem:
        TEXT_TASKS[name].typed("a" * 10_000)
    assert str(problem.value) == "This text has 10000 characters, and at most 200 are read: shorten it."


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"count": 0}, "count (0) must be between 1 and 50000."),
        ({"count": 50_001}, "count (50001) must be between 1 and 50000."),
        ({"seed": -1}, "seed (-1) must be between 0 and 2147483647."),
        ({"part": "exam"}, "part must be one of train, test, not 'exam'."),
        ({"name": "poems"}, f"task must be one of {', '.join(TEXT_TASKS)}, not 'poems'."),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_numbers(wrong, sentence):
    with pytest.raises(UserError) as problem:
        make(**{"name": "dates_iso", "count": 5, "seed": 0, **wrong})
    assert str(problem.value) == sentence
