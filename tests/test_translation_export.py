"""What a student takes home of a run on a text task trains by itself, to the same losses, and translates the same."""

import contextlib
import io
import json
import math
import os
import re
import subprocess
import sys

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient
from streamlit.testing.v1 import AppTest

from pages.kit.scene import Scene
from pages.kit.translation_home import as_csv, command
from seqcore.__main__ import _parser, _settings
from seqcore.data.text import TEXT_TASKS, make
from seqcore.data.text.spec import TranslationSpec
from seqcore.models.seq2seq import greedy
from seqcore.reports.export import translation as export
from seqcore.reports.export.literal import as_packed, as_tokens
from seqcore.reports.export.translation import ATTENTIVE, DECODER, WORDS, notebook, program, script
from seqcore.spec import from_flat, settings_of
from seqcore.training import said, textual
from seqcore.training.events import Changed, Diverged, Epoch, History, Snapshot
from seqcore.training.trainer import as_arrays
from seqcore.training.translation import TranslationTrainer

TINY = TranslationSpec().replace(hidden_size=12, embedding_size=6, pairs=150, batch_size=24, epochs=5, lr=0.01)

CLEAN = {**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, "PYTHONIOENCODING": "utf-8"}
"""The environment of somebody who does not have this project."""

CASES = [
    {},
    {"architecture": "lstm", "attention": "none", "clip": 0.0},
    {"architecture": "rnn", "attention": "dot", "task": "sentences", "optimiser": "momentum"},
    {"attention": "general", "bidirectional": True, "num_layers": 2, "task": "dates_fr", "optimiser": "adamw"},
    {"architecture": "lstm", "bidirectional": True, "num_layers": 2, "dropout": 0.3, "seed": 7},
    {"architecture": "lstm", "num_layers": 2, "dropout": 0.3, "attention": "none", "task": "dates_ko"},
    {"architecture": "rnn", "num_layers": 3, "dropout": 0.4, "bidirectional": True, "attention": "general"},
    {"num_layers": 2, "dropout": 0.3, "task": "sort"},
    {"num_layers": 2, "bidirectional": True, "attention": "none", "optimiser": "sgd", "lr": 0.1},
    {"dropout": 0.2, "teacher_forcing": 0.5, "schedule": "linear", "task": "dates_iso"},
    {"attention": "none", "teacher_forcing": 0.0, "schedule": "sigmoid", "task": "copy"},
    {"architecture": "lstm", "attention": "dot", "teacher_forcing": 0.3, "optimiser": "rmsprop", "lr": 0.001},
    {"batch_size": 0, "pairs": 30, "clip": 0.05},
]
"""Between them every cell, every attention, every optimiser, every schedule and every task."""


def ours(spec):
    """The trainer at the end of its run, and by name what the program tells by epoch."""
    trainer = TranslationTrainer(spec)
    epochs = [event for event in trainer if isinstance(event, Epoch)]
    curves = {"train_loss": [event.train_loss for event in epochs], "test_loss": trainer.over["loss"],
              "wrong": [event.test_rmse for event in epochs], "whole": trainer.over["whole"]}  # fmt: skip
    return trainer, curves


def theirs(text):
    """What a program leaves behind, and the lines it prints."""
    names, printed = {"__name__": "__main__"}, io.StringIO()
    with torch.random.fork_rng(), contextlib.redirect_stdout(printed):
        exec(compile(text, "seq2seq.py", "exec"), names)
    return names, printed.getvalue().splitlines()


def assert_same(found, expected):
    assert list(found) == list(expected)
    for name in expected:
        np.testing.assert_allclose(
            found[name], expected[name], rtol=0, atol=1e-3, err_msg=name
        )  # 5e-7 seen, of so few updates


@pytest.mark.parametrize("changes", CASES, ids=lambda changes: ",".join(map(str, changes.values())) or "default")
def test_the_program_trains_as_the_page_does(changes):
    spec = TINY.replace(**changes)
    trainer, expected = ours(spec)
    names, printed = theirs(script(spec))
    assert_same(json.loads(printed[-1]), expected)
    assert len(expected["whole"]) == spec.training.epochs + 1
    assert expected["train_loss"][-1] < expected["train_loss"][0]
    for mine, other in zip(names["model"].parameters(), trainer.model.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-3)
    for text in (*trainer.pairs.source[:5], "May 3rd, 1998", "Ｄｏ you like ☂ cats?"):
        ids = trainer.vocabularies[0].encode(trainer.task.typed(text))
        words = greedy(trainer.model, torch.tensor(ids), trainer.task.target_length + said.SLACK).ids
        assert names["translate"](text) == said.text(trainer, words)
    assert names["translate"](" ") == ""


