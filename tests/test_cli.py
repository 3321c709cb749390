"""The core from a shell."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pages.kit.take_home import command
from seqcore.__main__ import main
from seqcore.reports.run_file import load
from seqcore.spec import RunSpec, from_json
from seqcore.text import UserError

ROOT = Path(__file__).parents[1]


def result_of(capsys) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_train_ends_with_json_and_writes_a_file_that_can_be_read(tmp_path, capsys):
    out = tmp_path / "run.npz"
    options = ["--architecture", "rnn", "--hidden-size", "4", "--epochs", "8", "--bidirectional", "true"]
    assert main(["train", *options, "--out", str(out)]) == 0
    result = result_of(capsys)
    spec = RunSpec().replace(architecture="rnn", hidden_size=4, epochs=8, bidirectional=True)
    run = load(out)
    assert from_json(result["spec"]) == run.spec == spec
    assert result["epoch"] == 8 and result["unit"] == "USD"
    assert run.history.test_rmse[-1] == result["test_rmse"]
    assert run.snapshot.arrays["l0r.hidden"].shape == (19, 4)


def test_a_csv_is_trained_on(tmp_path, capsys):
    file = tmp_path / "wave.csv"
    file.write_text("t,height\n" + "".join(f"{k},{np.sin(k / 3):.4f}\n" for k in range(120)))
    assert main(["train", "--csv", str(file), "--column", "height", "--epochs", "3", "--quiet"]) == 0
    assert result_of(capsys)["spec"]["data"]["series"] == "upload"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--hidden-size", "0"], "hidden_size (0) must be between 1 and 256"),
        (["--epochs", "many"], "epochs must be a number, not 'many'"),
        (["--series", "no_such"], "no data set named 'no_such'"),
        (["--seq-length", "200", "--series", "nile"], "seq_length"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_a_status(options, words, capsys):
    assert main(["train", *options]) == 1
    said = capsys.readouterr()
    assert words in said.err and "Traceback" not in said.err and not said.out


def test_a_run_that_diverges_says_so_and_is_still_json(capsys):
    assert main(["train", "--optimiser", "sgd", "--lr", "10", "--scaler", "none", "--epochs", "60", "--quiet"]) == 1
    assert "Diverged at epoch" in result_of(capsys)["failure"]


def test_the_pages_command_repeats_the_run(capsys):
    spec = RunSpec().replace(series="airline", architecture="gru", hidden_size=4, epochs=2, lr=0.003, scaler_fit="all")
    words = command(spec).split()
    assert words[:4] == ["python", "-m", "seqcore", "train"]
    assert main([*words[3:], "--quiet"]) == 0
    assert from_json(result_of(capsys)["spec"]) == spec


def test_a_file_that_is_no_run_is_refused(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(UserError, match=r"x\.npz is not a recorded run"):
        load(tmp_path / "x.npz")


def test_the_doctor_finds_everything():
    done = subprocess.run(
        [sys.executable, "-m", "seqcore", "doctor"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BAD" not in done.stdout and "20 epochs on cpu" in done.stdout


def test_compare_prints_the_table_in_every_form(tmp_path):
    command = [sys.executable, "-m", "seqcore", "compare", "--preset", "hw02", "--models", "rnn,mlp", "--seeds", "2"]
    command += ["--epochs", "15", "--hidden-size", "4"]
    done = subprocess.run([*command, "--format", "json"], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    rows = {row["spec"]["model"]["architecture"]: row for row in json.loads(done.stdout)}
    assert rows["rnn"]["seeds"] == [0, 1] and len(rows["rnn"]["test_rmse"]["values"]) == 2
    assert rows["naive"]["test_rmse"]["mean"] == pytest.approx(rows["rnn"]["naive_rmse"], rel=1e-6)
    assert "runs" in done.stderr and "100 %" in done.stderr
    short = [*command, "--no-classical", "--seeds", "1", "--quiet"]
    table = subprocess.run(short, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert table.returncode == 0 and not table.stderr
    lines = table.stdout.splitlines()
    assert lines[0].startswith("| RNN Types") and "4.25" in lines[2] and len(lines) == 2 + 1 + 2


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--seeds", "0"], "between 1 and 20"), (["--models", "perceiver"], "must be one of"),
     (["--series", "nile", "--seq-length", "99"], "rows"), (["--rows", "rnn,hidden_size:0"], "hidden_size")],
)  # fmt: skip
def test_compare_tells_what_is_wrong_before_anything_starts(options, words):
    command = [sys.executable, "-m", "seqcore", "compare", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr
