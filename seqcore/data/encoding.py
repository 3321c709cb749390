"""From the bytes of an uploaded file to text, or to a sentence that says what the file is instead."""

import codecs
from itertools import islice

from charset_normalizer import from_bytes

from seqcore.text import N_, UserError

MEGABYTES = 20
ROWS = 200_000

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
"""Byte order marks; UTF-32's little one begins with UTF-16's, so it comes first."""

WIDE = ["utf_16_le", "utf_16_be"]
LEGACY = ["big5", "gb18030", "cp1252"]
"""What spreadsheets still write here, likeliest first. In all of them digits, points and commas are those of ASCII, so
a wrong guess spoils names only; with the Japanese and Korean ones in the list, short Chinese headers are misread."""

WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
BINARIES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"%PDF", b"\x1f\x8b", b"PAR1", b"\x7fELF", b"SQLite format 3")


def decode(raw: bytes) -> tuple[str, list[UserError]]:
    """The text of a file, and notes on what had to be assumed.

    Raises `UserError` for a file that is empty, too large, of too many lines, or no text.
    """
    _check_size(raw)
    if raw.startswith(WORKBOOKS):
        raise UserError(
            N_("This is an Excel workbook or a ZIP archive, not a CSV file: in the spreadsheet, save it as CSV UTF-8.")
        )
    if raw.startswith(BINARIES):
        raise _not_text()
    text, notes = _decode(raw)
    if "\0" in text:
        raise _not_text()
    start = text.lstrip()[:20].lower()
    if not start:
        raise UserError(N_("The file is empty: a header and one row for each time step are needed."))
    if start.startswith(("{", "[")):
        raise UserError(N_("This is JSON, not a table: write the values as CSV, one row for each time step."))
    if start.startswith(("<!doctype", "<html", "<?xml", "<table")):
        raise UserError(N_("This is a web page or XML, not a table: save the table in it as CSV."))
    return text, notes


def _check_size(raw: bytes) -> None:
    if len(raw) > MEGABYTES * 2**20:
        raise UserError(
            N_("The file has {size:.0f} MB; at most {limit} MB are taken: keep fewer rows or columns."),
            size=len(raw) / 2**20, limit=MEGABYTES,
        )  # fmt: skip
    lines = max(raw.count(b"\n"), raw.count(b"\r"))
    if lines > ROWS + 1:  # a header
        raise UserError(
            N_("The file has {rows:,} rows; at most {limit:,} are taken: keep only the last ones."),
            rows=lines, limit=ROWS,
        )  # fmt: skip


def _decode(raw: bytes) -> tuple[str, list[UserError]]:
    for mark, encoding in MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace"), []
    if b"\0" in raw:
        return _guess(raw, raw[:65_536], WIDE)
    try:
        return raw.decode("utf-8"), []
    except UnicodeDecodeError:
        # Lines of plain digits say nothing of the encoding: only those that do are looked at.
        telling = b"\n".join(islice((line for line in raw.splitlines() if not line.isascii()), 500))
        return _guess(raw, telling, LEGACY)


def _guess(raw: bytes, sample: bytes, encodings: list[str]) -> tuple[str, list[UserError]]:
    best = from_bytes(sample, cp_isolation=encodings).best()
    if best is None or best.encoding not in encodings:
        raise _not_text()
    note = UserError(
        N_("The file is not UTF-8; it was read as {encoding}. If a name looks wrong, save the file as CSV UTF-8."),
        encoding=best.encoding,
    )
    return raw.decode(best.encoding, errors="replace"), [note]


def _not_text() -> UserError:
    return UserError(N_("This is not a text file: choose a CSV file, or save the table as CSV UTF-8."))
