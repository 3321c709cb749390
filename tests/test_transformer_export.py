"""What a student takes home of a Transformer's run trains by itself, to the same losses, and says the same."""

import contextlib
import copy
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
from seqcore.__main__ import _chosen, _parser
from seqcore.data.text import BOS, PAD
from seqcore.data.text.spec import TRANSFORMER, TRANSFORMER_TASK, LanguageSpec, TransformerSpec, transformer_spec
from seqcore.look import Drawing, Look, Sentence
from seqcore.models.transformer import Transformer
from seqcore.models.transformer.draw import go_on
from seqcore.reports.export import transformer as export
from seqcore.reports.export.transformer import SPACE, notebook, program, script
from seqcore.spec import settings_of
from seqcore.training import foretold, textual
from seqcore.training.events import Diverged, Epoch, History, Snapshot
from seqcore.training.make import make_trainer
from seqcore.training.trainer import as_arrays

SMALL = {"d_model": 16, "num_heads": 2, "d_ff": 32, "batch_size": 24, "epochs": 3, "lr": 0.01, "warmup": 5}

PAIRS = TransformerSpec().replace(pairs=150, **SMALL)
NEXT = LanguageSpec().replace(sentences=150, **SMALL)
MASKED = NEXT.replace(architecture="encoder")

CLEAN = {**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, "PYTHONIOENCODING": "utf-8"}
"""The environment of somebody who does not have this project."""

CASES = {
    "sentences": PAIRS,
    "sentences, post-norm, dropout, smoothing": PAIRS.replace(norm_first=False, dropout=0.2, label_smoothing=0.1),
    "sentences, rotary, tied": PAIRS.replace(position="rotary", tied=True, optimiser="rmsprop", lr=0.001),
    "sentences, cheating": PAIRS.replace(position="learned", causal=False, dropout=0.1, seed=7),
    "sort": PAIRS.replace(task="sort", position="none", optimiser="adamw", clip=0.0, num_layers=1),
    "dates, odd width, all at once": PAIRS.replace(task="dates_fr", d_model=9, num_heads=3, batch_size=0, pairs=30,
                                                   optimiser="momentum", warmup=0),
    "untrained": PAIRS.replace(trained=False, optimiser="sgd"),
    "next": NEXT,
    "next, pieces of Chinese": NEXT.replace(tokens="bpe", corpus="chinese", vocabulary_size=1200, norm_first=False),
    "next, letters, rotary, tied": NEXT.replace(tokens="characters", position="rotary", tied=True, dropout=0.2),
    "next, cheating": NEXT.replace(causal=False, corpus="reviews", epochs=12),
    "masked": MASKED.replace(corpus="reviews"),
    "masked, pieces, rotary": MASKED.replace(tokens="bpe", position="rotary", label_smoothing=0.1, dropout=0.1),
    "masked, letters of Chinese, post-norm": MASKED.replace(tokens="characters", corpus="chinese", norm_first=False),
}  # fmt: skip
"""Between them every position, optimiser, corpus and kind of token, either norm, and every network."""


def ours(spec):
    """The trainer at the end of its run, and by name what the program tells by epoch."""
    trainer = make_trainer(spec)
    epochs = [event for event in trainer if isinstance(event, Epoch)]
    curves = {"train_loss": [event.train_loss for event in epochs], "test_loss": trainer.over["loss"],
              "wrong": [event.test_rmse for event in epochs]}  # fmt: skip
    if "whole" in trainer.over:
        curves["whole"] = trainer.over["whole"]
    elif not spec.model.causal:
        curves["right_without_cheating"] = trainer.over["free"]
    return trainer, curves


def theirs(text):
    """What a program leaves behind, and the lines it prints."""
    names, printed = {"__name__": "__main__"}, io.StringIO()
    with torch.random.fork_rng(), contextlib.redirect_stdout(printed):
        exec(compile(text, "transformer.py", "exec"), names)
    return names, printed.getvalue().splitlines()


@pytest.fixture(scope="module")
def both():
    """Either side of a case, made once."""
    made = {}

    def make(name):
        if name not in made:
            made[name] = *ours(CASES[name]), *theirs(script(CASES[name]))
        return made[name]

    return make


def assert_same(found, expected):
    assert list(found) == list(expected)
    for name in expected:
        if not np.isnan(expected[name]).all():  # the page does not translate what it only looks at
            np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-4, err_msg=name)  # 1e-6 seen


