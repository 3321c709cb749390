"""A series: values in their own unit, with their times and where they are from."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from seqcore.catalogue import SERIES, SeriesEntry
from seqcore.data import generated
from seqcore.text import N_, UserError

FOLDER = Path(__file__).parents[2] / "assets" / "data"


@dataclass(frozen=True, eq=False)
class Series:
    """`values` (N,) float64 and `times` (N,), dates or whole numbers; both are made read-only.

    `season` is the number of steps in a period, or 0; `digest` the fingerprint of an uploaded column.
    """

    name: str
    label: str
    unit: str
    values: np.ndarray
    times: np.ndarray
    season: int = 0
    source: str = ""
    licence: str = ""
    generated: bool = False
    digest: str = ""

    def __post_init__(self):
        self.values.flags.writeable = False
        self.times.flags.writeable = False

    @classmethod
    def of(cls, values: np.ndarray) -> "Series":
        """Bare values, counted from 0."""
        return cls("", "", "", np.array(values, float), np.arange(len(values)))


@lru_cache(maxsize=len(SERIES))
def load(name: str) -> Series:
    """The series the catalogue has under `name`; a `UserError` if there is none.

    One immutable object for all who ask. The file's name comes from the catalogue alone.
    """
    entry = next((entry for entry in SERIES if entry.name == name), None)
    if entry is None:
        raise UserError(N_("There is no data set named {name!r}."), name=name[:40])
    values, times = _read(entry) if entry.file else _make(entry)
    return Series(
        entry.name, entry.label, entry.unit, values, times, entry.season, entry.source, entry.licence,
        generated=not entry.file,
    )  # fmt: skip


def _make(entry: SeriesEntry) -> tuple[np.ndarray, np.ndarray]:
    values = getattr(generated, entry.name)()
    return values, np.arange(len(values))


def _read(entry: SeriesEntry) -> tuple[np.ndarray, np.ndarray]:
    """Values and times (N,) from the entry's file."""
    import pandas as pd  # here, because a worker that is handed a series has no use for it

    table = pd.read_csv(FOLDER / entry.file, dtype={entry.time: str} if entry.date_format else None)
    if entry.where:
        column, wanted = entry.where
        table = table[table[column] == wanted]
    table = table.head(entry.rows) if entry.rows else table
    values = table[entry.column].interpolate() if entry.interpolate else table[entry.column]
    values = values.to_numpy(float, copy=True)
    if not entry.time:
        return values, np.arange(len(values))
    if not entry.date_format:
        return values, table[entry.time].to_numpy(np.int64, copy=True)
    times = pd.to_datetime(table[entry.time], format=entry.date_format).to_numpy().astype("datetime64[D]")
    if not entry.span:
        return values, times
    first, last = np.array(entry.span, "datetime64[D]")
    inside = (first <= times) & (times <= last)
    return values[inside], times[inside]
