"""A run on a text task to take home: a script and a notebook in plain PyTorch that train the same network again.

Both are `assets/export/translation.txt`, with the sections of `pairs.txt` behind its settings; of either only what the
run uses is kept. Every value is a checked one, by `repr`; the pairs and the tokens are those of the task.
"""

from collections.abc import Callable

from seqcore.data.text import TEXT_TASKS, Pairs, make
from seqcore.data.text.spec import BATCH, TransformerSpec, TranslationSpec
from seqcore.reports.export.literal import as_packed, as_tokens, comment
from seqcore.reports.export.template import sections
from seqcore.reports.notebook import as_notebook, as_script
from seqcore.text import N_

UPDATES, SCORED = 5, 100
"""Updates in an epoch, and test pairs that it is scored on, as in `seqcore.training.translation`, which loads torch."""

SLACK = 4
"""By how many tokens a translation may be longer than the longest of its task: `seqcore.training.said`, likewise."""

CELLS = {"rnn": "nn.RNN", "lstm": "nn.LSTM", "gru": "nn.GRU"}

DECODER = 4
"""The section whose words depend on whether there is attention."""

WORDS = (
    N_(
        "# Sequence to sequence\n\nAn encoder reads a text and folds it into states, a decoder unfolds the translation "
        "from them: in plain PyTorch, with the settings, the seed and the pairs of the page in this one file. Run it "
        "from top to bottom: on the machine of the page it gives the page's losses. Late in a long training, when "
        "hardly any loss is left, differences of rounding have grown, and the last digits part."
    ),
    N_(
        "## 1. The pairs\n\nTexts and their translations, packed to fit on one line. No translation of a test pair "
        "occurs among those that are learnt: what is right there was not learnt by heart."
    ),
    N_(
        "## 2. Tokens and their numbers\n\nA network reads numbers: each token has one. A translation begins with "
        "`<bos>` and ends with `<eos>`, and short rows are filled with `<pad>`."
    ),
    N_(
        "## 3. The encoder\n\nAn embedding gives each token a vector, and a recurrent cell reads one after the other. "
        "Its last state is what the decoder begins with."
    ),
    N_(
        "## 4. The decoder\n\nIt writes token by token, and reads each before it writes the next. All that it knows of "
        "the source is the one state that it begins with: the bottleneck."
    ),
    N_(
        "## 5. The network\n\n$p(y \\mid x) = \\prod_t p(y_t \\mid y_{<t}, x)$. To learn, all steps are made at once, "
        "over the true tokens (teacher forcing); to translate, one by one, over its own."
    ),
    N_(
        "## 6. Training\n\nGradient descent on the cross entropy, $-\\log p$ of the true token. After every epoch the "
        "network is scored on pairs that it never learns from."
    ),
    N_(
        "## 7. Translations\n\nPairs never seen, and what the network makes of them. Type a text of your own: "
        '`translate("...")`.'
    ),
)
"""What stands above each section of the program in the notebook."""

ATTENTIVE = N_(
    "## 4. The decoder\n\nIt writes token by token, and reads each before it writes the next. At each step it looks "
    "back at all states of the encoder: $c_t = \\sum_j a_{tj} s_j$, with weights $a_{tj}$ that a softmax makes of "
    "scores."
)
"""The words of `DECODER` where there is attention."""

EXAMPLES = {"sentences": "How are you?", "sort": "hello", "copy": "hello"}
"""By task, what its program translates at its end; all others are dates."""


def script(spec: TranslationSpec) -> str:
    """A Python program that trains the network of `spec`, and then translates.

    Its last line is one JSON object of lists by epoch, from 0 on: `train_loss`, and on the first `SCORED` test pairs
    `test_loss`, `wrong`, the share of wrong tokens where it reads the true ones, and `whole`, that of translations
    without a mistake where it reads its own.
    """
    return as_script(program(spec, "script"))


def notebook(spec: TranslationSpec, t: Callable[[str], str] = str) -> str:
    """The same as a notebook (nbformat 4) that leaves the lists in `curves`; `t` translates the words around it."""
    words = [t(text) for text in WORDS]
    if spec.model.attention != "none":
        words[DECODER] = t(ATTENTIVE)
    return as_notebook(program(spec, "notebook"), words, {})


def program(spec: TranslationSpec, form: str) -> list[tuple[str, str]]:
    """(title, code) of each section, its head first; `form` is "script" or "notebook"."""
    task, model, training = TEXT_TASKS[spec.data.task], spec.model, spec.training
    literals = {
        "seed": repr(spec.seed),
        "sizes": repr((model.embedding_size, model.hidden_size, model.num_layers))[1:-1],
        "dropout": repr(model.dropout),
        "epochs": repr(training.epochs),
        "updates": repr(UPDATES),
        "batch_size": repr(min(training.batch_size or BATCH, spec.data.pairs)),
        "lr": repr(training.lr),
        "clip": repr(training.clip),
        "teacher_forcing": repr(spec.teaching.teacher_forcing),
        "device": repr(training.device),
        "cell": CELLS[model.architecture],
        "state_size": "2 * HIDDEN_SIZE" if model.bidirectional else "HIDDEN_SIZE",
        "E": "2 H" if model.bidirectional else "H",
        "most": repr(task.target_length + SLACK),
        "example": repr(example(task.name)),
    }
    head, chosen, *rest = sections(_features(spec) | {form}, literals, "translation")
    return [head, chosen, *pairs_and_tokens(spec), *rest]


def pairs_and_tokens(spec: TranslationSpec | TransformerSpec) -> list[tuple[str, str]]:
    """The first two sections: the pairs of a text task, and what their tokens' numbers are."""
    task, seed = TEXT_TASKS[spec.data.task], spec.seed
    sources, targets = task.vocabularies
    literals = {
        "about": comment(f"{task.rule}\nSource: {task.source}"),
        "train": as_packed(_lines(make(task.name, spec.data.pairs, seed))),
        "test": as_packed(_lines(make(task.name, SCORED, seed, "test"))),
        "source_tokens": as_tokens(sources.tokens),
        "target_tokens": as_tokens(targets.tokens),
    }
    return sections({"sentences"} if task.name == "sentences" else set(), literals, "pairs")[1:]


def example(task: str) -> str:
    """What the program of a task translates at its end."""
    return EXAMPLES.get(task, "May 3rd, 1998")


def _features(spec: TranslationSpec) -> set[str]:
    """The words that marks in the template may ask for: `name=value` for each setting, and

    bidirectional, dropout, clip: there is such a thing; free: the decoder reads some of its own tokens while it learns;
    stacked: dropout acts between layers, so that the encoder's are gone through one by one; states: more of the
    encoder's states are used than the last ones; sentences: a source is split into words.
    """
    model = spec.model
    stacked = model.dropout > 0 and model.num_layers > 1
    facts = {
        "bidirectional": model.bidirectional,
        "dropout": model.dropout > 0,
        "clip": spec.training.clip > 0,
        "free": spec.teaching.teacher_forcing < 1,
        "stacked": stacked,
        "states": stacked or model.attention != "none",
        "sentences": spec.data.task == "sentences",
    }
    return {f"{name}={value}" for name, value in spec.flat().items()} | {name for name, holds in facts.items() if holds}


def _lines(pairs: Pairs) -> str:
    return "\n".join(map("\t".join, zip(pairs.source, pairs.target, strict=True)))
