"""A study's grid: which runs it takes, what its cells hold, how they are drawn, and what is said of them."""

import csv
import io
import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from pages.kit import grid_words
from pages.kit.grid import (
    BASE,
    MOST_RUNS,
    MOST_VALUES,
    VARIED,
    Grid,
    as_csv,
    comparable,
    errors,
    misfit,
    offered,
    read_seeds,
    read_values,
)
from pages.kit.grid_board import map_of, naive_rmse, panels
from seqcore.data.series import load
from seqcore.data.windows import cut
from seqcore.homework import ASKED
from seqcore.reports.result import Result
from seqcore.spec import SETTINGS, RunSpec
from seqcore.text import UserError
from seqcore.training.events import Epoch, History, Started
from seqcore.training.trainer import Trainer

STARTED = Started(100, "cpu", "fused", 80, 20, 19, 99, 99, 5.0)


def result(spec: RunSpec, test: list[float], status: str = "finished", started: Started = STARTED) -> Result:
    """A run that went through these test errors, epoch by epoch."""
    test = np.array(test, np.float64)
    epoch = np.arange(len(test), dtype=np.float64)
    return Result(spec, status, History(epoch, test / 9, test / 3, test, test, epoch / 10), started, None)


def small(vary="hidden_size", values=(2, 3), models=("rnn", "mlp"), seeds=2, epochs=4) -> Grid:
    return Grid(BASE.replace(epochs=epochs), vary, values, models, seeds)


def filled(grid: Grid, finals: dict) -> list[Result]:
    """Results whose final errors are `finals[value, model]`, one for each seed."""
    return [
        result(cell.replace(seed=seed), [50.0] * cell.training.epochs + [final], "finished")
        for value, line in zip(grid.values, grid.cells, strict=True)
        for model, cell in zip(grid.models, line, strict=True)
        for seed, final in enumerate(finals[value, model])
    ]


# the grid


@pytest.mark.parametrize("vary", VARIED)
def test_every_setting_has_usual_values_that_fit_it_and_networks_that_compare(vary):
    values = read_values(vary, "")
    assert 1 < len(values) <= MOST_VALUES and values == read_values(vary, VARIED[vary])
    grid = Grid(BASE, vary, values, tuple(comparable(vary, ASKED)), 3)
    assert len(set(grid.runs)) == len(grid.runs) == grid.planned <= MOST_RUNS
    assert all(cell.flat()[vary] == value for value, line in zip(values, grid.cells, strict=True) for cell in line)


def test_values_are_numbers_in_order_each_once_however_they_are_separated():
    assert read_values("hidden_size", " 16,4，8、4；32 64\n") == (4, 8, 16, 32, 64)
    assert read_values("lr", "0.1 1e-3") == (0.001, 0.1)
    assert read_values("scaler_fit", "train, all, train") == ("train", "all")


@pytest.mark.parametrize(
    ("vary", "text", "told"),
    [
        ("num_layers", "1, two", "num_layers must be a number, not 'two'."),
        ("num_layers", "1, 9", "num_layers (9) must be between 1 and 4."),
        ("lr", "nan", "lr must be a number, not 'nan'."),
        ("scaler_fit", "future", "scaler_fit must be one of train, all, not 'future'."),
        ("seq_length", ",".join(map(str, range(10_000))), "These are 10000 values; a study holds 12."),
    ],
)
def test_a_value_that_does_not_fit_is_told_by_the_setting(vary, text, told):
    with pytest.raises(UserError) as caught:
        read_values(vary, text)
    assert str(caught.value) == told


def test_a_grid_that_is_too_large_or_empty_is_refused_with_the_numbers():
    with pytest.raises(UserError) as caught:
        small(values=tuple(range(1, 13)), models=ASKED, seeds=10)
    assert "12 values × 3 models × 10 seeds are 360 runs" in str(caught.value) and str(MOST_RUNS) in str(caught.value)
    with pytest.raises(UserError):
        small(models=())
    for seeds in ("0", "11", "-1", "x", ""):
        with pytest.raises(UserError):
            read_seeds(seeds)


def test_every_cell_begins_before_any_has_its_second_seed():
    grid = small(seeds=3)
    assert [run.seed for run in grid.runs] == [0] * 4 + [1] * 4 + [2] * 4
    assert {run.replace(seed=0) for run in grid.runs} == {cell for line in grid.cells for cell in line}


