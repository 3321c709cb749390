"""What a student takes home runs by itself, and gives the numbers of the table."""

import json
import os
import subprocess
import sys

import nbformat
import numpy as np
from hypothesis import given, settings
from nbclient import NotebookClient

from seqcore.data.series import Series, load
from seqcore.homework import names_of, recipe, rows_of
from seqcore.reports.notebook import MOST_LINES, notebook, script
from seqcore.training.events import Epoch
from seqcore.training.trainer import Trainer
from tests.test_homework import specs

TABLE = "| RNN Types |\n|---|\n| Vanilla RNN |"


def ours(spec, series) -> list[float]:
    """Train and test RMSE of the last epoch."""
    last = [event for event in Trainer(spec, series) if isinstance(event, Epoch)][-1]
    return [last.train_rmse, last.test_rmse]


def run_script(text: str, folder) -> dict:
    """The scores the program prints, run where nothing of this project can be imported."""
    (folder / "hw02.py").write_text(text, encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"MPLBACKEND": "Agg"}
    command = [
        sys.executable,
        "-c",
        "import runpy, sys; runpy.run_path('hw02.py'); assert 'seqcore' not in sys.modules",
    ]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def compared(scores: dict, rows, seeds, series, tolerance: float) -> None:
    for name, row in zip(names_of(rows, str), rows, strict=True):
        for seed in seeds:
            np.testing.assert_allclose(scores[name][str(seed)], ours(row.replace(seed=seed), series), atol=tolerance)


def test_the_notebook_of_the_homework_gives_the_tables_numbers(tmp_path):
    series, rows = load("aapl_hw02"), rows_of(recipe(), ["rnn", "lstm", "gru"])
    made = nbformat.reads(notebook(rows, [0], series, TABLE, str), as_version=4)
    made.cells.append(nbformat.v4.new_code_cell("print(json.dumps(scores))"))
    client = NotebookClient(made, timeout=280, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env={**os.environ, "PYTHONPATH": "", "MPLBACKEND": "Agg"})
    scores = json.loads(made.cells[-1].outputs[0].text)
    compared(scores, rows, [0], series, 1e-3)


ODD = [
    dict(architecture="lstm", num_layers=2, bidirectional=True, dropout=0.3, batch_size=40, clip=0.5,
         optimiser="adamw"),
    dict(architecture="gru", num_layers=2, split="rows", scaler="standard", scaler_fit="train", optimiser="rmsprop",
         lr=0.002),
    dict(architecture="mlp", dropout=0.2, horizon=3, scaler="minmax01"),
    dict(architecture="cnn", num_layers=2, optimiser="momentum", seq_length=8),
    dict(architecture="rnn", optimiser="sgd", scaler="standard", train_fraction=0.7, clip=1.0),
]  # fmt: skip


def test_a_script_of_odd_rows_gives_the_same_scores(tmp_path):
    series = load("airline")
    base = recipe().replace(series="airline", seq_length=12, epochs=30, hidden_size=9)
    rows = [base.replace(**changes) for changes in ODD]
    scores = run_script(script(rows, [0, 3], series, TABLE), tmp_path)
    compared(scores, rows, [0, 3], series, 2e-3)  # of errors near 50 thousand passengers


def test_a_long_series_is_packed_and_gives_the_same_scores(tmp_path):
    steps = np.arange(MOST_LINES + 200)
    series = Series.of(np.sin(steps / 5) + np.random.default_rng(1).normal(0, 0.1, len(steps)))
    rows = rows_of(recipe().replace(series="upload", epochs=3, hidden_size=4), ["rnn"])
    scores = run_script(script(rows, [0], series, TABLE), tmp_path)
    compared(scores, rows, [0], series, 1e-5)


HOSTILE = "'''\"\"\"\\\n\\N{BULLET}); import os #</script>\r\n{name}"


def test_words_of_an_uploaded_file_stay_words(tmp_path):
    series = Series("upload", HOSTILE, HOSTILE, load("lynx").values.copy(), load("lynx").times.copy(), source=HOSTILE)
    rows = rows_of(recipe().replace(series="upload", epochs=2, hidden_size=2, seq_length=5), ["rnn"])
    text = script(rows, [0], series, TABLE)
    scores = run_script(text, tmp_path)
    compared(scores, rows, [0], series, 1e-2)
    space = {}
    exec(text[text.index("NAME, ") : text.index("SERIES = ")], space)
    assert (space["NAME"], space["UNIT"]) == (HOSTILE, HOSTILE)


@settings(max_examples=40)
@given(specs)
def test_every_row_makes_a_program_that_compiles_and_the_same_one_each_time(spec):
    text = script([spec], [0, 1], load("airline"), TABLE)
    compile(text, "hw02.py", "exec")
    assert text == script([spec], [0, 1], load("airline"), TABLE)
    assert "seqcore" not in text


def test_classical_forecasters_are_left_to_the_page_and_the_words_are_translated():
    rows = [*rows_of(recipe(), ["rnn"]), recipe().replace(architecture="arima")]
    made = nbformat.reads(notebook(rows, [0], load("aapl_hw02"), TABLE, str.upper), as_version=4)
    words = "".join(cell.source for cell in made.cells if cell.cell_type == "markdown")
    code = "".join(cell.source for cell in made.cells if cell.cell_type == "code")
    assert "arima" not in code and "THE TRAINING LOOP." in words and TABLE in words
    assert not any(cell.get("outputs") for cell in made.cells)
