"""What a student takes home runs by itself, and gives the table's numbers."""

import ast
import json
import os
import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient

from seqcore.catalogue import ARCHITECTURES, CLASSICAL, RECURRENT
from seqcore.data.series import Series, load
from seqcore.homework import names_of, recipe, rows_of
from seqcore.reports.comparison import spread
from seqcore.reports.export.literal import LONG, as_times, as_values, comment
from seqcore.reports.export.program import _block
from seqcore.reports.notebook import SHOWN, WORDS, notebook, script
from seqcore.reports.table import shown
from seqcore.size import weights
from seqcore.spec import SETTINGS, RunSpec, from_flat
from seqcore.training.events import Diverged, Epoch
from seqcore.training.trainer import Trainer, block_size

TABLE = "| RNN Types | Test Score |\n|---|---|\n| LSTM | 8.079 |"

CLEAN = {**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, "MPLBACKEND": "Agg",
         "PYTHONIOENCODING": "utf-8"}  # fmt: skip
"""The environment of somebody who does not have this project."""

IN_JUPYTER = {name: value for name, value in CLEAN.items() if name != "MPLBACKEND"}
"""The same where pictures stand below their cell."""

ALONE = """
import runpy, sys
runpy.run_path("hw02.py")
assert "seqcore" not in sys.modules and not any("seqcore" in path for path in sys.path)
"""


def ours(spec: RunSpec, series: Series) -> list[float]:
    """[train, test] RMSE of the last epoch; empty if the run diverged."""
    events = list(Trainer(spec, series))
    if any(isinstance(event, Diverged) for event in events):
        return []
    last = [event for event in events if isinstance(event, Epoch)][-1]
    return [last.train_rmse, last.test_rmse]


def run(text: str, folder) -> list[str]:
    """What the program prints, in a folder of its own."""
    (folder / "hw02.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=folder, env=CLEAN, capture_output=True, encoding="utf-8", timeout=280
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def assert_same(scores: dict, rows, seeds, series: Series, tolerance: float) -> None:
    """`scores` of a program are the trainer's, within `tolerance` in the data's own unit."""
    assert list(scores) == names_of(rows, str)
    for name, row in zip(scores, rows, strict=True):
        for seed in seeds:
            expected = ours(row.replace(seed=seed), series)
            found = scores[name].get(str(seed), [])
            np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance, err_msg=f"{name}, {seed}")


def test_the_notebook_of_the_homework_gives_the_numbers_of_the_table(tmp_path):
    series, rows = load("aapl_hw02"), rows_of(recipe(), ["rnn", "lstm", "gru"])
    made = nbformat.reads(notebook(rows, [0], series, TABLE), as_version=4)
    made.cells.append(
        nbformat.v4.new_code_cell("import json, sys; print(json.dumps(scores), 'seqcore' in sys.modules)")
    )
    NotebookClient(made, timeout=280, resources={"metadata": {"path": str(tmp_path)}}).execute(env=IN_JUPYTER)
    told, found = made.cells[-1].outputs[0].text.rsplit(maxsplit=1)
    assert found == "False"
    assert_same(json.loads(told), rows, [0], series, 1e-3)  # 1e-5 seen
    pictures = [out for cell in made.cells for out in cell.get("outputs", []) if "image/png" in out.get("data", {})]
    assert len(pictures) == 2


BASE = recipe().replace(series="airline", seq_length=12, epochs=12, hidden_size=9)
ODD = [BASE.replace(**changes) for changes in (
    dict(architecture="lstm", num_layers=2, bidirectional=True, dropout=0.3, batch_size=40, clip=0.5,
         optimiser="adamw"),
    dict(architecture="gru", num_layers=2, split="rows", scaler="standard", scaler_fit="train", optimiser="rmsprop",
         lr=0.002),
    dict(architecture="gru", dropout=0.4, num_layers=3, horizon=2),
    dict(architecture="rnn", optimiser="sgd", scaler="standard", train_fraction=0.7, clip=1.0, epochs=40),
    dict(architecture="rnn", batch_size=4000, lr=0.005),
    dict(architecture="lstm", seq_length=5, optimiser="momentum", scaler="minmax01"),
    dict(architecture="mlp", dropout=0.2, horizon=3, scaler="minmax01", num_layers=3),
    dict(architecture="mlp", scaler="none", lr=0.0001, hidden_size=4),
    dict(architecture="cnn", num_layers=2, optimiser="momentum", seq_length=8, batch_size=16),
    dict(architecture="cnn", num_layers=3, dropout=0.1, split="rows"),
    dict(architecture="encoder_decoder", horizon=5),
    dict(architecture="encoder_decoder", horizon=3, num_layers=2, dropout=0.2, split="rows"),
    dict(architecture="encoder_decoder_attention", horizon=4, num_layers=2, batch_size=30),
    dict(architecture="repeat_vector", horizon=9, num_layers=2, dropout=0.3),
    dict(architecture="transformer", num_layers=2, horizon=2),
    dict(architecture="transformer", hidden_size=10, dropout=0.2, batch_size=50, clip=1.0),
)]  # fmt: skip


