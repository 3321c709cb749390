"""What people upload: good files are read as they were meant, bad ones become a sentence that helps."""

import io
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqcore.data.encoding import MEGABYTES, ROWS
from seqcore.data.grid import CELLS, COLUMNS
from seqcore.data.series import FOLDER, load
from seqcore.data.upload import column, read_table
from seqcore.text import UserError


def read(raw: bytes | str, name: str | None = None):
    """The table and one series of it (the first, unless named)."""
    table = read_table(raw.encode() if isinstance(raw, str) else raw, "file.csv")
    return table, column(table, name or table.numeric[0])


def notes(table) -> str:
    return " ".join(map(str, table.notes))


def refusal(raw: bytes | str) -> str:
    with pytest.raises(UserError) as problem:
        read(raw)
    return str(problem.value)


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()


NO_TABLE = {
    "empty": (b"", "^The file is empty"),
    "blank": (b" \r\n\t\n", "^The file is empty"),
    "empty cells": (b",,\n,,\n", "Every cell of the file is empty"),
    "xlsx": (zipped(), "Excel workbook or a ZIP archive.*save it as CSV UTF-8"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "Excel workbook"),
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "not a text file"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(20), "not a text file"),
    "zeros": (bytes(5000), "not a text file"),
    "zeros among the text": (b"\xef\xbb\xbfp\n1\x00\n2\n", "not a text file"),
    "binary": (bytes(range(256)) * 40, "not a text file"),
    "json": (b'{"close": [1, 2, 3]}', "This is JSON"),
    "json list": (b"[1, 2, 3]", "This is JSON"),
    "web page": (b"<!DOCTYPE html>\n<html><table><tr><td>1</td></tr></table>", "web page or XML"),
    "no numbers": (b"city,colour\nTainan,red\nTaipei,blue\n", "row 2 of column 'colour', for example, holds 'red'"),
    "header only": (b"date,price\n", "No column holds numbers: row 1 of column 'column 2'.*'price'"),
    "only formulas": (b"p\n=A1+1\n=A2+1\n", "Row 2 of column 'p' holds the formula '=A1\\+1'.*Cells to mend: 2"),
    "title above": (b"Prices\ndate,a,b\n1,2,3\n", "Row 2 has 3 cells and the first row 1: remove lines"),
    "ragged": (b"a,b\n1,2\n1,2,3\n", "Row 3 has 3 cells and the first row 2"),
    "open quote": (b'a,b\n1,2\n3,"4\n5,6\n', "Row 3 holds a quotation mark that is not closed"),
    "endless cell": (b"p\n1\n" + b"x" * 200_000 + b"\n2\n", "Row 3 .*endless length"),
    "one long row": (b",".join([b"12"] * 300), f"has 300 columns; at most {COLUMNS}"),
    "one endless row": (b"a,b\n" + b",".join([b"12"] * 1_000_000), f"1,000,000 columns; at most {COLUMNS}"),
    "too many cells": (b"1,2,3,4,5,6,7,8\n" * (CELLS // 8 + 1), "more than 1,000,000 cells"),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "words"), NO_TABLE.values(), ids=NO_TABLE)
def test_what_is_no_table_gets_a_sentence(raw, words):
    with pytest.raises(UserError, match=words):
        read_table(raw, "file.csv")


BAD_CELLS = {
    "text": ("q,price\nx,1\ny,abc\nz,3\n", "Row 3 of column 'price' holds 'abc', which is not a number.*mend: 1"),
    "several": ("p\n1\n2\n3\nx\ny\n", "Row 5 of column 'p' holds 'x'.*mend: 2"),
    "long text": ("p\n1\n2\n" + "x" * 5000, "Row 4 of column 'p' holds 'x{39}…'"),
    "nan": ("p\n1\n2\nNaN\n4\n", "Row 4 of column 'p' holds 'NaN', a missing or infinite value"),
    "n/a": ("p\n1\n2\nn/a\n4\n", "Row 4 of column 'p' holds 'n/a', a missing or infinite value"),
    "inf": ("p\n1\n-inf\n4\n", "Row 3 of column 'p' holds '-inf', a missing or infinite value"),
    "overflow": ("p\n1\n1e999\n4\n", "Row 3 of column 'p' holds '1e999', a missing or infinite value"),
    "gap": ("p\n1\n\n4\n", "Row 3 of column 'p' is empty: fill it in or remove the row"),
    "gap in a wide table": ("a,b\n1,2\n,3\n4,5\n", "Row 3 of column 'a' is empty"),
    "blank rows above": ("\n\np\n1\nx\n3\n", "Row 5 of column 'p' holds 'x'"),
    "no header": ("1\nx\n3\n", "Row 2 of column 'column 1' holds 'x'"),
    "nan in the first row": ("nan\n2\n3\n", "Row 1 of column 'column 1' holds 'nan'"),
    "formula": ("p\n1\n2\n=SUM(A1:A3)\n", r"Row 4 of column 'p' holds the formula '=SUM\(A1:A3\)'.*save .* values"),
    "command": ("p\n1\n=cmd|' /C calc'!A0\n2\n", "Row 3 of column 'p' holds the formula"),
    "at": ("p\n1\n@SUM(A1)\n2\n", "Row 3 of column 'p' holds the formula"),
    "hexadecimal": ("p\n1\n0x10\n2\n", "Row 3 of column 'p' holds '0x10', which is not a number"),
    "underscore": ("p\n1\n1_000\n2\n", "Row 3 of column 'p' holds '1_000', which is not a number"),
    "both marks": ("p;q\n1,5;1\n2.5;2\n3,5;3\n", "Row 3 of column 'p' holds '2.5', which is not a number"),
    "one row": ("p\n5\n", "Column 'p' holds one value; a series has many"),
    "one number": ("5", "holds one value"),
    "one wide row": ("1,2,3,4\n", "holds one value; a series has many, below each other"),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "words"), BAD_CELLS.values(), ids=BAD_CELLS)
def test_a_bad_cell_is_named_with_its_row_its_column_and_the_remedy(raw, words):
    with pytest.raises(UserError, match=words):
        read(raw)


def test_a_bad_column_leaves_the_others_usable():
    table, series = read("day,a,b\n1,10,x\n2,11,5\n3,12,6\n", "a")
    assert table.numeric == ("a", "b")
    np.testing.assert_array_equal(series.values, [10, 11, 12])
    with pytest.raises(UserError, match="Row 2 of column 'b' holds 'x'"):
        column(table, "b")
    with pytest.raises(UserError, match="no column of numbers named 'c'; the file has a, b"):
        column(table, "c")


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"1\n" * 10_000_000, "10,000,000 rows; at most 200,000"), (b"1" * 10 + b" " * MEGABYTES * 2**20, "20 MB")],
)
def test_a_huge_file_is_refused_at_once_and_without_reading_it(raw, words):
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises(UserError, match=words):
        read_table(raw, "huge.csv")
    took, (_, peak) = time.perf_counter() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 1 and peak < 1e6


