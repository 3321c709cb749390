"""Transfer: a classifier with few labels on a pre-trained encoder, frozen, beside the same one from nothing, live."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.kit import batch
from pages.kit.form import reader
from pages.kit.lag_board import TICK
from pages.kit.live import board, theme
from pages.kit.recorded import recorded_results
from pages.kit.run_panel import IDLE, LOOK
from pages.kit.text import plain, t, translator
from seqcore.data.text.reviews import reviews
from seqcore.data.text.transfer import LABELS, UPDATES, WAYS, TransferSpec
from seqcore.figures.palette import Look
from seqcore.figures.picture import Picture
from seqcore.figures.transfer import Way, by_labels, guesses
from seqcore.look import NOW
from seqcore.recordings import TRANSFER
from seqcore.reports.paired import student
from seqcore.reports.result import Result
from seqcore.spec import Setting, as_text, settings_of
from seqcore.text import N_

CONFIDENCE = 0.95

CHANCE = 0.5
"""The share of right answers of whoever guesses: there are two."""

NAMES = {"frozen": N_("Pre-trained, frozen"), "tuned": N_("Pre-trained, fine-tuned"), "scratch": N_("From nothing"),
         "untrained": N_("Not pre-trained, frozen")}  # fmt: skip
ROLES = {"frozen": "gru", "tuned": "lstm", "scratch": "rnn", "untrained": "mlp"}
"""The colour of each way."""

ABOUT = {
    "frozen": N_("the encoder stays as pre-training left it; only the classifier on top learns, {weights} weights."),
    "tuned": N_("it begins there, but all weights go on learning from the labels."),
    "scratch": N_("the same network, all its weights learnt from the labelled reviews alone."),
    "untrained": N_("the encoder stays as it was born: what is left of the first way without the pre-training."),
}
TOLD = N_(
    "Labels are dear, text is free. An encoder first guesses masked words in {texts} short reviews, and is told of "
    "none whether it praises. Then a classifier, one linear map of the mean of its states, is told so of 8 to 256 of "
    "them, and has to say it of 1,000 others. The reviews are generated: “not” turns a judgement round, “but” turns "
    "from one to its contrary, and the last one counts."
)
PRAISE, BLAME = N_("praise"), N_("no praise")
TRAIN = N_("Train all")
RECORDED = N_("Recorded runs, not live: press **{button}** to make your own")
LEAD = N_("Which way will need the fewest labels, and which will be best with many? Guess, then press Train all.")
WAIT = N_("What it comes to is said here when the first run has gone the whole way.")
FOUND = N_(
    "Over the {counts} numbers of labels the frozen pre-trained encoder is right on {frozen:.1f} % of the reviews it "
    "never saw, the same network from nothing on {scratch:.1f} %: {difference:+.1f} points."
)
SURE = N_("Paired by seed, the 95 % interval of {seeds} seeds is {low:+.1f} to {high:+.1f}.")
VERDICTS = {
    "few": N_("One seed is an anecdote: train more."),
    "helps": N_("**The seeds agree that pre-training helps.**"),
    "hurts": N_("**The seeds agree that it is worse.**"),
    "open": N_("The interval holds 0: the seeds support no difference."),
}
BRACKETS = N_(
    "Gain: pre-trained and frozen minus from nothing, paired by seed. In brackets the 95 % interval of each number for "
    "itself, by Student's t over the seeds."
)

SEEDS = Setting("int", N_("Seeds"), N_("Runs, each with reviews and first weights of its own."), 1, 5, 1)
STEPS = {"pretraining": 100, "texts": 1_000, "updates": 20}
"""The settings of a run that can be slid, each by so much."""

FIELDS: dict[str, Setting] = {"tr_seeds": SEEDS} | {
    f"tr_{name}": settings_of(TransferSpec)[name][1] for name in STEPS
}  # fmt: skip
FIRST: dict[str, Any] = {"tr_seeds": len(TRANSFER)} | {f"tr_{name}": TransferSpec().flat()[name] for name in STEPS}


READERS: dict[str, Callable[[str], Any]] = {name: reader(name, facts) for name, facts in FIELDS.items()}


def as_link(page: str) -> dict[str, str]:
    """The fields that are not as they are at first, as a URL holds them."""
    now = {name: st.session_state[f"{page}.{name}"] for name in FIRST}
    return {name: as_text(value) for name, value in now.items() if value != FIRST[name]}


def transfer_board(page: str) -> None:
    """Draw the form, the buttons, what is compared, and what moves."""
    controls, lab = st.columns([1, 3.4], gap="medium")
    with controls:
        for name, facts in FIELDS.items():
            unit = f" · {t(facts.unit)}" if facts.unit else ""
            st.slider(t(facts.label) + unit, facts.low, facts.high, step=STEPS.get(name.removeprefix("tr_"), 1),
                      key=f"{page}.{name}", help=t(facts.help), persist_state="session")  # fmt: skip
        _examples()
    state = st.session_state
    spec = TransferSpec().replace(**{name: state[f"{page}.tr_{name}"] for name in STEPS})
    specs = [spec.replace(seed=seed) for seed in range(state[f"{page}.tr_seeds"])]
    own = f"{page}.transfer"
    with lab:
        with st.container(horizontal=True, vertical_alignment="center", key="runbar"):
            batch.buttons(own, t(TRAIN), specs, True, partial(batch.start_anew, own, specs))
        st.markdown(plain(t(TOLD).format(texts=f"{spec.data.texts:,}")))
        moves = batch.moving(batch.runs(own), specs)
        st.fragment(run_every=TICK if moves else IDLE)(_show)(own, specs, moves)
        batch.download(own, specs, found, "transfer.csv")


def _examples() -> None:
    """A few reviews with their labels, as they are."""
    texts, labels = reviews(4, 3)
    told = {1: t(PRAISE), 0: t(BLAME)}
    st.caption("  \n".join(f"{plain(text)} · *{told[int(label)]}*" for text, label in zip(texts, labels, strict=True)))


def _show(own: str, specs: Sequence[TransferSpec], moved: bool) -> None:
    """One tick: how far, the pictures, what it comes to."""
    runs = batch.runs(own)
    for spec in specs:
        if spec in runs and not runs[spec].view().ended:
            runs[spec].watch(NOW, wait=0.0 if moved else LOOK)
    results = batch.results(runs, specs)
    if not results and (results := recorded_results(specs, TRANSFER)):
        st.markdown(f":material/history: {t(RECORDED).format(button=t(TRAIN))}")
    else:
        batch.progress(runs, specs)
    shares = shares_of(results)
    pictures = [by_labels(translator(), theme(), np.array(LABELS), ways_of(shares), chance=CHANCE),
                guesses_of(results, specs)]  # fmt: skip
    board(pictures, key=f"{own}.board", height=300, moving=moved)
    for way, words in ABOUT.items():
        weights = specs[0].model.d_model + 1
        st.markdown(f"**{t(NAMES[way])}** · {plain(t(words).format(weights=weights))}")
    st.info(verdict(shares) if results else t(LEAD), icon=":material/balance:")
    st.dataframe(table_of(shares), width="stretch",
                 alt=t(N_("Right answers of each way by the number of labels, with their intervals")))  # fmt: skip
    st.caption(t(BRACKETS))
    if batch.moving(runs, specs) != moved:
        st.rerun()


def shares_of(results: Sequence[Result]) -> dict[str, np.ndarray]:
    """By way the share of right answers (seeds, n) so far; a seed that has none yet is left out."""
    arrays = [result.snapshot.arrays for result in results if result.snapshot]
    return {way: np.array([each[way] for each in arrays]).reshape(-1, len(LABELS)) for way in WAYS}


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Low, mean and high of `values` (seeds,), those that are numbers: Student's 95 % interval, NaN below two."""
    values = values[np.isfinite(values)]
    low, high, _ = student(values, CONFIDENCE)
    return low, float(values.mean()) if len(values) else np.nan, high


