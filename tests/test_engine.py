"""The engine with its real processes: one host, one worker, as a page has them."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
from distributed import LocalCluster

from seqcore.engine import Limits, connect
from seqcore.engine.limits import worker_count
from seqcore.look import Look
from seqcore.spec import RunSpec
from seqcore.text import UserError
from seqcore.training.events import EPOCH_FIELDS, Epoch

ROOT = Path(__file__).parents[1]
LONG = RunSpec().replace(hidden_size=16, epochs=5000)


@pytest.fixture(scope="module")
def engine():
    engine = connect(workers=1)
    assert wait_for(lambda: engine.status().warm == 1, 60), engine.status()
    yield engine
    engine.close()


@pytest.fixture
def submit(engine, series):
    """Submits runs, and drops them after the test."""
    runs = []

    def submit(spec=LONG, owner="me"):
        runs.append(engine.submit(spec, series, owner))
        return runs[-1]

    yield submit
    for run in runs:
        run.forget()


def wait_for(condition, seconds=20.0) -> bool:
    """Whether `condition()` came to hold within `seconds`."""
    until = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < until:
        time.sleep(0.005)
    return held


def all_gone(processes: list[psutil.Process], seconds: float) -> bool:
    """Whether the processes end within `seconds`; what only waits for its parent to take note has ended."""
    left = psutil.wait_procs(processes, seconds)[1]
    return all(not process.is_running() or process.status() == psutil.STATUS_ZOMBIE for process in left)


def worker_process() -> psutil.Process:
    """The one worker among the processes this one has started."""
    children = psutil.Process().children(recursive=True)
    (worker,) = [child for child in children if "multiprocessing.spawn" in " ".join(child.cmdline())]
    return worker


def test_the_processes_listen_to_this_machine_alone_and_keep_their_memory(engine):
    from seqcore.engine.host import ENVIRONMENT

    worker = worker_process()
    assert len(engine.status().devices) == engine.status().workers == 1
    assert wait_for(lambda: engine.status().memory > 50 * 2**20, 3)
    assert ENVIRONMENT.items() <= worker.environ().items()
    for process in (worker, worker.parent()):
        listening = [c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
        assert listening and set(listening) == {"127.0.0.1"}


@pytest.mark.parametrize("architecture", ["lstm", "cnn"])
def test_a_run_in_a_worker_is_the_trainers_run_to_the_last_bit(submit, series, architecture):
    from seqcore.training.trainer import Trainer

    spec = RunSpec().replace(architecture=architecture, hidden_size=8, num_layers=2, dropout=0.2, epochs=40)
    run = submit(spec)
    assert wait_for(lambda: run.view().status == "finished"), run.view()
    trainer = Trainer(spec, series)
    events = list(trainer)
    epochs = [event for event in events if isinstance(event, Epoch)]
    history = run.view().history
    for name in EPOCH_FIELDS[:-1]:  # all but the seconds
        np.testing.assert_array_equal(getattr(history, name), [getattr(epoch, name) for epoch in epochs])
    assert run.view().started == events[0] and run.view().epoch == 40
    run.watch(Look(5, free_running=True), wait=5)
    snapshot, direct = run.view().snapshot, trainer.snapshot(Look(5, True))
    assert snapshot.arrays.keys() == direct.arrays.keys() and (snapshot.epoch, snapshot.window) == (40, 5)
    for name, values in direct.arrays.items():
        np.testing.assert_array_equal(snapshot.arrays[name], values)


def test_the_first_point_of_the_curve_comes_at_once(submit):
    clicked = time.monotonic()
    run = submit()
    assert wait_for(lambda: len(run.view().history), 5)
    assert time.monotonic() - clicked < 0.4  # 0.05 s where the cores are free
    assert run.view().status == "running" and run.view().started.weights > 0


def test_pause_one_epoch_resume_rate_and_stop(submit):
    run = submit()
    assert wait_for(lambda: run.view().epoch > 5)
    run.pause()
    assert wait_for(lambda: run.view().status == "paused", 1)
    epoch = run.view().epoch
    time.sleep(0.3)
    assert run.view().epoch == epoch
    run.step()
    assert wait_for(lambda: run.view().epoch > epoch and run.view().status == "paused", 1)
    assert run.view().epoch == epoch + 1
    run.change(lr=0.25)
    run.resume()
    assert wait_for(lambda: run.view().marks, 1)
    assert (run.view().marks[0].epoch, run.view().marks[0].value) == (epoch + 1, 0.25)
    with pytest.raises(UserError, match="lr"):
        run.change(lr=-1)
    asked = time.monotonic()
    run.stop()
    assert wait_for(lambda: run.view().status == "stopped", 1), time.monotonic() - asked
    epoch = run.view().epoch
    time.sleep(0.2)
    assert run.view().epoch == epoch


def test_runs_are_found_again_by_id_and_owner_until_forgotten(engine, submit):
    first, second, other = submit(), submit(), submit(owner="you")
    assert engine.find(first.id) is first and engine.of("me") == (second, first) and engine.of("you") == (other,)
    assert len(first.id) >= 16 and first.id != second.id
    first.forget()
    assert wait_for(lambda: engine.find(first.id) is None, 1) and engine.of("me") == (second,)
    assert first.view().status == "stopped"


def test_settings_that_do_not_fit_the_data_fail_with_the_trainers_sentence(submit):
    run = submit(RunSpec().replace(seq_length=150))
    assert wait_for(lambda: run.view().ended)
    template, values = run.view().failure
    assert run.view().status == "failed" and "seq_length" in template.format(**values)


def test_a_learning_rate_that_is_too_large_is_told_as_divergence(submit):
    run = submit(RunSpec().replace(architecture="mlp", optimiser="sgd", lr=10.0, scaler="none", epochs=200))
    assert wait_for(lambda: run.view().ended)
    assert run.view().status == "diverged" and "Diverged at epoch" in run.view().failure[0]


def test_memory_returns_when_a_run_is_forgotten(submit):
    process = worker_process()
    warm_up = submit(RunSpec().replace(epochs=1))
    assert wait_for(lambda: warm_up.view().ended)
    before = process.memory_info().rss
    run = submit(RunSpec().replace(hidden_size=256, num_layers=4, epochs=5000))
    assert wait_for(lambda: process.memory_info().rss > before + 40 * 2**20), process.memory_info().rss - before
    run.forget()
    assert wait_for(lambda: process.memory_info().rss < before + 20 * 2**20, 10), process.memory_info().rss - before


def test_a_killed_worker_is_seen_explained_and_replaced(engine, submit):
    run = submit()
    assert wait_for(lambda: run.view().epoch > 5)
    worker_process().kill()
    assert wait_for(lambda: run.view().status == "failed", 1)
    template, values = run.view().failure
    assert "ended unexpectedly at epoch" in template and values["epoch"] == run.view().epoch > 5
    assert len(run.view().history) == run.view().epoch + 1
    again = submit()
    assert again.view().status == "queued" and engine.status().restarting == 1 and engine.status().message
    assert wait_for(lambda: again.view().epoch > 5, 60)
    assert engine.status().restarting == 0 and engine.status().message is None


def test_a_killed_host_is_explained_and_started_again_by_the_next_run(engine, submit):
    run = submit()
    assert wait_for(lambda: run.view().epoch > 5)
    (host,) = [child for child in psutil.Process().children() if "seqcore.engine.host" in child.cmdline()]
    workers = host.children(recursive=True)
    host.kill()
    assert wait_for(lambda: run.view().status == "failed", 1) and engine.status().message
    assert all_gone(workers, 4)
    again = submit()
    assert wait_for(lambda: again.view().epoch > 5, 60)


def test_a_cluster_that_is_already_there_is_joined(monkeypatch, series):
    with LocalCluster(1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None) as cluster:
        monkeypatch.setenv("SEQLAB_SCHEDULER", cluster.scheduler_address)
        with closing(connect()) as engine:
            run = engine.submit(RunSpec().replace(hidden_size=4, epochs=3), series, "me")
            assert wait_for(lambda: run.view().status == "finished"), run.view()


def test_workers_that_cannot_train_are_told(monkeypatch, series, caplog):
    monkeypatch.setattr("seqcore.engine.cluster.warm", lambda: 1 / 0)
    with LocalCluster(1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None) as cluster:
        monkeypatch.setenv("SEQLAB_SCHEDULER", cluster.scheduler_address)
        with closing(connect()) as engine:
            run = engine.submit(RunSpec().replace(epochs=3), series, "me")
            assert wait_for(lambda: run.view().status == "failed"), run.view()
            assert engine.status().message == run.view().failure and run.view().failure[1] == {
                "kind": "ZeroDivisionError"
            }


def test_a_host_that_cannot_start_is_told_and_tried_again(monkeypatch, series, caplog):
    monkeypatch.setattr("seqcore.engine.cluster.sys.executable", "/nowhere/python")
    with closing(connect(workers=1)) as engine:
        assert wait_for(lambda: "could not be started" in engine.status().message[0])
        monkeypatch.undo()
        run = engine.submit(RunSpec().replace(hidden_size=4, epochs=3), series, "me")
        assert wait_for(lambda: run.view().status == "finished", 60), run.view()
    with pytest.raises(UserError, match="closed"):
        engine.submit(RunSpec(), series, "me")
    run.pause()
    run.watch(wait=1)


@contextmanager
def closing(engine):
    try:
        yield engine
    finally:
        engine.close()


PAGE = """
import sys, time, numpy as np
sys.path.insert(0, ROOT)
from seqcore.engine import connect
from seqcore.look import Look
from seqcore.spec import RunSpec
from seqcore.data.series import Series
steps = np.arange(160)
series = Series("wave", "Wave", "m", np.sin(steps), steps, 0, "", "")
engine = connect(workers=1)
run = engine.submit(RunSpec().replace(epochs=5000), series, "me")
while run.view().epoch < 5:
    run.watch()
    time.sleep(0.02)