def test_the_largest_file_that_is_taken():
    table, series = read("p\n" + "\n".join(map(str, range(ROWS))) + "\n")
    assert table.rows == len(series.values) == ROWS
    assert "at most 200,000" in refusal("p\n" + "1\n" * (ROWS + 1))


@pytest.mark.parametrize(
    ("raw", "values", "note"),
    [
        ("p\n1\n2.5\n-3e2\n+.5\n", [1, 2.5, -300, 0.5], ""),
        ("Tag;Preis\nMo;1.234,5\nDi;999,25\n", [1234.5, 999.25], "decimal commas: 1.234,5 is 1234.5"),
        ("price\n1,5\n2,25\n", [1.5, 2.25], "decimal commas: 1,5 is 1.5"),
        ("a;p\nx;1,234\ny;2,345\n", [1.234, 2.345], "decimal commas: 1,234 is 1.234"),
        ('d,p\nx,"1,234.5"\ny,"1,235"\n', [1234.5, 1235], "separators of thousands: 1,234.5 is 1234.5"),
        ('d,p\nx,"1,234"\ny,"2,345"\n', [1234, 2345], "separators of thousands: 1,234 is 1234"),
        ('d;p\nx;1,234.5\ny;2,345\n', [1234.5, 2345], "separators of thousands"),
        ("p\tq\n1.5\tx\n2.5\ty\n", [1.5, 2.5], ""),
        ('"p, in USD","q"\n"1.5","x"\n"2.5","y"\n', [1.5, 2.5], ""),
        ("q, p\nx, 1.5\ny, 2.5\n", [1.5, 2.5], ""),
        ('q, p\n"x, first", 1.5\nz, "2.5"\n', [1.5, 2.5], ""),
        ("p,\n1.5,\n2.5,\n", [1.5, 2.5], ""),
        ("q,p\rx,1.5\ry,2.5\r", [1.5, 2.5], ""),
        ("1.5\n2.5\n", [1.5, 2.5], "no header"),
        (",1.5\n,2.5\nx,3.5\n", [1.5, 2.5, 3.5], "no header"),
        ("p\n1.5\n2.5\n\n\n", [1.5, 2.5], ""),
        ("p,q\n1.5,x\n2.5,y\n,z\n,z\n,z\n", [1.5, 2.5], "Column 'p': empty cells at the end were left out (3)"),
        ("city,p\nTainan,1.5\nTaipei,2.5\n", [1.5, 2.5], ""),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_were_meant_and_what_was_assumed_is_said(raw, values, note):
    table, series = read(raw)
    np.testing.assert_array_equal(series.values, values)
    assert note in notes(table) if note else not table.notes


@pytest.mark.parametrize(
    ("dates", "times", "note"),
    [
        (["2020-01-01", "2020-01-02"], ["2020-01-01", "2020-01-02"], ""),
        (["2020/1/9", "2020/1/10"], ["2020-01-09", "2020-01-10"], ""),
        (["20200109", "20200110"], ["2020-01-09", "2020-01-10"], ""),
        (["2020-11", "2020-12"], ["2020-11-01", "2020-12-01"], ""),
        (["31.1.2020", "1.2.2020"], ["2020-01-31", "2020-02-01"], ""),
        (["30/1/2020", "1/2/2020"], ["2020-01-30", "2020-02-01"], ""),
        (["5/1/2020", "6/1/2020", "1/2/2020"], ["2020-01-05", "2020-01-06", "2020-02-01"], ""),
        (["1/2/2020", "1/3/2020"], ["2020-01-02", "2020-01-03"], "Dates such as 1/2/2020 were read as 2020-01-02"),
        (["1/2/2020", "1/1/2020", "2/1/2020"], ["2020-01-01", "2020-01-02", "2020-02-01"], "out of order"),
        (["Jan-1-1995", "Feb-1-1995"], ["1995-01-01", "1995-02-01"], ""),
        (["2020年1月9日", "2020年1月10日"], ["2020-01-09", "2020-01-10"], ""),
        (["2020-01-01 10:00", "2020-01-01 11:30"], ["2020-01-01T10:00:00", "2020-01-01T11:30:00"], ""),
        (["2020-01-01T10:00:00Z", "2020-01-01T10:00:05Z"], ["2020-01-01T10:00:00", "2020-01-01T10:00:05"], ""),
        (["1500-06-01", "1600-06-01"], ["1500-06-01", "1600-06-01"], ""),
    ],
)  # fmt: skip
def test_dates_are_recognised_however_they_are_written(dates, times, note):
    table, series = read("when,p\n" + "".join(f"{date},{k}.5\n" for k, date in enumerate(dates)))
    assert (table.time, table.numeric) == ("when", ("p",))
    assert [str(time) for time in series.times] == times
    assert note in notes(table) if note else not table.notes


def test_rows_out_of_order_are_sorted_and_repeated_dates_kept_as_they_come():
    table, series = read("date,p\n2020-01-03,3\n2020-01-01,1\n2020-01-02,2\n2020-01-02,9\n")
    np.testing.assert_array_equal(series.values, [1, 2, 9, 3])
    assert "Column 'date' was out of order: the rows were sorted by it." in notes(table)
    assert "Rows that repeat a time of column 'date': 1" in notes(table)


def test_newest_first_becomes_oldest_first():
    _, series = read("date,p\n2020-01-03,3\n2020-01-02,2\n2020-01-01,1\n")
    np.testing.assert_array_equal(series.values, [1, 2, 3])
    assert str(series.times[0]) == "2020-01-01"


def test_a_bad_date_leaves_the_order_of_the_file():
    table, series = read("date,p\n2020-01-05,1\n2020-13-01,2\n2020-01-03,3\n")
    np.testing.assert_array_equal(series.values, [1, 2, 3])
    np.testing.assert_array_equal(series.times, [0, 1, 2])
    assert "Row 3 of column 'date' holds '2020-13-01', no date" in notes(table)


@pytest.mark.parametrize(
    ("raw", "name", "times"),
    [
        ("year,p\n1702,5.5\n1700,3.5\n", "year", [1700, 1702]),
        ("年份,p\n1700,5.5\n1702,3.5\n", "年份", [1700, 1702]),
        (",p\n0,5.5\n1,3.5\n", "column 1", [0, 1]),
        ("p,q\n4,1\n7,2\n", "", [0, 1]),
        ("year\n1700\n1701\n", "", [0, 1]),
        ("year,p\n1700.5,1\n1701.5,2\n", "", [0, 1]),
    ],
)
def test_numbers_that_count_time_are_times_and_others_are_not(raw, name, times):
    table, series = read(raw)
    assert table.time == name and name not in table.numeric
    np.testing.assert_array_equal(series.times, times)


@pytest.mark.parametrize(
    ("encoding", "header", "said"),
    [
        ("utf-8", "日期,收盤價", ""), ("utf-8-sig", "日期,收盤價", ""), ("utf-16", "日期,收盤價", ""),
        ("utf-32", "日期,收盤價", ""), ("utf-16-le", "日期,收盤價", "utf_16_le"), ("utf-16-be", "date,p", "utf_16_be"),
        ("big5", "日期,收盤價", "big5"), ("big5", "年,溫度", "big5"), ("gbk", "日期,收盘价", "gb18030"),
        ("latin-1", "Tag,Größe", "cp1252"), ("cp1252", "jour,Prix €", "cp1252"),
    ],
)  # fmt: skip
def test_encodings_are_recognised_and_those_that_were_guessed_are_named(encoding, header, said):
    table, series = read(f"{header}\n2020-01-01,1.5\n2020-01-02,2.5\n".encode(encoding))
    assert f"{table.time},{series.label}" == header
    np.testing.assert_array_equal(series.values, [1.5, 2.5])
    assert f"read as {said}." in notes(table) if said else not table.notes


def test_a_foreign_letter_far_down_does_not_spoil_the_numbers():
    rows = "".join(f"x,{k}\n" for k in range(20_000))
    table, series = read(f"name,p\n{rows}é,7\n".encode("latin-1"))
    assert series.values[-1] == 7 and "read as cp1252" in notes(table)


def test_a_broken_letter_far_down_does_not_stop_the_reading():
    raw = "城市,溫度\n" + "臺南,30\n" * 600
    _, series = read(raw.encode("big5") + b"\xff\xff,7\n")
    assert series.label == "溫度" and series.values[-1] == 7


def test_names_are_plain_short_and_all_different():
    long = "n" * 100
    header = f"x,x,x,,<b onclick=x>,a\u202eb\x07c\u200b,{long},{long}z"
    table, _ = read(f"{header}\n1,2,3,4,5,6,7,8\n3,4,3,6,9,8,9,9\n", "x")
    assert table.numeric == (
        "x", "x (2)", "x (3)", "column 4", "<b onclick=x>", "a b c", "n" * 59 + "…", "n" * 59 + "… (2)",
    )  # fmt: skip
    assert "More than one column is named 'x': one of them is called 'x (2)' here." in notes(table)


def test_the_file_name_is_plain_text_too():
    assert read_table(b"p\n1\n2\n", "../a\u202eb\x00" + "c" * 100).filename == "../a b " + "c" * 52 + "…"


def test_the_series_says_where_it_is_from_and_its_digest_tells_it_from_others():
    raw = "a,b\n1,1\n4,4\n"
    first, again, other = read(raw, "a")[1], read(raw + "\n\n", "a")[1], read(raw, "b")[1]
    assert (first.name, first.label, first.source) == ("upload", "a", "file.csv")
    assert len(first.digest) == 16 and int(first.digest, 16)
    assert first.digest == again.digest != other.digest
    assert read("a,b\n1,1\n4.0000001,4\n", "a")[1].digest != first.digest


@pytest.mark.parametrize(
    ("name", "file", "label"),
    [
        ("airline", "Airline", "Passengers"), ("sunspots", "sunspots", "SUNACTIVITY"), ("nile", "nile", "volume"),
        ("elec_equip", "elec_equip", None), ("lynx", "Lynx", None), ("seattle_min", "seattle-weather", "temp_min"),
    ],
)  # fmt: skip
def test_a_file_of_the_project_uploaded_is_the_same_series(name, file, label):
    _, series = read((FOLDER / f"{file}.csv").read_bytes(), label)
    np.testing.assert_array_equal(series.values, load(name).values)
    np.testing.assert_array_equal(series.times, load(name).times)


cells = st.text(st.sampled_from("0123456789.,;-+eE=\"'\t /:nainf@\x00é日\n\r"), max_size=60)


@given(st.binary(max_size=400) | cells.map(str.encode) | cells.map(lambda s: s.encode("utf-16")))
@settings(max_examples=400, deadline=None)
def test_no_bytes_raise_anything_but_a_sentence(raw):
    try:
        table = read_table(raw, "any.csv")
    except UserError as problem:
        assert str(problem)
        return
    assert table.numeric
    for name in table.numeric:
        try:
            series = column(table, name)
        except UserError as problem:
            assert str(problem)
        else:
            assert np.isfinite(series.values).all() and len(series.values) == len(series.times) >= 2
    assert all(str(note) for note in table.notes)


@given(
    st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=30),
    st.sampled_from([("\t", "."), (";", "."), (";", ","), (",", ".")]),
    st.sampled_from(["utf-8", "utf-16", "big5"]),
)
@settings(deadline=None)
def test_what_is_written_is_read_back(values, marks, encoding):
    separator, decimal = marks
    rows = [f"row{k}x{separator}{value!r}".replace(".", decimal) for k, value in enumerate(values)]
    _, series = read("\n".join([f"名{separator}值", *rows]).encode(encoding))
    np.testing.assert_array_equal(series.values, values)