@pytest.mark.parametrize("name", CASES)
def test_the_program_trains_as_the_page_does(both, name):
    spec = CASES[name]
    trainer, expected, names, printed = both(name)
    assert_same(json.loads(printed[-1]), expected)
    assert len(expected["wrong"]) == (spec.training.epochs if spec.trained else 0) + 1
    assert not spec.trained or expected["train_loss"][-1] < expected["train_loss"][0]
    mine, other = (list(model.parameters()) for model in (names["model"], trainer.model))
    assert [each.shape for each in mine] == [each.shape for each in other]


@pytest.mark.parametrize("name", CASES)
def test_it_computes_what_the_page_computes(both, name):
    trainer, _, names, _ = both(name)
    mine, other = copy.deepcopy(names["model"]).eval(), copy.deepcopy(trainer.model).eval()
    with torch.no_grad():
        for one, another in zip(mine.parameters(), other.parameters(), strict=True):
            one.copy_(torch.randn_like(one) / 4)
            another.copy_(one)
    pairs = isinstance(other, Transformer)
    read = (names["TEST_X"], names["TEST_Y"][:, :-1]) if pairs else (names["TEST_IN"],)
    real = read[-1] != PAD
    torch.testing.assert_close(mine(*read)[real], other(*read)[real])


def test_the_cases_are_every_choice():
    for name in ("position", "optimiser", "norm_first", "tied", "causal", "trained", "corpus", "tokens"):
        facts = TRANSFORMER[name][1]
        choices = facts.choices or (True, False)
        assert {spec.flat()[name] for spec in CASES.values() if name in spec.flat()} == set(choices)


def test_constants_are_the_trainer_s():
    assert (export.TESTED, export.GOES_ON) == (textual.TESTED, foretold.GOES_ON)
    assert make_trainer(PAIRS).model.encoder.embedding.longest == export.LONGEST
    assert f"LONGEST = {make_trainer(NEXT).model.decoder.embedding.longest} " in script(NEXT)


@pytest.mark.parametrize("corpus", ["english", "chinese", "reviews"])
@pytest.mark.parametrize("tokens", ["characters", "words", "bpe"])
@pytest.mark.parametrize("spec", [NEXT, MASKED], ids=["next", "masked"])
def test_texts_become_the_same_numbers(spec, tokens, corpus):
    spec = spec.replace(corpus=corpus, tokens=tokens, vocabulary_size=1200 if corpus == "chinese" else 60, seed=3)
    trainer = make_trainer(spec)
    names, _ = theirs("\n".join(code for _, code in program(spec, "script")[1:4]))
    np.testing.assert_array_equal(names["padded"](names["TRAIN"]).cpu(), trainer.x)
    np.testing.assert_array_equal(names["TEST_IN"].cpu(), trainer.test_x[:100, : names["TEST_IN"].shape[1]])
    np.testing.assert_array_equal(names["TEST_OUT"].cpu(), trainer.test_y[:100, : names["TEST_IN"].shape[1]])
    assert not any(SPACE in token for token in trainer.vocabulary.tokens)
    for text in (*trainer.texts[:9], "", " we are", "It's Ada’s 書, isn't it?", "我們 like\tcats ☂", "<bos> <mask>"):
        assert names["ids_of"](text) == trainer.vocabulary.encode(trainer.tokenizer.encode(text))


def test_it_translates_the_same(both):
    trainer, _, names, _ = both("sentences")
    for text in (*trainer.pairs.source[:5], "How are you?", "Ｄｏ you like ☂ cats?"):
        shot = trainer.snapshot(Look(sentence=Sentence(text=text)))
        assert names["translate"](text) == str(shot.arrays["said"])
    assert names["translate"](" ") == ""


@pytest.mark.parametrize("name", ["next", "next, pieces of Chinese", "next, letters, rotary, tied", "next, cheating"])
def test_it_goes_on_the_same(both, name):
    trainer, _, names, _ = both(name)
    trainer.model.eval()
    begun = trainer.tokenizer.decode(trainer.tokenizer.encode(trainer.texts[0])[:3])
    for text in ("", begun):
        for drawing in (Drawing(), Drawing(0.7, 5, 1.0, 1), Drawing(1.5, 0, 0.8, 2), Drawing(0.9, 9, 0.6, 3)):
            ids = torch.tensor([[BOS, *trainer.vocabulary.encode(trainer.tokenizer.encode(text))]])
            with torch.no_grad():
                drawn, _ = go_on(trainer.model, ids, foretold.GOES_ON, drawing)
            (expected,) = foretold.texts(trainer, torch.cat([ids, drawn], 1))
            assert names["go_on"](text, drawing.temperature, drawing.top_k, drawing.top_p, drawing.seed) == expected
    likeliest = names["go_on"]("", top_k=1, most=1)
    assert likeliest == names["go_on"]("", top_p=1e-6, most=1)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("masked")])
