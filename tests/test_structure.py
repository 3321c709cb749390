"""The walls of the house: imports run one way, and the core knows no user interface."""

import ast
import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules

import pytest

ROOT = Path(__file__).parents[1]

ORDER = [
    "text",
    "catalogue",
    "spec",
    "look",
    "unrolled",
    "homework",
    "size",
    "data",
    "cells",
    "models",
    "training",
    "probes",
    "engine",
    "reports",
    "memory",
    "translation",
    "language",
    "compare",
    "recordings",
    "claims",
]
"""Parts of the core; each may import those before it."""

ALSO = {("training", "probes"): "a snapshot is a recording", ("models", "cells"): "", ("figures", "text"): ""}
"""What is allowed beyond the order, and why."""

PAGES_MAY = {
    "engine", "figures", "reports", "spec", "look", "unrolled", "homework", "size", "data", "text", "catalogue",
    "training.events", "memory", "translation", "claims", "recordings",
}  # fmt: skip
"""What pages may import of the core: nothing that loads torch."""


def imports(path: Path) -> set[str]:
    """The modules a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def part_of(module: str) -> str:
    return module.split(".")[1] if module.count(".") else ""


@pytest.mark.parametrize("path", files("seqcore"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_core_imports_one_way_and_no_user_interface(path):
    used = imports(path)
    assert not {module for module in used if module.split(".")[0] in ("streamlit", "pages", "benchmarks", "tests")}
    part = path.relative_to(ROOT / "seqcore").parts[0].removesuffix(".py")
    if part in ORDER:
        for module in used:
            other = part_of(module) if module.startswith("seqcore") else ""
            if module == "seqcore.training.events":
                continue
            assert other in ("", *ORDER[: ORDER.index(part) + 1]) or (part, other) in ALSO, f"{part} imports {module}"
    if part == "figures":
        assert not {m for m in used if m.startswith("seqcore") and part_of(m) not in ("figures", "text")}


@pytest.mark.parametrize("path", [ROOT / "app.py", *files("pages")], ids=lambda p: str(p.relative_to(ROOT)))
def test_pages_import_nothing_that_loads_torch(path):
    for module in imports(path):
        assert module.split(".")[0] != "torch"
        if module.startswith("seqcore."):
            assert any(module.removeprefix("seqcore.").startswith(allowed) for allowed in PAGES_MAY), module


def test_what_pages_use_of_the_core_leaves_torch_and_streamlit_alone():
    modules = {m for path in files("pages") for m in imports(path) if m.startswith("seqcore")}
    code = f"import sys, importlib\nfor m in {sorted(modules)!r}: importlib.import_module(m)\n"
    code += "assert 'torch' not in sys.modules and 'streamlit' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_every_architecture_has_its_module_and_every_module_is_listed():
    from seqcore.catalogue import ARCHITECTURES

    shared = {"classical", "recurrent", "remedied", "seq2seq"}
    there = {module.name for module in iter_modules([str(ROOT / "seqcore" / "models")])}  # files and packages
    assert {a.name for a in ARCHITECTURES} == there - shared


def test_every_lesson_has_its_page_and_its_prose():
    from pages.kit.lessons import LESSONS

    names = {lesson.name for lesson in LESSONS}
    assert names == {p.stem for p in (ROOT / "pages").glob("*.py")}
    for language in ("en", "zh_Hant"):
        assert names == {p.stem for p in (ROOT / "assets" / "lessons" / language).glob("*.md")}


def test_no_file_outgrows_its_reader():
    long = {str(p.relative_to(ROOT)): n for folder in ("seqcore", "pages", "benchmarks", "tests") for p in files(folder)
            if (n := len(p.read_text(encoding="utf-8").splitlines())) > 350}  # fmt: skip
    assert not long
