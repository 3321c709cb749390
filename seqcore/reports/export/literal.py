"""Values as Python source: what comes out is a literal of plain numbers and text, or a comment, whatever goes in."""

import base64
import textwrap
import zlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

LONG = 5000
"""A series of more values than this is packed instead of written out."""

WIDTH = 112


def as_dict(values: Mapping[str, object], indent: str = "") -> str:
    """A dictionary of int, float, bool, str and dictionaries of these, an entry a line; an inner one may fit on one."""
    if not values:
        return "{}"
    lines = []
    for key, value in values.items():
        line = f"{indent}    {key!r}: {value!r},"
        if isinstance(value, Mapping) and len(line) > WIDTH:
            line = f"{indent}    {key!r}: {as_dict(value, indent + '    ')},"
        lines.append(line)
    return "\n".join(["{", *lines, indent + "}"])


def as_values(values: np.ndarray) -> str:
    """An expression that makes the float64 array `values` (N,) again, bit for bit."""
    if len(values) > LONG:
        return f'np.frombuffer({_packed(values.astype("<f8"))}, "<f8")'
    return f"np.array([\n{_wrapped(f'{value!r},' for value in values.tolist())}\n])"


def as_times(times: np.ndarray) -> str:
    """An expression that makes `times` (N,), datetime64 or whole numbers, again."""
    dates = times.dtype.kind == "M"
    numbers = times.astype("<i8")
    steps = np.unique(np.diff(numbers))
    if len(steps) == 1:
        first = f"np.datetime64({str(times[0])!r})" if dates else repr(int(times[0]))
        return f"{first} + {int(steps[0])} * np.arange({len(times)})"
    if len(times) > LONG:
        return f'np.frombuffer({_packed(numbers)}, "<i8").astype({str(times.dtype)!r})'
    if dates:
        lines = "\n".join(f"    {line.strip() + ' '!r}" for line in _wrapped(map(str, times)).splitlines())
        return f"np.array((\n{lines}\n).split(), {str(times.dtype)!r})"
    return f"np.array([\n{_wrapped(f'{time!r},' for time in numbers.tolist())}\n])"


def as_packed(text: str) -> str:
    """A literal of `text`, compressed and in base64: one long line, so that a reader is past it at once."""
    return repr(_base64(text.encode()))


def as_tokens(tokens: Sequence[str]) -> str:
    """An expression that gives `tokens`, characters or words without blanks, one by one."""
    if all(len(token) == 1 for token in tokens):
        text, split = "".join(tokens), ""
        lines = [text[k : k + WIDTH // 2] for k in range(0, len(text), WIDTH // 2)]  # some are twice as wide
    else:
        lines, split = [f"{line.strip()} " for line in _wrapped(tokens).splitlines()], ".split()"
    literals = "\n".join(f"    {line!r}" for line in lines)
    return f"(\n{literals}\n){split}"


def comment(text: str) -> str:
    """`text` as comment lines: what is not printable (line ends of every kind among it) becomes a line end or a blank.

    Empty for empty text.
    """
    lines = ["".join(sign if sign.isprintable() else " " for sign in line) for line in text.splitlines()]
    return "\n".join(f"# {line}".rstrip() for line in lines)


def _wrapped(words: Iterable[str]) -> str:
    """Words as lines indented by four, none of them cut."""
    return textwrap.fill(
        " ".join(words), WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 4, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _packed(numbers: np.ndarray) -> str:
    """An expression for the bytes of `numbers`, compressed."""
    text = _base64(numbers.tobytes())
    lines = "\n".join(f"    {text[k : k + WIDTH]!r}" for k in range(0, len(text), WIDTH))
    return f"zlib.decompress(base64.b64decode(\n{lines}\n))"


def _base64(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode()
