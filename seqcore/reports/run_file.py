"""A finished run in one file: its settings, its curves and its last snapshot, without its weights."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from seqcore.data.tasks.race import RaceSpec
from seqcore.data.tasks.spec import MemorySpec
from seqcore.data.text.spec import LanguageSpec, TransformerSpec, TranslationSpec
from seqcore.data.text.transfer import TransferSpec
from seqcore.reports.result import Result
from seqcore.spec import RunSpec, Whole, from_json, to_json
from seqcore.text import N_, UserError
from seqcore.training.events import EPOCH_FIELDS, History, Snapshot, Started

KINDS: dict[str, type[Whole]] = {"remedies": MemorySpec, "teaching": TranslationSpec, "corpus": LanguageSpec,
                                 "warming": TransformerSpec, "texts": TransferSpec, "task": RaceSpec}  # fmt: skip
"""By a part, or a setting of its data, that none of the kinds behind it has; all others are runs on a series."""


@dataclass(frozen=True, eq=False)
class RunFile:
    """What `save` writes: settings, curves (epochs + 1 points each) and the last snapshot of a run."""

    spec: Whole
    started: Started
    history: History
    snapshot: Snapshot


def save(path: Path, run: RunFile) -> None:
    """Write `run` as a compressed `.npz` of plain arrays, of text or of float32, and one JSON text."""
    facts = {
        "spec": to_json(run.spec),
        "started": asdict(run.started),
        "snapshot": {"epoch": run.snapshot.epoch, "window": run.snapshot.window},
    }
    curves = {f"curve.{name}": getattr(run.history, name) for name in EPOCH_FIELDS}
    arrays = {f"snapshot.{name}": a if a.dtype.kind == "U" else a.astype(np.float32)
              for name, a in run.snapshot.arrays.items()}  # fmt: skip
    with path.open("wb") as file:
        np.savez_compressed(file, facts=np.frombuffer(json.dumps(facts).encode(), np.uint8), **curves, **arrays)


def save_all(folder: Path, results: Sequence[Result], name: str) -> None:
    """One file for each run that has a snapshot; `name` is filled in with its settings."""
    folder.mkdir(parents=True, exist_ok=True)
    for result in results:
        if result.snapshot is not None:
            path = folder / name.format(**result.spec.flat())
            save(path, RunFile(result.spec, result.started, result.history, result.snapshot))


def load(path: Path) -> RunFile:
    """Read what `save` wrote; `UserError` if the file is not such a run."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        facts = json.loads(arrays.pop("facts").tobytes())
        names = {*facts["spec"], *facts["spec"]["data"]}
        return RunFile(
            from_json(facts["spec"], next((KINDS[name] for name in KINDS if name in names), RunSpec)),
            Started(**facts["started"]),
            History(**{name: arrays[f"curve.{name}"] for name in EPOCH_FIELDS}),
            Snapshot(**facts["snapshot"], arrays={n[9:]: a for n, a in arrays.items() if n.startswith("snapshot.")}),
        )
    except (OSError, KeyError, TypeError, ValueError) as problem:
        raise UserError(N_("{name} is not a recorded run."), name=path.name) from problem
