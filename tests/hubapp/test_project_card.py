"""The app card in the project's files: there when it is switched on, kept as people changed it, never unreachable."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.urls import reverse
from pytest_django import Settings

from crm.object_types import OBJECT_TYPES
from hubapp.project import APP, WEBHOOKS
from hubapp.project_card import ADDRESS, CARD, FOLDER, PACKAGE, SOURCE

from .test_hubspot_project import change, load, refused, run

URL = "https://app.example.com"


@pytest.fixture(autouse=True)
def _public(settings: Settings) -> None:
    settings.PUBLIC_URL = URL
    settings.HUBSPOT_APP_CARD = True


def warnings() -> set[str]:
    return {str(message.id) for message in run_checks()}


def test_switched_on_the_card_is_written_and_may_ask_us(tmp_path: Path) -> None:
    said = run(tmp_path)
    card = load(tmp_path, CARD)
    assert (card["uid"], card["type"]) == ("record-state", "card")
    assert card["config"]["objectTypes"] == [one.plural for one in OBJECT_TYPES]
    assert f"src{card['config']['entrypoint']}" == SOURCE
    assert (tmp_path / ADDRESS).read_text().endswith(f'export const ADDRESS = "{URL}";\n')
    assert "@hubspot/ui-extensions" in load(tmp_path, PACKAGE)["dependencies"]
    urls = load(tmp_path, APP)["config"]["permittedUrls"]
    assert URL in urls["fetch"]
    assert urls["iframe"] == [URL]
    assert str(tmp_path / SOURCE) in said


def test_the_source_asks_the_addresses_that_there_are(tmp_path: Path) -> None:
    run(tmp_path)
    source = (tmp_path / SOURCE).read_text()
    for name in ("app_card", "offer_embedded_view"):
        assert f"'{reverse(name)}'" in source
    for field in ("connection", "record", "queue", "canOpenView", "links"):
        assert f"{field}:" in source, "what it reads is what embedded.cards says"


def test_switched_off_there_is_none(tmp_path: Path, settings: Settings) -> None:
    settings.HUBSPOT_APP_CARD = False
    run(tmp_path)
    assert not (tmp_path / FOLDER).exists()
    assert load(tmp_path, APP)["config"]["permittedUrls"] == {
        "fetch": ["https://api.hubapi.com"],
        "iframe": [],
        "img": [],
    }


def test_switched_off_later_it_stays_as_it_lies_there(tmp_path: Path, settings: Settings) -> None:
    run(tmp_path)
    settings.HUBSPOT_APP_CARD = False
    run(tmp_path)
    assert (tmp_path / SOURCE).exists()


def test_what_people_wrote_stays(tmp_path: Path) -> None:
    run(tmp_path)
    change(tmp_path, CARD, "config.location", "crm.record.tab")
    change(tmp_path, CARD, "config.entrypoint", "/app/cards/Ours.tsx")
    change(tmp_path, PACKAGE, "dependencies.lodash", "^4")
    change(tmp_path, APP, "config.permittedUrls.fetch", ["https://other.example.com"])
    (tmp_path / FOLDER / "Ours.tsx").write_text("ours")
    run(tmp_path)
    config = load(tmp_path, CARD)["config"]
    assert (config["location"], config["entrypoint"]) == ("crm.record.tab", "/app/cards/Ours.tsx")
    assert load(tmp_path, PACKAGE)["dependencies"]["lodash"] == "^4"
    assert load(tmp_path, APP)["config"]["permittedUrls"]["fetch"] == ["https://other.example.com", URL]
    assert (tmp_path / FOLDER / "Ours.tsx").read_text() == "ours"


def test_writing_twice_changes_nothing(tmp_path: Path, settings: Settings) -> None:
    run(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    run(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("path", "where", "value", "words"),
    [
        (CARD, "uid", "with spaces", "The uid of"),
        (CARD, "uid", "webhooks", "the same uid"),
        (CARD, "config.location", "settings", "location"),
        (CARD, "config.objectTypes", [], "objectTypes"),
        (APP, "config.permittedUrls.iframe", ["http://app.example.com"], "must begin with https"),
        (APP, "config.permittedUrls.fetch", ["https://localhost:3000"], "may not be localhost"),
        (APP, "config.permittedUrls.fetch", ["https://["], "must begin with https"),
        (APP, "config.permittedUrls.fetch", [{}], "config.permittedUrls.fetch must hold texts"),
        (APP, "config.permittedUrls.iframe", [None], "config.permittedUrls.iframe must hold texts"),
        (APP, "config.auth.redirectUrls", [7], "config.auth.redirectUrls must hold texts"),
        (APP, "config.auth.redirectUrls", ["https://["], "The redirect URL https://["),
        (CARD, "uid", [], "The uid of"),
    ],
)
def test_what_hubspot_would_refuse_is_not_written(
    tmp_path: Path, path: str, where: str, value: object, words: str
) -> None:
    run(tmp_path)
    change(tmp_path, path, where, value)
    assert words in refused(tmp_path)


@pytest.mark.parametrize("public_url", ["http://app.example.com", "http://localhost:8000", "https://localhost"])
def test_an_address_that_cards_cannot_ask(tmp_path: Path, settings: Settings, public_url: str) -> None:
    settings.PUBLIC_URL = public_url
    assert f"The permitted URL {public_url}" in refused(tmp_path)


def test_a_card_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / CARD).write_text("{")
    assert str(tmp_path / CARD) in refused(tmp_path)


def test_the_check_says_when_the_app_there_may_not_ask_us(tmp_path: Path, settings: Settings) -> None:
    run(tmp_path)
    settings.HUBSPOT_PROJECT_DIR = str(tmp_path)
    assert not warnings() & {"hubapp.W026", "hubapp.W028"}
    change(tmp_path, APP, "config.permittedUrls.iframe", [])
    assert "hubapp.W028" in warnings()
    (tmp_path / ADDRESS).write_text("// another")
    assert "hubapp.W026" in warnings()


def test_the_other_components_are_where_they_were(tmp_path: Path) -> None:
    run(tmp_path)
    assert load(tmp_path, WEBHOOKS)["type"] == "webhooks"
