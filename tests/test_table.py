"""The homework's table in each of its forms: the same numbers, nothing invented, nothing acted on."""

import csv
import io
import json
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcore.homework import rows_of
from seqcore.reports.comparison import rows, spread
from seqcore.reports.result import Result
from seqcore.reports.table import (
    COLUMNS,
    FATE_WORDS,
    FATES,
    SCORES,
    UNKNOWN,
    as_csv,
    as_frame,
    as_json,
    as_latex,
    as_markdown,
    shown,
)
from seqcore.spec import RunSpec, from_json
from seqcore.training.events import History, Started

LSTM, RNN, GRU = rows_of(RunSpec(), ["lstm", "rnn", "gru"])
ARIMA = RunSpec().replace(architecture="arima")


def result(spec, seed, test, status="finished", kernel="fused"):
    test = np.array(test, float)
    history = History(np.arange(len(test)), test, test / 2, test, test, np.arange(len(test)) / 4)
    return Result(spec.replace(seed=seed), status, history, Started(7, "cpu", kernel, 30, 10, 5, 35, 40, 4.0), None)


def table():
    """Two seeds of an LSTM, one of an RNN that diverged, a GRU that waits, a baseline with signs in its order."""
    found = [
        result(LSTM, 0, [9, 3.01, 3.1]), result(LSTM, 1, [9, 3.31, 3.35]), result(RNN, 0, [9, math.nan], "diverged"),
        result(ARIMA, 0, [4.2], kernel="AR_1 & 50% <b>|x|</b>"),
    ]  # fmt: skip
    return rows([LSTM, RNN, GRU, ARIMA], found)


def shout(text):
    """A translation that can be told from the original, as long as its places are kept."""
    return re.sub(r"(\{.*?\})|([^{}]+)", lambda part: part[1] or part[2].upper(), text)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([4.25, 4.31], "4.280 ± 0.042"), ([100, 350], "225 ± 177"), ([1.0, 1.0], "1.00 ± 0.00"), ([7.3], "7.30"),
        ([], "–"), ([math.nan], "–"), ([1, math.inf], "–"), ([1.0, 1.0000001], "1.0000 ± 0.0000"),
        ([10, 12.6], "11.3 ± 1.8"), ([-0.001], "0.00"), ([1.0, 1.141], "1.07 ± 0.10"),
    ],
)  # fmt: skip
def test_a_spread_has_the_digits_it_supports(values, words):
    assert shown(spread(values)) == words


def test_the_frame_has_the_homeworks_columns_and_the_given_row_first():
    frame = as_frame(table(), str, "USD")
    assert list(frame.columns)[:4] == ["RNN Types", "Train Score (USD)", "Test Score (USD)", "Parameters"]
    assert len(frame.columns) == len(COLUMNS) and set(SCORES) < set(COLUMNS)
    cells = frame.iloc[0].tolist()
    assert cells[:3] == ["Vanilla RNN (given, in price units)", "4.25", "7.3"] and set(cells[4:]) == {UNKNOWN}
    assert cells[3] == "hidden_size=32, seq_length=19, num_layers=1, num_epochs=500"
    assert frame.iloc[:, 0].tolist()[1:] == ["LSTM", "Vanilla RNN", "GRU", "ARIMA"]


def test_cells_say_what_the_rows_hold():
    frame = as_frame(table(), str, "")
    assert list(frame.columns)[1] == "Train Score"
    lstm, rnn, gru, arima = (dict(zip(COLUMNS, line, strict=True)) for line in frame.values[1:])
    assert lstm["Train Score"] == "1.613 ± 0.088" and lstm["Test Score"] == "3.23 ± 0.18"
    assert lstm["Skill vs naive"] == "19.4 ± 4.4" and lstm["Weights"] == "4,513" and lstm["Seeds"] == "2"
    assert (lstm["Best epoch"], lstm["Last epoch"], lstm["Best Test Score"]) == ("1", "2", "3.16 ± 0.21")
    assert lstm["Epochs to settle"] == "1 ± 0"
    assert rnn["Seeds"] == "1 diverged" and rnn["Test Score"] == UNKNOWN and rnn["Weights"] == "1,153"
    assert gru["Seeds"] == UNKNOWN
    assert arima["Parameters"] == "AR_1 & 50% <b>|x|</b>" and arima["Test Score"] == "4.20"
    assert arima["Epochs to settle"] == arima["Best epoch"] == arima["Last epoch"] == UNKNOWN


