"""The files of one portal, in folders that come into being with the first file in them."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import Any

from emulator.errors import Conflict, InvalidInput, ResourceNotFound
from emulator.instants import DAY_MS, iso

PUBLIC = ("PUBLIC_INDEXABLE", "PUBLIC_NOT_INDEXABLE")
ACCESS = (
    *PUBLIC,
    "PRIVATE",
    "HIDDEN_INDEXABLE",
    "HIDDEN_NOT_INDEXABLE",
    "HIDDEN_PRIVATE",
    "SENSITIVE",
    "HIDDEN_SENSITIVE",
)
STRATEGIES = ("NONE", "REJECT", "RETURN_EXISTING")
SCOPES = ("ENTIRE_PORTAL", "EXACT_FOLDER")

_TYPES = {
    "IMG": ("png", "jpg", "jpeg", "gif", "webp", "svg", "bmp", "ico"),
    "DOCUMENT": ("pdf", "txt", "csv", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "rtf", "md"),
    "AUDIO": ("mp3", "wav", "ogg", "m4a"),
    "MOVIE": ("mp4", "mov", "avi", "webm"),
}
# Not a full calendar: a month has thirty days.
_TTL = re.compile(r"P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?")
_TTL_DAYS = (365, 30, 7, 1)

Json = dict[str, Any]


def life_ms(text: str) -> int:
    """Of a time to live. Raises InvalidInput for less than a day and for what is none."""
    found = _TTL.fullmatch(text)
    days = sum(int(number or 0) * size for number, size in zip(found.groups(), _TTL_DAYS, strict=True)) if found else 0
    if not 1 <= days <= 10_000:
        raise InvalidInput(f"Invalid ttl {text[:50]}: a period of a day or more")
    return days * DAY_MS


@dataclass(frozen=True)
class File:
    file_id: int
    folder_id: int
    # With its folders, from the root.
    path: str
    access: str
    created_at: int
    updated_at: int
    # None: it stays.
    expires_at: int | None
    content: bytes = field(repr=False)

    @property
    def stem(self) -> str:
        return posixpath.splitext(posixpath.basename(self.path))[0]

    @property
    def extension(self) -> str:
        return posixpath.splitext(self.path)[1].removeprefix(".")

    @property
    def type(self) -> str:
        return next((name for name, known in _TYPES.items() if self.extension.lower() in known), "OTHER")

    @property
    def md5(self) -> str:
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()

    def as_json(self, url: str) -> Json:
        answer: Json = {
            "id": str(self.file_id),
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.updated_at),
            "archived": False,
            "parentFolderId": str(self.folder_id),
            "name": self.stem,
            "path": self.path,
            "size": len(self.content),
            "type": self.type,
            "extension": self.extension,
            "defaultHostingUrl": url,
            "url": url,
            "isUsableInContent": True,
            "access": self.access,
            "fileMd5": self.md5,
            "sourceGroup": "CONTENT",
        }
        if self.expires_at is not None:
            answer["expiresAt"] = self.expires_at
        return answer


@dataclass(frozen=True)
class Upload:
    """A file as it comes; the options are those of the API."""

    name: str
    folder: str
    content: bytes
    access: str
    life_ms: int | None
    overwrite: bool
    strategy: str
    scope: str


@dataclass
class Files:
    """Read and changed under the portal's `crm.lock` only."""

    by_id: dict[int, File] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)
    next_id: int = 178_900_114_001

    def _new_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def find(self, text: str, now: int) -> File:
        """Raises ResourceNotFound, also for what has outlived its time."""
        known = text.isascii() and text.isdigit() and len(text) < 18
        file = self.by_id.get(int(text)) if known else None
        if file is None or (file.expires_at is not None and file.expires_at <= now):
            raise ResourceNotFound(f"No file with id {text[:50]} exists.")
        return file

    def at(self, path: str, now: int) -> File | None:
        return next((each for each in self.current(now) if each.path == path), None)

    def current(self, now: int) -> list[File]:
        return [each for each in self.by_id.values() if each.expires_at is None or each.expires_at > now]

    def folder_path(self, folder_id: str) -> str:
        """Raises ResourceNotFound."""
        for path, known in self.folders.items():
            if str(known) == folder_id:
                return path
        raise ResourceNotFound(f"No folder with id {folder_id[:50]} exists.")

    def upload(self, given: Upload, now: int) -> File:
        """Raises Conflict when the same content is there and that is not wanted."""
        twin = self._twin(given, now)
        if twin is not None and given.strategy == "RETURN_EXISTING":
            return twin
        if twin is not None and given.strategy == "REJECT":
            raise Conflict(f"A file with the same content exists: {twin.file_id}")
        path = posixpath.join(given.folder, given.name)
        expires_at = now + given.life_ms if given.life_ms is not None else None
        before = self.at(path, now)
        if before is not None and given.overwrite:
            file = replace(before, content=given.content, access=given.access, updated_at=now, expires_at=expires_at)
        else:
            path = self._free(path, now)
            folder_id = self.folders.setdefault(given.folder, 0) or self._new_folder(given.folder)
            file = File(self._new_id(), folder_id, path, given.access, now, now, expires_at, given.content)
        self.by_id[file.file_id] = file
        return file

    def _new_folder(self, path: str) -> int:
        self.folders[path] = self._new_id()
        return self.folders[path]

    def _twin(self, given: Upload, now: int) -> File | None:
        for each in self.current(now):
            same_place = given.scope == "ENTIRE_PORTAL" or posixpath.dirname(each.path) == given.folder
            if same_place and each.content == given.content:
                return each
        return None

    def _free(self, path: str, now: int) -> str:
        """A name that is taken gets a number."""
        stem, extension = posixpath.splitext(path)
        number, candidate = 0, path
        while self.at(candidate, now) is not None:
            number += 1
            candidate = f"{stem}-{number}{extension}"
        return candidate

    def delete(self, file: File) -> None:
        del self.by_id[file.file_id]
