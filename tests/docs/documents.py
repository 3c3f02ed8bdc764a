"""The documents as tests read them: what stands in backticks, block by block, and the tree it speaks of."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.processes import ROOT

DOCUMENTS = sorted(
    path for pattern in ("*.md", "docs/*.md", "emulator/*.md", "emulator/docs/*.md") for path in ROOT.glob(pattern)
)
_MADE = {"staticfiles", "htmlcov", "node_modules", "screenshots"}
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


@dataclass(frozen=True)
class Block:
    """A paragraph, a point of a list or a row of a table: names in it may be short for what it named before."""

    document: Path
    text: str

    @property
    def spans(self) -> list[str]:
        """What stands in backticks, without line ends and the escapes that a table's cells need."""
        return [" ".join(span.replace("\\|", "|").split()) for span in re.findall(r"`([^`]+)`", self.text)]

    @property
    def cells(self) -> list[str]:
        return [cell.strip() for cell in re.split(r"(?<!\\)\|", self.text)[1:-1]]


def read(name: str) -> str:
    return (ROOT / name).read_text()


@cache
def blocks(name: str) -> list[Block]:
    """Return the text's blocks in order, without its examples."""
    text = re.sub(r"^```.*?^```$", "", read(name), flags=re.DOTALL | re.MULTILINE)
    parts = re.split(r"\n\s*\n|\n(?=\s*(?:[|*-]|\d+\.) ?)", text)
    return [Block(ROOT / name, part) for part in parts if part.strip()]


def spans(name: str) -> list[str]:
    return [span for block in blocks(name) for span in block.spans]


def rows(name: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table whose heading begins with this cell, without the heading."""
    found = [block.cells for block in blocks(name)]
    begin = next(at for at, cells in enumerate(found) if cells and cells[0] == heading)
    table = found[begin + 2 :]
    return table[: next((at for at, cells in enumerate(table) if not cells), len(table))]


def all_rows(name: str) -> list[list[str]]:
    """Return the cells of all tables' rows but their headings."""
    found = [block.cells for block in blocks(name)]
    rules = {at for at, cells in enumerate(found) if cells and set("".join(cells)) == {"-"}}
    return [cells for at, cells in enumerate(found) if cells and not {at, at + 1} & rules]


def examples(name: str, *languages: str) -> Iterator[str]:
    for language, example in re.findall(r"^```(\w*)[^\n]*\n(.*?)^```$", read(name), re.DOTALL | re.MULTILINE):
        if language in languages:
            yield example


@cache
def tree() -> frozenset[str]:
    """Return every file and folder of the project by its path from the root; folders that tools made are left out."""
    found = set()
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith((".", "__")) and name not in _MADE]
        found |= {str((Path(folder) / name).relative_to(ROOT)) for name in (*folders, *files)}
    return frozenset(found)


@cache
def source() -> str:
    """Return all text of the tree that is neither a document nor about them."""
    kinds = (".py", ".html", ".toml", ".txt", ".tsx", ".js", ".css", ".json", "Makefile")
    ours = [p for p in sorted(tree()) if p.endswith(kinds) and not p.startswith(("tests/docs/", "static/vendor/"))]
    return "\n".join((ROOT / path).read_text() for path in ours)


@cache
def words() -> frozenset[str]:
    return frozenset(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", source()))
