"""What this machine has, and whether the engine works here."""

import os
import platform
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("torch", "streamlit", "plotly", "numpy", "pandas", "distributed", "babel")


def report() -> Iterator[tuple[str, str, bool]]:
    """(name, what was found, whether it is well) for each check, the slowest last."""
    yield "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}", True
    for package in PACKAGES:
        try:
            yield package, version(package), True
        except PackageNotFoundError:
            yield package, "not installed: pip install -r requirements.txt", False
    yield from _machine()
    yield from _data()
    yield from _engine()


def _machine() -> Iterator[tuple[str, str, bool]]:
    import psutil
    import torch

    memory = psutil.virtual_memory()
    yield "cores", f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()}", True
    yield "memory", f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB free", True
    cuda = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    yield "cuda", cuda, True
    yield "mps", "yes" if torch.backends.mps.is_available() else "none", True


def _data() -> Iterator[tuple[str, str, bool]]:
    from seqcore.catalogue import SERIES
    from seqcore.data.series import load

    missing = []
    for entry in SERIES:
        try:
            load(entry.name)
        except (OSError, ValueError) as problem:
            missing.append(f"{entry.name} ({problem})")
    yield "data sets", f"{len(SERIES)} found" if not missing else f"missing: {', '.join(missing)}", not missing


def _engine() -> Iterator[tuple[str, str, bool]]:
    from seqcore.data.series import load
    from seqcore.engine import connect
    from seqcore.spec import RunSpec

    began = time.monotonic()
    engine = connect(workers=1)
    try:
        run = engine.submit(RunSpec().replace(epochs=20), load(RunSpec().data.series), owner="doctor")
        while (view := run.view()).status in ("queued", "starting", "running") and time.monotonic() - began < 60:
            time.sleep(0.02)
        took = f"20 epochs on {view.started.device if view.started else '?'} after {time.monotonic() - began:.1f} s"
        yield (
            "engine",
            took if view.status == "finished" else f"{view.status} {view.failure or ''}",
            (view.status == "finished"),
        )
    finally:
        engine.close()
