"""Files in an account's file manager. Source: HubSpot's page "Files"."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime

from hubspot_api.bodies import form_with_file
from hubspot_api.client import Client
from hubspot_api.fields import Fields
from hubspot_api.secret import Secret

_FILES = "/files/{version}/files"
_FILE = _FILES + "/{file_id}"


@dataclass(frozen=True, slots=True)
class File:
    """A file. `name` without its `extension`; `size` in bytes.

    `access`: PUBLIC_INDEXABLE, PUBLIC_NOT_INDEXABLE, PRIVATE, SENSITIVE, or one of these with HIDDEN_. `kind`: IMG,
    DOCUMENT, AUDIO, MOVIE, OTHER. `url` opens public files; for others there is `signed_url`.
    """

    id: int
    name: str | None
    extension: str | None
    path: str | None
    folder_id: int | None
    kind: str | None
    access: str | None
    size: int | None
    md5: str | None
    url: str | None = field(repr=False)
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """An address that opens a private file for whoever has it, until `expires_at`."""

    url: Secret
    expires_at: datetime


def upload(
    client: Client,
    name: str,
    content: bytes,
    *,
    folder_path: str | None = None,
    folder_id: int | None = None,
    access: str = "PRIVATE",
    ttl: str | None = None,
    overwrite: bool = False,
    same_content: str = "NONE",
    deadline: float | None = None,
) -> File:
    """Upload a file, such as "report.pdf", into one folder: a path, made if need be, or an id.

    `ttl`: period after which HubSpot deletes it, such as "P3M", a day at least. `overwrite` replaces a file of that
    name; else the new one gets a number. `same_content` in the account: NONE (does not matter), REJECT (raises
    Conflict) or RETURN_EXISTING. Large files need a longer `deadline`, in seconds. Raises BadRequest, NotFound (no
    such folder). Repeated when the answer is lost only if that cannot make two files.
    """
    if (folder_path is None) == (folder_id is None):
        raise ValueError("a file goes into one folder: by folder_path or by folder_id")
    options = {"access": access, "ttl": ttl, "overwrite": overwrite}
    options |= {"duplicateValidationStrategy": same_content, "duplicateValidationScope": "ENTIRE_PORTAL"}
    given = {key: value for key, value in options.items() if value is not None}
    folder = {"folderId": str(folder_id)} if folder_path is None else {"folderPath": folder_path}
    body = form_with_file({"fileName": name, "options": json.dumps(given), **folder}, name, content)
    once = overwrite or same_content == "RETURN_EXISTING"
    return _file(client.request("POST", _FILES, body=body, idempotent=once, deadline=deadline).fields)


def get(client: Client, file_id: int) -> File:
    """Return a file's details. Raises NotFound."""
    return _file(client.request("GET", _FILE, path_params={"file_id": file_id}).fields)


def signed_url(client: Client, file_id: int, *, seconds: int | None = None) -> SignedUrl:
    """Return an address that opens a file for so many seconds (None: as long as HubSpot likes). Raises NotFound."""
    params = {"expirationSeconds": seconds}
    fields = client.request("GET", _FILE + "/signed-url", path_params={"file_id": file_id}, params=params).fields
    return SignedUrl(Secret(fields.text("url")), fields.moment("expiresAt"))


def delete(client: Client, file_id: int) -> None:
    """Delete a file. Raises NotFound."""
    client.request("DELETE", _FILE, path_params={"file_id": file_id})


def privacy_delete(client: Client, file_id: int) -> None:
    """Delete a file for good, as privacy law asks. Raises NotFound."""
    client.request("DELETE", _FILE + "/gdpr-delete", path_params={"file_id": file_id})


def _file(fields: Fields) -> File:
    return File(
        id=fields.id(),
        name=fields.optional_text("name"),
        extension=fields.optional_text("extension"),
        path=fields.optional_text("path"),
        folder_id=fields.id("parentFolderId") if fields.values.get("parentFolderId") is not None else None,
        kind=fields.optional_text("type"),
        access=fields.optional_text("access"),
        size=fields.optional_integer("size"),
        md5=fields.optional_text("fileMd5"),
        url=fields.optional_text("url"),
        created_at=fields.moment("createdAt"),
        updated_at=fields.moment("updatedAt"),
    )
