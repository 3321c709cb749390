"""The race against recurrence: what is measured is so, and what is drawn and said of it follows from the numbers."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch.testing import assert_close

from pages.kit import lab
from pages.kit.race_board import FIRST, READERS
from pages.kit.race_pictures import measured
from pages.kit.race_words import LEAD, ONE, WAIT, as_csv, growth, table, verdict, wins
from seqcore.data.tasks import TASKS, make
from seqcore.data.tasks.race import BATCH, CHECK, LAGS, RACERS, RacerSpec, RaceSpec, side_by_side
from seqcore.engine.limits import bytes_needed
from seqcore.figures.palette import Look
from seqcore.figures.scaling import Level, Scaling, scaling
from seqcore.reports.result import Result
from seqcore.text import UserError
from seqcore.training import race
from seqcore.training.events import Diverged, Epoch, Finished, Progress, Snapshot, Started
from seqcore.training.make import make_trainer
from seqcore.training.race import MEASURED, racing
from seqcore.training.race_cost import further_step, kept_bytes
from tests.browser import wait_for

TINY = RaceSpec().replace(hidden_size=8, updates=CHECK)
TIMES = ("milliseconds", "seconds", "step")


def network(name, length=16, size=8, layers=1, task="order"):
    torch.manual_seed(0)
    of = TASKS[task]
    return racing(RACERS[name], RacerSpec(name, size, layers), len(of.channels), length, of.outputs)


def raced(spec):
    trainer = make_trainer(spec)
    events = list(trainer)
    return trainer, [event for event in events if not isinstance(event, Progress)]


@pytest.mark.parametrize("name", RACERS)
def test_equal_specs_give_equal_numbers_but_for_times(name, monkeypatch):
    monkeypatch.setattr("seqcore.training.race.LAGS", LAGS[:2])
    spec = TINY.replace(architecture=name)
    (first, events), (second, again) = raced(spec), raced(spec)
    assert [replace(e, seconds=0) if isinstance(e, Epoch) else e for e in events[2:]] == [
        replace(e, seconds=0) if isinstance(e, Epoch) else e for e in again[2:]
    ]
    assert isinstance(events[0], Started) and events[0].weights == first.flat.numel()
    assert isinstance(events[-1], Finished)
    one, two = first.conclusion(), second.conclusion()
    assert one.digest == two.digest
    for key in set(one.arrays) - set(TIMES):
        np.testing.assert_array_equal(one.arrays[key], two.arrays[key])
    for key in TIMES:
        assert (one.arrays[key][:2] > 0).all()


def test_epochs_are_equal_pieces_of_work_up_to_the_last():
    effort = RaceSpec().replace(updates=4 * CHECK).training
    told = [effort.epoch_at(k, update) for k in range(len(LAGS)) for update in range(CHECK, 4 * CHECK + 1, CHECK)]
    assert told[:5] == [1, 2, 3, 4, 6] and told[-1] == effort.epochs == 4 * sum(LAGS) // LAGS[0]
    assert effort.epoch_at(1, 0) == told[3]
    with pytest.raises(UserError, match="26"):
        RaceSpec().replace(updates=CHECK + 1)


def test_it_goes_on_when_the_task_is_solved_and_the_past_holds_what_was_done(monkeypatch):
    monkeypatch.setattr("seqcore.training.race.LAGS", LAGS[:1])
    spec = RaceSpec().replace(architecture="gru", hidden_size=16, updates=400, lr=0.01)
    trainer, events = raced(spec)
    arrays = trainer.conclusion().arrays
    solved = arrays["solved"][0]
    assert solved < 400 and arrays["updates"][0] == solved and arrays["error"][0] <= 0.01
    assert events[-2].epoch == solved // CHECK and events[-2].test_rmse == arrays["error"][0]
    assert arrays["chance"][0] == 0.5 and np.isnan(arrays["error"][1:]).all()
    past = trainer.snapshot(state=replace(trainer.state(), epoch=spec.training.epoch_at(1, 0) - 1))
    assert all(np.isnan(past.arrays[name]).all() for name in MEASURED)
    assert trainer.state_bytes == trainer.state().nbytes


def test_a_loss_that_is_no_number_ends_the_race(monkeypatch):
    monkeypatch.setattr(race.RaceTrainer, "loss", lambda self, answer, y: answer.sum() * float("nan"))
    _, events = raced(TINY)
    assert isinstance(events[-1], Diverged) and "10 steps" in str(UserError(events[-1].template, **events[-1].values))


def test_the_bytes_of_a_written_out_cell_are_its_buffers():
    T, B, C, H = 16, 32, 6, 8
    model, x = network("gru", T, H), torch.rand(B, T, C)
    stacked, gates = (T + 1) * (C + 1 + H) * B, T * 4 * H * B  # inputs, ones and states; n, r, z and m of each step
    last = B * H  # what the head reads
    assert kept_bytes(model, x) == 4 * (stacked + gates + last)


@pytest.mark.parametrize("name, power", [("gru", 1), ("transformer", 1), ("transformer_explicit", 2)])
def test_memory_grows_with_the_length_or_with_its_square_where_all_weights_are_kept(name, power):
    lengths = np.array([200, 400, 800])
    kept = [kept_bytes(network(name, T), torch.rand(2, T, 6)) for T in lengths]
    if name == "transformer":  # the fused call keeps the mask as numbers, once for all sequences and heads
        kept -= 4 * lengths**2
    assert abs((kept[2] - kept[1]) / (kept[1] - kept[0]) - 2**power) < 0.15 * 2**power


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", RACERS)
def test_a_further_step_says_what_the_whole_pass_says(name, layers):
    T, H = 20, 8
    model, x = network(name, T, H, layers).eval(), torch.rand(3, T, 6)
    step, carried = further_step(model, x)
    with torch.no_grad():
        whole = model(x)
    assert_close(step(), whole, rtol=1e-4, atol=1e-5)
    assert_close(step(), whole, rtol=1e-4, atol=1e-5)
    states = {"lstm": 2 * layers, "gru_attention": layers + T - 1}.get(name, layers)
    numbers = 2 * layers * (T - 1) if name.startswith("transformer") else states
    assert carried == 4 * 3 * H * numbers


def test_no_racer_takes_more_than_the_engine_expects():
    for name in RACERS:
        spec = RaceSpec().replace(architecture=name, task="copy")
        length = TASKS["copy"].length(LAGS[-1])
        x = torch.from_numpy(make("copy", LAGS[-1], BATCH, 0).x)
        assert kept_bytes(network(name, length, 32, task="copy"), x) < bytes_needed(spec, 0) / 2


def test_the_plan_holds_each_network_and_seed_once():
    specs = side_by_side({"task": "copy"}, ["transformer", "rnn"], 2)
    assert [(s.model.architecture, s.seed) for s in specs] == [(n, k) for k in (0, 1) for n in ("rnn", "transformer")]
    with pytest.raises(UserError, match="at least one"):
        side_by_side({}, [], 1)


def shot(**values):
    numbers = {name: np.full(len(LAGS), np.nan) for name in MEASURED} | {
        "lag": np.array(LAGS, float), "length": np.array(LAGS, float) + 5, "chance": np.full(len(LAGS), 0.5)
    }  # fmt: skip
    return Snapshot(1, 0, numbers | {name: np.array(value, float) for name, value in values.items()})


def result(spec, status="finished", **values):
    started = Started(1234, "cpu", "torch", 1, 1, 0, 0, 0, 0.5)
    return Result(spec, status, None, started, shot(**values) if values else None)


NAN = float("nan")
RNN = {"solved": [50, 75, NAN, 100, NAN], "seconds": [1, 1, 1, 1, 1], "milliseconds": [1, 2, 4, 8, 16],
       "megabytes": [1, 2, 4, 8, 16], "step": [1] * 5, "carried": [1] * 5, "error": [0, 0, 0.5, 0, 0.5]}  # fmt: skip
TRANSFORMER = {"solved": [50] * 5, "seconds": [2] * 5, "milliseconds": [2, 3, 4, 4, 4], "megabytes": [2] * 5,
               "step": [1, 1, 2, 2, 2], "carried": [5, 10, 20, 40, 80], "error": [0] * 5}  # fmt: skip


def duel():
    specs = side_by_side({}, ["rnn", "transformer"], 1)
    return specs, [result(specs[0], **RNN), result(specs[1], **TRANSFORMER)]


def test_where_each_wins_is_said_from_the_numbers():
    specs, results = duel()
    rows = measured(results, specs)
    assert verdict(rows).endswith(f"Transformer 200 · Vanilla RNN 20. {ONE}")
    soonest, fastest, least, quickest, lightest, beside = wins(rows)
    assert soonest.endswith(": Vanilla RNN at 10 to 20 steps; Transformer at 50 steps; Vanilla RNN at 100 steps; "
                            "Transformer at 200 steps.")  # fmt: skip
    assert fastest.endswith(
        ": Vanilla RNN at 15 to 25 steps; Vanilla RNN / Transformer at 55 steps; Transformer at 105 to 205 steps."
    )
    assert least.endswith(": Vanilla RNN at 15 steps; Vanilla RNN / Transformer at 25 steps; Transformer at 55 to 205 "
                          "steps.")  # fmt: skip
    assert quickest.endswith(": Vanilla RNN / Transformer at 15 to 25 steps; Vanilla RNN at 55 to 205 steps.")
    assert lightest.endswith(": Vanilla RNN everywhere.")
    assert "2 times as long as that of Vanilla RNN at 15 steps and 0.25 times as long at 205" in beside
    assert "(it becomes the faster one at 105)" in beside


def test_nothing_is_said_too_early_or_of_one_network():
    specs, results = duel()
    assert verdict(measured([], specs)) == LEAD and table(measured([], specs)).empty
    busy = [results[0], replace(results[1], status="running")]
    assert verdict(measured(busy, specs)) == WAIT
    assert wins(measured(busy, specs)) == []
    late = measured([*results, replace(results[0], spec=specs[0].replace(architecture="gru"), status="running")],
                    [*specs, specs[0].replace(architecture="gru")])  # fmt: skip
    assert verdict(late) == WAIT and wins(late) == [] and wins(late[:2])
    unasked = measured(results, [*specs, specs[0].replace(architecture="gru")])
    assert verdict(unasked) == WAIT and wins(unasked) == []
    lost = measured([results[0], replace(results[1], status="diverged")], specs)
    assert "Diverged" in verdict(lost) and "Vanilla RNN 20" in verdict(lost) and wins(lost) == []


def test_seeds_that_overlap_are_a_tie_and_one_that_fails_counts():
    specs = side_by_side({}, ["rnn", "transformer"], 2)
    slow = {**RNN, "milliseconds": [1, 2, 4, 8, 3]}
    rows = measured([result(specs[0], **RNN), result(specs[1], **TRANSFORMER), result(specs[2], **slow),
                     result(specs[3], **{**TRANSFORMER, "solved": [50, NAN, 50, 50, 50]})], specs)  # fmt: skip
    assert rows[1].reach() == 10 and ONE not in verdict(rows)
    assert "Vanilla RNN / Transformer at 205 steps" in wins(rows)[1]


def test_the_table_tells_the_power_a_cost_grows_with():
    specs, results = duel()
    lines = table(measured(results, specs))
    lengths = np.array(LAGS) + 5
    assert growth(3.0 * lengths**1.5, lengths) == pytest.approx(1.5)
    assert np.isnan(growth(np.full(5, NAN), lengths))
    assert lines.loc["Transformer", "MB kept"] == "2 ∝ T^0.0"
    assert lines.loc["Vanilla RNN", "ms an update"] == "16 ∝ T^1.1"
    assert lines.loc["Vanilla RNN", "kB carried"] == "1" and set(lines["Weights"]) == {"1,234"}


def test_the_csv_holds_every_run_and_distance():
    _, results = duel()
    lines = list(csv.DictReader(io.StringIO(as_csv(results))))
    assert len(lines) == 2 * len(LAGS)
    assert [float(line["milliseconds"]) for line in lines[:5]] == RNN["milliseconds"]
    assert lines[2]["solved"] == "" and lines[2]["lag"] == "50" and lines[5]["architecture"] == "transformer"
    assert as_csv([]) == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("log", [True, False])
def test_a_line_is_the_mean_of_the_seeds_in_their_range(theme, log):
    at = np.array([10, 100])
    rows = [Scaling("GRU", Look("gru"), np.array([[1.0, 2.0], [3.0, NAN]])),
            Scaling("RNN", Look("rnn"), np.full((1, 2), NAN))]  # fmt: skip
    picture = scaling(str, theme, rows, at, name="x", title="T", x="Steps", what="Time", unit="ms", log=log,
                      levels=[Level("chance 5", 5.0)])  # fmt: skip
    low, high, _, _, gru, rnn = (trace.data["y"].tolist() for trace in picture.traces)
    assert (low, high, gru) == ([1], [3], [2, 2]) and np.isnan(rnn).all()
    assert picture.traces[4].data["x"].tolist() == [10, 100]
    assert "GRU: 10: 2, 100: 2." in picture.alt and "chance 5." in picture.alt and "RNN: none yet." in picture.alt
    low, high = picture.layout["yaxis"]["range"]
    assert (low, high) == (-1, 1) if log else low == 0 and high > 5
    assert picture.figure()


@pytest.fixture(scope="module")
def one_worker():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLAB_WORKERS", "1")
        yield
        lab.engine().close()
        lab.engine.clear()


def page():
    import streamlit as st

    from pages.kit.form import open_form
    from pages.kit.race_board import FIRST, READERS, as_link, race_board

    st.session_state["problems"] = open_form("transformer", FIRST, READERS)
    race_board("transformer")
    st.session_state["link"] = as_link("transformer")


def opened(**query):
    app = AppTest.from_function(page, default_timeout=30)
    for name, text in query.items():
        app.query_params[f"transformer.{name}"] = text
    app.run()
    assert not app.exception
    return app


def test_a_link_brings_it_back_and_what_is_wrong_in_it_is_said(one_worker):
    link = {"race_networks": "rnn,gru_attention", "race_task": "copy", "race_updates": "100", "race_lr": "0.01"}
    app = opened(**link)
    assert app.session_state["link"] == link
    assert LEAD in app.info[0].value and len(app.caption) > 3
    bad = {"race_networks": "cnn", "race_task": "<b>", "race_updates": "101", "race_seeds": "6", "race_lr": "99",
           "race_hidden_size": "1e9", "race_num_layers": "0"}  # fmt: skip
    assert set(bad) == set(FIRST) == set(READERS)
    app = opened(**bad)
    assert len(app.session_state["problems"]) == len(bad) and app.session_state["link"] == {}
    app.pills(key="transformer.race_networks").set_value([]).run()
    assert not app.exception and "at least one network" in app.warning[0].value


def test_what_the_board_draws_is_what_the_runs_measured(one_worker):
    app = opened(race_networks="rnn,gru", race_hidden_size="4", race_updates="100", race_task="last")
    app.button(key="transformer.race.start").click().run()
    assert not app.exception and not app.error

    def runs():
        return lab.engine().of(f"{app.session_state['seqlab.viewer']}/transformer.race")

    wait_for(lambda: len(runs()) == 2 and all(run.view().ended for run in runs()), 60)
    app.run()
    assert not app.exception and not app.error
    arrays = next(run for run in runs() if run.spec.model.architecture == "gru").view().snapshot.arrays
    known = app.session_state["transformer.race.board.feed"].known
    for name, what in (("race_error", "error"), ("race_megabytes", "megabytes"), ("race_carried", "carried")):
        np.testing.assert_allclose(known[name, "5.y"], arrays[what], rtol=1e-6)
    assert "Farthest distance solved" in app.info[0].value
    assert app.dataframe[0].value.index.tolist() == ["Vanilla RNN", "GRU"]
