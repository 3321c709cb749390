"""A finished run in one file: its settings, its curves and its last snapshot, without its weights."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from seqcore.spec import RunSpec, from_json, to_json
from seqcore.text import N_, UserError
from seqcore.training.events import Snapshot, Started

CURVES = ("epoch", "train_loss", "train_rmse", "test_rmse", "grad_norm", "seconds")


@dataclass(frozen=True)
class RunFile:
    """What `save` wrote: `history` holds `CURVES` by name, each (epochs + 1,)."""

    spec: RunSpec
    started: Started
    history: Mapping[str, np.ndarray]
    snapshot: Snapshot


def save(path: Path, run: RunFile) -> None:
    """Write `run` as a compressed `.npz` of plain arrays and one JSON text."""
    facts = {
        "spec": to_json(run.spec),
        "started": asdict(run.started),
        "snapshot": {"epoch": run.snapshot.epoch, "window": run.snapshot.window},
    }
    curves = {f"curve.{name}": np.asarray(run.history[name]) for name in CURVES}
    arrays = {f"snapshot.{name}": np.asarray(a, np.float32) for name, a in run.snapshot.arrays.items()}
    with path.open("wb") as file:
        np.savez_compressed(file, facts=np.frombuffer(json.dumps(facts).encode(), np.uint8), **curves, **arrays)


def load(path: Path) -> RunFile:
    """Read what `save` wrote; `UserError` if the file is not such a run."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        facts = json.loads(arrays.pop("facts").tobytes())
        return RunFile(
            from_json(facts["spec"]),
            Started(**facts["started"]),
            {name: arrays[f"curve.{name}"] for name in CURVES},
            Snapshot(**facts["snapshot"], arrays={n[9:]: a for n, a in arrays.items() if n.startswith("snapshot.")}),
        )
    except (OSError, KeyError, TypeError, ValueError) as problem:
        raise UserError(N_("{name} is not a recorded run."), name=path.name) from problem
