"""Who is on a list, and on which lists a record is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import falcon

from emulator.crm.object_types import ObjectType
from emulator.errors import InvalidInput, InvalidJson
from emulator.instants import iso
from emulator.lists.members import Page
from emulator.lists.object_list import ObjectList
from emulator.lists.registry import Lists, number_of
from emulator.web.exchange import json_body, json_object, member, next_page, no_content, number, reply, text_id
from emulator.web.gate import ApiResource
from emulator.web.list_access import ListResource
from emulator.web.records import author, batch_inputs

LARGEST_PAGE = 250
MOST_AT_ONCE = 100_000
LARGEST_BATCH = 100

Json = dict[str, Any]


class JoinOrderPage(ListResource):
    """By the time of joining; ascending, or descending when only `before` is given."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, list_id: str) -> None:
        lists = self.reader(req).portal.lists
        limit = number(req, "limit", 100, 1, LARGEST_PAGE)
        after, before = _token(req, "after"), _token(req, "before")
        with lists.crm.lock:
            found = lists.find(list_id)
            page, total = self.page(found, after, before, limit), len(found.members)
        rows = [{"recordId": str(each.record_id), "membershipTimestamp": iso(each.joined_at)} for each in page.members]
        answer: Json = {"total": total, "results": rows}
        if paging := _paging(req, page, after, before):
            answer["paging"] = paging
        reply(resp, answer)

    def page(self, found: ObjectList, after: int | None, before: int | None, limit: int) -> Page:
        return found.members.by_joining(after, before, limit)


class MembershipPage(JoinOrderPage):
    """By record id."""

    def page(self, found: ObjectList, after: int | None, before: int | None, limit: int) -> Page:
        return found.members.by_id(after, before, limit)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, list_id: str) -> None:
        caller = self.writer(req)
        lists = caller.portal.lists
        with lists.crm.lock:
            found = lists.find_static(list_id)
            _check_amount(len(found.members))
            # From the end: taking the first of many members away moves all the others.
            lists.announce(lists.move(found, (), list(found.members)[::-1], self.now()), author(caller))
        no_content(resp)


def _token(req: falcon.Request, name: str) -> int | None:
    return number(req, name, 0, 0, 10**18) if req.get_param(name) else None


def _paging(req: falcon.Request, page: Page, after: int | None, before: int | None) -> Json:
    """Going back, what comes next lies before."""
    if not page.members:
        return {}
    first, last = str(page.members[0].token), str(page.members[-1].token)
    back = after is None and before is not None
    paging: Json = {}
    if back or page.more:
        paging |= next_page(req, first if back else last)
    if page.more if back else after is not None:
        paging["prev"] = {"before": last if back else first, "link": _previous(req, last if back else first)}
    return paging


def _previous(req: falcon.Request, token: str) -> str:
    link: str = next_page(req, token)["next"]["link"]
    return link.replace(f"after={token}", f"before={token}")


def _check_amount(count: int) -> None:
    if count > MOST_AT_ONCE:
        raise InvalidInput(f"No more than {MOST_AT_ONCE} memberships can be changed at once.")


class ChangeMembers(ListResource):
    """PUT: what is asked for joins and leaves; the answer names those that did, and those that do not exist."""

    def on_put(self, req: falcon.Request, resp: falcon.Response, list_id: str) -> None:
        caller = self.writer(req)
        lists = caller.portal.lists
        joining, leaving = self.wanted(json_body(req))
        _check_amount(len(joining) + len(leaving))
        with lists.crm.lock:
            found = lists.find_static(list_id)
            answer = _change(lists, found, joining, leaving, self.now(), author(caller))
        reply(resp, answer)

    def wanted(self, body: Any) -> tuple[list[str], list[str]]:
        if not isinstance(body, dict):
            raise InvalidJson("Cannot deserialize value of type `MembershipChangeRequest`")
        return _ids(body.get("recordIdsToAdd", [])), _ids(body.get("recordIdsToRemove", []))


class AddMembers(ChangeMembers):
    def wanted(self, body: Any) -> tuple[list[str], list[str]]:
        return _ids(body), []


class RemoveMembers(ChangeMembers):
    def wanted(self, body: Any) -> tuple[list[str], list[str]]:
        return [], _ids(body)


def _ids(given: Any) -> list[str]:
    if not isinstance(given, list):
        raise InvalidJson("Cannot deserialize value of type `java.util.LinkedHashSet` from Object value")
    return list(dict.fromkeys(text_id(each) for each in given))


