"""What a Transformer's attentions, heads and tokens are called: in links, and for readers."""

from collections.abc import Sequence

from pages.kit.text import t
from pages.kit.translation_pictures import BLANK
from seqcore.data.text import TEXT_TASKS
from seqcore.data.text.spec import LanguageSpec, TransformerSpec
from seqcore.look import Head
from seqcore.text import N_
from seqcore.training.events import Snapshot

Spec = TransformerSpec | LanguageSpec

MASK = "<mask>"
GAP = "___"
"""How a token to be guessed is called by the network, and how it is typed."""


def attentions_of(spec: Spec) -> list[str]:
    """The names of a network's attentions, in the order in which they come to be."""
    layers, kind = range(spec.model.num_layers), spec.model.architecture
    encoder = [f"encoder.l{k}.self" for k in layers] if kind != "decoder" else []
    parts = {"transformer": ("self", "cross"), "decoder": ("self",), "encoder": ()}[kind]
    return encoder + [f"decoder.l{k}.{part}" for k in layers for part in parts]


def name_of(attention: str) -> str:
    """What an attention is called, translated."""
    tower, layer, part = attention.split(".")
    words = {"encoder": N_("Encoder {layer}: self"), "decoder": N_("Decoder {layer}: self"),
             "cross": N_("Decoder {layer}: cross")}  # fmt: skip
    kind = "cross" if part == "cross" else tower
    return t(words[kind]).format(layer=int(layer[1:]) + 1)


def read_head(text: str) -> Head:
    """`encoder.l0.self.1` -> the name of the attention, and the head from 0 on."""
    name, _, head = text.rpartition(".")
    return name, int(head)


def heads_of(spec: Spec) -> list[str]:
    """All heads of a network, as a URL holds them."""
    return [f"{name}.{head}" for name in attentions_of(spec) for head in range(spec.model.num_heads)]


def head_name(head: Head) -> str:
    return t(N_("{attention}, head {head}")).format(attention=name_of(head[0]), head=head[1] + 1)


def queries(spec: Spec, attention: str, shot: Snapshot | None) -> list[str]:
    """The tokens that look in an attention, as a reader sees them; two places where they are not known yet."""
    arrays = shot.arrays if shot is not None else {}
    if "input" not in arrays or "read" not in arrays:
        return ["…", "…"]
    source = attention.startswith("encoder") and spec.model.architecture == "transformer"
    return tidy(spec, arrays["read" if source else "input"])


def tidy(spec: Spec, tokens: Sequence[str]) -> list[str]:
    """Tokens as a reader sees them: pieces of words keep the space that says where a word begins."""
    words = isinstance(spec, TransformerSpec) or spec.data.tokens != "bpe"
    return [token.strip() or BLANK if words else token.replace(" ", BLANK) for token in map(str, tokens)]


def joined(spec: Spec, tokens: Sequence[str]) -> str:
    """Tokens as somebody would type them."""
    if isinstance(spec, TransformerSpec):
        return TEXT_TASKS[spec.data.task].join_source(tokens)
    space = "" if spec.data.tokens == "characters" else " "
    return "".join(space + GAP if token == MASK else token for token in tokens).strip()