def test_a_script_of_odd_rows_gives_the_same_scores(tmp_path):
    series = load("airline")
    printed = run(script(ODD, [0, 3], series, TABLE), tmp_path)
    scores = json.loads(printed[-1])
    assert_same(scores, ODD, [0, 3], series, 1e-3)  # of errors near 50 thousand passengers
    naive = {f"{Trainer(row, series).started().naive_rmse:.2f}" for row in ODD}
    lines = [line for line in printed if line.lstrip().startswith("Naive")]
    assert naive == {re.search(r"(\S+) +0$", line)[1] for line in lines}
    for name, runs in scores.items():
        line = next(line for line in printed if line.strip().startswith(f"{name}  "))
        for part in range(2):
            assert f" {shown(spread(pair[part] for pair in runs.values()))} " in line
        assert line.endswith(f" {weights(ODD[names_of(ODD, str).index(name)])}")


def test_networks_of_the_same_kernels_agree_to_the_last_digits(tmp_path):
    """Where training amplifies every rounding, as here, the steps themselves have to be rounded the same."""
    rows = [recipe().replace(**changes) for changes in (
        dict(architecture="mlp"), dict(architecture="mlp", clip=0.1, optimiser="adamw"),
        dict(architecture="cnn", clip=0.1, epochs=150),
    )]  # fmt: skip
    series = load("aapl_hw02")
    assert_same(json.loads(run(script(rows, [0], series), tmp_path)[-1]), rows, [0], series, 2e-5)


def test_a_network_too_large_for_one_pass_drops_the_same_units(tmp_path):
    series = load("airline")
    row = BASE.replace(architecture="lstm", num_layers=4, hidden_size=256, dropout=0.5, epochs=2,
                       seq_length=19, lr=0.001)  # fmt: skip
    assert _block(row) < len(Trainer(row, series).train_x)
    scores = json.loads(run(script([row], [1], series), tmp_path)[-1])
    assert_same(scores, [row], [1], series, 1e-3)  # other masks differ by 0.1


def test_a_run_that_diverges_is_told_and_the_others_are_kept(tmp_path):
    series = load("airline")
    rows = [BASE.replace(architecture="rnn"), BASE.replace(architecture="mlp", optimiser="sgd", lr=10.0)]
    assert ours(rows[1], series) == []
    printed = run(script(rows, [0], series), tmp_path)
    assert_same(json.loads(printed[-1]), rows, [0], series, 1e-3)
    assert any(re.match(r"MLP, seed 0: diverged at epoch \d+$", line) for line in printed)


def test_a_long_series_is_packed_and_gives_the_same_scores(tmp_path):
    values = np.sin(np.arange(LONG + 200) / 5) + np.random.default_rng(1).normal(0, 0.1, LONG + 200)
    times = np.datetime64("2020-01-01T00:00:00") + np.arange(len(values)) ** 2
    series = Series("upload", "Long", "m", values, times)
    rows = rows_of(BASE.replace(series="upload", epochs=2, hidden_size=2), ["rnn"])
    text = script(rows, [0], series)
    assert len(text) < 120_000
    assert_same(json.loads(run(text, tmp_path)[-1]), rows, [0], series, 1e-6)


@pytest.mark.parametrize("count", [7, LONG + 1])
@pytest.mark.parametrize("kind", ["datetime64[D]", "datetime64[s]", "int64"])
@pytest.mark.parametrize("power", [1, 2])
def test_values_and_times_come_back_bit_for_bit(count, kind, power):
    import base64
    import zlib

    numbers = np.random.default_rng(0).normal(size=count) * 10.0 ** np.arange(-3, count - 3).clip(max=300)
    times = (np.arange(count) ** power - 5).astype(kind)
    tools = {"np": np, "base64": base64, "zlib": zlib}
    values = eval(as_values(numbers), tools)
    again = eval(as_times(times), tools)
    assert values.dtype == np.float64 and values.tobytes() == numbers.tobytes()
    assert again.dtype.kind == times.dtype.kind and (again == times).all()


