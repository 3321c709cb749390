"""What a student takes home of the table: its numbers, and the code that makes them."""

import shlex
from collections.abc import Mapping
from functools import partial

import streamlit as st

from pages.kit.score_board import Table
from pages.kit.text import t, translator
from seqcore.catalogue import UPLOAD
from seqcore.homework import rows_as_text
from seqcore.reports import table as forms
from seqcore.text import N_


def take_home(page: str, table: Table, words: Mapping[str, str]) -> None:
    """Draw the downloads, and the command that makes the same table in a shell."""
    rows = table.rows(table.results(page))
    unit = t(table.series.unit) if table.series else ""
    translate = translator()
    done = any(row.test.count for row in rows)
    markdown = partial(forms.as_markdown, rows, translate, unit)
    made = {
        "csv": (N_("Numbers as CSV"), "hw02.csv", "text/csv", partial(forms.as_csv, rows)),
        "md": (N_("Table as Markdown"), "hw02.md", "text/markdown", markdown),
        "tex": (N_("Table as LaTeX"), "hw02.tex", "text/x-tex", partial(forms.as_latex, rows, translate, unit)),
        "ipynb": (
            N_("Notebook"), "HW02.ipynb", "application/x-ipynb+json", partial(_notebook, table, markdown, translate)
        ),
        "py": (N_("Script"), "hw02.py", "text/x-python", partial(_script, table, markdown)),
    }  # fmt: skip
    with st.container(horizontal=True):
        for name, (label, file, kind, make) in made.items():
            st.download_button(
                t(label), make, file, kind, icon=":material/download:", on_click="ignore", key=f"{page}.take.{name}",
                disabled=table.series is None or not done,
            )  # fmt: skip
    if table.fair == "seconds":
        st.caption(t(N_("Notebook and script train all epochs: scores at equal seconds depend on the clock.")))
    st.caption(t(N_("Notebook and script are plain PyTorch with your settings, seeds and data in one file.")))
    st.caption(t(N_("The address of this page is a link to this table. The same table from a shell:")))
    st.code(_command(table), language="bash", wrap_lines=True)


def _notebook(table: Table, markdown, translate) -> str:
    from seqcore.reports.notebook import notebook  # nbformat takes half a second, and few ask for it

    return notebook(table.networks, range(table.seeds), table.series, markdown(), translate)


def _script(table: Table, markdown) -> str:
    from seqcore.reports.notebook import script

    return script(table.networks, range(table.seeds), table.series, markdown())


def _command(table: Table) -> str:
    upload = table.networks[0].data.series == UPLOAD
    options = ["--rows", rows_as_text(table.networks), "--seeds", str(table.seeds)]
    return shlex.join(["python", "-m", "seqcore", "compare", *options, *(["--csv", "FILE.csv"] if upload else [])])
