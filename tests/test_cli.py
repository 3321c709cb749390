"""The core from a shell."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pages.kit.take_home import command
from seqcore.__main__ import main
from seqcore.data.text.spec import TransformerSpec, transformer_spec
from seqcore.language import COLUMNS, found, written
from seqcore.reports.result import Result
from seqcore.reports.run_file import load
from seqcore.spec import RunSpec, from_json
from seqcore.text import UserError
from seqcore.training.events import Epoch, History, Started
from seqcore.training.make import make_trainer
from seqcore.training.trainer import as_arrays

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


LITTLE = {"d_model": 8, "num_heads": 2, "d_ff": 16, "num_layers": 1, "pairs": 60, "sentences": 100, "epochs": 2}


def trained(**settings):
    """A trainer at the end of its run, and what is left of it."""
    trainer = make_trainer(transformer_spec({**LITTLE, **settings}))
    events = list(trainer)
    history = History(**as_arrays([event for event in events if isinstance(event, Epoch)]))
    started = next(event for event in events if isinstance(event, Started))
    return trainer, Result(trainer.spec, "finished", history, started, trainer.conclusion())


def test_a_transformer_s_row_says_what_the_trainer_knows():
    trainer, result = trained(task="copy", seed=3)
    row = found(result)
    loss, right = trainer.tested()
    assert [row[name] for name in COLUMNS[:3]] == ["copy", 3, sum(p.numel() for p in trainer.model.parameters())]
    assert row["Loss"] == pytest.approx(loss) and row["Right"] == pytest.approx(right)
    assert row["Without a mistake"] == result.snapshot.arrays["whole"].mean()
    assert row["Right, left to itself"] == pytest.approx(result.snapshot.arrays["free"].mean())
    assert row["Right, naive"] == 1 - result.started.naive_rmse
    cheat, result = trained(task="next", causal=False)
    assert found(result)["Right, left to itself"] == cheat.over["free"][-1] != found(result)["Right"]
    _, result = trained(task="masked")
    row = found(result)
    assert row["Without a mistake"] is row["Right, left to itself"] is None and row["Right, naive"] > 0
    assert written("markdown", [result]).splitlines()[2].count("| – ") == 2
    waiting = found(Result(result.spec, "queued", History(**as_arrays([])), None, None))
    assert waiting["Task"] == "masked" and waiting["Status"] == "queued" and waiting["Loss"] is None


def test_transformer_trains_from_a_shell_and_writes_recordings(tmp_path):
    options = [word for name in ("d_model", "num_heads", "d_ff", "num_layers", "sentences", "epochs")
               for word in (f"--{name.replace('_', '-')}", str(LITTLE[name]))]  # fmt: skip
    command = [sys.executable, "-m", "seqcore", "transformer", "--task", "next", *options, "--seeds", "2", "--quiet"]
    done = subprocess.run([*command, "--format", "json", "--out", str(tmp_path)], cwd=ROOT, capture_output=True,
                          text=True, timeout=240)  # fmt: skip
    assert done.returncode == 0 and not done.stderr, done.stderr
    rows = json.loads(done.stdout)
    assert [row["Seed"] for row in rows] == [0, 1] and {row["Status"] for row in rows} == {"finished"}
    for seed, row in enumerate(rows):
        run = load(tmp_path / f"transformer_next_{seed}.npz")
        assert run.spec == transformer_spec({**LITTLE, "task": "next", "seed": seed})
        assert row["Loss"] == pytest.approx(run.snapshot.arrays["over.loss"][-1], rel=1e-6)
        assert row["Right"] == 1 - run.history.test_rmse[-1] and len(run.history) == 3


def test_the_recorded_transformer_is_the_default_one():
    run = load(ROOT / "assets" / "runs" / "transformer_sentences_0.npz")
    assert run.spec == TransformerSpec() and len(run.history) == run.spec.training.epochs + 1
    assert run.snapshot.arrays["whole"].mean() > 0.9


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--task", "next", "--pairs", "9"], "The task next has no setting named pairs."),
     (["--tokens", "bpe"], "The task sentences has no setting named tokens."),
     (["--task", "walk"], "must be one of"), (["--d-model", "10"], "d_model (10) must be divisible by num_heads (4)"),
     (["--seeds", "41"], "asks for 41 runs"), (["--seeds", "0"], "asks for 0 runs")],
)  # fmt: skip
def test_transformer_tells_what_is_wrong_before_anything_starts(options, words, capsys):
    assert main(["transformer", *options]) == 1
    said = capsys.readouterr()
    assert words in said.err and not said.out
