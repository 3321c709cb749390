"""The homework to take home: a notebook and a script in plain PyTorch that make the table's numbers again.

Values enter as Python literals only, written by `repr` from checked settings and from the series' own numbers.
"""

import base64
import re
import textwrap
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from seqcore.catalogue import CLASSICAL, RECURRENT
from seqcore.data.series import Series
from seqcore.homework import names_of
from seqcore.reports import listing
from seqcore.spec import RunSpec
from seqcore.text import N_

MOST_LINES = 5000
"""Values a series may have to be listed value by value."""

LEFT_OUT = ("digest", "series", "device", "seed")
"""Settings that the program has no use for."""

Cell = tuple[str, str]
"""A notebook's cell: a message for the reader (may be empty) above it, and its code."""


def notebook(
    specs: Sequence[RunSpec], seeds: Sequence[int], series: Series, table: str, t: Callable[[str], str]
) -> str:
    """A notebook (nbformat 4) that trains the rows `specs` with every one of `seeds` on `series`.

    `table` is the page's table as Markdown, to compare with; `t` translates what stands between the code.
    """
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    cells = []
    for k, (words, code) in enumerate(_cells(specs, seeds, series, listing.TABLE + "\ntable\n")):
        cells.append(new_markdown_cell(t(words), id=f"words-{k}"))
        cells.append(new_code_cell(code.rstrip("\n"), id=f"code-{k}"))
    told = f"{t(TOLD)}\n\n{table}\n"
    cells.append(new_markdown_cell(told, id="told"))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    made = new_notebook(cells=cells, metadata=kernel)
    nbformat.validate(made)
    return nbformat.writes(made)


def script(specs: Sequence[RunSpec], seeds: Sequence[int], series: Series, table: str) -> str:
    """The same as a program; its last line of output is the scores as JSON: {row: {seed: [train, test]}}."""
    shown = listing.TABLE + "\n" + listing.SHOW_TABLE
    cells = _cells(specs, seeds, series, shown)
    compared = "\n".join(f"# {line}" for line in [TOLD, "", *table.splitlines()])
    return "\n\n".join([compared, *(f"# {words}\n\n{code}" for words, code in cells), listing.LAST_LINE])


TOLD = N_("What the page showed, to compare with:")


def _cells(specs: Sequence[RunSpec], seeds: Sequence[int], series: Series, shown: str) -> list[Cell]:
    rows = [spec for spec in specs if spec.model.architecture not in CLASSICAL]
    return [
        (N_("Everything that is needed; no other file is."), _imports(series)),
        (N_("The data: the values as the page had them, with their source."), _data(series)),
        (N_("The rows of the table: what all have in common, and what is each one's own."), _rows(rows, seeds)),
        (N_("Windows: the inputs and the values that follow them, scaled; the last part is the test."), _windows(rows)),
        (N_("The networks."), _models(rows)),
        (N_("The training loop."), _train(rows)),
        (N_("All rows with all seeds: this takes a while."), listing.RUN.format()),
        (N_("The table. Is any test score below the naive forecast's?"), shown),
        (N_("The pictures."), listing.FIGURES),
    ]


def _imports(series: Series) -> str:
    return listing.IMPORTS.format(imports="import base64\nimport zlib\n" if len(series.values) > MOST_LINES else "")


def _data(series: Series) -> str:
    facts = {
        "name": repr(series.label),
        "unit": repr(series.unit),
        "source": repr(f"{series.source} ({series.licence})"),
    }
    if len(series.values) > MOST_LINES:
        packed = base64.encodebytes(zlib.compress(series.values.astype("<f8").tobytes(), 9)).decode().rstrip()
        return listing.LONG_SERIES.format(**facts, lines=packed)
    dates = series.times.dtype.kind == "M"
    times = np.datetime_as_string(series.times) if dates else series.times.tolist()
    lines = "\n".join(f"{time} {value!r}" for time, value in zip(times, series.values.tolist(), strict=True))
    read = "pd.to_datetime(list(times))" if dates else "np.array([float(time) for time in times])"
    return listing.SHORT_SERIES.format(**facts, lines=lines, times=read)


def _rows(rows: Sequence[RunSpec], seeds: Sequence[int]) -> str:
    flats = [{name: value for name, value in row.flat().items() if name not in LEFT_OUT} for row in rows]
    common = {name: value for name, value in flats[0].items() if all(flat[name] == value for flat in flats)}
    own = [{name: value for name, value in flat.items() if name not in common} for flat in flats]
    named = names_of(rows, lambda text: text)
    lines = [f"    {name!r}: {_call(settings)}," for name, settings in zip(named, own, strict=True)]
    return listing.ROWS.format(common=_call(common), rows="\n".join(lines), seeds=list(seeds))


def _call(settings: dict[str, object]) -> str:
    written = f"dict({', '.join(f'{name}={value!r}' for name, value in settings.items())})"
    return textwrap.fill(written, 100, subsequent_indent=" " * 8, break_long_words=False, break_on_hyphens=False)


def _windows(rows: Sequence[RunSpec]) -> str:
    split = _branches("split", listing.SPLITS, [row.data.split for row in rows])
    fitted = _branches(
        "scaler_fit",
        {"all": "    fitted = values  # the test part too: this leaks\n", "train": "    fitted = values[:split]\n"},
        [row.data.scaler_fit for row in rows],
    )
    scaler = _branches("scaler", listing.SCALERS, [row.data.scaler for row in rows])
    return listing.WINDOWS.format(split=split.rstrip("\n"), scaler=(fitted + scaler).rstrip("\n"))


def _branches(setting: str, pieces: dict[str, str], used: Sequence[str]) -> str:
    """The piece that all rows use, or one `if` for each that some use."""
    found = list(dict.fromkeys(used))
    if len(found) == 1:
        return pieces[found[0]]
    return "".join(
        f'    if row["{setting}"] == {name!r}:\n' + re.sub(r"^(?=.)", "    ", pieces[name], flags=re.MULTILINE)
        for name in found
    )


def _models(rows: Sequence[RunSpec]) -> str:
    used = dict.fromkeys(row.model.architecture for row in rows)
    classes = {name: "Recurrent" if name in RECURRENT else name.upper() for name in used}
    pieces = {"Recurrent": listing.RECURRENT, "MLP": listing.MLP, "CNN": listing.CNN}
    kinds = "{" + ", ".join(f"{name!r}: {kind}" for name, kind in classes.items()) + "}"
    return "\n\n".join([*(pieces[kind] for kind in dict.fromkeys(classes.values())), listing.KINDS.format(kinds=kinds)])


def _train(rows: Sequence[RunSpec]) -> str:
    used = dict.fromkeys(row.training.optimiser for row in rows)
    optimisers = "\n".join(f"    {name!r}: lambda parameters, lr: {listing.OPTIMISERS[name]}," for name in used)
    batches = any(row.training.batch_size or row.model.dropout for row in rows)
    indent = " " * (12 if batches else 8)
    clip = listing.CLIP.format(indent=indent) if any(row.training.clip for row in rows) else ""
    loop = (listing.MINI_BATCHES if batches else listing.FULL_BATCH).format(clip=clip)
    return listing.TRAIN.format(optimisers=optimisers, loop=loop.rstrip("\n"))
