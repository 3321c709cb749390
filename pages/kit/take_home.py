"""What a student takes home of a run: its curves as a table, and the command that repeats it."""

import io
import shlex
from dataclasses import fields

import pandas as pd
import streamlit as st

from pages.kit.scene import Scene
from pages.kit.text import t
from seqcore.catalogue import UPLOAD
from seqcore.spec import RunSpec
from seqcore.text import N_


def take_home(scene: Scene) -> None:
    """Draw the downloads and the command of a run."""
    curves = pd.DataFrame({item.name: getattr(scene.history, item.name) for item in fields(scene.history)})
    text = io.StringIO()
    curves.to_csv(text, index=False)
    st.download_button(
        t(N_("Curves as CSV")), text.getvalue(), f"seqlab-{scene.spec.model.architecture}.csv", "text/csv",
        icon=":material/download:", disabled=curves.empty, on_click="ignore", key=f"{scene.run}.csv",
    )  # fmt: skip
    st.caption(t(N_("The address of this page is a link to these settings. The same run from a shell:")))
    st.code(command(scene.spec), language="bash", wrap_lines=True)


def command(spec: RunSpec) -> str:
    """The shell command that trains `spec`; every setting that is not the default is an option."""
    options = []
    for name, value, _ in spec.differences(RunSpec()):
        if name == "digest" or value == UPLOAD:
            continue
        options += [f"--{name.replace('_', '-')}", str(value).lower() if isinstance(value, bool) else str(value)]
    upload = ["--csv", "FILE.csv", "--column", "COLUMN"] if spec.data.series == UPLOAD else []
    return shlex.join(["python", "-m", "seqcore", "train", *upload, *options])