def test_seeds_are_told_apart_where_not_all_have_finished():
    found = [result(LSTM, 0, [1]), result(LSTM, 1, [1], "diverged"), result(LSTM, 2, [], "queued")]
    assert as_frame(rows([LSTM], found), str, "").iloc[1, -1] == "1 finished, 1 diverged, 1 waiting"
    assert list(FATE_WORDS) == list(FATES)


def test_every_word_goes_through_the_translation_but_settings_and_units():
    frame = as_frame(table(), shout, "Usd")
    assert frame.columns[0] == "RNN TYPES" and frame.columns[1] == "TRAIN SCORE (Usd)"
    assert frame.iloc[0, 0] == "VANILLA RNN (GIVEN, IN PRICE UNITS)" and frame.iloc[2, 0] == "VANILLA RNN"
    assert frame.iloc[1, 3].startswith("hidden_size=32") and frame.iloc[2, -1] == "1 DIVERGED"


def cells_of(line):
    """The cells of a Markdown table's line, as GitHub splits it."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_markdown_is_a_table_of_the_same_cells():
    text = as_markdown(table(), str, "USD")
    head, rule, *lines = text.splitlines()
    frame = as_frame(table(), str, "USD")
    assert cells_of(head) == list(frame.columns) and set(rule) <= set("|-: ")
    assert cells_of(lines[1]) == frame.iloc[1].tolist()
    assert cells_of(lines[4])[3] == r"AR_1 \& 50% \<b\>\|x\|\</b\>"


@given(st.text(max_size=20))
def test_nothing_in_a_unit_breaks_or_marks_up_the_markdown(unit):
    lines = as_markdown([], str, unit).splitlines()
    assert len(lines) == 3
    assert [len(cells_of(line)) for line in lines] == [len(COLUMNS)] * 3
    bare = re.sub(r"\\.", "", lines[0])
    assert not re.search(r"[`*<>\[\]~$&]|(^|[\W_])_|_([\W_]|$)", bare)


def test_latex_is_booktabs_with_every_sign_escaped():
    text = as_latex(table(), str, "% of_x")
    for rule in ("\\toprule", "\\midrule", "\\bottomrule", "\\begin{tabular}", "\\end{tabular}"):
        assert text.count(rule) == 1
    assert r"hidden\_size=32" in text and r"(\% of\_x)" in text and r"Skill vs naive (\%)" in text
    assert r"AR\_1 \& 50\% \ensuremath{<}b\ensuremath{>}|x|" in text
    body = text[text.index("\\toprule") :]
    assert not re.search(r"(?<!\\)[_%#$]", body)
    lines = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert [len(re.findall(r"(?<!\\)&", line)) for line in lines] == [len(COLUMNS) - 1] * 6


def test_csv_has_a_line_for_each_seed_with_all_digits():
    lines = list(csv.DictReader(io.StringIO(as_csv(table()))))
    assert [(line["label"], line["seed"]) for line in lines] == [
        ("LSTM", "0"), ("LSTM", "1"), ("Vanilla RNN", ""), ("GRU", ""), ("ARIMA", "0")]  # fmt: skip
    row = table()[0]
    for line, seed in zip(lines[:2], (0, 1), strict=True):
        assert float(line["test_rmse"]) == row.test.values[seed] and float(line["train_rmse"]) == row.train.values[seed]
        assert float(line["test_rmse_mean"]) == row.test.mean and float(line["test_rmse_sd"]) == row.test.sd
        assert float(line["naive_rmse"]) == 4 and line["weights"] == "4513"
    assert lines[2]["runs_diverged"] == "1" and lines[2]["test_rmse"] == lines[2]["test_rmse_mean"] == ""
    assert lines[4]["test_rmse_sd"] == lines[4]["best_epoch"] == "" and lines[4]["parameters"].startswith("AR_1 &")
    assert "nan" not in as_csv(table()).lower()


def test_json_is_strict_and_holds_the_specs():
    values = json.loads(json.dumps(as_json(table()), allow_nan=False))
    assert [from_json(value["spec"]) for value in values] == [LSTM, RNN, GRU, ARIMA]
    lstm, rnn, gru, arima = values
    assert lstm["test_rmse"] == {"mean": 3.225, "sd": pytest.approx(0.17678, abs=1e-5), "values": [3.1, 3.35]}
    assert lstm["seeds"] == [0, 1] and lstm["naive_rmse"] == 4 and lstm["weights"] == 4513
    assert rnn["runs"]["diverged"] == 1 and rnn["test_rmse"] == {"mean": None, "sd": None, "values": []}
    assert gru["naive_rmse"] is None and arima["best_epoch"] is None and arima["weights"] == 7
