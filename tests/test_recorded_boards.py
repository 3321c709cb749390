"""The boards on transfer and on recurrence open with recorded runs, said to be so, until there is one to show."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import lab, race_board, race_words
from pages.kit.race_board import RECORDED as RACE_RECORDED
from pages.kit.race_board import START
from pages.kit.recorded import recorded_results
from pages.kit.text import ASSETS
from pages.kit.transfer_board import LEAD, NAMES, RECORDED, TRAIN, WAIT
from seqcore import recordings
from seqcore.data.tasks.race import CHECK, LAGS, RaceSpec, side_by_side
from seqcore.data.text.transfer import LABELS, WAYS
from seqcore.recordings import RACE, TRANSFER, file_of, main
from seqcore.reports.run_file import load


@pytest.fixture(scope="module", autouse=True)
def one_worker():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQLAB_WORKERS", "1")
        yield
        lab.engine().close()
        lab.engine.clear()


def page():
    import streamlit as st

    from pages.kit import race_board, transfer_board
    from pages.kit.form import open_form

    board, draw = {"race": (race_board, race_board.race_board),
                   "transfer": (transfer_board, transfer_board.transfer_board)}[st.query_params["board"]]  # fmt: skip
    open_form("transformer", board.FIRST, board.READERS)
    draw("transformer")


def opened(board, **query):
    app = AppTest.from_function(page, default_timeout=30)
    app.query_params["board"] = board
    for name, text in query.items():
        app.query_params[f"transformer.{name}"] = text
    app.run()
    assert not app.exception and not app.error
    return app


def drawn(app, board):
    """What the browser has been sent, by picture and part."""
    return app.session_state[f"transformer.{board}.board.feed"].known


def labels(app):
    return [part.value for part in app.markdown if ":material/history:" in part.value]


def runs_of(app, board):
    return lab.engine().of(f"{app.session_state['seqlab.viewer']}/transformer.{board}")


@pytest.mark.parametrize("wanted", [TRANSFER, RACE])
def test_a_recording_is_the_whole_run_of_what_a_board_opens_with(wanted):
    for spec in wanted:
        path = ASSETS / "runs" / file_of(spec)
        run = load(path)
        assert run.spec == spec and type(run.spec) is type(spec) and path.stat().st_size < 50_000
        assert run.history.epoch[-1] <= spec.training.epochs
        done = run.snapshot.arrays
        told = [done[way] for way in WAYS] if wanted is TRANSFER else [done["error"], done["milliseconds"]]
        assert np.isfinite(told).all() and len(told[0]) == len(LABELS if wanted is TRANSFER else LAGS)


def test_the_boards_open_with_what_is_recorded():
    assert race_board.FIRST["race_networks"] == [spec.model.architecture for spec in RACE]
    assert recorded_results(side_by_side({}, race_board.FIRST["race_networks"], 1), RACE) and len(TRANSFER) == 3
    assert recorded_results(TRANSFER[:2], TRANSFER) == [] == recorded_results(RACE[::-1], RACE)


def test_transfer_opens_with_recorded_runs_that_are_labelled():
    app = opened("transfer")
    assert labels(app) == [f":material/history: {RECORDED.format(button=TRAIN)}"]
    parts = drawn(app, "transfer")
    arrays = [load(ASSETS / "runs" / file_of(spec)).snapshot.arrays for spec in TRANSFER]
    for way in WAYS:
        name = next(key for (picture, key), style in parts.items() if picture == "by_labels" and key.endswith(".style")
                    and style.get("name") == NAMES[way])  # fmt: skip
        y = parts["by_labels", name.replace("style", "y")]
        np.testing.assert_allclose(y, np.mean([each[way] for each in arrays], axis=0), rtol=1e-6)
    assert "3 seeds" in app.info[0].value and LEAD not in app.info[0].value
    assert not app.get("progress") and "–" not in app.dataframe[0].value.to_numpy()


def test_the_race_opens_with_recorded_runs_that_are_labelled():
    app = opened("race")
    assert labels(app) == [f":material/history: {RACE_RECORDED.format(button=START)}"]
    parts = drawn(app, "race")
    shown = [value for (picture, key), value in parts.items() if picture == "race_milliseconds" and key.endswith(".y")]
    for spec in RACE:
        cost = load(ASSETS / "runs" / file_of(spec)).snapshot.arrays["milliseconds"]
        assert any(len(y) == len(cost) and np.allclose(y, cost, rtol=1e-6) for y in shown)
    assert "Farthest distance solved" in app.info[0].value and not app.get("progress")
    assert any("**Fastest update**" in part.value for part in app.markdown)
    assert len(app.dataframe[0].value) == len(RACE)


@pytest.mark.parametrize(
    ("board", "other", "lead"),
    [("transfer", {"tr_seeds": "2"}, LEAD), ("race", {"race_networks": "rnn,lstm,gru"}, race_words.LEAD)],
)  # fmt: skip
def test_other_settings_than_the_recorded_ones_show_no_recording(board, other, lead):
    app = opened(board, **other)
    assert labels(app) == [] and app.info[0].value == lead
    assert app.get("progress")


@pytest.mark.parametrize("board", ["transfer", "race"])
def test_one_run_of_his_own_and_only_his_own_are_shown(board):
    app = opened(board)
    app.button(key=f"transformer.{board}.start").click().run()
    assert not app.exception and runs_of(app, board) and labels(app) == [] and app.get("progress")
    assert app.info[0].value == {"transfer": WAIT, "race": race_words.WAIT}[board]
    assert not any("**Fastest update**" in part.value for part in app.markdown)
    app.button(key=f"transformer.{board}.stop").click().run()
    assert not app.exception and len(labels(app)) == 1 - bool(runs_of(app, board))  # a run that is ended early is gone


def test_the_recordings_are_made_from_a_shell(tmp_path, monkeypatch):
    quick = RaceSpec().replace(architecture="rnn", hidden_size=4, updates=CHECK, task="last")
    both = [quick, quick.replace(architecture="gru", seed=4)]
    for board, spec in zip(("TRANSFER", "RACE"), both, strict=True):
        monkeypatch.setattr(recordings, board, (spec,))
    main([str(tmp_path)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["race_gru_4.npz", "race_rnn_0.npz"]
    for spec in both:
        run = load(tmp_path / file_of(spec))
        assert run.spec == spec and len(run.history) > 1 and run.started.weights > 0
