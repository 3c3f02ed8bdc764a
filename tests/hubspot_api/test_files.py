"""Files of an account, at the emulator."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx2
import pytest

from hubspot_api import errors, files
from hubspot_api.client import Client
from tests.hubspot_api.emulated import HUB_EU, SCOPES, Place
from tests.hubspot_api.fakes import world


@pytest.fixture
def client(place: Place) -> Client:
    place.app(conditional_scopes=[*SCOPES, "files"])
    return place.client(place.tokens(scopes=["files"])["access_token"])


def test_a_private_file_lives_and_dies(place: Place, client: Client) -> None:
    content = bytes(range(256)) * 1000
    made = files.upload(client, "Report for Ada.pdf", content, folder_path="/reports")
    assert (made.name, made.extension, made.path) == ("Report for Ada", "pdf", "/reports/Report for Ada.pdf")
    assert (made.size, made.access, made.kind) == (len(content), "PRIVATE", "DOCUMENT")
    assert made.md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert files.get(client, made.id) == made
    assert place.log.records[0].bytes_sent > len(content)

    signed = files.signed_url(client, made.id, seconds=60)
    assert place.web.get(signed.url.reveal()).content == content
    assert "Signature" not in repr(signed)
    place.control("clock", advance_s=61)
    assert place.web.get(signed.url.reveal()).status_code == 403
    assert files.signed_url(client, made.id).expires_at > signed.expires_at

    files.delete(client, made.id)
    for ask in (files.get, files.signed_url, files.delete, files.privacy_delete):
        with pytest.raises(errors.NotFound):
            ask(client, made.id)


def test_where_files_go_and_how_long_they_stay(place: Place, client: Client) -> None:
    first = files.upload(client, "a.txt", b"1", folder_path="/x", ttl="P1D", access="PUBLIC_NOT_INDEXABLE")
    assert first.folder_id is not None
    assert place.web.get(first.url or "").content == b"1"
    beside = files.upload(client, "b.txt", b"2", folder_id=first.folder_id)
    assert beside.path == "/x/b.txt"
    place.control("clock", advance_s=86_401)
    client = place.client(place.tokens(scopes=["files"])["access_token"])
    with pytest.raises(errors.NotFound):
        files.get(client, first.id)
    files.privacy_delete(client, beside.id)
    with pytest.raises(errors.NotFound):
        files.get(client, beside.id)


def test_names_and_contents_that_are_there(client: Client) -> None:
    first = files.upload(client, "ä.txt", b"1", folder_path="/x")
    assert files.upload(client, "ä.txt", b"2", folder_path="/x").name == "ä-1"
    assert files.upload(client, "ä.txt", b"3", folder_path="/x", overwrite=True).id == first.id
    assert files.upload(client, "c.txt", b"3", folder_path="/y", same_content="RETURN_EXISTING").id == first.id
    with pytest.raises(errors.Conflict):
        files.upload(client, "d.txt", b"3", folder_path="/y", same_content="REJECT")


def test_files_that_are_refused(place: Place, client: Client) -> None:
    with pytest.raises(errors.BadRequest):
        files.upload(client, "a.txt", b"1", folder_path="/x", access="OPEN")
    with pytest.raises(errors.BadRequest):
        files.upload(client, "a.txt", b"1", folder_path="/x", ttl="PT1S")
    with pytest.raises(errors.NotFound):
        files.upload(client, "a.txt", b"1", folder_id=424242)
    with pytest.raises(errors.MissingScopes):
        files.get(place.client(place.tokens(HUB_EU)["access_token"]), 1)


@pytest.mark.parametrize("folder", [{}, {"folder_path": "/x", "folder_id": 1}])
def test_a_file_goes_into_one_folder(folder: dict[str, Any]) -> None:
    here = world(httpx2.ReadError("reset"))
    with pytest.raises(ValueError, match="one folder"):
        files.upload(here.client, "a.txt", b"1", **folder)
    assert here.hubspot.asked == []


@pytest.mark.parametrize(
    ("how", "attempts"), [({}, 1), ({"overwrite": True}, 3), ({"same_content": "RETURN_EXISTING"}, 3)]
)
def test_an_upload_is_repeated_only_if_it_cannot_make_two(how: dict[str, Any], attempts: int) -> None:
    here = world(httpx2.ReadError("reset"))
    with pytest.raises(errors.AnswerLost):
        files.upload(here.client, "a.txt", b"canary", folder_path="/x", **how)
    assert len(here.hubspot.asked) == attempts
    assert all(b"canary" in request.content for request in here.hubspot.asked)