def test_the_cases_are_every_choice():
    specs = [TINY.replace(**changes) for changes in CASES]
    for name in ("task", "architecture", "attention", "schedule", "optimiser"):
        assert {spec.flat()[name] for spec in specs} == set(settings_of(TranslationSpec)[name][1].choices)


def test_constants_are_the_trainer_s():
    assert (export.UPDATES, export.SCORED, export.SLACK) == (textual.UPDATES, textual.SCORED, said.SLACK)


def test_it_tells_where_the_decoder_looked():
    trainer, _ = ours(TINY)
    _, printed = theirs(script(TINY))
    source = trainer.pairs.source[0]
    x = torch.tensor([trainer.vocabularies[0].encode(trainer.task.tokens(source))])
    read = torch.tensor([[1, *greedy(trainer.model, x[0], 15).ids[:-1]]])
    rows = trainer.model.eval().attend(x, read).weights[0].max(1)
    first = printed.index("") + 1
    told = [re.search(r"(\d+)% on '(.)', place (\d+)$", line) for line in printed[first : first + read.shape[1]]]
    assert [int(line[3]) for line in told] == (rows.indices + 1).tolist()
    assert [line[2] for line in told] == [source.lower()[place] for place in rows.indices]
    np.testing.assert_allclose([int(line[1]) for line in told], 100 * rows.values.detach(), atol=0.51)


def test_the_script_needs_nothing_of_this_project(tmp_path):
    spec = TINY.replace(epochs=2, task="sentences")
    (tmp_path / "seq2seq.py").write_text(script(spec), encoding="utf-8")
    alone = ("import runpy, sys; runpy.run_path('seq2seq.py')\n"
             "print({'seqcore', 'pandas', 'matplotlib', 'babel'} & set(sys.modules))")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", alone], cwd=tmp_path, env=CLEAN, capture_output=True,
                          encoding="utf-8", timeout=100)  # fmt: skip
    assert done.returncode == 0, done.stderr
    *_, example, curves, loaded = done.stdout.splitlines()
    assert loaded == "set()" and example.startswith("translate('How are you?') gives '")
    assert_same(json.loads(curves), ours(spec)[1])


def test_the_notebook_runs_cell_by_cell(tmp_path):
    spec = TINY.replace(epochs=2, bidirectional=True)
    made = nbformat.reads(notebook(spec), as_version=4)
    nbformat.validate(made)
    made.cells.append(
        nbformat.v4.new_code_cell("import json, sys; print(json.dumps(curves), 'seqcore' in sys.modules)")
    )
    NotebookClient(made, timeout=100, resources={"metadata": {"path": str(tmp_path)}}).execute(env=CLEAN)
    told, loaded = made.cells[-1].outputs[0].text.rsplit(maxsplit=1)
    assert loaded == "False"
    assert_same(json.loads(told), ours(spec)[1])
    assert made.cells[-2].outputs[-1].data["text/plain"].startswith("'")  # the translation that is asked for last


def test_the_words_fit_the_network_and_are_translated():
    for attention, decoder in (("none", WORDS[DECODER]), ("dot", ATTENTIVE)):
        made = nbformat.reads(notebook(TINY.replace(attention=attention), str.upper), as_version=4)
        words = [cell.source for cell in made.cells if cell.cell_type == "markdown"]
        assert words == [text.upper() for text in (*WORDS[:DECODER], decoder, *WORDS[DECODER + 1 :])]
        titles = [title for title, _ in program(TINY, "notebook")][2:]
        assert all(text.startswith(f"## {title.upper()}\n") for text, title in zip(words[1:], titles, strict=True))
        assert not any(cell.get("outputs") for cell in made.cells)


def test_a_run_that_diverges_ends_where_the_page_ends_it():
    trainer = TranslationTrainer(TINY)
    trainer.optimiser.param_groups[0]["lr"] = trainer.lr = trainer.now["lr"] = math.inf
    *_, last = trainer
    text = script(TINY).replace("LR = 0.01\n", "LR = float('inf')\n")
    _, printed = theirs(text)
    assert isinstance(last, Diverged) and f"diverged at epoch {last.epoch}" in printed
    assert len(json.loads(printed[-1])["train_loss"]) == last.epoch + 1


