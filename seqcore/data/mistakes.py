"""A short encoder-decoder in PyTorch with mistakes in it: the lines, what is wrong with them, and how they are right.

`program()` is right and runs; `program(wrong={25})` has the mistake of line 25 alone. A test runs it with each of them,
and looks whether it does what is said here.
"""

from collections.abc import Collection
from dataclasses import dataclass

from seqcore.text import N_


@dataclass(frozen=True)
class Line:
    """A line that is right, and in a sentence why; an empty one needs no reason."""

    text: str
    why: str = ""


@dataclass(frozen=True)
class Mistake:
    """A line that is wrong: `text` as it stands, `right` as it should be.

    `loud` if Python stops there. The `symptom` tells what is seen of it and not where it is, `effect` why that is so,
    and `measured` how the Seq2seq page would show it.
    """

    text: str
    right: str
    symptom: str
    effect: str
    measured: str
    loud: bool = False


_SUPER = N_("PyTorch needs it before the first layer is set: without it, no weight is found.")
_EMBEDDING = N_("A row of numbers for each token. It is as wide as what the GRU reads, so one size serves for both.")
_BATCH = N_("`batch_first=True` fits tensors whose first dimension is the batch, as all of them are here.")
_CLASS = N_("An `nn.Module` like any other: its layers are set once, and `forward` says what is done with them.")
_SIZES = N_("All sizes that the class uses come in here, or should.")
_STEP = N_("Old gradients to zero, new ones by backpropagation, then the update: this is the usual order.")
_SUMMARY = N_("The encoder reads the source once, and hands over what it has understood.")
_STOPS = N_("Leaving the loop is right: what matters is when.")