def test_it_guesses_the_same(both, name):
    trainer, _, names, printed = both(name)
    tokens = trainer.tokenizer.encode(trainer.texts[0])
    text = "".join([*tokens[:2], " ___", *tokens[3:]]) if trainer.spec.data.tokens != "characters" else "我們___累"
    for gapped in (text.strip(), "___", " _ ☂"):
        shot = trainer.snapshot(Look(sentence=Sentence(text=gapped)))
        assert names["guess"](gapped) == str(shot.arrays["said"])
    samples = foretold.samples(trainer, Drawing())
    for read, said in zip(samples["samples.source"], samples["samples.said"], strict=True):
        assert any(line.startswith(f"{read} -> {said} (") for line in printed)


@pytest.mark.parametrize(
    ("name", "attention"),
    [("sentences", "decoder.l1.cross"), ("next", "decoder.l1.self"), ("masked", "encoder.l1.self")],
)  # fmt: skip
def test_it_tells_where_it_looks(both, name, attention):
    trainer, _, names, _ = both(name)
    text = trainer.pairs.source[0] if name == "sentences" else trainer.texts[0]
    if name == "next":  # the whole sentence, read and not gone on with
        ids = torch.tensor([BOS, *trainer.vocabulary.encode(trainer.tokenizer.encode(text))])
        weights = trainer.model.inside(ids, [f"{attention}.weights"])[f"{attention}.weights"]
    else:
        weights = trainer.snapshot(Look(sentence=Sentence(text=text, own=True))).arrays[f"{attention}.weights"]
    rows = torch.from_numpy(weights).mean(0).max(1)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        names["looked_at"](text)
    told = [re.search(r" (\d+)% on '(.+)', place (\d+)$", line) for line in printed.getvalue().splitlines()]
    assert [int(line[3]) for line in told] == (rows.indices + 1).tolist()
    np.testing.assert_allclose([int(line[1]) for line in told], 100 * rows.values, atol=0.51)


def test_the_script_needs_nothing_of_this_project(tmp_path):
    spec = NEXT.replace(epochs=2, tokens="bpe")
    (tmp_path / "transformer.py").write_text(script(spec), encoding="utf-8")
    alone = ("import runpy, sys; runpy.run_path('transformer.py')\n"
             "print({'seqcore', 'tokenizers', 'pandas', 'babel'} & set(sys.modules))")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", alone], cwd=tmp_path, env=CLEAN, capture_output=True,
                          encoding="utf-8", timeout=100)  # fmt: skip
    assert done.returncode == 0, done.stderr
    *_, example, curves, loaded = done.stdout.splitlines()
    assert loaded == "set()" and example.startswith("go_on('We are') gives 'We are")
    assert_same(json.loads(curves), ours(spec)[1])


def test_the_notebook_runs_cell_by_cell(tmp_path):
    spec = MASKED.replace(epochs=2)
    made = nbformat.reads(notebook(spec), as_version=4)
    nbformat.validate(made)
    asked = "import json, sys; print(json.dumps(curves), 'seqcore' in sys.modules)"
    made.cells.append(nbformat.v4.new_code_cell(asked))
    NotebookClient(made, timeout=100, resources={"metadata": {"path": str(tmp_path)}}).execute(env=CLEAN)
    told, loaded = made.cells[-1].outputs[0].text.rsplit(maxsplit=1)
    assert loaded == "False"
    assert_same(json.loads(told), ours(spec)[1])
    assert made.cells[-2].outputs[-1].data["text/plain"].startswith("'We")  # the guess that is asked for last


@pytest.mark.parametrize(
    ("spec", "network"),
    [(PAIRS, export.NETWORK["transformer"]), (NEXT, export.NETWORK["decoder"]), (MASKED, export.NETWORK["encoder"]),
     (NEXT.replace(causal=False), export.UNMASKED), (MASKED.replace(causal=False), export.NETWORK["encoder"])],
)  # fmt: skip
def test_the_words_fit_the_network_and_are_translated(spec, network):
    made = nbformat.reads(notebook(spec, str.upper), as_version=4)
    words = [cell.source for cell in made.cells if cell.cell_type == "markdown"]
    titles = [title for title, _ in program(spec, "notebook")][2:]
    assert words[0].startswith("# A TRANSFORMER") and words[0].endswith(export.RUN.upper())
    assert all(text.startswith(f"## {title.upper()}\n") for text, title in zip(words[1:], titles, strict=True))
    assert words[6] == network.upper() and len(words) == 9
    assert not any(cell.get("outputs") for cell in made.cells)


