"""The choice of a series: one the project ships, or a column of a file the visitor brings."""

import streamlit as st

from pages.kit.form import field
from pages.kit.text import plain, sentence, t
from seqcore.catalogue import UPLOAD
from seqcore.data.series import Series, load
from seqcore.data.upload import Table, column, read_table
from seqcore.text import N_, UserError

MEGABYTES = 20
"""Largest file taken; `server.maxUploadSize` says the same to the browser."""


def series_field(page: str) -> Series | None:
    """Draw the choice and return the series, or None where the visitor still has to do something.

    The fingerprint of an uploaded column goes into the form's `digest`, so that a link to it asks for the same file.
    """
    field(page, "series")
    chosen = st.session_state[f"{page}.series"]
    if chosen != UPLOAD:
        st.session_state[f"{page}.digest"] = ""
        series = load(chosen)
    else:
        series = _uploaded(page)
    return series


def source_of(series: Series) -> str:
    """Where the values are from, as Markdown."""
    facts = t(N_("{count} values, in {unit}. Source: {source} ({licence})")).format(
        count=f"{len(series.values):,}", unit=t(series.unit) or "–", source=t(series.source), licence=t(series.licence)
    )
    return plain(facts)


def _uploaded(page: str) -> Series | None:
    file = st.file_uploader(
        t(N_("CSV file with a column of numbers")), type=["csv", "txt", "tsv"], key=f"{page}.file",
        max_upload_size=MEGABYTES,
    )  # fmt: skip
    wanted = st.session_state[f"{page}.digest"]
    if file is None:
        again = N_("The link was made with an uploaded file: choose the same file here.")
        first = N_("Choose a CSV file: a header, one row for each time step, one or more columns of numbers.")
        st.info(t(again if wanted else first))
        return None
    try:
        table = _table(page, file)
        names = list(table.numeric)
        name = st.selectbox(t(N_("Column")), names, key=f"{page}.column") if len(names) > 1 else names[0]
        series = column(table, name)
    except UserError as problem:
        st.error(sentence(problem), icon=":material/error:")
        return None
    for note in table.notes:
        st.caption(f":material/info: {sentence(note)}")
    if wanted and wanted != series.digest:
        st.warning(t(N_("This is not the file the link was made with: the curve will be another.")))
    st.session_state[f"{page}.digest"] = series.digest
    return series


def _table(page: str, file) -> Table:
    """The table in an uploaded file, read once for each upload and kept for this visitor alone."""
    key = f"{page}.table"
    if st.session_state.get(key, ("",))[0] != file.file_id:
        st.session_state[key] = file.file_id, read_table(file.getvalue(), file.name)
    return st.session_state[key][1]
