"""Reading the journal: where the next file is, alone or many at once.

developers.hubspot.com/docs/api-reference/latest/webhooks-journal/journal-entries/guide
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import falcon

from emulator.errors import InvalidInput, ResourceNotFound
from emulator.instants import iso
from emulator.journal import presigned
from emulator.journal.files import Journal, JournalFile
from emulator.limits import Meter
from emulator.oauth.scopes import JOURNAL_READ
from emulator.web.exchange import checked_number, json_object, no_content, number, reply
from emulator.web.gate import AppResource
from emulator.web.journal.storage import path_of

Json = dict[str, Any]

MOST_PER_BATCH = 100


class _Reading(AppResource):
    meter = Meter.JOURNAL

    def journal(self, req: falcon.Request) -> Journal:
        return self.emulator.journals.of(self.app_token(req, JOURNAL_READ).client_id)

    def portal_id(self, req: falcon.Request) -> int | None:
        """The account that the caller wants to hear of; None: all."""
        if not req.get_param("installPortalId"):
            return None
        return number(req, "installPortalId", 0, 0, 10**18)

    def where(self, req: falcon.Request, file: JournalFile) -> Json:
        now = self.now()
        path = path_of(self.app_token(req, JOURNAL_READ).app_id, file.offset, self.portal_id(req))
        query = presigned.sign(self.emulator.journals.secret, path, now)
        return {
            "url": f"{req.prefix}{path}?{query}",
            "expiresAt": iso(presigned.expires_at(now)),
            "currentOffset": file.offset,
        }

    def reply_one(self, req: falcon.Request, resp: falcon.Response, files: Sequence[JournalFile]) -> None:
        """Nothing new is 204."""
        if files:
            reply(resp, self.where(req, files[0]))
        else:
            no_content(resp)

    def reply_batch(self, req: falcon.Request, resp: falcon.Response, files: Sequence[JournalFile]) -> None:
        reply(resp, self.batch(req, files))

    def batch(self, req: falcon.Request, files: Sequence[JournalFile]) -> Json:
        at = iso(self.now())
        return {
            "status": "COMPLETE",
            "results": [self.where(req, file) for file in files],
            "requestedAt": at,
            "startedAt": at,
            "completedAt": at,
        }


class Earliest(_Reading):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.reply_one(req, resp, self.journal(req).earliest(self.now(), 1, self.portal_id(req)))


class Latest(_Reading):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.reply_one(req, resp, self.journal(req).latest(self.now(), 1, self.portal_id(req)))


class Next(_Reading):
    def on_get(self, req: falcon.Request, resp: falcon.Response, offset: str) -> None:
        self.reply_one(req, resp, self.journal(req).after(self.now(), offset, 1, self.portal_id(req)))


class BatchEarliest(_Reading):
    def on_get(self, req: falcon.Request, resp: falcon.Response, count: str) -> None:
        journal, most = self.journal(req), _count(count)
        self.reply_batch(req, resp, journal.earliest(self.now(), most, self.portal_id(req)))


class BatchLatest(_Reading):
    def on_get(self, req: falcon.Request, resp: falcon.Response, count: str) -> None:
        journal, most = self.journal(req), _count(count)
        self.reply_batch(req, resp, journal.latest(self.now(), most, self.portal_id(req)))


class BatchNext(_Reading):
    def on_get(self, req: falcon.Request, resp: falcon.Response, offset: str, count: str) -> None:
        journal, most = self.journal(req), _count(count)
        self.reply_batch(req, resp, journal.after(self.now(), offset, most, self.portal_id(req)))


class BatchRead(_Reading):
    """Files by their offsets. Those that cannot be had do not fail the call."""

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        journal, now = self.journal(req), self.now()
        files: list[JournalFile] = []
        errors: list[Json] = []
        for offset in _offsets(json_object(req)):
            try:
                files.append(journal.find(now, offset))
            except ResourceNotFound as unknown:
                errors.append(_error(unknown, offset))
        answer = self.batch(req, files)
        if not errors:
            reply(resp, answer)
            return
        answer |= {"numErrors": len(errors), "errors": errors}
        reply(resp, answer, 207 if self.version.multi_status else 200)


def _offsets(body: Json) -> list[str]:
    given = body.get("inputs")
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise InvalidInput("inputs is required and must be an array of strings")
    if len(given) > MOST_PER_BATCH:
        raise InvalidInput(f"inputs must not have more than {MOST_PER_BATCH} offsets, but has {len(given)}")
    return list(dict.fromkeys(given))


def _error(unknown: ResourceNotFound, offset: str) -> Json:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": unknown.message,
        "context": {"offset": [offset]},
        "errors": [],
        "links": {},
    }


def _count(text: str) -> int:
    return checked_number(text, "count", 1, MOST_PER_BATCH)
