"""Files: upload, look, fetch, delete."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx2
import pytest

from tests.emulator.hub import CRM_SCOPES, HUB, Hub

Json = dict[str, Any]
SCOPES = ["oauth", *CRM_SCOPES, "files"]
BASES = ["/files/v3/files", "/files/2025-09/files", "/files/2026-03/files", "/files/2026-09/files"]
BASE = "/files/v3/files"


@pytest.fixture
def hub(bare: Hub) -> Hub:
    bare.app(conditional_scopes=SCOPES)
    bare.install(scopes=SCOPES)
    return bare


def post(
    hub: Hub, options: Any, content: bytes = b"hello", name: str = "note.txt", base: str = BASE, **fields: Any
) -> httpx2.Response:
    parts: list[Any] = [("file", (name, content)), ("options", (None, json.dumps(options)))]
    parts += [(field, (None, value)) for field, value in ({"folderPath": "/letters"} | fields).items() if value]
    return hub.http.post(base, files=parts, headers={"Authorization": f"Bearer {hub.token}"})


def upload(hub: Hub, **how: Any) -> Json:
    answer = post(hub, {"access": "PRIVATE"} | how.pop("options", {}), **how)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


@pytest.mark.parametrize("base", BASES)
def test_a_private_file_from_upload_to_deletion(hub: Hub, base: str) -> None:
    made = upload(hub, base=base)
    assert (made["name"], made["extension"], made["path"]) == ("note", "txt", "/letters/note.txt")
    assert (made["size"], made["type"], made["access"]) == (5, "DOCUMENT", "PRIVATE")
    assert made["fileMd5"] == hashlib.md5(b"hello", usedforsecurity=False).hexdigest()
    assert hub.get(f"{base}/{made['id']}").json() == made
    assert hub.http.get(made["url"]).status_code == 403
    signed = hub.get(f"{base}/{made['id']}/signed-url", expirationSeconds=60).json()
    assert (signed["name"], signed["extension"], signed["size"]) == ("note", "txt", 5)
    fetched = hub.http.get(signed["url"])
    assert (fetched.content, fetched.headers["content-type"]) == (b"hello", "text/plain")
    assert fetched.headers["content-security-policy"] == "sandbox"
    hub.advance(60)
    assert hub.http.get(signed["url"]).status_code == 403
    assert hub.call("DELETE", f"{base}/{made['id']}").status_code == 204
    assert hub.get(f"{base}/{made['id']}").status_code == 404
    assert hub.call("DELETE", f"{base}/{made['id']}").status_code == 404


def test_a_public_file_needs_no_signature(hub: Hub) -> None:
    made = upload(hub, options={"access": "PUBLIC_INDEXABLE"}, name="a b.png", folderPath="pictures/2026")
    assert made["path"] == "/pictures/2026/a b.png"
    fetched = hub.http.get(made["url"])
    assert (fetched.content, fetched.headers["content-type"]) == (b"hello", "image/png")
    assert hub.call("DELETE", f"{BASE}/{made['id']}/gdpr-delete").status_code == 204
    assert hub.http.get(made["url"]).status_code == 404
    assert hub.http.get("/hubfs/7/letters/note.txt").status_code == 404


def test_names_and_folders(hub: Hub) -> None:
    first = upload(hub, fileName="minutes")
    assert first["path"] == "/letters/minutes.txt"
    second = upload(hub, fileName="minutes.txt", folderPath="", folderId=first["parentFolderId"])
    assert (second["path"], second["parentFolderId"]) == ("/letters/minutes-1.txt", first["parentFolderId"])
    assert upload(hub, folderPath="../../etc", name="../passwd")["path"] == "/etc/passwd"
    again = upload(hub, fileName="minutes", options={"overwrite": True}, content=b"new")
    assert (again["id"], again["size"]) == (first["id"], 3)


def test_the_same_content_again(hub: Hub) -> None:
    first = upload(hub)
    wanted = {"duplicateValidationStrategy": "RETURN_EXISTING", "duplicateValidationScope": "ENTIRE_PORTAL"}
    assert upload(hub, options=wanted, folderPath="/others")["id"] == first["id"]
    exact = wanted | {"duplicateValidationScope": "EXACT_FOLDER"}
    assert upload(hub, options=exact, folderPath="/others")["id"] != first["id"]
    refused = post(hub, {"access": "PRIVATE", "duplicateValidationStrategy": "REJECT"})
    assert refused.status_code == 409


def test_a_file_with_a_time_to_live(hub: Hub) -> None:
    made = upload(hub, options={"ttl": "P1W"})
    assert made["expiresAt"] == hub.time.ms + 7 * 86_400_000
    hub.advance(7 * 86_400)
    hub.install(scopes=SCOPES)
    assert hub.get(f"{BASE}/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({}, {}),
        ({"access": "SECRET"}, {}),
        ({"access": 7}, {}),
        ([], {}),
        ({"access": "PRIVATE", "ttl": "PT5M"}, {}),
        ({"access": "PRIVATE", "ttl": "forever"}, {}),
        ({"access": "PRIVATE", "overwrite": "yes"}, {}),
        ({"access": "PRIVATE", "duplicateValidationStrategy": "MAYBE"}, {}),
        ({"access": "PRIVATE"}, {"folderPath": ""}),
    ],
)
def test_uploads_that_are_refused(hub: Hub, options: Any, fields: Json) -> None:
    assert post(hub, options, **fields).status_code == 400
    assert hub.emulator.portals[HUB].files.by_id == {}


def test_more_that_is_refused(hub: Hub) -> None:
    made = upload(hub)
    assert post(hub, {"access": "PRIVATE"}, folderPath="", folderId="7").status_code == 404
    assert hub.post(BASE, {}).status_code == 400
    assert hub.get(f"{BASE}/²").status_code == 404
    assert hub.get(f"{BASE}/{made['id']}/signed-url", expirationSeconds=0).status_code == 400
    private = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": ["files.ui_hidden.read"]})
    hub.token = private["access_token"]
    assert hub.get(f"{BASE}/{made['id']}").status_code == 200
    assert hub.call("DELETE", f"{BASE}/{made['id']}").status_code == 403
    assert post(hub, {"access": "PRIVATE"}).status_code == 403


def test_files_are_in_snapshots(hub: Hub) -> None:
    made = upload(hub, options={"access": "PUBLIC_NOT_INDEXABLE"}, content=b"\x00\xff")
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert hub.http.get(made["url"]).content == b"\x00\xff"
    assert upload(hub)["parentFolderId"] == made["parentFolderId"]
    for portal in saved["portals"]:
        del portal["files"]
    hub.control("PUT", "snapshot", saved)
    assert hub.http.get(made["url"]).status_code == 404
