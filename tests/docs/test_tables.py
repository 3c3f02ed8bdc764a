"""Tables of the documents hold what the code has: no row too many, none too few."""

from __future__ import annotations

import ast
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from functools import cache

from falcon import routing

from emulator import Emulator
from emulator.faults import ACTIONS
from emulator.scenarios.library import LIBRARY
from emulator.web.app import routes
from hubapp.linting.check import HINTS
from tests.docs.documents import read, rows, source, spans, tree
from tests.processes import ROOT

OF_EVERY_PROGRAM = {"HTTPS_PROXY", "NO_PROXY"}  # hubspot_api.proxies reads them by way of urllib


def in_backticks(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def settings_read() -> set[str]:
    """Return the variables that hubapp.settings asks the environment for."""
    calls = [node for node in ast.walk(ast.parse(read("hubapp/settings.py"))) if isinstance(node, ast.Call)]
    asked = [call for call in calls if re.fullmatch(r"env\.\w+|_required", ast.unparse(call.func))]
    texts = [one.value for call in asked for one in call.args if isinstance(one, ast.Constant)]
    return {text for text in texts if isinstance(text, str) and re.fullmatch(r"[A-Z][A-Z_]+", text)}


def test_settings_are_those_of_the_readme() -> None:
    told = [name for row in rows("README.md", "setting") for name in in_backticks(row[0])]
    assert len(told) == len(set(told))
    assert set(told) == settings_read() | OF_EVERY_PROGRAM
    assert set(re.findall(r"\w+", read("hubspot_api/proxies.py"))) >= OF_EVERY_PROGRAM


def layers() -> list[str]:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    return next(one["layers"] for one in contracts if one["name"] == "Rooms import one way")


def test_rooms_are_those_of_the_import_linter() -> None:
    told = [in_backticks(row[0])[0] for row in rows("docs/architecture.md", "room")]
    assert told == [*layers(), "emulator", "demo"]
    assert " → ".join(layers()) in spans("CONTRIBUTING.md")


def test_packages_of_installations_are_those_of_the_tree() -> None:
    told = [in_backticks(row[0])[0] for row in rows("docs/architecture.md", "package")]
    packages = {path.split("/")[1] for path in tree() if re.fullmatch(r"installations/\w+/__init__\.py", path)}
    assert set(told) == packages - {"management", "migrations", "templatetags"}


def test_rules_for_code_are_those_of_the_linter() -> None:
    assert set(re.findall(r"HS\d{3}", read("CONTRIBUTING.md"))) == set(HINTS) - {"HS000"}


def test_what_is_kept_is_kept_so_long() -> None:
    told = [(days, in_backticks(name)[0]) for _, days, name in rows("docs/operations.md", "what") if name]
    assert len(told) > 10
    assert [(days, name) for days, name in told if pkgutil.resolve_name(name) != timedelta(days=int(days))] == []


def test_pages_and_buttons_of_the_console_are_there() -> None:
    """What the runbook sends people to: "Console → Page → *Button*"."""
    text = " ".join(read("docs/operations.md").split())
    pages = set(re.findall(r"onsole → ([A-Z][A-Za-z-]+(?: [a-z]+)?)", text))
    headings = set(re.findall(r'^    heading = "(.+)"', source(), re.MULTILINE))
    assert len(pages) > 5
    assert {page for page in pages if page not in headings and page.split()[0] not in headings} == set()
    buttons = set(re.findall(r"→ \*([^*]+)\*", text))
    assert len(buttons) > 3
    assert {button for button in buttons if button not in source()} == set()


# ── The emulator's ──────────────────────────────────────────────────────────────────────────────────────────
@cache
def served() -> dict[str, set[str]]:
    """Return the emulator's addresses with `<>` for what differs, and their methods."""
    found: dict[str, set[str]] = {}
    for path, resource in routes(Emulator()):
        found.setdefault(re.sub(r"\{\w+\}", "<>", path), set()).update(routing.map_http_methods(resource))
    return found


def control_calls() -> Iterator[tuple[str, str]]:
    """Yield method and end of address of each call in the table. `…` stands for what the call before begins with."""
    for row in rows("emulator/docs/control-api.md", "address"):
        methods = ["GET"]
        for span in in_backticks(row[0]):
            *given, address = re.split(r",? ", span)
            methods = given or methods
            path, optional, more = address.removeprefix("…").partition("[")
            paths = [path, path + more.removesuffix("]")] if optional else [path]
            yield from ((method, re.sub(r"<\w+>", "<>", one)) for method in methods for one in paths)


def is_told(method: str, path: str) -> bool:
    return any(method == one and path.endswith(end) for one, end in control_calls())


def test_every_control_call_is_in_the_table() -> None:
    calls = [(method, path) for path, methods in served().items() for method in methods if "/_emulator/" in path]
    assert len(calls) > 40
    assert [(method, path) for method, path in calls if not is_told(method, path)] == []


def is_there(method: str, end: str) -> bool:
    return any(method in methods and path.endswith(end) for path, methods in served().items())


def test_the_table_has_no_other_control_call() -> None:
    # Lists answer GET and POST, their items DELETE: one row names all three for both.
    shared = {f"/_emulator/{kind}{item}" for kind in ("faults", "scenarios") for item in ("", "/<>")}
    told = [one for one in control_calls() if one[1] not in shared]
    assert [one for one in told if not is_there(*one)] == []


def expanded(address: str) -> list[str]:
    """Write out the `{a,b}` of an address."""
    found = re.search(r"\{([^}]+)\}", address)
    if found is None:
        return [address]
    return [one for part in found[1].split(",") for one in expanded(address.replace(found[0], part, 1))]


def test_what_it_serves_it_serves() -> None:
    """Every address of served.md begins one that is routed; `…` is anything."""
    paths = [*served()]
    named = [one for span in spans("emulator/docs/served.md") if span.startswith("/") for one in expanded(span)]
    for address in named:
        pattern = re.escape(re.sub(r"<\w+>", "<>", address)).replace("<>", "[^/]+").replace("…", ".*")
        assert any(re.match(pattern, path) for path in paths), address
    assert len(named) > 50


def test_faults_and_scenarios_are_those_of_the_tables() -> None:
    assert {one for row in rows("emulator/docs/control-api.md", "fault") for one in in_backticks(row[0])} == ACTIONS
    scenarios = {one for row in rows("emulator/docs/control-api.md", "scenario") for one in in_backticks(row[0])}
    assert scenarios == set(LIBRARY)


def test_flags_are_those_of_the_program() -> None:
    told = {word for row in rows("emulator/README.md", "flag") for word in re.findall(r"--[a-z-]+", row[0])}
    command = [sys.executable, "-m", "emulator", "--help"]
    helped = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert told == set(re.findall(r"^  (--[a-z-]+)", helped.stdout, re.MULTILINE))