def _change(
    lists: Lists, found: ObjectList, joining: Sequence[str], leaving: Sequence[str], at: int, source: Any
) -> Json:
    known, missing = _known(lists, found.kind, joining)
    records = lists.table(found.kind).records
    gone = [number_of(each) for each in leaving if number_of(each) in found.members]
    absent = [each for each in leaving if number_of(each) not in records]
    new = [each for each in known if each not in found.members]
    lists.announce(lists.move(found, new, gone, at), source)
    return {
        "recordsIdsAdded": list(map(str, new)),
        "recordIdsRemoved": list(map(str, gone)),
        "recordIdsMissing": list(dict.fromkeys([*missing, *absent])),
    }


def _known(lists: Lists, kind: ObjectType, given: Sequence[str]) -> tuple[list[int], list[str]]:
    table = lists.table(kind)
    known: list[int] = []
    missing: list[str] = []
    for each in given:
        number_ = table.resolve(number_of(each))
        if table.live_record(number_) is None:
            missing.append(each)
        else:
            known.append(number_)
    return list(dict.fromkeys(known)), missing


class AddFrom(ListResource):
    def on_put(self, req: falcon.Request, resp: falcon.Response, list_id: str, source_id: str) -> None:
        caller = self.writer(req)
        lists = caller.portal.lists
        with lists.crm.lock:
            found, source = lists.find_static(list_id), lists.find(source_id)
            if found is source:
                raise InvalidInput("The source list and the destination list must not be the same.")
            if found.kind.type_id != source.kind.type_id:
                raise InvalidInput("The source list and the destination list must hold records of the same type.")
            _check_amount(len(source.members))
            lists.announce(lists.move(found, list(source.members), (), self.now()), author(caller))
        no_content(resp)


class RecordMemberships(ListResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, kind_name: str, record_id: str) -> None:
        lists, kind = self.reader(req).portal.lists, self.object_type(req, kind_name)
        with lists.crm.lock:
            rows = _lists_of(lists, kind, lists.record(kind, record_id))
        reply(resp, {"total": len(rows), "results": rows})


def _lists_of(lists: Lists, kind: ObjectType, record_id: int) -> list[Json]:
    return [
        {
            "listId": str(each.list_id),
            "listVersion": each.version,
            "isPublicList": True,
            "firstAddedTimestamp": iso(each.first_joined_at(record_id)),
            "lastAddedTimestamp": iso(each.members.joined_at(record_id)),
        }
        for each in lists.of_kind(kind)
        if record_id in each.members
    ]


class BatchRecordMemberships(ListResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        lists, started = self.reader(req).portal.lists, self.now()
        inputs = batch_inputs(json_object(req), LARGEST_BATCH)
        asked = [
            (self.object_type(req, member(each, "objectTypeId", str, "")), text_id(each.get("recordId")))
            for each in inputs
        ]
        results: list[Json] = []
        missing: list[str] = []
        with lists.crm.lock:
            for kind, text in asked:
                known, _ = _known(lists, kind, [text])
                if known:
                    results.append(_with_memberships(lists, kind, text, known[0]))
                else:
                    missing.append(text)
        body: Json = {
            "status": "COMPLETE",
            "results": results,
            "startedAt": iso(started),
            "completedAt": iso(self.now()),
        }
        if missing:
            body |= {"numErrors": 1, "errors": [_not_found(missing)]}
        reply(resp, body, 207 if missing and self.version.multi_status else 200)


def _with_memberships(lists: Lists, kind: ObjectType, text: str, record_id: int) -> Json:
    return {
        "objectTypeId": kind.type_id,
        "recordId": text,
        "recordListMemberships": _lists_of(lists, kind, record_id),
    }


def _not_found(ids: list[str]) -> Json:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some records, they may be deleted or not exist. Check that ids are valid.",
        "context": {"ids": ids},
        "errors": [],
        "links": {},
    }


PATHS: tuple[tuple[str, type[ApiResource]], ...] = (
    ("/{list_id}/memberships", MembershipPage),
    ("/{list_id}/memberships/join-order", JoinOrderPage),
    ("/{list_id}/memberships/add", AddMembers),
    ("/{list_id}/memberships/remove", RemoveMembers),
    ("/{list_id}/memberships/add-and-remove", ChangeMembers),
    ("/{list_id}/memberships/add-from/{source_id}", AddFrom),
    ("/records/{kind_name}/{record_id}/memberships", RecordMemberships),
    ("/records/memberships/batch/read", BatchRecordMemberships),
)
