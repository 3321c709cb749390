"""A Transformer's run on text to take home: a script and a notebook in plain PyTorch that train the same network again.

Both are `assets/export/transformer.txt`, with the sections of `pairs.txt` or of `language.txt` behind its settings; of
each only what the run uses is kept. Every value is a checked one, by `repr`; texts and tokens are those of the run.
"""

from collections.abc import Callable

from seqcore.data.text import TEXT_TASKS, TYPED
from seqcore.data.text.corpus import corpus
from seqcore.data.text.spec import BATCH, LanguageSpec, TransformerSpec
from seqcore.data.text.tokenizer import learn
from seqcore.reports.export import translation
from seqcore.reports.export.literal import as_packed, as_tokens, comment
from seqcore.reports.export.template import sections
from seqcore.reports.export.translation import SCORED, SLACK, UPDATES, pairs_and_tokens
from seqcore.reports.notebook import as_notebook, as_script
from seqcore.text import N_

TESTED, GOES_ON, LONGEST = 1000, 54, 200
"""As in `seqcore.training.textual`, `seqcore.training.foretold` and `seqcore.models.transformer`, which load torch."""

SPACE = "▁"
"""Stands for a space within a token; no corpus has it."""

INTRODUCTION = {
    "transformer": N_(
        "# A Transformer\n\nAn encoder reads a text, a decoder writes its translation, and both look at tokens by "
        "attention alone: in plain PyTorch, with the settings, the seed and the pairs of the page in this one file."
    ),
    "decoder": N_(
        "# A Transformer's decoder\n\nIt foretells the next token from those before it, as GPT does, and so can go on "
        "with any sentence: in plain PyTorch, with the settings, the seed and the sentences of the page in this one "
        "file."
    ),
    "encoder": N_(
        "# A Transformer's encoder\n\nIt reads a sentence in which some tokens are hidden, and guesses those, as BERT "
        "does: in plain PyTorch, with the settings, the seed and the sentences of the page in this one file."
    ),
}
"""What stands at the top of the notebook, by kind of network."""

RUN = N_(
    "Run it from top to bottom: on the machine of the page it begins with the page's losses, to six digits. The page "
    "computes attention in one fused call, which rounds otherwise; such differences grow while a network learns, so "
    "that later the curves run side by side and end alike."
)
"""What follows there."""

SENTENCES = (
    N_(
        "## 1. The sentences\n\nPacked to fit on one line. No test sentence is one of those that are learnt: what is "
        "right there was not learnt by heart."
    ),
    N_(
        "## 2. Tokens and their numbers\n\nA network reads numbers: each token has one. Whatever is not in the "
        "vocabulary is `<unk>`, and short rows are filled with `<pad>`."
    ),
)

WORDS = (
    N_(
        "## 3. Tokens as vectors\n\nEach token has a vector, which is learnt. Attention by itself reads a sentence and "
        "any shuffling of it alike, so each place has to be told apart from the others."
    ),
    N_(
        "## 4. Attention\n\n$\\mathrm{softmax}(Q K^\\top / \\sqrt{d})\\,V$: each place compares what it asks for, $Q$, "
        "with what all places are found by, $K$, and takes so much of what they give, $V$. Each head does so with "
        "numbers of its own."
    ),
    N_(
        "## 5. Layers\n\nAttention moves something from place to place; the feed-forward part then works on each place "
        "alone. Both add to what was there (residual), and a norm keeps the numbers in range."
    ),
)

NETWORK = {
    "transformer": N_(
        "## 6. The network\n\n$p(y \\mid x) = \\prod_t p(y_t \\mid y_{<t}, x)$. The mask hides from each place of the "
        "target what comes after it. To learn, all steps are made at once, over the true tokens; to translate, one by "
        "one, over its own."
    ),
    "decoder": N_(
        "## 6. The network\n\n$p(x) = \\prod_t p(x_t \\mid x_{<t})$. The mask hides from each place what comes after "
        "it, so that all steps can be learnt at once."
    ),
    "encoder": N_(
        "## 6. The network\n\nNothing is masked but padding: each place sees the whole sentence, to the left and to "
        "the right."
    ),
}

UNMASKED = N_(
    "## 6. The network\n\nThis run has no causal mask: while it learns, each place sees the very token that it is to "
    "foretell. Watch what that does to the loss, and to what the network then says by itself."
)
"""The words of `NETWORK` where a decoder has no such mask."""

TRAINING = N_(
    "## 7. Training\n\nGradient descent on the cross entropy, $-\\log p$ of the true token. After every epoch the "
    "network is scored on sentences that it never learns from."
)

USE = {
    "transformer": N_(
        "## 8. Translations\n\nPairs never seen, and what the network makes of them; then where it looked. Type a text "
        'of your own: `translate("...")`.'
    ),
    "decoder": N_(
        "## 8. Going on\n\nSentences of its own, drawn token by token; then where it looks. Begin one yourself: "
        '`go_on("...", temperature=0.8, top_k=5, top_p=0.9, seed=1)`.'
    ),
    "encoder": N_(
        "## 8. Guessing\n\nSentences never seen, with gaps and filled; then where it looks. Leave gaps in one of your "
        'own: `guess("... ___ ...")`.'
    ),
}

ABOUT = {
    "english": "English sentences, generated by a grammar of about 100 patterns.",
    "chinese": "Chinese sentences, generated by a grammar of about 100 patterns.",
    "reviews": "Short reviews that praise or blame, generated by rules.",
}

BEGUN = {"english": "We are", "chinese": "我們", "reviews": "This book is"}
GAPPED = {"english": "We ___ tired today.", "chinese": "我們今天很___。", "reviews": "This book is not ___."}
"""What the program goes on with, or guesses, at its end."""