def test_layers_are_not_stacked_twice_and_dropout_lies_between_layers():
    assert not [v for v in offered("num_layers") if "num_layers" in v.settings]
    assert comparable("num_layers", ["gru2", "gru"]) == ["gru"]
    assert comparable("dropout", ["rnn"]) == ["rnn2", "lstm2", "gru2"]
    assert comparable("lr", ["gru", "rnn2", "rnn"]) == ["rnn", "gru", "rnn2"]
    assert comparable("lr", []) == []


def test_a_window_too_long_for_the_series_is_found_with_its_value():
    series = load("airline")
    grid = Grid(BASE.replace(series="airline", split="rows"), "seq_length", (5, 28, 40), ("rnn",), 1)
    value, problem = misfit(grid, lambda cell: cut(series.values, cell.data))
    assert value == 40 and "at most 28" in str(problem)
    assert misfit(small(), lambda cell: cut(load("aapl_hw02").values, cell.data)) is None


# what a cell holds


def test_of_epochs_one_run_answers_all_values():
    grid = small("epochs", (2, 4), ("rnn",), 2)
    assert [(run.training.epochs, run.seed) for run in grid.runs] == [(4, 0), (4, 1)]
    made = [result(grid.runs[0], [9, 8, 7, 6], "running"), result(grid.runs[1], [9, 8, 5, np.inf], "diverged")]
    cells = grid.results(made)
    early, late = (cells[line[0]] for line in grid.cells)
    assert errors(early).tolist() == [7, 5]
    assert [one.status for one in late] == ["running", "diverged"]
    assert np.isnan(errors(late)).tolist() == [True]
    assert [one.spec.training.epochs for one in (*early, *late)] == [2, 2, 4, 4]


@pytest.mark.parametrize("batch_size", [0, 32])
def test_a_long_training_passes_through_the_short_one(series, batch_size):
    spec = RunSpec().replace(hidden_size=3, seq_length=5, batch_size=batch_size, architecture="gru", seed=4)
    short, long = (
        [event.test_rmse for event in Trainer(spec.replace(epochs=epochs), series) if isinstance(event, Epoch)]
        for epochs in (3, 6)
    )
    assert long[:4] == short and len(long) == 7


def test_the_map_and_the_curves_draw_what_the_cells_hold():
    grid = small(values=(2, 3, 5))
    finals = {(v, m): [v + s + (m == "mlp") for s in range(2)] for v in grid.values for m in grid.models}
    cells = grid.results(filled(grid, finals))
    drawn = map_of(grid, cells, "USD")
    assert drawn.traces[0].data["z"].tolist() == [[2.5, 3.5], [3.5, 4.5], [5.5, 6.5]]
    assert "GRU" not in drawn.alt and "3 by" not in drawn.alt and "MLP" not in drawn.traces[1].data["text"]
    made = panels(grid, cells, "USD")
    assert [picture.title for picture in made] == [f"Hidden size {value}" for value in grid.values]
    line = next(trace for trace in made[0].traces if trace.style.get("name") == "MLP")
    assert line.data["y"].tolist() == [50, 50, 50, 50, 3.5]


def test_the_longer_side_of_the_map_lies_downwards():
    grid = small(values=(2,), models=("rnn", "lstm", "gru"))
    drawn = map_of(grid, grid.results([]), "USD")
    assert drawn.traces[0].data["z"].shape == (3, 1)


def test_the_naive_forecast_is_one_number_only_where_the_test_part_is_the_same():
    grid = small(seeds=1)
    one, two = (result(run, [9.0]) for run in grid.runs[:2])
    assert naive_rmse(grid.results([one, two])) == 5.0
    other = result(two.spec, [9.0], started=Started(100, "cpu", "fused", 80, 20, 19, 99, 99, 6.0))
    assert naive_rmse(grid.results([one, other])) is None
    assert naive_rmse(grid.results([])) is None


def test_the_csv_has_every_seed_of_every_cell():
    grid = small(seeds=2, epochs=2)
    made = [result(grid.runs[0], [9, 8, 6]), result(grid.runs[1], [9, 8], "running"), result(grid.runs[2], [9, 1e30],
            "diverged")]  # fmt: skip
    lines = list(csv.DictReader(io.StringIO(as_csv(grid, made))))
    assert [(line["hidden_size"], line["model"], line["seed"]) for line in lines[:3]] == [
        ("2", "rnn", "0"), ("2", "rnn", "1"), ("2", "mlp", "0")]  # fmt: skip
    assert len(lines) == len(grid.runs) and set(SETTINGS) <= set(lines[0])
    first = {name: lines[0][name] for name in ("test_rmse", "train_rmse", "naive_rmse", "seconds", "status")}
    assert first == {"test_rmse": "6.0", "train_rmse": "2.0", "naive_rmse": "5.0", "seconds": "0.2",
                     "status": "finished"}  # fmt: skip
    assert int(lines[0]["weights"]) == 2 * (1 + 2 + 2) + 3
    assert [line["status"] for line in lines[:5]] == ["finished", "not trained", "running", "not trained", "diverged"]
    assert lines[2]["test_rmse"] == "" and lines[4]["test_rmse"] == "1e+30"


