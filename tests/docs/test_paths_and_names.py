"""What the documents name is there: files, tests, Python names, addresses, headings. Nothing runs."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from hubapp.probes import PROBES
from tests.docs.documents import DOCUMENTS, NAMES, Block, all_rows, blocks, read, source, spans, tree, words
from tests.processes import ROOT

ROOMS = ("hubapp", "embedded", "crm", "webhooks", "lanes", "installations", "hubspot_api", "emulator")
PATH = re.compile(r"(?!PUBLIC_URL)(?:[\w.-]+(?:/[\w.-]+)*\.(?:py|md|toml|tsx|txt)|[\w.-]+/(?:[\w.-]+/?)*)")
NOT_OURS = {
    "utils.py": "CONTRIBUTING says that there is none",
    ".compat/": "made by make compat",
    "src/app/cards/": "in the project for HubSpot's CLI",
    "received.txt": "made by the walkthrough, which a test runs",
    "batch/archive": "HubSpot's",
    "batch/latest": "HubSpot's",
    "batch/read": "HubSpot's",
    "batch/update": "HubSpot's",
    "modified/after": "HubSpot's",
}


def paths_of(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Find for each path of a block what it can mean: from the root, beside the document, or in a folder named before.

    A name alone also means the one file of that name.
    """
    near = [ROOT, block.document.parent]
    for span in block.spans:
        path, _, _ = span.partition("::")
        if not PATH.fullmatch(path) or path in NOT_OURS:
            continue
        found = [*{at / path: None for at in near if (at / path).exists()}]
        found = found or [ROOT / one for one in tree() if one.endswith(f"/{path}")]
        yield span, [str(one.relative_to(ROOT)) for one in found]
        near += [one if one.is_dir() else one.parent for one in found]


@pytest.mark.parametrize("name", NAMES)
def test_paths_are_there(name: str) -> None:
    found = [(span, meant) for block in blocks(name) for span, meant in paths_of(block)]
    assert [span for span, meant in found if not meant] == []
    assert [(span, meant) for span, meant in found if len(meant) > 1 and "/" not in span] == [], "which of them?"


def test_what_is_said_not_to_be_there_is_not() -> None:
    assert [one for one in tree() if one.endswith("utils.py")] == []


def named_tests(block: Block) -> Iterator[tuple[str, str, str]]:
    """Yield file, name and text for `file.py::name`, `…::name`, and `file.py` (`part of a name`, `part`)."""
    files = {span: meant[0] for span, meant in paths_of(block) if meant}
    latest = ""
    for span, parts in re.findall(r"`([^`]+)`(?: \((`\w+`(?:, `\w+`)*)\))?", block.text):
        latest = files.get(span, latest)
        if "::" in span:
            yield latest, rf"(?:def|class) {span.partition('::')[2]}\b", span
        for part in re.findall(r"\w+", parts) if span in files else ():
            yield latest, rf"def test_\w*{part}", part


@pytest.mark.parametrize("name", ["docs/proofs.md", "docs/security.md"])
def test_tests_are_there(name: str) -> None:
    found = [one for block in blocks(name) for one in named_tests(block)]
    assert [text for file, pattern, text in found if not re.search(pattern, read(file))] == []
    assert found or name != "docs/proofs.md"


@pytest.mark.parametrize("name", ["docs/proofs.md", "docs/security.md"])
def test_every_threat_has_a_test(name: str) -> None:
    """A row may say "same" for what the row before names."""
    proofs = all_rows(name)
    assert len(proofs) > 30
    assert [cells for cells in proofs if not re.search(r"\btests?[/_]|\bsame\b", " ".join(cells[1:]))] == []


@pytest.mark.parametrize("name", NAMES)
def test_names_occur_in_the_source(name: str) -> None:
    """Whatever looks like a name of a program: in snake_case, CamelCase or capitals. Tests' files are checked above."""
    looks = re.compile(r"[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]*[A-Za-z0-9]|[A-Za-z]*[a-z][A-Z]\w*")
    named = {one for span in spans(name) if ".py" not in span for one in looks.findall(span)}
    parts = {part for block in blocks(name) for _, _, part in named_tests(block)}
    figures = {one for one in named if one.startswith("hubapp_")}  # see tests/hubapp/test_metrics.py
    assert sorted(named - words() - parts - figures - ELSEWHERE) == []


ELSEWHERE = {
    "NODE_EXTRA_CA_CERTS",  # Node's
    "hs_searchable_calculated",  # so begin names of HubSpot's
    "hubspot_team_id",  # HubSpot's, which the emulator does not have; choices.md says so
}


def meanings(span: str) -> list[str]:
    """Return what a dotted name of ours may be in full, without its call; [] if it is nobody's of us."""
    dotted = re.match(r"([a-z_]+)(?:\.[A-Za-z_]+)+", span)
    if dotted is None or span.endswith((".py", ".md")):
        return []
    if dotted[1] in ROOMS:
        return [dotted[0]]
    return [f"{room}.{dotted[0]}" for room in ROOMS if {f"{room}/{dotted[1]}.py", f"{room}/{dotted[1]}"} & tree()]


def resolved(name: str) -> object | None:
    try:
        found: object = pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return None
    return found


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/client.md"])
def test_python_names_can_be_imported(name: str) -> None:
    """With the parameters that stand in their brackets."""
    for span in set(spans(name)):
        if not (meant := meanings(span)):
            continue
        found = [one for one in map(resolved, meant) if one is not None]
        assert found, span
        if re.fullmatch(r"[\w.]+\((?:\w+, )*\w+\)", span):
            given = re.findall(r"\w+", span.partition("(")[2])
            assert any(callable(one) and set(given) <= set(inspect.signature(one).parameters) for one in found), span


def routes(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    for one in patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, here)
        else:
            yield here


@pytest.mark.parametrize("name", [one for one in NAMES if not one.startswith("emulator/") and one != "docs/client.md"])
def test_addresses_of_the_app_are_there(name: str) -> None:
    known = [re.sub(r"<\w+:(\w+)>", r"<\1>", route) for route in routes(get_resolver().url_patterns)] + [*PROBES]
    asked = [re.fullmatch(r"(?:(?:GET|POST) |PUBLIC_URL)?(/[\w/<>-]*)", span) for span in spans(name)]
    named = {one[1] for one in asked if one and not one[1].startswith("/_emulator/")}
    assert [one for one in named if not any(route.startswith(one) for route in known)] == []


@pytest.mark.parametrize("name", NAMES)
def test_ids_of_checks_are_there(name: str) -> None:
    assert [one for one in re.findall(r"\bhubapp\.[EW]\d{3}\b", read(name)) if f'"{one}"' not in source()] == []


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", document.read_text()):
        path, _, anchor = target.partition("#")
        there = document.parent / path if path else document
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target