def script(spec: TransformerSpec | LanguageSpec) -> str:
    """A Python program that trains the network of `spec`, and then uses it.

    Its last line is one JSON object of lists by epoch, from 0 on: `train_loss`, and on the first `SCORED` test rows
    `test_loss` and `wrong`, the share of wrong tokens; of translations also `whole`, the share without a mistake where
    the decoder reads its own tokens; of a decoder alone that has no causal mask `right_without_cheating`.
    """
    return as_script(program(spec, "script"))


def notebook(spec: TransformerSpec | LanguageSpec, t: Callable[[str], str] = str) -> str:
    """The same as a notebook (nbformat 4) that leaves the lists in `curves`; `t` translates the words around it."""
    return as_notebook(program(spec, "notebook"), words(spec, t), {})


def words(spec: TransformerSpec | LanguageSpec, t: Callable[[str], str]) -> list[str]:
    """What stands above each section, translated by `t`."""
    kind = spec.model.architecture
    data = translation.WORDS[1:3] if isinstance(spec, TransformerSpec) else SENTENCES
    network = UNMASKED if _cheats(spec) else NETWORK[kind]
    return [f"{t(INTRODUCTION[kind])} {t(RUN)}", *map(t, (*data, *WORDS, network, TRAINING, USE[kind]))]


def program(spec: TransformerSpec | LanguageSpec, form: str) -> list[tuple[str, str]]:
    """(title, code) of each section, its head first; `form` is "script" or "notebook"."""
    model, training, warming = spec.model, spec.training, spec.warming
    pairs = isinstance(spec, TransformerSpec)
    literals = {
        "seed": repr(spec.seed),
        "sizes": repr((model.d_model, model.num_heads, model.num_layers, model.d_ff))[1:-1],
        "longest": repr(LONGEST if pairs else TYPED + GOES_ON + 2),
        "dropout": repr(model.dropout),
        "epochs": repr(training.epochs if spec.trained else 0),
        "updates": repr(UPDATES),
        "batch_size": repr(min(training.batch_size or BATCH, spec.data.pairs if pairs else spec.data.sentences)),
        "lr": repr(training.lr),
        "warmup": repr(warming.warmup),
        "label_smoothing": repr(warming.label_smoothing),
        "clip": repr(training.clip),
        "device": repr(training.device),
        "count": "len(TRAIN_X)" if pairs else "len(TRAIN)",
        "most": repr(TEXT_TASKS[spec.data.task].target_length + SLACK if pairs else GOES_ON),
        "example": repr(_example(spec)),
    }
    head, chosen, *rest = sections(_features(spec) | {form}, literals, "transformer")
    return [head, chosen, *(pairs_and_tokens(spec) if pairs else _sentences_and_tokens(spec)), *rest]


def _example(spec: TransformerSpec | LanguageSpec) -> str:
    """What the network is asked at the end."""
    if isinstance(spec, TransformerSpec):
        return translation.example(spec.data.task)
    return (BEGUN if spec.model.architecture == "decoder" else GAPPED)[spec.data.corpus]


def _sentences_and_tokens(spec: LanguageSpec) -> list[tuple[str, str]]:
    """The first two sections: the sentences of a corpus, and what their tokens' numbers are.

    Masks are drawn for all `TESTED` sentences at once, so that an encoder's program needs as many.
    """
    data, seed = spec.data, spec.seed
    texts = corpus(data.corpus, data.sentences, seed)
    tokenizer = learn(data.tokens, texts, data.vocabulary_size)
    tokens, merges = tokenizer.vocabulary.tokens, [piece for *pair, _ in tokenizer.merges for piece in pair]
    count = TESTED if spec.model.architecture == "encoder" else SCORED
    literals = {
        "about": comment(ABOUT[data.corpus]),
        "train": as_packed("\n".join(texts)),
        "test": as_packed("\n".join(corpus(data.corpus, count, seed, "test"))),
        "scored": repr(SCORED),
        "tokens": as_tokens(tokens if data.tokens == "characters" else _written(tokens)),
        "characters": as_tokens(tokens[: len(tokens) - len(tokenizer.merges)]),
        "pieces": as_tokens(_written(merges)),
    }
    return sections(_features(spec), literals, "language")[1:]


def _written(tokens):
    return [token.replace(" ", SPACE) for token in tokens]


def _cheats(spec: TransformerSpec | LanguageSpec) -> bool:
    """Whether a decoder sees what it is to foretell."""
    return spec.model.architecture != "encoder" and not spec.model.causal


def _features(spec: TransformerSpec | LanguageSpec) -> set[str]:
    """The words that marks in the templates may ask for: `name=value` for each setting, and

    dropout, clip, warmup, smoothing: there is such a thing; places: vectors of places are added to those of tokens;
    odd: the width is; cheats: a decoder sees what it is to foretell; re: texts are split by regular expressions.
    """
    model = spec.model
    if isinstance(spec, TransformerSpec):
        split = spec.data.task == "sentences"
    else:
        split = spec.data.tokens != "characters" or model.architecture == "encoder"
    facts = {
        "dropout": model.dropout > 0,
        "clip": spec.training.clip > 0,
        "warmup": spec.warming.warmup > 0,
        "smoothing": spec.warming.label_smoothing > 0,
        "places": model.position in ("sinusoidal", "learned"),
        "odd": model.d_model % 2 == 1,
        "cheats": _cheats(spec),
        "re": split,
    }
    return {f"{name}={value}" for name, value in spec.flat().items()} | {name for name, holds in facts.items() if holds}
