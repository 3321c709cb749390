"""What a student takes home of a run on text: its curves, the code that trains it again, and the command."""

import io
import shlex
from collections.abc import Mapping
from functools import partial

import pandas as pd
import streamlit as st

from pages.kit.scene import Scene
from pages.kit.text import t, translator
from seqcore.data.text.spec import LanguageSpec, TransformerSpec, TranslationSpec, task_of, transformer_spec
from seqcore.spec import as_text
from seqcore.text import N_

NAMES = {"train_loss": "train_loss", "train_rmse": "train_wrong", "test_rmse": "test_wrong", "grad_norm": "grad_norm",
         "seconds": "seconds"}  # fmt: skip
"""What the curves of a run on text are called in its table."""

TOLD = {"over.loss": "test_loss", "over.free": "test_right_own_words", "over.whole": "test_whole"}
"""The same of what only a snapshot has, by epoch from 0 on."""

ALONE = {"over.loss": "test_loss", "over.free": "test_right_without_cheating"}
"""The same of one half of a Transformer, which has nothing to translate."""

Spec = TranslationSpec | TransformerSpec | LanguageSpec


def lesson_tabs(words: Mapping[str, str], scene: Scene | None, key: str, elsewhere: str) -> None:
    """Draw what stands below a page's pictures: its lesson, and what can be taken home of `scene`; without one it is
    said, `elsewhere`, where that can be done."""
    notice, mathematics, home = st.tabs([t(N_("What to notice")), t(N_("The mathematics")), t(N_("Take it home"))])
    notice.container(width=820).markdown(words["notice"])
    mathematics.container(width=820).markdown(words["mathematics"])
    with home:
        if scene is not None:
            translation_home(scene, key)
        else:
            st.caption(t(elsewhere))


def translation_home(scene: Scene, key: str) -> None:
    """Draw the downloads and the command of a run; a file is made when it is asked for."""
    spec = scene.spec
    kind, task = ("Seq2seq", spec.data.task) if isinstance(spec, TranslationSpec) else ("Transformer", task_of(spec))
    made = {
        "csv": (N_("Curves as CSV"), f"seqlab-{task}.csv", "text/csv", partial(as_csv, scene)),
        "ipynb": (
            N_("Notebook"), f"{kind}.ipynb", "application/x-ipynb+json", partial(_notebook, spec, translator())
        ),
        "py": (N_("Script"), f"{kind.lower()}.py", "text/x-python", partial(_script, spec)),
    }  # fmt: skip
    with st.container(horizontal=True):
        for name, (label, file, kind, make) in made.items():
            st.download_button(
                t(label), make, file, kind, icon=":material/download:", on_click="ignore", key=f"{key}.{name}",
                disabled=name == "csv" and not len(scene.history),
            )  # fmt: skip
    st.caption(t(N_("Notebook and script are plain PyTorch with your settings, seed and data in one file.")))
    if scene.marks:
        st.caption(
            t(N_("They train with the settings the run began with: what you changed on the way is not in them."))
        )
    st.caption(t(N_("The address of this page is a link to these settings. The same run from a shell:")))
    st.code(command(scene.spec), language="bash", wrap_lines=True)


def as_csv(scene: Scene) -> str:
    """The curves, an epoch a line; what only a snapshot has is empty in the lines of the epochs after it."""
    curves = pd.DataFrame({NAMES[name]: getattr(scene.history, name) for name in NAMES},
                          index=pd.Index(scene.history.epoch.astype(int), name="epoch"))  # fmt: skip
    arrays = scene.snapshot.arrays if scene.snapshot else {}
    for name, column in (ALONE if isinstance(scene.spec, LanguageSpec) else TOLD).items():
        if name in arrays:
            curves[column] = pd.Series(arrays[name])
    text = io.StringIO()
    curves.to_csv(text)
    return text.getvalue()


def command(spec: Spec) -> str:
    """The shell command that trains `spec`; every setting that is not the default is an option."""
    if isinstance(spec, TranslationSpec):
        words, default = ["translate"], TranslationSpec()
    else:
        words, default = ["transformer", "--task", task_of(spec)], transformer_spec({"task": task_of(spec)})
    for name, value, _ in spec.differences(default):
        words += [f"--{name.replace('_', '-')}", as_text(value)]
    return shlex.join(["python", "-m", "seqcore", *words])


def _export(spec: Spec):
    """The module that writes its programs: few ask for one."""
    if isinstance(spec, TranslationSpec):
        from seqcore.reports.export import translation

        return translation
    from seqcore.reports.export import transformer

    return transformer


def _notebook(spec: Spec, translate) -> str:
    return _export(spec).notebook(spec, translate)


def _script(spec: Spec) -> str:
    return _export(spec).script(spec)