assert "torch" not in sys.modules, "the page process has torch"
print("training", flush=True)
sys.stdin.read()
"""
"""A process that trains until its standard input ends."""


@contextmanager
def page(folder):
    """A process with an engine in training, started in some other folder, and all processes it has started."""
    pipe = subprocess.PIPE
    client = subprocess.Popen(
        [sys.executable, "-W", "error::ResourceWarning", "-c", PAGE.replace("ROOT", repr(str(ROOT)))],
        cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert client.stdout.readline() == "training\n", client.stderr.read()
        yield client, psutil.Process(client.pid).children(recursive=True)
    finally:
        client.kill()
        client.communicate()


def test_a_clean_end_leaves_no_process_and_no_word(tmp_path):
    with page(tmp_path) as (client, family):
        assert len(family) >= 2
        output, errors = client.communicate(input="", timeout=20)
        assert (client.returncode, output, errors) == (0, "", "")
        assert all_gone(family, 1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_however_the_page_process_ends_nothing_is_left_behind(number, tmp_path):
    with page(tmp_path) as (client, family):
        if number == signal.SIGINT:
            os.killpg(client.pid, number)  # as a terminal does: everything in the foreground gets it
        else:
            client.kill()
        assert all_gone(family, 4)


def test_limits_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("SEQLAB_RUNS_PER_OWNER", "2")
    monkeypatch.setenv("SEQLAB_RUN_SECONDS", "90")
    limits = Limits.from_environment()
    assert (limits.runs_per_owner, limits.run_seconds, limits.queue) == (2, 90.0, Limits().queue)
    for wanted, given in (("99", 16), ("3", 3), ("0", 1)):
        monkeypatch.setenv("SEQLAB_WORKERS", wanted)
        assert worker_count() == given
