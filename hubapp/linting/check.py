"""Apply the rules to files, except where a comment says why not: `# noqa: HS003 - they arrive one by one`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .amounts import first_page_only, one_by_one
from .credentials import api_keys, hard_coded
from .expiries import token_without_expiry
from .parallel import around_the_limiter
from .receivers import unverified
from .source import Found, Source

Rule = Callable[[Source], Iterable[Found]]
RULES: list[Rule] = [
    hard_coded,
    first_page_only,
    one_by_one,
    around_the_limiter,
    token_without_expiry,
    unverified,
    api_keys,
]
# A test reads one page, or writes one record after another, on purpose. A secret leaks from there too.
RULES_OF_TESTS: list[Rule] = [hard_coded]
HINTS = {
    "HS000": "It cannot be checked until it is Python.",
    "HS001": "Read it from the environment or from a file only we may read, and rotate this one: it is in the history.",
    "HS002": "Go on with paging.next.after, or use hubspot_api's list_all or search.every.",
    "HS003": "Use hubspot_api.batches: any number of records, a hundred a call.",
    "HS004": "Call through installations.clients.client_for(portal, work_class): its threads share the limiter.",
    "HS005": "Store the end beside it and renew ahead of it; client_for(portal) does both.",
    "HS006": "Check X-HubSpot-Signature-v3 first: hubspot_api.signatures.verify_v3.",
    "HS007": "HubSpot switched API keys off in 2022. Use OAuth, or a private app's token.",
    "HS008": "Say why: # noqa: HS003 - they arrive one by one",
}
_NOQA = re.compile(r"#\s*noqa:\s*(?P<codes>[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)(?:\s*[-–—:]\s*(?P<reason>\S.*))?")


@dataclass(frozen=True, order=True)
class Finding:
    """Something to mend."""

    path: Path
    line: int
    rule: str
    problem: str

    @property
    def hint(self) -> str:
        return HINTS[self.rule]


def lint(place: Path) -> Iterator[Finding]:
    """Yield what is wrong in a file, or in every Python file below a folder, in order. Raises OSError."""
    for path in [place] if place.is_file() else sorted(_python_files(place)):
        yield from sorted(
            Finding(path, each.line, each.rule, each.problem) for each in check(path.read_bytes(), _rules(path))
        )


def check(content: bytes, rules: Iterable[Rule] = RULES) -> Iterator[Found]:
    """Yield what is wrong in one file."""
    try:
        source = Source(content.decode())
    except (SyntaxError, ValueError) as error:
        yield Found(getattr(error, "lineno", None) or 1, "HS000", f"This is not Python: {type(error).__name__}.")
        return
    for rule in rules:
        for found in set(rule(source)):
            yield from _unless_excused(source, found)


def _unless_excused(source: Source, found: Found) -> Iterator[Found]:
    noqa = _NOQA.search(source.lines[found.line - 1])
    if noqa is None or found.rule not in re.split(r"\s*,\s*", noqa["codes"]):
        yield found
    elif not noqa["reason"]:
        yield Found(found.line, "HS008", f"{found.rule} is excused without a reason.")


def _rules(path: Path) -> list[Rule]:
    is_test = "tests" in path.parts or path.name.startswith("test_") or path.name == "conftest.py"
    return RULES_OF_TESTS if is_test else RULES


def _python_files(folder: Path) -> Iterator[Path]:
    """Not in hidden folders, and in no virtual environment."""
    for path in folder.iterdir():
        if path.name.startswith(".") or path.is_symlink() or (path / "pyvenv.cfg").exists():
            continue
        if path.is_dir():
            yield from _python_files(path)
        elif path.suffix == ".py":
            yield path
