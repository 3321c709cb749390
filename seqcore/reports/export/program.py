"""What a table puts into the exported program: which parts of it, and which values."""

from collections.abc import Mapping, Sequence

from seqcore.catalogue import CLASSICAL, RECURRENT
from seqcore.data.series import Series
from seqcore.homework import label_of, names_of
from seqcore.reports.export.literal import LONG, as_dict, as_times, as_values, comment
from seqcore.reports.export.template import sections
from seqcore.size import weights
from seqcore.spec import RunSpec

WINDOWED = ("seq_length", "horizon", "train_fraction", "split")
"""The settings that decide what the naive forecast scores."""

PREPARED = (*WINDOWED, "scaler", "scaler_fit", "device")
"""The settings that the program prepares its data by."""

READ = {
    "architecture": "",
    "hidden_size": "",
    "num_layers": "",
    "bidirectional": "bidirectional=True",
    "dropout": "dropout",
    "seq_length": "",
    "horizon": "",
    "train_fraction": "",
    "split": "split=rows split=windows",
    "scaler": "",
    "scaler_fit": "scaler_fit=train scaler_fit=all",
    "epochs": "",
    "batch_size": "batches",
    "optimiser": "",
    "lr": "",
    "clip": "clip",
    "device": "device",
}
"""Every setting the program may read -> the features with which it does; the rest it takes for granted."""

NAMES = {"epochs": "num_epochs"}
"""What the homework calls a setting that has another name here."""

BLOCK_FLOPS = 16e9
"""As in `seqcore.training.trainer`, which loads torch."""


Settings = Mapping[str, object]


def program(specs: Sequence[RunSpec], seeds: Sequence[int], series: Series, form: str) -> list[tuple[str, str]]:
    """(title, code) of each section, its head first; `form` is "script" or "notebook".

    Of the classical forecasters among `specs` (one or more) there is the naive one alone, which is always there.
    """
    specs = list(dict.fromkeys(spec.replace(seed=0) for spec in specs))
    rows = [spec for spec in specs if spec.model.architecture not in CLASSICAL]
    decisive = rows or [RunSpec(specs[0].data)]  # without a row there is still the naive forecast
    features = _features(decisive, series) | {form}
    settings = [_settings(spec, features) for spec in decisive]
    common = {name: value for name, value in settings[0].items() if all(each[name] == value for each in settings)}
    named = dict(zip(names_of(rows, str), settings, strict=False))
    literals = {
        "omitted": _omitted(specs),
        "seeds": repr([int(seed) for seed in seeds]),
        "common": as_dict(common),
        "rows": as_dict({name: _beyond(common, own) for name, own in named.items()}),
        "naive": as_dict({name: _beyond(common, own) for name, own in _naive(decisive, settings).items()}),
        "about": comment(f"{series.label}\nSource: {series.source}\nLicence: {series.licence}"),
        "label": repr(series.label),
        "unit": repr(series.unit),
        "values": as_values(series.values),
        "times": as_times(series.times),
    }
    return sections(features, literals)


def _features(rows: Sequence[RunSpec], series: Series) -> set[str]:
    """The words that marks in the template may ask for: `name=value` for each setting of a row, and

    recurrent: a recurrent row; unfolds: one with a decoder that is fed with its own forecast; dropout: a row with
    dropout; clip: one with gradient clipping; batches: one that does not take all windows at once, or not in their
    order; blocks: one whose passes are made in blocks that draw a dropout of their own; device: one that names its
    device; packed: the series is.
    """
    dropout = [row for row in rows if row.model.dropout]
    facts = {
        "recurrent": any(row.model.architecture in RECURRENT for row in rows),
        "unfolds": any(row.model.architecture.startswith("encoder_decoder") for row in rows),
        "dropout": bool(dropout),
        "clip": any(row.training.clip for row in rows),
        "batches": bool(dropout) or any(row.training.batch_size for row in rows),
        "blocks": any(_block(row) < (row.training.batch_size or len(series.values)) for row in dropout),
        "device": any(row.training.device != "auto" for row in rows),
        "packed": len(series.values) > LONG,
    }
    values = {f"{name}={value}" for row in rows for name, value in row.flat().items()}
    return values | {name for name, holds in facts.items() if holds}


def _block(spec: RunSpec) -> int:
    """How many windows the trainer passes at once (`seqcore.training.trainer.block_size`)."""
    return max(8, int(BLOCK_FLOPS / (6 * spec.data.seq_length * weights(spec))))


def _settings(spec: RunSpec, features: set[str]) -> Settings:
    """The settings that a program with these features reads, by the names it has for them."""
    flat = spec.flat()
    read = {NAMES.get(name, name): flat[name] for name, wanted in READ.items() if features.issuperset(wanted.split())}
    return read | ({"block": _block(spec)} if "blocks" in features else {})


def _naive(rows: Sequence[RunSpec], settings: Sequence[Settings]) -> dict[str, Settings]:
    """By name what prepares the data of the naive forecast, once for all rows with the same windows."""
    found: dict[RunSpec, Settings] = {}
    for row, own in zip(rows, settings, strict=True):
        windows = {name: row.flat()[name] for name in WINDOWED}
        prepared = {name: own[name] for name in PREPARED if name in own}
        found.setdefault(RunSpec().replace(architecture="naive", **windows), prepared)
    return dict(zip(names_of(list(found), str), found.values(), strict=True))


def _beyond(common: Settings, settings: Settings) -> dict[str, object]:
    return {name: value for name, value in settings.items() if name not in common}


def _omitted(specs: Sequence[RunSpec]) -> str:
    labels = [label_of(spec) for spec in specs if spec.model.architecture in CLASSICAL[1:]]
    return comment(f"No networks, so not here: {', '.join(labels)}.") if labels else ""