@pytest.mark.parametrize("name", TEXT_TASKS)
def test_texts_become_the_same_numbers(name):
    task, spec = TEXT_TASKS[name], TINY.replace(task=name, seed=3)
    parts = program(spec, "script")
    names, _ = theirs("\n".join(code for _, code in parts[1:4]))
    train, test = make(name, 150, 3), make(name, 100, 3, "test")
    for pairs, found in ((train, names["TRAIN_PAIRS"]), (test, names["TEST_PAIRS"])):
        assert list(map(tuple, found)) == list(zip(pairs.source, pairs.target, strict=True))
    x, y = task.numbers(test, task.vocabularies)
    np.testing.assert_array_equal(names["TEST_X"].cpu(), x)
    np.testing.assert_array_equal(names["TEST_Y"].cpu(), y)
    for text in ("It's Ada’s book, isn't it?", "Ｍａｙ　３，\n1998", "won't CAN'T cannot", "İ ☂ 日本", "<bos> <pad>"):
        assert names["split"](text) == task.tokens(text)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Zs", "Zl", "Zp", "Cc"]), min_size=1)),
       st.text(st.characters(codec="utf-8")))  # fmt: skip
def test_tokens_and_texts_come_back(tokens, text):
    import base64
    import zlib

    tokens = [token for token in tokens if token.split() == [token]]
    assert list(eval(as_tokens(tokens))) == tokens
    assert list(eval(as_tokens([" ", *text]))) == [" ", *text]
    literal = as_packed(text)
    assert re.fullmatch(r"'[A-Za-z0-9+/=]*'", literal) and zlib.decompress(base64.b64decode(literal)).decode() == text


def any_value(setting):
    if setting.kind == "choice":
        return st.sampled_from(list(setting.choices))
    if setting.kind == "bool":
        return st.booleans()
    return (st.integers if setting.kind == "int" else st.floats)(setting.low, setting.high)


any_spec = st.fixed_dictionaries(
    {name: any_value(facts) for name, (_, facts) in settings_of(TranslationSpec).items()} | {"pairs": st.just(20)}
).filter(lambda values: not (values["attention"] == "dot" and values["bidirectional"]))


@settings(max_examples=30, deadline=None)
@given(any_spec)
def test_any_settings_make_a_program_that_compiles_and_the_same_each_time(values):
    spec = from_flat(values, TranslationSpec)
    text = script(spec)
    compile(text, "seq2seq.py", "exec")
    assert text == script(spec)
    assert not re.search(r"seqcore|#\?|#[{}]|\{\{", text)
    options = _parser().parse_args(command(spec).split()[3:])
    assert from_flat(_settings(options, TranslationSpec), TranslationSpec) == spec


def test_programs_use_every_name_they_define_and_hold_no_more_than_they_need(tmp_path):
    for k, changes in enumerate(CASES):
        (tmp_path / f"{k}.py").write_text(script(TINY.replace(**changes)), encoding="utf-8")
    told = subprocess.run([sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E9,F,W", "."],
                          cwd=tmp_path, capture_output=True, text=True)  # fmt: skip
    assert told.returncode == 0, told.stdout
    plain = script(TINY.replace(attention="none", clip=0.0))
    assert not re.search("Attention|ttention|Dropout|bidirectional|bridge|clip|mixed|import re|math|LSTM|SGD", plain)


def a_scene(changes=(), marks=()):
    history = History(**as_arrays([Epoch(k, 3.0 - k, 0.5, 0.6, 1.0, 0.1 * k) for k in range(3)]))
    arrays = {"over.loss": np.array([3.0, 2.5]), "over.whole": np.array([0.0, 0.25])}
    return Scene("run", TINY.replace(**dict(changes)), None, "running", history, None, Snapshot(1, 0, arrays), marks)


def test_the_curves_say_what_they_are():
    table = pd.read_csv(io.StringIO(as_csv(a_scene())))
    assert list(table) == ["epoch", "train_loss", "train_wrong", "test_wrong", "grad_norm", "seconds", "test_loss",
                           "test_whole"]  # fmt: skip
    assert table.epoch.tolist() == [0, 1, 2] and table.test_loss.tolist()[:2] == [3.0, 2.5]
    assert table.test_whole.isna().tolist() == [False, False, True]


def drawn(changed):
    from pages.kit.translation_home import translation_home
    from tests.test_translation_export import a_scene

    translation_home(a_scene({"task": "sentences"}, changed), "seq2seq.take")


@pytest.mark.parametrize("marks", [(), (Changed(1, "lr", 0.5),)])
def test_the_page_offers_all_of_it(marks):
    at = AppTest.from_function(drawn, args=(marks,), default_timeout=30).run()
    assert not at.exception
    labels = [button.proto.label for button in at.get("download_button")]
    assert labels == ["Curves as CSV", "Notebook", "Script"]
    assert at.code[0].value == command(TINY.replace(task="sentences")) and "--task sentences" in at.code[0].value
    assert any("what you changed" in caption.value for caption in at.caption) == bool(marks)
