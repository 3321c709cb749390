"""A program's text: of a template in `assets/export` the parts that are needed, with their values filled in.

The marks in those files are explained beside them, in `assets/export/README.md`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

TEMPLATES = Path(__file__).parents[3] / "assets" / "export"

HOLE = re.compile(r"\{\{(\w+)\}\}")

EMPTY = re.compile(r"\n{4,}")


def sections(features: set[str], literals: Mapping[str, str], template: str = "hw02") -> list[tuple[str, str]]:
    """(title, code) of each section of the file called `template`; the title of what stands above the first is empty.

    Every `{{name}}` is replaced once, by `literals[name]`; what is filled in is not looked at again.
    """
    head, *parts = re.split(r"^# %% (.*)\n", "\n".join(_kept(features, template)), flags=re.MULTILINE)
    pairs = [("", head), *zip(parts[::2], parts[1::2], strict=True)]
    return [(title, _fill(EMPTY.sub("\n\n\n", code), literals).strip("\n")) for title, code in pairs]


def _fill(code: str, literals: Mapping[str, str]) -> str:
    return HOLE.sub(lambda hole: literals[hole[1]], code)


def _kept(features: set[str], template: str) -> Iterator[str]:
    """The lines whose marks, and those of the blocks they are in, hold for `features`."""
    blocks = []
    for line in (TEMPLATES / f"{template}.txt").read_text(encoding="utf-8").splitlines():
        mark = line.strip()
        if mark.startswith("#{"):
            blocks.append(_holds(mark[2:], features))
        elif mark == "#}":
            blocks.pop()
        elif all(blocks):
            code, _, wanted = line.partition("#? ")
            if _holds(wanted, features):
                yield code.rstrip()


def _holds(wanted: str, features: set[str]) -> bool:
    """Whether `features` has every word of `wanted`, and none of those with a minus."""
    return all((word.removeprefix("-") in features) != word.startswith("-") for word in wanted.split())
