from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from seqcore.catalogue import SERIES
from seqcore.text import N_, UserError

FOLDER = Path(__file__).parents[2] / "assets" / "data"


@dataclass(frozen=True, eq=False)
class Series:
    name: str
    label: str
    unit: str
    values: np.ndarray
    times: np.ndarray
    season: int
    source: str
    licence: str
    generated: bool = False
    digest: str = ""


@lru_cache(maxsize=32)
def load(name: str) -> Series:
    entries = {entry.name: entry for entry in SERIES}
    if name not in entries:
        raise UserError(N_("There is no data set named {name!r}."), name=name[:40])
    e = entries[name]
    import pandas as pd

    table = pd.read_csv(FOLDER / e.file)
    if e.where:
        table = table[table[e.where[0]] == e.where[1]]
    times = pd.to_datetime(table[e.time])
    keep = (times >= e.start) & (times <= e.end)
    values = table[e.column][keep].to_numpy(float)
    return Series(e.name, e.label, e.unit, values, times[keep].to_numpy("datetime64[D]"), e.season, e.source, e.licence)
