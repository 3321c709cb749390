"""Dates: a day between 1900 and 2100, written as English speakers do, into four ways of writing it.

Character by character on both sides. Upper and lower case are read alike. The translation is what Babel writes for
that day, to the letter: French is "1 mai 1998", where people also write "1er mai".

Every source has one reading. Days and months in figures change places between Britain and America: "03/05/1998" is
written only where both read the same day, as in "13/05/1998" (there is no 13th month) or "05/05/1998"; with the year
in front the month always follows. Two figures of a year mean 1969 to 2068, as POSIX reads them ("%y" of strptime), and
come behind an apostrophe ("3 May '98") or, in figures, where they can be no day ("13/05/98").

Source: the forms of Unicode's CLDR, by way of Babel.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import partial

import numpy as np
from babel import Locale
from babel.dates import format_date, get_day_names, get_month_names

from seqcore.data.text.task import TextTask
from seqcore.text import N_

FIRST, LAST = date(1900, 1, 1), date(2100, 12, 31)

CLEAR = (
    "{d} {month} {y}", "{d} {month}, {y}", "{d} {mon} {y}", "{dd} {mon} {y}", "{d}-{mon}-{y}",
    "{month} {d}, {y}", "{month} {d} {y}", "{mon} {d}, {y}", "{mon} {th} {y}", "{month} {th}, {y}",
    "{th} {month} {y}", "{th} of {month} {y}", "the {th} of {month}, {y}", "{month} the {th}, {y}",
    "the {word} of {month} {y}", "{month} the {word}, {y}",
    "{weekday}, {d} {month} {y}", "{weekday}, {month} {d}, {y}", "{weekday} {th} {month} {y}",
    "{wday} {d} {mon} {y}", "{wday}, {mon} {d}, {y}",
    "{y}-{mm}-{dd}", "{y}/{mm}/{dd}", "{y}/{m}/{d}", "{y}.{mm}.{dd}", "{y} {month} {d}",
)  # fmt: skip
"""Ways of writing that are clear for every day."""

CLEAR_DAY = ("{d}/{m}/{y}", "{m}/{d}/{y}", "{dd}/{mm}/{y}", "{mm}/{dd}/{y}", "{dd}-{mm}-{y}", "{dd}.{mm}.{y}")
CLEAR_YEAR = ("{d} {month} '{yy}", "{month} {d}, '{yy}", "{th} {mon} '{yy}")
CLEAR_BOTH = ("{d}/{m}/{yy}", "{m}/{d}/{yy}", "{dd}/{mm}/{yy}", "{mm}/{dd}/{yy}")
"""The same, where the day is clear, where two figures of the year are, and where both are and the year is no day."""

ONES = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
)  # fmt: skip
WORDS = (*ONES, "twentieth", *(f"twenty-{word}" for word in ONES[:9]), "thirtieth", "thirty-first")
SUFFIXES = {1: "st", 21: "st", 31: "st", 2: "nd", 22: "nd", 3: "rd", 23: "rd"}

MONTHS, SHORT_MONTHS = (get_month_names(width, locale="en") for width in ("wide", "abbreviated"))  # from 1
WEEKDAYS, SHORT_WEEKDAYS = (get_day_names(width, locale="en") for width in ("wide", "abbreviated"))  # from 0


def forms(day: date) -> tuple[str, ...]:
    """The templates that leave no doubt which day is meant."""
    clear_day = day.day > 12 or day.day == day.month
    clear_year = 1969 <= day.year <= 2068
    return (
        *CLEAR,
        *(CLEAR_DAY if clear_day else ()),
        *(CLEAR_YEAR if clear_year else ()),
        *(CLEAR_BOTH if clear_day and clear_year and day.year % 100 > 31 else ()),
    )


def written(day: date, form: str) -> str:
    """A day in one of the forms."""
    return form.format(
        d=day.day, dd=f"{day.day:02}", th=f"{day.day}{SUFFIXES.get(day.day, 'th')}", word=WORDS[day.day - 1],
        m=day.month, mm=f"{day.month:02}", month=MONTHS[day.month], mon=SHORT_MONTHS[day.month],
        y=day.year, yy=f"{day.year % 100:02}",
        weekday=WEEKDAYS[day.weekday()], wday=SHORT_WEEKDAYS[day.weekday()],
    )  # fmt: skip


def draw(translated: Callable[[date], str], rng: np.random.Generator) -> tuple[str, str]:
    day = FIRST + timedelta(days=int(rng.integers((LAST - FIRST).days + 1)))
    ways = forms(day)
    return written(day, ways[rng.integers(len(ways))]), translated(day)


ALL_FORMS = CLEAR + CLEAR_DAY + CLEAR_YEAR + CLEAR_BOTH
SOME_DAYS = [date(2000, 1, day) for day in range(1, 32)] + [date(2000, month, 1) for month in range(2, 13)]
"""Every day of a month, every month, and every day of the week."""


def characters(texts: Iterable[str]) -> tuple[str, ...]:
    """All that texts about `SOME_DAYS` are made of, and the digits, which come together only in all years."""
    return tuple(sorted(set("0123456789").union(*texts)))


SOURCE_TOKENS = characters(written(day, form).lower() for day in SOME_DAYS for form in ALL_FORMS)


def task(code: str, label: str, rule: str, locale: str, form: str, longest: int) -> TextTask:
    """Dates into the form that Babel calls so in a locale; `longest` is the most characters of a translation."""
    translated = partial(format_date, format=form, locale=Locale.parse(locale))
    return TextTask(
        f"dates_{code}", label, rule, "Babel (Unicode CLDR)",
        source_tokens=SOURCE_TOKENS, target_tokens=characters(map(translated, SOME_DAYS)),
        source_length=len("the twenty-seventh of september 1998"), target_length=longest,
        split_source=list, split_target=list, join_target="".join, join_source="".join,
        draw=partial(draw, translated),
    )  # fmt: skip


TASKS = (
    task("zh", N_("Dates into Chinese"), N_('"May 3rd, 1998" becomes 1998年5月3日.'), "zh_Hant_TW", "long", 11),
    task("fr", N_("Dates into French"), N_('"May 3rd, 1998" becomes 3 mai 1998.'), "fr", "long", 17),
    task("ko", N_("Dates into Korean"), N_('"May 3rd, 1998" becomes 1998년 5월 3일.'), "ko", "long", 13),
    task("iso", N_("Dates into ISO 8601"), N_('"May 3rd, 1998" becomes 1998-05-03.'), "en", "yyyy-MM-dd", 10),
)