# what is said of it


def said(grid: Grid, made: list[Result], monkeypatch) -> tuple[str, str]:
    """The kind of box, and its words."""
    found = []
    for kind, (_, icon) in grid_words.BOXES.items():
        draw = lambda words, icon, kind=kind: found.append((kind, words.replace("\\", "")))  # noqa: E731
        monkeypatch.setitem(grid_words.BOXES, kind, (draw, icon))
    grid_words.verdict(grid, grid.results(made), "USD", "lead")
    return found[0]


def of(grid: Grid, *finals: list[float]) -> list[Result]:
    """Results whose final errors are a list for each cell, by value and model."""
    return filled(grid, dict(zip(itertools.product(grid.values, grid.models), finals, strict=True)))


def test_a_lowest_cell_that_the_seeds_support_is_called_better(monkeypatch):
    kind, words = said(small(), of(small(), [4.0, 4.02], [6, 6], [4.5, 4.52], [7, 7]), monkeypatch)
    assert kind == "below" and "Vanilla RNN, hidden_size=2**, 4.010 ± 0.014 USD" in words
    assert "Next: Vanilla RNN, hidden_size=3, 0.5 higher, and the seeds support" in words
    assert "beats the naive forecast, 5 USD" in words


def test_a_lowest_cell_within_the_spread_is_called_no_better(monkeypatch):
    kind, words = said(small(), of(small(), [4.0, 5.5], [6, 6], [4.9, 4.7], [7, 7]), monkeypatch)
    assert kind == "open" and words.count("do **not** support") == 2


def test_a_lowest_cell_above_the_naive_forecast_is_said_to_be(monkeypatch):
    kind, words = said(small(), of(small(), [6.0, 6.1], [9, 9], [8.0, 8.1], [7, 7]), monkeypatch)
    assert kind == "above" and "does **not** beat the naive forecast, 5 USD" in words
    assert "Next: MLP, hidden_size=3" in words


def test_the_lowest_of_many_has_to_stand_out_more(monkeypatch):
    four, two = small(seeds=3), small(models=("rnn",), seeds=3)
    _, words = said(four, of(four, [4.0, 4.0, 4.0], [9, 9, 9], [4.5, 4.6, 4.8], [7, 7, 7]), monkeypatch)
    assert "but the seeds do **not** support a difference" in words  # p = 0.019, and there are three comparisons
    _, words = said(two, of(two, [4.0, 4.0, 4.0], [4.5, 4.6, 4.8]), monkeypatch)
    assert "and the seeds support the difference" in words


def test_a_cell_of_which_a_run_diverged_is_never_the_lowest(monkeypatch):
    made = of(small(), [1.0, 1.0], [6, 6], [8.0, 8.1], [7, 7])
    made[0] = result(made[0].spec, [50.0, np.inf], "diverged")
    _, words = said(small(), made, monkeypatch)
    assert "Lowest: MLP, hidden_size=2" in words and "Next: MLP, hidden_size=3" in words


def test_one_seed_is_no_evidence(monkeypatch):
    kind, words = said(small(seeds=1), of(small(seeds=1), [4.0], [6.0], [8.0], [7.0]), monkeypatch)
    assert kind == "open" and "one seed cannot tell" in words


def test_the_time_needed_follows_the_pace_of_like_networks(monkeypatch):
    monkeypatch.setattr(grid_words, "engine", lambda: SimpleNamespace(status=lambda: SimpleNamespace(warm=2)))
    view = SimpleNamespace(epoch=10, seconds=2.0)
    found = {small().runs[0]: SimpleNamespace(view=lambda: view)}
    assert grid_words.seconds_needed(found, small().runs) == pytest.approx(8 * 4 * 0.2 / 2)
    found[small().runs[1]] = SimpleNamespace(view=lambda: SimpleNamespace(epoch=10, seconds=4.0))
    assert grid_words.seconds_needed(found, small().runs) == pytest.approx((4 * 4 * 0.2 + 4 * 4 * 0.4) / 2)
    assert np.isnan(grid_words.seconds_needed({}, small().runs))
