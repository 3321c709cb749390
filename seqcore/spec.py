"""What a run is: frozen, validated dataclasses whose fields say everything a form, a URL or a table needs.

`RunSpec(data, model, training, seed)` is the whole of a run: two equal specs give bit-identical curves on one
machine. Every field carries its label, range, unit and help, and nothing else in the project repeats them.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Self

from seqcore.catalogue import ARCHITECTURES, BASELINES, RECURRENT, SERIES, UPLOAD
from seqcore.text import N_, UserError


@dataclass(frozen=True)
class Setting:
    """How one field is named, bounded, shown and read from text.

    `kind` is one of int, float, bool, choice, text. `choices` maps the values of a choice to their labels.
    `log` asks for a logarithmic slider; `main` puts the field among those that are always in sight.
    """

    kind: str
    label: str
    help: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    unit: str = ""
    choices: Mapping[Any, str] | None = None
    log: bool = False
    main: bool = False

    def parse(self, name: str, text: str) -> Any:
        """Read a value from text (a URL, a command line); `UserError` says what was expected."""
        text = text.strip()
        try:
            if self.kind == "int":
                return int(text)
            if self.kind == "float":
                return float(text)
        except ValueError:
            raise UserError(N_("{name} must be a number, not {value!r}."), name=name, value=text[:40]) from None
        if self.kind == "bool":
            if text.lower() in ("true", "1", "yes", "on"):
                return True
            if text.lower() in ("false", "0", "no", "off"):
                return False
            raise UserError(N_("{name} must be true or false, not {value!r}."), name=name, value=text[:40])
        return text

    def check(self, name: str, value: Any) -> Any:
        """Return `value` in the field's own type, or raise a `UserError` that says the numbers."""
        if self.kind == "choice":
            if not isinstance(value, str) or value not in self.choices:
                raise UserError(
                    N_("{name} must be one of {choices}, not {value!r}."),
                    name=name, choices=", ".join(map(str, self.choices)), value=str(value)[:40],
                )  # fmt: skip
            return value
        if self.kind == "text":
            if not isinstance(value, str) or len(value) > self.high:
                raise UserError(N_("{name} must be text of at most {high} characters."), name=name, high=self.high)
            return value
        if self.kind == "bool":
            if not isinstance(value, bool):
                raise UserError(N_("{name} must be true or false, not {value!r}."), name=name, value=str(value)[:40])
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise UserError(N_("{name} must be a number, not {value!r}."), name=name, value=str(value)[:40])
        if self.kind == "int" and value != int(value):
            raise UserError(N_("{name} must be a whole number, not {value}."), name=name, value=value)
        if not self.low <= value <= self.high:
            raise UserError(
                N_("{name} ({value}) must be between {low} and {high}."),
                name=name, value=value, low=self.low, high=self.high,
            )  # fmt: skip
        return int(value) if self.kind == "int" else float(value)


def setting(default: Any, **facts: Any) -> Any:
    """A dataclass field with a default and its `Setting`."""
    return field(default=default, metadata={"setting": Setting(**facts)})


def integer(default: int, label: str, low: int, high: int, help: str, **facts: Any) -> Any:
    return setting(default, kind="int", label=label, low=low, high=high, step=1, help=help, **facts)


def real(default: float, label: str, low: float, high: float, help: str, **facts: Any) -> Any:
    return setting(default, kind="float", label=label, low=low, high=high, help=help, **facts)


def choice(default: Any, label: str, choices: Mapping[Any, str], help: str, **facts: Any) -> Any:
    return setting(default, kind="choice", label=label, choices=choices, help=help, **facts)


def flag(default: bool, label: str, help: str) -> Any:
    return setting(default, kind="bool", label=label, help=help)


class Checked:
    """Validates every field against its `Setting` when the dataclass is made."""

    def __post_init__(self):
        for item in fields(self):
            if "setting" in item.metadata:
                value = item.metadata["setting"].check(item.name, getattr(self, item.name))
                object.__setattr__(self, item.name, value)


