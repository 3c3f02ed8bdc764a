"""A HubSpot project on disk: read what is there, write it whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .project import APP, ARRAYS, PROJECT, WEBHOOKS
from .project_card import ADDRESS, CARD, PACKAGE, SOURCE

Json = dict[str, Any]
# What we look into, and what must be there if anything is.
_SHAPES: dict[str, list[tuple[str, type]]] = {
    PROJECT: [],
    APP: [
        *(("config", dict), ("config.auth", dict), ("config.auth.redirectUrls", list)),
        *(("config.permittedUrls", dict), ("config.permittedUrls.fetch", list), ("config.permittedUrls.iframe", list)),
    ],
    CARD: [("config", dict)],
    PACKAGE: [],
    WEBHOOKS: [
        *(("config", dict), ("config.settings", dict), ("config.subscriptions", dict)),
        *((f"config.subscriptions.{array}", list) for array in ARRAYS),
    ],
}


class ProjectUnreadable(Exception):
    """What lies there is not a project that we can carry on."""


def read(folder: Path) -> dict[str, Any]:
    """Return the files that are there, by path; none in a new folder. Raises ProjectUnreadable."""
    for path in (APP, WEBHOOKS):
        _refuse_another(folder, path)
    found = {path: _content(folder, path) for path in _SHAPES if (folder / path).exists()}
    for path, content in found.items():
        _check_shape(folder / path, content, _SHAPES[path])
    _check_entries(folder / WEBHOOKS, found.get(WEBHOOKS, {}))
    _check_texts(folder / APP, found.get(APP, {}))
    return found | {path: _text(folder, path) for path in (SOURCE, ADDRESS) if (folder / path).exists()}


def write(folder: Path, files: Mapping[str, Any]) -> None:
    """Put the files in their places. Each appears whole; others that lie there stay."""
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        half = place.with_name(f".{place.name}.new")
        half.write_text(content if isinstance(content, str) else json.dumps(content, indent=2) + "\n")
        os.replace(half, place)


def _refuse_another(folder: Path, path: str) -> None:
    """A project has one app and one webhooks component, and any *-hsmeta.json counts."""
    others = [other for other in (folder / path).parent.glob("*-hsmeta.json") if other != folder / path]
    if others:
        raise ProjectUnreadable(f"{others[0]} is there already; rename it to {(folder / path).name} to carry it on.")


def _check_entries(place: Path, webhooks: Json) -> None:
    arrays = webhooks.get("config", {}).get("subscriptions", {})
    for array in ARRAYS:
        if not all(isinstance(entry, dict) for entry in arrays.get(array, [])):
            raise ProjectUnreadable(f"{place}: config.subscriptions.{array} must hold JSON objects.")


def _check_texts(place: Path, app: Json) -> None:
    config = app.get("config", {})
    for part, name in (("auth", "redirectUrls"), ("permittedUrls", "fetch"), ("permittedUrls", "iframe")):
        if not all(isinstance(url, str) for url in config.get(part, {}).get(name, [])):
            raise ProjectUnreadable(f"{place}: config.{part}.{name} must hold texts.")


def _check_shape(place: Path, content: Json, shape: list[tuple[str, type]]) -> None:
    for name, kind in shape:
        value: Any = content
        for part in name.split("."):
            value = value.get(part, kind())
        if not isinstance(value, kind):
            raise ProjectUnreadable(f"{place}: {name} is not a JSON {'object' if kind is dict else 'list'}.")


def _content(folder: Path, path: str) -> Json:
    try:
        content = json.loads(_text(folder, path))
    except ValueError as error:
        raise ProjectUnreadable(f"{folder / path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ProjectUnreadable(f"{folder / path} is not a JSON object.")
    return content


def _text(folder: Path, path: str) -> str:
    try:
        return (folder / path).read_text()
    except (OSError, ValueError) as error:
        raise ProjectUnreadable(f"{folder / path} cannot be read: {error}") from error
