"""What the documents tell people to type is there to be typed: commands, options, targets. Nothing runs."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import celery.bin.celery
import granian.cli
import pytest
from click import Context, Group
from django.core.management import get_commands, load_command_class

from tests.docs.documents import NAMES, examples, read, source, spans, tree

OURS = {name for name, app in get_commands().items() if f"{app}/management/commands/{name}.py" in tree()}
TARGETS = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))


def typed(name: str) -> Iterator[str]:
    """Yield what a document gives to type: lines of examples for a shell, and what stands in backticks."""
    for example in examples(name, "sh", ""):
        yield from (line.partition("  #")[0].strip() for line in example.splitlines())
    yield from spans(name)


def calls(name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield command and options of each call of manage.py; also where only the command's name is given."""
    for line in typed(name):
        found = re.search(r"(?:manage\.py |^(?!.*manage\.py ))([a-z_]+)((?:\s.*)?)$", line)
        if found and ("manage.py " in line or found[1] in OURS):
            yield found[1], re.findall(r"(?<!\S)--[a-z-]+", found[2])


def options_of(command: str) -> set[str]:
    parser: argparse.ArgumentParser = load_command_class(get_commands()[command], command).create_parser("", command)
    return {option for action in parser._actions for option in action.option_strings}


@pytest.mark.parametrize("name", NAMES)
def test_commands_and_their_options_are_there(name: str) -> None:
    for command, options in calls(name):
        assert command in get_commands(), command
        assert set(options) <= options_of(command), (command, options)


def test_every_command_of_ours_is_told_of() -> None:
    """In the runbook, but for the one that is for whoever writes code."""
    assert OURS - {command for command, _ in calls("docs/operations.md")} == {"lint_hubspot"}
    assert "lint_hubspot" in {command for command, _ in calls("CONTRIBUTING.md")}


@pytest.mark.parametrize("name", NAMES)
def test_targets_are_there(name: str) -> None:
    named = [word for line in typed(name) for word in re.findall(r"^make ((?:[a-z]+ ?)+)", line)]
    assert {target for words in named for target in words.split()} <= TARGETS


def test_every_target_is_told_of() -> None:
    told = {line for name in ("README.md", "CONTRIBUTING.md") for line in typed(name)}
    assert {target for target in TARGETS if f"make {target}" not in told} == set()


@pytest.mark.parametrize("name", NAMES)
def test_benchmarks_are_there(name: str) -> None:
    named = re.findall(r"(?:make bench |`)ARGS=\"?([a-z]+)", read(name))
    assert {one for one in named if f"benchmarks/{one}.py" not in tree()} == set()


@pytest.mark.parametrize("name", NAMES)
def test_options_alone_are_somebodys(name: str) -> None:
    alone = {option for span in spans(name) for option in re.findall(r"(?<!\S)--[a-z-]+", span)}
    alone |= set(re.findall(r"ARGS=(--[a-z-]+)", read(name))) - {"--help"}
    django = {"--deploy", "--database", "--noinput"}
    assert {option for option in alone - django if f'"{option}"' not in source()} == set()


def test_the_processes_take_the_options_of_the_runbook() -> None:
    (example,) = [one for one in examples("docs/operations.md", "sh") if one.startswith("granian")]
    granian_line, *celery_lines = example.splitlines()
    assert set(re.findall(r"--[a-z-]+", granian_line)) <= click_options(granian.cli.cli)
    for line in celery_lines:
        command = celery.bin.celery.celery
        found = re.fullmatch(r"celery --app \S+ (\w+)(.*)", line)
        assert isinstance(command, Group)
        assert found, line
        kind = command.get_command(Context(command), found[1])
        assert kind is not None, line
        assert set(re.findall(r"--[a-z-]+", found[2])) <= click_options(kind)


def click_options(command: object) -> set[str]:
    return {option for one in getattr(command, "params", []) for option in (*one.opts, *one.secondary_opts)}