@dataclass(frozen=True)
class DataSpec(Checked):
    """Which series, and how it is cut into windows and scaled."""

    series: str = choice(
        "aapl_hw02", N_("Data set"), {**{s.name: s.label for s in SERIES}, UPLOAD: N_("Your own CSV")}, main=True,
        help=N_("The series to forecast. Each is real unless its name says generated; its source is shown below it."),
    )  # fmt: skip
    digest: str = setting(
        "", kind="text", label=N_("Uploaded file"), high=80,
        help=N_("Fingerprint of the uploaded column: a link to an uploaded file asks for the same file again."),
    )  # fmt: skip
    seq_length: int = integer(
        19, N_("Window (seq_length)"), 2, 200, unit=N_("steps"), main=True,
        help=N_("How many past values the model sees before it forecasts."),
    )  # fmt: skip
    horizon: int = integer(
        1, N_("Horizon"), 1, 50, unit=N_("steps"), help=N_("How many values ahead one forecast reaches.")
    )
    train_fraction: float = real(
        0.8, N_("Training part"), 0.3, 0.95, step=0.05,
        help=N_("The first part of the series trains the model; the rest is only for the test."),
    )  # fmt: skip
    scaler: str = choice(
        "minmax11", N_("Scaler"),
        {"minmax11": N_("min–max −1…1"), "minmax01": N_("min–max 0…1"), "standard": N_("standard"), "none": N_("none")},
        help=N_("Networks learn best near zero: the scaler moves the values there, and errors are moved back."),
    )  # fmt: skip
    scaler_fit: str = choice(
        "train", N_("Scaler fitted on"), {"train": N_("training part only"), "all": N_("everything (homework; leaks)")},
        help=N_("Fitting on everything lets the model know the range of the future: the homework's recipe does so."),
    )  # fmt: skip
    split: str = choice(
        "rows", N_("Split"), {"rows": N_("rows first (no window crosses)"), "windows": N_("windows first (homework)")},
        help=N_(
            "Rows first: the series is cut, then each part is windowed, so no window holds values of both parts. "
            "Windows first: the first test windows begin inside the training part, as in the homework."
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class ModelSpec(Checked):
    """Which architecture, and how large."""

    architecture: str = choice(
        "lstm", N_("Model"), {kind.name: kind.label for kind in (*ARCHITECTURES, *BASELINES)}, main=True,
        help=N_("The kind of network."),
    )  # fmt: skip
    hidden_size: int = integer(
        32, N_("Hidden size"), 1, 256, unit=N_("units"), main=True,
        help=N_("How many numbers the network keeps as its state (channels, for a CNN)."),
    )  # fmt: skip
    num_layers: int = integer(1, N_("Layers"), 1, 4, help=N_("How many layers lie on top of each other."))
    dropout: float = real(
        0.0, N_("Dropout"), 0.0, 0.9, step=0.05, help=N_("Share of values set to zero between layers while training.")
    )
    bidirectional: bool = flag(
        False, N_("Bidirectional"), N_("Read the window forwards and backwards (recurrent models only).")
    )

    def __post_init__(self):
        super().__post_init__()
        if self.bidirectional and self.architecture not in RECURRENT:
            raise UserError(
                N_("A {architecture} cannot be bidirectional: switch it off or choose one of {choices}."),
                architecture=self.architecture, choices=", ".join(RECURRENT),
            )  # fmt: skip


@dataclass(frozen=True)
class TrainingSpec(Checked):
    """How the weights are found."""

    epochs: int = integer(500, N_("Epochs"), 1, 5000, main=True, help=N_("How often the model sees all windows."))
    batch_size: int = integer(
        0, N_("Batch size"), 0, 4096, unit=N_("windows"),
        help=N_("Windows per update of the weights; 0 takes all at once (full batch)."),
    )  # fmt: skip
    optimiser: str = choice(
        "adam", N_("Optimiser"),
        {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "momentum": N_("SGD with momentum"), "rmsprop": "RMSprop"},
        help=N_("The rule that turns gradients into steps."),
    )  # fmt: skip
    lr: float = real(
        0.01, N_("Learning rate"), 1e-6, 10.0, log=True, main=True,
        help=N_("How long each step is. Too long diverges, too short never arrives."),
    )  # fmt: skip
    clip: float = real(
        0.0, N_("Gradient clipping"), 0.0, 100.0, step=0.1,
        help=N_("Longest gradient norm allowed; 0 leaves gradients as they are."),
    )  # fmt: skip
    device: str = choice(
        "auto", N_("Device"), {"auto": N_("auto"), "cpu": "CPU", "cuda": "CUDA", "mps": "MPS"},
        help=N_("Where the arithmetic happens. Auto takes the GPU a worker owns, otherwise the CPU."),
    )  # fmt: skip


class Whole(Checked):
    """A spec made of parts: its settings go by their bare names, as these do not repeat between the parts."""

    def flat(self) -> dict[str, Any]:
        """Every setting by its bare name."""
        settings = settings_of(type(self))
        return {name: getattr(getattr(self, part) if part else self, name) for name, (part, _) in settings.items()}

    def replace(self, **values: Any) -> Self:
        """A copy with some settings changed, named as in `flat`; unknown names are a `UserError`."""
        return from_flat({**self.flat(), **values}, type(self))

    def differences(self, other: Self) -> list[tuple[str, Any, Any]]:
        """(name, own value, the other's value) for every setting in which two specs differ."""
        mine, others = self.flat(), other.flat()
        return [(name, mine[name], others[name]) for name in mine if mine[name] != others[name]]


@dataclass(frozen=True)
class RunSpec(Whole):
    """The whole of a run on a series."""

    data: DataSpec = field(default_factory=DataSpec)
    model: ModelSpec = field(default_factory=ModelSpec)
    training: TrainingSpec = field(default_factory=TrainingSpec)
    seed: int = integer(0, N_("Seed"), 0, 2**31 - 1, help=N_("Fixes every random choice: same seed, same curve."))


def as_text(value: Any) -> str:
    """A setting's value as a URL or a command line holds it; `Setting.parse` reads it back."""
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, float) else str(value)


@cache
def settings_of(kind: type[Whole]) -> dict[str, tuple[str, Setting]]:
    """name -> (part of the spec, its `Setting`), in the order forms and tables show them."""
    whole = kind()
    parts = [(item.name, getattr(whole, item.name)) for item in fields(kind) if "setting" not in item.metadata]
    return {
        item.name: (part, item.metadata["setting"])
        for part, owner in (*parts, ("", kind))
        for item in fields(owner)
        if "setting" in item.metadata
    }


SETTINGS: dict[str, tuple[str, Setting]] = settings_of(RunSpec)
"""Those of a run on a series."""


def from_flat(values: Mapping[str, Any], kind: type[Whole] = RunSpec) -> Whole:
    """A spec from settings by bare name; what is missing takes its default.

    Raises `UserError` for an unknown name or a value out of its range.
    """
    settings, whole = settings_of(kind), kind()
    unknown = sorted(set(values) - set(settings))
    if unknown:
        raise UserError(N_("There is no setting named {name!r}."), name=unknown[0][:40])
    parts: dict[str, dict] = {part: {} for part, _ in settings.values()}
    for name, value in values.items():
        parts[settings[name][0]][name] = value
    made = {part: dataclasses.replace(getattr(whole, part), **own) for part, own in parts.items() if part}
    return dataclasses.replace(whole, **made, **parts[""])


def from_json(values: Mapping[str, Any], kind: type[Whole] = RunSpec) -> Whole:
    """The inverse of `to_json`; raises `UserError` for anything that is not a spec."""
    flat = {}
    try:
        for name, (part, _) in settings_of(kind).items():
            flat |= values[part] if part else {name: values[name]}
    except (KeyError, TypeError):
        raise UserError(N_("This is not a run's settings: data, model, training and seed are needed.")) from None
    return from_flat(flat, kind)


def to_json(spec: Whole) -> dict[str, Any]:
    """The spec as plain nested dictionaries, ready for `json.dumps`."""
    return dataclasses.asdict(spec)