HOSTILE = "'''\"\"\"\\\n\\N{BULLET})\r; import os #</script>\x00\u2028$\\frac{\ud800{{values}}\x0c{UNIT}%s"
MARKS = "'''\"\"\"\\\nimport os\r\x00\u2029{{values}}"


def test_words_of_a_file_stay_words(tmp_path):
    def of(word: str) -> Series:
        lynx = load("lynx")
        return Series("upload", word, word, lynx.values.copy(), lynx.times.copy(), source=word, licence=word)

    rows = rows_of(BASE.replace(series="upload", epochs=1, hidden_size=2, seq_length=5), ["rnn"])
    hostile, harmless = (ast.parse(script(rows, [0], of(word), MARKS)) for word in (HOSTILE, "lynx"))
    for node in ast.walk(hostile):
        if isinstance(node, ast.Constant) and node.value == HOSTILE:
            node.value = "lynx"
    assert ast.dump(hostile) == ast.dump(harmless)
    nbformat.validate(nbformat.reads(notebook(rows, [0], of(HOSTILE), MARKS), as_version=4))
    shorter = HOSTILE.replace("\ud800", "")  # half a character can be written in a program, but not on a screen
    run(script(rows, [0], of(shorter), MARKS), tmp_path)


@given(st.text(st.characters(codec=None)))
def test_a_comment_is_nothing_but_comments(text):
    lines = comment(text)
    assert ast.parse(lines.encode("utf-8")).body == []
    assert all(line.startswith("#") for line in lines.split("\n")) or not lines


def any_value(setting) -> st.SearchStrategy:
    if setting.kind == "choice":
        return st.sampled_from(list(setting.choices))
    if setting.kind == "bool":
        return st.booleans()
    if setting.kind == "text":
        return st.text(max_size=int(setting.high))
    return (st.integers if setting.kind == "int" else st.floats)(setting.low, setting.high)


def possible(values: dict) -> dict:
    return values | {"bidirectional": values["bidirectional"] and values["architecture"] in RECURRENT}


any_spec = st.fixed_dictionaries({name: any_value(s) for name, (_, s) in SETTINGS.items()}).map(possible).map(from_flat)


@settings(max_examples=60, deadline=None)
@given(st.lists(any_spec, min_size=1, max_size=4), st.booleans())
def test_any_rows_make_a_program_that_compiles_and_the_same_each_time(rows, table):
    series = load("nile")
    text = script(rows, [0, 1], series, TABLE if table else None)
    compile(text, "hw02.py", "exec")
    assert text == script(rows, [0, 1], series, TABLE if table else None)
    assert not re.search(r"seqcore|#\?|#[{}]|\{\{", text)
    for row in rows:
        if row.model.architecture not in CLASSICAL:
            assert _block(row) == block_size(weights(row), row.data.seq_length)


def test_programs_use_every_name_they_define_and_no_other(tmp_path):
    series = load("nile")
    alone = [[row] for row in (*ODD, *(BASE.replace(architecture=kind.name) for kind in ARCHITECTURES))]
    tables = [*alone, ODD, ODD[:2], [ODD[0], BASE.replace(architecture="cnn", device="cpu")]]
    for k, rows in enumerate(tables):
        (tmp_path / f"{k}.py").write_text(script(rows, [0], series, TABLE), encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E9,F,W", "."],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout


def test_classical_forecasters_are_left_to_the_page_and_the_words_are_translated():
    rows = [*rows_of(recipe(), ["rnn"]), *(RunSpec().replace(architecture=name) for name in ("naive", "arima", "ets"))]
    made = nbformat.reads(notebook(rows, [0], load("aapl_hw02"), TABLE, str.upper), as_version=4)
    words = [cell.source for cell in made.cells if cell.cell_type == "markdown"]
    code = "\n".join(cell.source for cell in made.cells if cell.cell_type == "code")
    assert words == [*map(str.upper, WORDS[:7]), f"{SHOWN.upper()}\n\n{TABLE}", *map(str.upper, WORDS[7:])]
    assert "# No networks, so not here: ARIMA, Exponential smoothing." in code and "arima" not in code
    assert notebook(rows, [0], load("aapl_hw02"), TABLE) == notebook(rows, [0], load("aapl_hw02"), TABLE)
    assert not any(cell.get("outputs") for cell in made.cells)
    assert not re.search("Dropout|bidirectional|clip|batch_size|LSTM|MLP|SGD|v.std|randperm", code)