LINES: tuple[Line | Mistake, ...] = (
    Line("import torch", N_("Needed below for the first token and for joining what was said.")),
    Line("from torch import nn", N_("Needed below for the layers.")),
    Line("from torch.nn.functional import cross_entropy",
         N_("It takes logits and token numbers, so no softmax and no one-hot vectors are needed.")),
    Line(""),
    Line("PAD, BOS, EOS = 0, 1, 2",
         N_("Numbers of the filling, the beginning and the end: any three will do if the data use the same.")),
    Line(""),
    Line("class Encoder(nn.Module):", _CLASS),
    Line("    def __init__(self, vocabulary, size):", _SIZES),
    Line("        super().__init__()", _SUPER),
    Line("        self.embedding = nn.Embedding(vocabulary, size)", _EMBEDDING),
    Line("        self.gru = nn.GRU(size, size, batch_first=True)", _BATCH),
    Line(""),
    Line("    def forward(self, source):  # (B, S), without filling",
         N_("The sources of a batch are all equally long here, so that the last state has read no filling.")),
    Line("        states, last = self.gru(self.embedding(source))",
         N_("An encoder may begin at zero, as a GRU does that is given no state.")),
    Line("        return last  # (1, B, H)",
         N_("Without attention the last state is all that the decoder gets, so `states` may go unused.")),
    Line(""),
    Line("class Decoder(nn.Module):", _CLASS),
    Line("    def __init__(self, vocabulary, size):", _SIZES),
    Line("        super().__init__()", _SUPER),
    Mistake(
        "        self.embedding = nn.Embedding(vocabulary, hidden_size)",
        "        self.embedding = nn.Embedding(vocabulary, size)",
        N_("a NameError as soon as a decoder is made"),
        N_("The argument is called `size`; nobody has defined `hidden_size`. Python finds out only when the line is "
           "run, and then it names the line and the word."),
        N_("A loud mistake is the kind one: nothing is trained on it. Read the last line of a traceback first."),
        loud=True,
    ),
    Line("        self.gru = nn.GRU(size, size, batch_first=True)", _BATCH),
    Line("        self.output = nn.Linear(size, vocabulary)",
         N_("It gives a logit for each word of the vocabulary; the softmax is inside the loss.")),
    Line(""),
    Line("    def forward(self, tokens, state):  # (B, T), (1, B, H)",
         N_("With the state as an argument one method serves twice: for all steps at once while it learns, and for "
            "one step at a time while it speaks.")),
    Mistake(
        "        states, state = self.gru(self.embedding(tokens))",
        "        states, state = self.gru(self.embedding(tokens), state)",
        N_("whatever the source says, the same comes out"),
        N_("The state that came in is never used: a GRU that is given none begins at zero. So the encoder's work is "
           "lost, and while it speaks the decoder also forgets at every step what it has said. The loss still falls, "
           "because it learns which words are frequent and which follow each other."),
        N_("Shuffle the words of the source under *Intervene*. If nothing changes, the source is not read."),
    ),
    Line("        return self.output(states), state  # (B, T, V)",
         N_("Logits of every step, and the state that the next call goes on from.")),
    Line(""),
    Line("def learn(encoder, decoder, optimiser, source, target):",
         N_("Both networks learn, so the optimiser was made with the weights of both.")),
    Line("    state = encoder(source)", _SUMMARY),
    Mistake(
        "    logits, _ = decoder(target[:, 1:], state)",
        "    logits, _ = decoder(target[:, :-1], state)",
        N_("the loss falls to nearly 0, and no sentence is translated"),
        N_("The decoder reads the very word that it is to say, and learns to copy it. It must read one word less far: "
           "`<bos>` and all words but the last, to say all words from the first to `<eos>`. When it speaks by itself "
           "there is nothing to copy."),
        N_("Compare the curves *tokens, fed the truth* and *whole sentences* under *Train*. The second reads its own "
           "words: near 100 % beside near 0 % means that the answer has leaked."),
    ),
    Mistake(
        "    loss = cross_entropy(logits.mT, target[:, 1:])",
        "    loss = cross_entropy(logits.mT, target[:, 1:], ignore_index=PAD)",
        N_("the loss looks better the more filling there is"),
        N_("`<pad>` after `<pad>` is easy to guess, and each one counts as much as a word. The mean looks good early, "
           "and a part of what is learnt is of no use. (`logits.mT` is right: `cross_entropy` wants the vocabulary in "
           "the second dimension.)"),
        N_("The loss on this page leaves filling out, so it may be compared with log V, the line of a network that "
           "holds every token for equally likely. In your own code add a few columns of `<pad>` to a batch: a loss "
           "that changes by that counts filling."),
    ),
    Line("    optimiser.zero_grad()", _STEP),
    Line("    loss.backward()", _STEP),
    Line("    optimiser.step()", _STEP),
    Line("    return loss.item()", N_("A plain number, which keeps no graph in memory.")),
    Line(""),
    Line("def translate(encoder, decoder, source, most=20):  # (1, S)",
         N_("One sentence at a time, and never more than `most` words: a network that has learnt nothing yet may find "
            "no end.")),
    Line("    state = encoder(source)", _SUMMARY),
    Line("    token = start = torch.tensor([[BOS]])",
         N_("The first thing the decoder reads is `<bos>`, here as in training; the shape is (1, 1), one sentence and "
            "one step.")),
    Line("    said = []", N_("What is said is collected word by word.")),
    Line("    for _ in range(most):", N_("A loop is needed: no word can be read before it has been said.")),
    Mistake(
        "        logits, state = decoder(start, state)",
        "        logits, state = decoder(token, state)",
        N_("it learns well, and speaks as if it did not hear itself"),
        N_("It reads `<bos>` at every step and never its own word. The state still goes on, so something comes out, "
           "but in training every step had read the word before: the decoder is asked for what it never learnt."),
        N_("Set *Teacher forcing* to 1 and measure under *The bottleneck*: the columns *tokens right, fed the truth* "
           "and *tokens right, fed its own* should be close. A wide gap is what this mistake looks like."),
    ),
    Mistake(
        "        token = logits.argmax(1)",
        "        token = logits.argmax(2)",
        N_("each step gives as many numbers as there are words"),
        N_("The logits are (1, 1, V): dimension 1 is the step, dimension 2 the vocabulary. Over the step it asks for "
           "each word at which step it is likeliest, and that is always the only one there is, number 0. The V zeros "
           "go back into the decoder without a complaint, as V steps."),
        N_("Under *Look inside* one of the ten likeliest tokens of a step is chosen. In your own code print "
           "`token.shape` once: it should be (1, 1)."),
    ),
    Line("        said.append(token)", N_("The end mark is kept, too, so that one sees whether it came in time.")),
    Mistake(
        "        if token is EOS:",
        "        if (token == EOS).all():",
        N_("no sentence ever ends"),
        N_("`is` asks whether two names mean one and the same object. A tensor is never the number 2, so the answer is "
           "always no, and after its end the sentence goes on with rubbish until `most`."),
        N_("Under *Look inside* every translation that came in time ends with `<eos>`, and nothing stands behind it."),
    ),
    Line("            break", _STOPS),
    Line("    return torch.cat(said, 1)  # (1, T)", N_("The steps are joined in dimension 1, time.")),
)  # fmt: skip
"""Numbered from 1."""

MISTAKES = {number: line for number, line in enumerate(LINES, 1) if isinstance(line, Mistake)}
"""By the number of their line."""


def program(wrong: Collection[int] = ()) -> str:
    """The code with the mistakes of these lines in it, and no other."""
    mended = (line.right if number in MISTAKES and number not in wrong else line.text
              for number, line in enumerate(LINES, 1))  # fmt: skip
    return "\n".join(mended) + "\n"
