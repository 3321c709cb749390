"""The homework to take home: a script and a notebook in plain PyTorch that make the table's numbers again.

Both are `assets/export/hw02.txt`, of which only what the table uses is kept. Whatever somebody chose or typed enters
as a Python literal, by `repr` of a checked value, or as a comment of printable characters.
"""

from collections.abc import Callable, Mapping, Sequence

from seqcore.data.series import Series
from seqcore.reports.export.literal import comment
from seqcore.reports.export.program import program
from seqcore.spec import RunSpec
from seqcore.text import N_

WORDS = (
    N_(
        "# HW02: recurrent networks compared\n\nThe homework in plain PyTorch, with the settings, seeds and data of "
        "the page in this one file. Run it from top to bottom: on the machine of the page it gives the page's numbers."
    ),
    N_(
        "## 1. The data\n\nThe values as the page had them, with all their digits. The end of the series is the test "
        "part: it is forecast by networks that have learnt from what came before."
    ),
    N_(
        "## 2. Windows and scaling\n\nA network sees `seq_length` values and forecasts the `horizon` values that "
        "follow. It learns best near zero: the scaler moves the values there, and errors are moved back."
    ),
    N_(
        "## 3. The networks\n\nEach maps a window to a forecast. A recurrent network carries what it has read in its "
        "hidden state, and a linear layer makes the forecast of the last one."
    ),
    N_(
        "## 4. Training\n\nGradient descent on the mean squared error. After every epoch the network is scored on both "
        "parts by its RMSE, the root of the mean of $(\\hat y - y)^2$, in the data's own unit."
    ),
    N_("## 5. All rows, all seeds\n\nOne run is an anecdote: the seed decides where it begins. This takes a while."),
    N_(
        "## 6. The table\n\nMean ± standard deviation over the seeds. The naive forecast says *tomorrow is as today*, "
        "without a single weight: does a network beat it on the test part?"
    ),
    N_("## 7. Convergence\n\nThe line is the mean of the seeds; the band reaches from the best to the worst of them."),
    N_(
        "## 8. Forecasts of the test part\n\nOver the whole test part every forecast seems to lie on the truth. Look "
        "at the last steps: does it come one step late, as the naive forecast does?"
    ),
)
"""What stands above each section of the program in the notebook."""

COMPARED = 6
"""The section below which the page's table stands, to compare."""

SHOWN = N_("What the page showed:")


def script(specs: Sequence[RunSpec], seeds: Sequence[int], series: Series, table: str | None = None) -> str:
    """A Python program that trains the networks among `specs` on `series`, each with every one of `seeds`.

    It prints the table and, as its last line, one JSON object: {row: {seed: [train RMSE, test RMSE]}}, the scores
    after the last epoch in the data's own unit; a run that diverged has none. `table`, the page's as Markdown, stands
    in its head, to compare.
    """
    parts = program(specs, seeds, series, "script")
    return as_script(parts, f"{SHOWN}\n\n{table}" if table else "")


def notebook(
    specs: Sequence[RunSpec], seeds: Sequence[int], series: Series, table: str | None = None,
    t: Callable[[str], str] = str,
) -> str:  # fmt: skip
    """The same as a notebook (nbformat 4) that leaves the scores in `scores`; `t` translates the words around the code.

    `table` has to be Markdown that is safe to show.
    """
    shown = {COMPARED: f"{t(SHOWN)}\n\n{table}"} if table else {}
    return as_notebook(program(specs, seeds, series, "notebook"), [t(words) for words in WORDS], shown)


def as_script(parts: Sequence[tuple[str, str]], note: str = "") -> str:
    """The (title, code) of each section, the head first, as one Python program; `note` is a comment in its head."""
    (_, head), *rest = parts
    heads = [text for text in (head, comment(note)) if text]
    return "\n\n\n".join(["\n\n".join(heads), *(f"# %% {title}\n{code}" for title, code in rest)]) + "\n"


def as_notebook(parts: Sequence[tuple[str, str]], words: Sequence[str], below: Mapping[int, str]) -> str:
    """The same as a notebook (nbformat 4): each section's words above it, and below some of them, by number, more."""
    import nbformat  # here, because few who draw a page ask for a notebook
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    (_, head), *rest = parts
    cells = []
    for k, (text, (_, code)) in enumerate(zip(words, rest, strict=True)):
        cells.append(new_markdown_cell(text, id=f"words-{k}"))
        cells.append(new_code_cell(code if k or not head else f"{head}\n\n{code}", id=f"code-{k}"))
        if k in below:
            cells.append(new_markdown_cell(below[k], id="shown"))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    nbformat.validate(made)
    return nbformat.writes(made)
