"""What is known of a Transformer's run, as pictures and words: how it learns, where its heads look, what they do."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from pages.kit.heads import attentions_of, joined, name_of, queries, tidy
from pages.kit.live import theme
from pages.kit.pins import Pin
from pages.kit.reading_field import off, picked_map
from pages.kit.scene import Scene
from pages.kit.text import plain, t, translator
from pages.kit.translation_pictures import array, has, place_for
from seqcore.data.text import vocabularies
from seqcore.data.text.spec import HALVES, TransformerSpec, task_of
from seqcore.figures import attention_grid, head_view, neuron_view
from seqcore.figures.head_effects import head_effects
from seqcore.figures.picture import Picture
from seqcore.figures.sampling import sampling
from seqcore.figures.token_map import token_map
from seqcore.figures.tokens import accuracy, guesses, token_loss
from seqcore.text import N_
from seqcore.translation import UPDATES

MOST = 40
"""Tokens of a sentence that lines are drawn between, as `head_view` and `neuron_view` have it."""


def training_pictures(scene: Scene, pinned: Sequence[Pin]) -> list[Picture]:
    """Loss and accuracy by epoch, and all maps of one sentence."""
    history, epochs, tr = scene.history, scene.spec.training.epochs, translator()
    loss = array(scene, "over.loss", (0,))
    count = min(len(history), len(loss))
    epoch = history.epoch[:count]
    pins = [pin for pin in pinned if pin.history is not history and pin.spec.data == scene.spec.data]
    losses = token_loss(
        tr, theme(), epoch, history.train_loss[:count], loss[:count], epochs=epochs, updates=UPDATES,
        uniform=float(np.log(_tokens(scene))), at=scene.at,
        others=[(pin.name, pin.history.epoch, pin.history.train_loss) for pin in pins],
    )  # fmt: skip
    shared = dict(epochs=epochs, at=scene.at,
                  others=[(pin.name, pin.history.epoch, 1 - pin.history.test_rmse) for pin in pins])  # fmt: skip
    right = 1 - history.test_rmse[:count]
    free = array(scene, "over.free", (0,))[:count]
    if isinstance(scene.spec, TransformerSpec):
        shares = accuracy(tr, theme(), epoch, right, free, array(scene, "over.whole", (0,))[:count], **shared)
    else:
        naive = 1 - scene.started.naive_rmse if scene.started else 0.0
        cheats = has(scene, "over.free") and not scene.spec.model.causal
        shares = guesses(tr, theme(), epoch, right, free if cheats else None, naive=naive, **shared)
    return [losses, replace(grid_picture(scene), tall=True), shares]


def _tokens(scene: Scene) -> int:
    """How many tokens can be said."""
    if isinstance(scene.spec, TransformerSpec):
        return len(vocabularies(scene.spec.data.task)[1])
    return int(scene.snapshot.arrays["vocabulary"]) if has(scene, "vocabulary") else scene.spec.data.vocabulary_size


def attention_pictures(page: str, scene: Scene) -> list[Picture]:
    """The three sizes: all maps, one of them as lines, and one query against the keys."""
    name, head = picked_map(page, scene.spec)
    query = st.session_state[f"{page}.query"]
    return [grid_picture(scene, picked=(name, max(head, 1) - 1)), _head(scene, name, head, query),
            _map(scene, name, head), _neuron(scene, name, max(head, 1), query)]  # fmt: skip


def intervention_pictures(page: str, scene: Scene) -> list[Picture]:
    """All maps, with the heads that are off crossed out, and what each head is good for, or what may come next."""
    grid = grid_picture(scene, off(page, scene.spec))
    return [grid, _next(scene, page) if has(scene, "next.kept") else _effects(scene), *(
        [_effects(scene)] if has(scene, "next.kept") else [])]  # fmt: skip


def maps_of(scene: Scene) -> dict[str, np.ndarray]:
    """The weights of all attentions, as far as they are known, by name."""
    return {name: scene.snapshot.arrays[f"{name}.weights"] for name in attentions_of(scene.spec)
            if has(scene, f"{name}.weights")}  # fmt: skip


def grid_picture(scene: Scene, crossed: Sequence = (), picked=None) -> Picture:
    """All maps of all heads."""
    maps = maps_of(scene)
    if not maps:
        return place_for("attention_grid")
    title, count = t(N_("Every head: who looks at whom")), len(attentions_of(scene.spec))
    if len(maps) < count:
        title += " · " + t(N_("a long sentence: {shown} of {count} attentions")).format(shown=len(maps), count=count)
    picture = attention_grid.attention_grid(
        translator(), theme(), title,
        {name_of(name): weights for name, weights in maps.items()},
        off=[(name_of(name), head) for name, head in crossed if name in maps],
        picked=(name_of(picked[0]), picked[1]) if picked and picked[0] in maps else None,
    )  # fmt: skip
    return replace(picture, clickable=True)


def head_at(scene: Scene, column: float, row: float) -> tuple[str, int] | None:
    """The head that was clicked in the picture of all."""
    return attention_grid.place(maps_of(scene), round(column), round(row))


def labels(scene: Scene, attention: str) -> tuple[list[str], list[str]]:
    """The tokens that look in an attention, and those that are looked at."""
    arrays = scene.snapshot.arrays
    part = attention.rpartition(".")[2]
    target = queries(scene.spec, attention, scene.snapshot)
    return target, tidy(scene.spec, arrays["read"]) if part == "cross" else target


def weights_of(scene: Scene, name: str, head: int) -> np.ndarray | None:
    """The weights (T, S) of a head from 1 on, 0 for the mean of all; None where there are none, or too many."""
    if not has(scene, f"{name}.weights"):
        return None
    weights = scene.snapshot.arrays[f"{name}.weights"]
    if max(weights.shape[1:]) > MOST:
        return None
    return weights[min(head, len(weights)) - 1] if head else weights.mean(0)


def _title(name: str, head: int) -> str:
    if head:
        return t(N_("{attention}, head {head}")).format(attention=name_of(name), head=head)
    return t(N_("{attention}, mean of its heads")).format(attention=name_of(name))


def _head(scene: Scene, name: str, head: int, query: int) -> Picture:
    weights = weights_of(scene, name, head)
    if weights is None:
        return place_for("head_view", _too_long(scene))
    rows, columns = labels(scene, name)
    picture = head_view.head_view(translator(), theme(), weights, rows, columns, row=min(query, len(rows)) - 1)
    return replace(picture, title=_title(name, head), clickable=True)


def _map(scene: Scene, name: str, head: int) -> Picture:
    weights = weights_of(scene, name, head)
    if weights is None:
        return place_for("attention", _too_long(scene))
    rows, columns = labels(scene, name)
    picture = token_map(translator(), theme(), _title(name, head), weights, columns, rows, kind="weights",
                        axes=(t(N_("Key")), t(N_("Query"))))  # fmt: skip
    return picture


def _neuron(scene: Scene, name: str, head: int, query: int) -> Picture:
    weights = weights_of(scene, name, head)
    if weights is None or not has(scene, f"inside.{name}.q"):
        return place_for("neuron_view", _too_long(scene))
    q, k = (scene.snapshot.arrays[f"inside.{name}.{side}"][head - 1] for side in "qk")
    at = min(query, len(q)) - 1
    seen = weights[at] > 0  # a causal mask hides those behind
    _, columns = labels(scene, name)
    picture = neuron_view.neuron_view(translator(), theme(), q[at], k[seen], np.array(columns)[seen].tolist(),
                                      scale=float(np.sqrt(q.shape[1])))  # fmt: skip
    return replace(picture, title=_title(name, head) + " · " + picture.title)


def _too_long(scene: Scene) -> str:
    return t(N_("Lines are drawn between up to {most} tokens.")).format(most=MOST) if maps_of(scene) else ""


def _effects(scene: Scene) -> Picture:
    effects = {name_of(name): scene.snapshot.arrays[f"heads.{name}"] for name in attentions_of(scene.spec)
               if has(scene, f"heads.{name}")}  # fmt: skip
    if not effects:
        why = N_("To measure each of so many heads of so large a network takes too long.")
        return place_for("head_effects", t(why) if has(scene, "tested.loss") else "")
    return head_effects(translator(), theme(), effects, unit=t(N_("nats")))


def _next(scene: Scene, page: str) -> Picture:
    arrays = scene.snapshot.arrays
    return sampling(
        translator(), theme(), tidy(scene.spec, arrays["next.tokens"]), arrays["next.probabilities"],
        arrays["next.kept"], temperature=st.session_state[f"{page}.temperature"],
    )  # fmt: skip


def what_it_says(scene: Scene) -> None:
    """Draw the watched sentence and what the network makes of it, before and after what was done to it."""
    if not has(scene, "said"):
        st.markdown("&nbsp;  \n&nbsp;")  # the place of what is coming
        return
    arrays, task = scene.snapshot.arrays, task_of(scene.spec)
    said, tokens = plain(str(arrays["said"])) or "…", arrays["read"].tolist()
    if task == "next":
        tokens = tokens[: int(arrays["prompt"])]
    read = plain(joined(scene.spec, tokens))
    beside = []
    if "truth" in arrays and task != "next" and arrays["given"].tolist() == arrays["read"].tolist():
        beside.append(t(N_("should be: {text}")).format(text=plain(str(arrays["truth"]))))
    if "before" in arrays:
        beside.append(t(N_("untouched: {text}")).format(text=plain(str(arrays["before"]))))
    if strange := int(arrays["unknown"].sum()):
        beside.append(t(N_("unknown to this network, and read as <unk>: {count}")).format(count=strange))
    beside += _measured(arrays)
    second = f":gray[{' · '.join(beside)}]" if beside else "&nbsp;"  # always there: what comes below does not move
    icon = "edit_note" if task in HALVES else "translate"
    st.markdown(f":material/{icon}: {read} → **{said}**  \n{second}")


def _measured(arrays: dict[str, np.ndarray]) -> list[str]:
    """What the changes cost on unseen sentences, and how far a shuffle moves what an encoder makes of the whole."""
    told = []
    if "tested.loss" in arrays and arrays["tested.loss"][0] != arrays["tested.loss"][1]:
        loss, right = arrays["tested.loss"], arrays["tested.right"]
        told.append(t(N_("on unseen sentences: loss {before:.3f} → {after:.3f}, right {was:.1%} → {now:.1%}")).format(
            before=loss[0], after=loss[1], was=right[0], now=right[1]))  # fmt: skip
    if "moved" in arrays:
        told.append(t(N_("this order moves the mean of the encoder's states by {with_:.2g}, without positions by "
                         "{without:.2g}")).format(with_=arrays["moved"][0], without=arrays["moved"][1]))  # fmt: skip
    return told


def samples_table(scene: Scene) -> None:
    """Draw what the network makes of sentences it has never seen, or how it begins by itself."""
    if not has(scene, "samples.said"):
        return
    arrays = scene.snapshot.arrays
    if "samples.target" not in arrays:
        own = t(N_("Sentences of its own, from nothing"))
        lines = [f"| {own} |", "|---|"]
        lines += [f"| {plain(said) or '…'} |" for said in arrays["samples.said"].tolist()]
    else:
        unseen, now = t(N_("Never seen in training")), t(N_("What it makes of it now"))
        columns = zip(arrays["samples.source"], arrays["samples.said"], arrays["samples.target"], strict=True)
        truth = t(N_("The truth"))
        lines = [f"| {unseen} | {now} | {truth} |", "|---|---|---|"]
        lines += [f"| {plain(source)} | {plain(said) or '…'} | {'✓' if said == target else '✗ ' + plain(target)} |"
                  for source, said, target in columns]  # fmt: skip
    st.markdown("\n".join(lines))