def intervals(shares: np.ndarray) -> np.ndarray:
    """The same of each column of `shares` (seeds, n): (3, n)."""
    return np.array([interval(column) for column in shares.T]).T


def ways_of(shares: Mapping[str, np.ndarray]) -> list[Way]:
    return [Way(t(NAMES[way]), Look(ROLES[way]), *intervals(shares[way])) for way in WAYS]


def guesses_of(results: Sequence[Result], specs: Sequence[TransferSpec]) -> Picture:
    """How the masked words were learnt."""
    epochs = specs[0].training.guessing
    train = [result.history.train_loss[: epochs + 1] for result in results]
    test = [result.snapshot.arrays["over.loss"] for result in results if result.snapshot]
    return guesses(translator(), theme(), train, test, epochs=epochs, updates=UPDATES)


def verdict(shares: Mapping[str, np.ndarray]) -> str:
    """What the seeds that have ended say of the first way against the third, over all numbers of labels."""
    frozen, scratch = (100 * shares[way][np.isfinite(shares["frozen"]).all(axis=1)].mean(axis=1)
                       for way in ("frozen", "scratch"))  # fmt: skip
    if not len(frozen):
        return t(WAIT)
    low, difference, high = interval(frozen - scratch)
    kind = "few" if np.isnan(low) else "helps" if low > 0 else "hurts" if high < 0 else "open"
    said = [t(FOUND).format(counts=len(LABELS), frozen=frozen.mean(), scratch=scratch.mean(), difference=difference)]
    if kind != "few":
        said.append(t(SURE).format(low=low, high=high, seeds=len(frozen)))
    return f"{plain(' '.join(said))} {t(VERDICTS[kind])}"


def table_of(shares: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """A row for each number of labels: the share of each way, and the points between the first and the third."""
    rows = {}
    ways = {way: 100 * intervals(shares[way]) for way in WAYS}
    points = 100 * intervals(shares["frozen"] - shares["scratch"])
    for k, count in enumerate(LABELS):
        rows[t(N_("{count} labels")).format(count=count)] = {
            **{t(NAMES[way]) + " (%)": _spread(ways[way][:, k], "") for way in WAYS},
            t(N_("gain (points)")): _spread(points[:, k], "+"),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _spread(ends: np.ndarray, sign: str) -> str:
    low, mean, high = (f"{value:{sign}.1f}" for value in ends)
    return "–" if np.isnan(ends[1]) else mean if np.isnan(ends[0]) else f"{mean} ({low} … {high})"


def found(result: Result) -> dict[str, object]:
    """One run in plain numbers; None where there is no number."""
    spec, history = result.spec, result.history
    arrays = result.snapshot.arrays if result.snapshot else dict.fromkeys(WAYS, np.full(len(LABELS), np.nan))
    right = {f"{way} {count}": float(share) if np.isfinite(share) else None
             for way in WAYS for count, share in zip(LABELS, arrays[way], strict=True)}  # fmt: skip
    return {
        "Seed": spec.seed, "Reviews": spec.data.texts, "Pre-training updates": spec.training.pretraining,
        "Classifier updates": spec.training.updates, **right,
        "Seconds": round(float(history.seconds[-1]), 2) if len(history) else None, "Status": result.status,
    }  # fmt: skip