def test_a_run_that_diverges_ends_where_the_page_ends_it():
    trainer = make_trainer(NEXT)
    trainer.lr = trainer.now["lr"] = math.inf
    *_, last = trainer
    _, printed = theirs(script(NEXT).replace("LR = 0.01\n", "LR = float('inf')\n"))
    assert isinstance(last, Diverged) and f"diverged at epoch {last.epoch}" in printed
    assert len(json.loads(printed[-1])["train_loss"]) == last.epoch + 1


def any_value(setting):
    if setting.kind == "choice":
        return st.sampled_from(list(setting.choices))
    if setting.kind == "bool":
        return st.booleans()
    return (st.integers if setting.kind == "int" else st.floats)(setting.low, setting.high)


def fits(values):
    width, rest = divmod(values["d_model"], values["num_heads"])
    return rest == 0 and (values["position"] != "rotary" or width % 2 == 0)


NAMES = [name for name in (*settings_of(TransformerSpec), *settings_of(LanguageSpec)) if name != "architecture"]

any_spec = st.fixed_dictionaries(
    {name: any_value(TRANSFORMER[name][1]) for name in NAMES}
    | {"task": st.sampled_from(list(TRANSFORMER_TASK.choices)), "pairs": st.just(20), "sentences": st.just(100)}
    | {"d_model": st.sampled_from([8, 9, 12, 24]), "num_heads": st.integers(1, 4), "vocabulary_size": st.just(900)}
)


@settings(max_examples=30, deadline=None)
@given(any_spec.filter(fits).map(transformer_spec))
def test_any_settings_make_a_program_that_compiles_and_the_same_each_time(spec):
    text = script(spec)
    compile(text, "transformer.py", "exec")
    assert text == script(spec)
    assert not re.search(r"seqcore|#\?|#[{}]|\{\{", text)
    options = _parser().parse_args(command(spec).split()[3:])
    assert transformer_spec(_chosen(options, {name: facts for name, (_, facts) in TRANSFORMER.items()})) == spec


def test_programs_use_every_name_they_define_and_hold_no_more_than_they_need(tmp_path):
    for k, spec in enumerate(CASES.values()):
        (tmp_path / f"{k}.py").write_text(script(spec), encoding="utf-8")
    told = subprocess.run([sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E9,F,W", "."],
                          cwd=tmp_path, capture_output=True, text=True)  # fmt: skip
    assert told.returncode == 0, told.stdout
    plain = script(NEXT.replace(position="none", clip=0.0, warmup=0, tokens="characters"))
    assert not re.search("ropout|LONGEST|CLIP|warm|SMOOTH|mask>|import re|greedy|cross_att|tied|known|rotat", plain)


def a_scene(spec):
    history = History(**as_arrays([Epoch(k, 3.0 - k, 0.5, 0.6, 1.0, 0.1 * k) for k in range(3)]))
    arrays = {"over.loss": np.array([3.0, 2.5]), "over.free": np.array([0.0, 0.25])}
    return Scene("run", spec, None, "running", history, None, Snapshot(1, 0, arrays), ())


@pytest.mark.parametrize(("spec", "free"), [(NEXT, "test_right_without_cheating"), (PAIRS, "test_right_own_words")])
def test_the_curves_say_what_they_are(spec, free):
    table = pd.read_csv(io.StringIO(as_csv(a_scene(spec))))
    assert list(table) == [
        "epoch",
        "train_loss",
        "train_wrong",
        "test_wrong",
        "grad_norm",
        "seconds",
        "test_loss",
        free,
    ]
    assert table.test_loss.tolist()[:2] == [3.0, 2.5] and table[free].isna().tolist() == [False, False, True]


def drawn(task):
    from pages.kit.translation_home import translation_home
    from seqcore.data.text.spec import transformer_spec
    from tests.test_transformer_export import a_scene

    translation_home(a_scene(transformer_spec({"task": task, "d_model": 32})), "transformer.home")


@pytest.mark.parametrize("task", ["sentences", "next", "masked", "copy"])
def test_the_page_offers_all_of_it(task):
    at = AppTest.from_function(drawn, args=(task,), default_timeout=30).run()
    assert not at.exception
    buttons = [button.proto for button in at.get("download_button")]
    assert [button.label for button in buttons] == ["Curves as CSV", "Notebook", "Script"]
    assert not any(button.disabled for button in buttons)
    assert at.code[0].value == f"python -m seqcore transformer --task {task} --d-model 32"
