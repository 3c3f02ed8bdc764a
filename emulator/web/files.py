"""Files: upload, look, fetch by a signed address, delete. /files/v3/files and /files/{date}/files."""

from __future__ import annotations

import mimetypes
import posixpath
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

import falcon

from emulator.errors import InvalidInput
from emulator.files.files import ACCESS, PUBLIC, SCOPES, STRATEGIES, File, Upload, life_ms
from emulator.instants import iso
from emulator.journal import presigned
from emulator.limits import Meter
from emulator.portals import Portal
from emulator.web.exchange import member, no_content, number, reply
from emulator.web.forms import Part, parts
from emulator.web.gate import ApiResource
from emulator.web.versions import DATED, V3

if TYPE_CHECKING:
    from emulator.world import Emulator

READ = ("files", "files.read", "files.ui_hidden.read")
WRITE = ("files", "files.write", "files.ui_hidden.write")
DELETE = ("files", "files.delete", "files.ui_hidden.write")

LONGEST_LIFE_S = 7 * 86_400

Json = dict[str, Any]


def _address(req: falcon.Request, portal: Portal, file: File) -> str:
    return f"{req.prefix}{_path(portal, file)}"


def _path(portal: Portal, file: File) -> str:
    return f"/hubfs/{portal.hub_id}{quote(file.path)}"


class FileCollection(ApiResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self.caller(req)
        caller.require(WRITE)
        portal, given = caller.portal, {part.name: part for part in parts(req)}
        with portal.crm.lock:
            file = portal.files.upload(_upload(portal, given), self.now())
            shown = file.as_json(_address(req, portal, file))
        reply(resp, shown, 201)


def _upload(portal: Portal, given: dict[str, Part]) -> Upload:
    """Raises InvalidInput and InvalidJson."""
    file = given.get("file")
    if file is None:
        raise InvalidInput("Some required fields were not set: [file]")
    options = given["options"].json_object() if "options" in given else {}
    ttl = member(options, "ttl", str)
    return Upload(
        name=_name(given, file),
        folder=_folder(portal, given),
        content=file.content,
        access=_choice(options, "access", ACCESS, None),
        life_ms=life_ms(ttl) if ttl is not None else None,
        overwrite=member(options, "overwrite", bool, False),
        strategy=_choice(options, "duplicateValidationStrategy", STRATEGIES, "NONE"),
        scope=_choice(options, "duplicateValidationScope", SCOPES, "ENTIRE_PORTAL"),
    )


def _name(given: dict[str, Part], file: Part) -> str:
    """The name that is asked for, with the extension of the file that was sent."""
    sent = posixpath.basename((file.filename or "file").replace("\\", "/"))
    wanted = posixpath.basename(given["fileName"].text().strip()) if "fileName" in given else sent
    extension = posixpath.splitext(sent)[1]
    return wanted if posixpath.splitext(wanted)[1] or not extension else wanted + extension


def _folder(portal: Portal, given: dict[str, Part]) -> str:
    if "folderId" in given:
        return portal.files.folder_path(given["folderId"].text().strip())
    if "folderPath" not in given:
        raise InvalidInput("One of folderId and folderPath is required.")
    return posixpath.normpath("/" + given["folderPath"].text().strip().strip("/"))


def _choice(options: Json, name: str, allowed: tuple[str, ...], default: str | None) -> str:
    value = member(options, name, str, default)
    if value not in allowed:
        raise InvalidInput(f"Invalid {name} {str(value)[:50]}: one of {', '.join(allowed)}")
    return str(value)


class FileItem(ApiResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, file_id: str) -> None:
        caller = self.caller(req)
        caller.require(READ)
        with caller.portal.crm.lock:
            file = caller.portal.files.find(file_id, self.now())
        reply(resp, file.as_json(_address(req, caller.portal, file)))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, file_id: str) -> None:
        caller = self.caller(req)
        caller.require(DELETE)
        with caller.portal.crm.lock:
            caller.portal.files.delete(caller.portal.files.find(file_id, self.now()))
        no_content(resp)


class PrivacyDeleteFile(ApiResource):
    def on_delete(self, req: falcon.Request, resp: falcon.Response, file_id: str) -> None:
        caller = self.caller(req)
        caller.require(DELETE)
        with caller.portal.crm.lock:
            caller.portal.files.delete(caller.portal.files.find(file_id, self.now()))
        no_content(resp)


class SignedUrl(ApiResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, file_id: str) -> None:
        caller, now = self.caller(req), self.now()
        caller.require(READ)
        life_s = number(req, "expirationSeconds", 3_600, 1, LONGEST_LIFE_S)
        with caller.portal.crm.lock:
            file = caller.portal.files.find(file_id, now)
        query = presigned.sign(self.emulator.journals.secret, _path(caller.portal, file), now, life_s)
        answer = {
            "url": f"{_address(req, caller.portal, file)}?{query}",
            "expiresAt": iso(now + life_s * 1_000),
            "name": file.stem,
            "extension": file.extension,
            "type": file.type,
            "size": len(file.content),
        }
        reply(resp, answer)


class HostedFile(ApiResource):
    """Public files for everybody, the others for who has a signed address."""

    meter = Meter.NONE

    def on_get(self, req: falcon.Request, resp: falcon.Response, hub_id: str, path: str) -> None:
        portal = self.emulator.portals.get(int(hub_id)) if hub_id.isascii() and hub_id.isdigit() else None
        file = None
        if portal is not None:
            with portal.crm.lock:
                file = portal.files.at(f"/{path}", self.now())
        if portal is None or file is None:
            raise presigned.StorageRefused(404, "NoSuchKey", "The specified key does not exist.")
        if file.access not in PUBLIC:
            parameters = dict(parse_qsl(req.query_string, keep_blank_values=True))
            presigned.check(self.emulator.journals.secret, _path(portal, file), parameters, self.now())
        resp.data = file.content
        resp.content_type = mimetypes.guess_type(file.path)[0] or "application/octet-stream"
        # Whatever was uploaded must not run as a page of this host.
        resp.set_header("Content-Security-Policy", "sandbox")
        resp.set_header("X-Content-Type-Options", "nosniff")


def routes(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    found: list[tuple[str, ApiResource]] = [("/hubfs/{hub_id}/{path:path}", HostedFile(emulator))]
    for version in (V3, *DATED):
        base = f"/files/{version.name}/files"
        found += [
            (base, FileCollection(emulator, version)),
            (f"{base}/{{file_id}}", FileItem(emulator, version)),
            (f"{base}/{{file_id}}/gdpr-delete", PrivacyDeleteFile(emulator, version)),
            (f"{base}/{{file_id}}/signed-url", SignedUrl(emulator, version)),
        ]
    return found
