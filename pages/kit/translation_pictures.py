"""What is known of a run on a text task, as pictures and words: how it learns, what it says, and what it looks at."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from pages.kit.live import theme
from pages.kit.pins import Pin
from pages.kit.scene import Scene
from pages.kit.sentence_field import read_held
from pages.kit.text import plain, t, translator
from seqcore.data.text import TEXT_TASKS, vocabularies
from seqcore.figures.beam_tree import beam_tree
from seqcore.figures.likeliest import likeliest
from seqcore.figures.picture import Picture, base_layout, wrap
from seqcore.figures.states import states
from seqcore.figures.token_map import token_map
from seqcore.figures.tokens import accuracy, token_loss
from seqcore.figures.vector import vector
from seqcore.text import N_
from seqcore.translation import UPDATES

MOST_EFFECTS = 60
"""As in `seqcore.training.said`, which loads torch; a test compares them."""

BLANK = "␣"
"""How a blank is shown where it is a token of its own."""


def training_pictures(scene: Scene, pinned: Sequence[Pin]) -> list[Picture]:
    """Loss and accuracy by epoch, and of one sentence what the decoder looks at."""
    history, epochs, tr = scene.history, scene.spec.training.epochs, translator()
    count = min(len(history), len(array(scene, "over.loss", (0,))))
    epoch, uniform = history.epoch[:count], float(np.log(len(vocabularies(scene.spec.data.task)[1])))
    pins = [pin for pin in pinned if pin.history is not history and pin.spec.data.task == scene.spec.data.task]
    losses = token_loss(
        tr, theme(), epoch, history.train_loss[:count], array(scene, "over.loss", (0,))[:count], epochs=epochs,
        updates=UPDATES, uniform=uniform, at=scene.at,
        others=[(pin.name, pin.history.epoch, pin.history.train_loss) for pin in pins],
    )  # fmt: skip
    shares = accuracy(
        tr, theme(), epoch, 1 - history.test_rmse[:count], array(scene, "over.free", (0,))[:count],
        array(scene, "over.whole", (0,))[:count], epochs=epochs,
        others=[(pin.name, pin.history.epoch, 1 - pin.history.test_rmse) for pin in pins], at=scene.at,
    )  # fmt: skip
    return [losses, replace(attention_picture(scene), tall=True), shares]


def inside_pictures(scene: Scene, step: int) -> list[Picture]:
    """What the encoder keeps, what it hands over, and of the decoder what it looks at and what it says at a step."""
    return [
        *(replace(tall, tall=True) for tall in (attention_picture(scene), _likeliest(scene, step), _beam(scene))),
        _encoder(scene), _decoder(scene), _bottleneck(scene),
    ]  # fmt: skip


def intervention_pictures(scene: Scene, held: str, hiding: str) -> list[Picture]:
    """The weights, which may be held, and what hiding each token does to the loss."""
    return [attention_picture(scene, held), _effect(scene, hiding)]


def attention_picture(scene: Scene, held: str = "") -> Picture:
    """Target by source: how much each step looks at each token."""
    title = t(N_("Attention: each row looks at the source"))
    if not has(scene, "attention"):
        why = N_("No attention: all it knows of the source is one state") if has(scene, "rows") else ""
        return place_for("attention", t(why))
    arrays = scene.snapshot.arrays
    rows, read = shown(arrays["rows"]), shown(arrays["read"])
    cells = [(row, column, how) for (row, column), how in read_held(held).items()
             if row < len(rows) and column < len(read)]  # fmt: skip
    picture = token_map(
        translator(), theme(), title, arrays["attention"], read, rows, kind="weights", cells=cells,
        unknown=arrays["unknown"].astype(bool).tolist(), wrong=(arrays["output"] != arrays["rows"]).tolist(),
    )  # fmt: skip
    return replace(picture, clickable=True)


def _effect(scene: Scene, hiding: str) -> Picture:
    if not has(scene, f"effect.{hiding}"):
        return place_for("effect", _why_no_effect(scene, hiding) if has(scene, "rows") else "")
    arrays = scene.snapshot.arrays
    rank = float(arrays.get(f"effect.{hiding}.rank", np.nan))
    title = t(N_("What hiding a token costs"))
    if np.isfinite(rank):
        title += " · " + t(N_("rank agreement with the weights {rank:.2f}")).format(rank=rank)
    return token_map(translator(), theme(), title, arrays[f"effect.{hiding}"], shown(arrays["read"]),
                     shown(arrays["rows"]), kind="effect", name="effect")  # fmt: skip


def _why_no_effect(scene: Scene, hiding: str) -> str:
    count = len(scene.snapshot.arrays["read"])
    if count == 1:
        return t(N_("One token only: without it there is nothing to read"))
    if count > MOST_EFFECTS:
        return t(N_("{count} tokens: what hiding each does is told of up to {most}")).format(
            count=count, most=MOST_EFFECTS)  # fmt: skip
    if hiding == "masked" and scene.spec.model.attention == "none":
        return t(N_("No attention, so that there is none to mask: take the word out"))
    return ""


def _likeliest(scene: Scene, step: int) -> Picture:
    if not has(scene, "top"):
        return place_for("likeliest")
    arrays = scene.snapshot.arrays
    at = min(step, len(arrays["rows"])) - 1
    top = arrays["top"][at].tolist()
    chosen = top.index(arrays["rows"][at]) if arrays["rows"][at] in top else None
    return likeliest(translator(), theme(), shown(top), arrays["probabilities"][at], chosen=chosen, step=at + 1)


def _encoder(scene: Scene) -> Picture:
    if not has(scene, "encoder"):
        return place_for("encoder")
    arrays = scene.snapshot.arrays
    return states(translator(), theme(), t(N_("Encoder states over the source")), arrays["encoder"], kind="hidden",
                  name="encoder", labels=shown(arrays["read"]), axis=t(N_("Source token")))  # fmt: skip


def _decoder(scene: Scene) -> Picture:
    if not has(scene, "decoder"):
        return place_for("decoder")
    arrays = scene.snapshot.arrays
    return states(translator(), theme(), t(N_("Decoder states, by the token they read")), arrays["decoder"],
                  kind="hidden", name="decoder", labels=shown(arrays["input"]), axis=t(N_("Token read")))  # fmt: skip


def _bottleneck(scene: Scene) -> Picture:
    if not has(scene, "bottleneck"):
        return place_for("bottleneck")
    title = t(N_("The bottleneck: the state handed from encoder to decoder"))
    return vector(translator(), theme(), title, scene.snapshot.arrays["bottleneck"])


def _beam(scene: Scene) -> Picture:
    if not has(scene, "beam.token"):
        return place_for("beam")
    arrays = scene.snapshot.arrays
    parts = [arrays[f"beam.{name}"] for name in ("parent", "step", "log_probability", "kept", "finished")]
    parts[0], parts[1] = parts[0].astype(int), parts[1].astype(int)
    return beam_tree(translator(), theme(), shown(arrays["beam.token"]), *parts, int(arrays["beam.best"]), most=1)


def what_it_says(scene: Scene) -> None:
    """Draw the watched sentence and its translation, before and after what was done to it."""
    if not has(scene, "said"):
        return
    arrays, join = scene.snapshot.arrays, TEXT_TASKS[scene.spec.data.task].join_source
    given, read = (plain(join(arrays[name].tolist())) for name in ("given", "read"))
    beside = []
    if "truth" in arrays:
        beside.append(t(N_("should be: {text}")).format(text=plain(str(arrays["truth"]))))
    if "before" in arrays:
        before = plain(str(arrays["before"]))
        beside.append(t(N_("untouched: {text}")).format(text=before if given == read else f"{given} → {before}"))
    said = plain(str(arrays["said"])) or "…"
    second = f":gray[{' · '.join(beside)}]" if beside else "&nbsp;"  # always there: what comes below does not move
    st.markdown(f":material/translate: {read} → **{said}**  \n{second}")


def samples_table(scene: Scene) -> None:
    """Draw what the network makes of some pairs it has never seen."""
    if not has(scene, "samples.said"):
        return
    arrays = scene.snapshot.arrays
    columns = zip(arrays["samples.source"], arrays["samples.said"], arrays["samples.target"], strict=True)
    unseen, now = t(N_("Never seen in training")), t(N_("Translation now"))
    lines = [f"| {unseen} | {now} | |", "|---|---|---|"]
    lines += [f"| {plain(source)} | {plain(said) or '…'} | {'✓' if said == target else '✗ ' + plain(target)} |"
              for source, said, target in columns]  # fmt: skip
    st.markdown("\n".join(lines))


def shown(tokens: Sequence[str]) -> list[str]:
    return [BLANK if token == " " else str(token) for token in tokens]


def has(scene: Scene, name: str) -> bool:
    return scene.snapshot is not None and name in scene.snapshot.arrays


def array(scene: Scene, name: str, shape: tuple[int, ...]) -> np.ndarray:
    return scene.snapshot.arrays[name] if has(scene, name) else np.zeros(shape)


def place_for(name: str, words: str = "") -> Picture:
    """Holds the place of a picture that is coming, or says in `words` why there is none."""
    alt = words or t(N_("The picture comes with the first epoch."))
    note = {"text": wrap(words or "…", 40), "xref": "paper", "x": 0.5, "yref": "paper", "y": 0.5, "showarrow": False}
    nothing = {"visible": False}
    return Picture(name, "", (), base_layout(theme(), "", "", [note], xaxis=nothing, yaxis=nothing), alt)
