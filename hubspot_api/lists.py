"""Lists of records. Who is on them: `list_memberships`. Source: HubSpot's page "Lists".

HubSpot keeps DYNAMIC lists up to date by their filters, MANUAL ones are what people and apps put on them, SNAPSHOT ones
are filled once by their filters and manual from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hubspot_api.client import Client
from hubspot_api.fields import Fields
from hubspot_api.paging import onward
from hubspot_api.parts import parts_of

PAGE_SIZE = 500  # HubSpot's most
REACH = 10_000  # lists of one search that HubSpot lets paging reach
LEGACY_SIZE = 10_000  # legacy ids of one call
CURSOR_SINCE = "2026-09"  # no version before lists beyond 10,000

_ALL = "/crm/lists/{version}"
_ONE = _ALL + "/{list_id}"


@dataclass(frozen=True, slots=True)
class RecordList:
    """A list. `processing`: DYNAMIC, MANUAL or SNAPSHOT; `status`: PROCESSING until the filters have been applied.

    `size` is None where HubSpot does not say it. `filters` is HubSpot's tree of filter branches, when it was asked for.
    `deleted_at`: 90 days from then it can be restored.
    """

    id: int
    name: str
    object_type_id: str
    processing: str
    status: str
    size: int | None
    created_at: datetime | None
    updated_at: datetime | None
    deleted_at: datetime | None
    filters: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LegacyIds:
    """Which list an id of HubSpot's first generation (contact lists v1) means today. `missing` mean none."""

    by_legacy_id: Mapping[int, int]
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ListPage:
    """Some lists, and where to go on: `offset` is None on the last page. `total` counts lists beyond 10,000 too."""

    results: tuple[RecordList, ...]
    offset: int | None
    total: int


def find_page(
    client: Client,
    text: str = "",
    *,
    object_type_id: str | None = None,
    ids: Sequence[int] = (),
    processing: Sequence[str] = (),
    offset: int = 0,
    limit: int = PAGE_SIZE,
) -> ListPage:
    """Search for lists that are not deleted, by words of the name, object type ("0-1"), ids and kinds of processing.

    Raises ValueError beyond 10,000, ValidationFailed for a kind of processing that there is not.
    """
    if not 1 <= limit <= PAGE_SIZE or offset + limit > REACH:
        raise ValueError(f"a page has 1 to {PAGE_SIZE} lists and ends within the first {REACH}")
    body: dict[str, object] = {
        "query": text,
        "listIds": [str(one) for one in ids],
        "processingTypes": list(processing),
        "additionalProperties": ["hs_list_size"],
        "offset": offset,
        "count": limit,
    }
    kind = {} if object_type_id is None else {"objectTypeId": object_type_id}
    fields = client.request("POST", _ALL + "/search", json=body | kind, idempotent=True).fields
    following = fields.integer("offset") if fields.flag("hasMore") else None
    return ListPage(fields.each("lists", _list), following, fields.integer("total"))


def find_all(
    client: Client, text: str = "", *, object_type_id: str | None = None, processing: Sequence[str] = ()
) -> Iterator[RecordList]:
    """Yield the lists that `find_page` finds, page by page, 10,000 at most: HubSpot shows no more. See `every`."""
    offset: int | None = 0
    while offset is not None and offset + PAGE_SIZE <= REACH:
        page = find_page(client, text, object_type_id=object_type_id, processing=processing, offset=offset)
        yield from page.results
        offset = page.offset if page.results else None


def every(client: Client, *, object_type_id: str | None = None, processing: Sequence[str] = ()) -> Iterator[RecordList]:
    """Yield all lists that are not deleted, in id order, beyond 10,000 too.

    Calls version 2026-09 or later, whatever the client's: earlier ones have no such cursor. Raises ValidationFailed.
    """
    asked: dict[str, object] = {"count": PAGE_SIZE, "additionalProperties": ["hs_list_size"]}
    asked |= {"processingTypes": list(processing)} if processing else {}
    asked |= {} if object_type_id is None else {"objectTypeId": object_type_id}
    after: str | None = None
    while True:
        body = asked | ({} if after is None else {"after": after})
        version = {"version": max(client.version, CURSOR_SINCE)}
        fields = client.request("POST", _ALL + "/all", path_params=version, json=body, idempotent=True).fields
        yield from fields.each("results", _list)
        following = fields.after()
        if following is None:
            return
        after = onward(after, following, fields.call)


def from_legacy_ids(client: Client, ids: Iterable[int]) -> LegacyIds:
    """Return what lists any number of legacy ids mean today: workflows and old exports still name those."""
    by_legacy_id: dict[int, int] = {}
    missing: list[int] = []
    for part in parts_of(tuple(dict.fromkeys(ids)), LEGACY_SIZE):
        body = [str(one) for one in part]
        fields = client.request("POST", _ALL + "/idmapping", json=body, idempotent=True).fields
        by_legacy_id |= dict(fields.each("legacyListIdsToIdsMapping", _mapped))
        missing += fields.ids("missingLegacyListIds")
    return LegacyIds(by_legacy_id, tuple(missing))


def get(client: Client, list_id: int, *, filters: bool = False) -> RecordList:
    """Return one list, also one that was deleted within 90 days. Raises NotFound."""
    params = {"includeFilters": filters}
    return _list(client.request("GET", _ONE, path_params={"list_id": list_id}, params=params).fields.child("list"))


def get_by_name(client: Client, object_type_id: str, name: str, *, filters: bool = False) -> RecordList:
    """Return the list of that name, among those that are not deleted. Raises NotFound."""
    answer = client.request(
        "GET",
        _ALL + "/object-type-id/{object_type_id}/name/{name}",
        path_params={"object_type_id": object_type_id, "name": name},
        params={"includeFilters": filters},
    )
    return _list(answer.fields.child("list"))


def create(
    client: Client,
    object_type_id: str,
    name: str,
    *,
    processing: str = "MANUAL",
    filters: Mapping[str, object] | None = None,
) -> RecordList:
    """Make a list; all but MANUAL ones have `filters`, as HubSpot's page "List filters" describes them.

    Raises ValidationFailed, also when the name is taken.
    """
    body = {"objectTypeId": object_type_id, "name": name, "processingType": processing}
    more = {} if filters is None else {"filterBranch": filters}
    return _list(client.request("POST", _ALL, json=body | more).fields.child("list"))


def rename(client: Client, list_id: int, name: str) -> RecordList:
    """Give a list another name. Raises NotFound, ValidationFailed when the name is taken."""
    params = {"listName": name}
    answer = client.request("PUT", _ONE + "/update-list-name", path_params={"list_id": list_id}, params=params)
    return _list(answer.fields.child("updatedList"))


def refilter(client: Client, list_id: int, filters: Mapping[str, object]) -> RecordList:
    """Give a DYNAMIC list other filters, which HubSpot applies afterwards. Raises NotFound, ValidationFailed."""
    body = {"filterBranch": filters}
    answer = client.request("PUT", _ONE + "/update-list-filters", path_params={"list_id": list_id}, json=body)
    return _list(answer.fields.child("updatedList"))


def delete(client: Client, list_id: int) -> None:
    """Delete a list, not the records on it; for 90 days it can be restored. Raises NotFound."""
    client.request("DELETE", _ONE, path_params={"list_id": list_id})


def restore(client: Client, list_id: int) -> None:
    """Bring a deleted list back. Raises NotFound, ValidationFailed when its name is taken by now."""
    client.request("PUT", _ONE + "/restore", path_params={"list_id": list_id})


def _mapped(fields: Fields) -> tuple[int, int]:
    return fields.id("legacyListId"), fields.id("listId")


def _list(fields: Fields) -> RecordList:
    return RecordList(
        id=fields.id("listId"),
        name=fields.text("name"),
        object_type_id=fields.text("objectTypeId"),
        processing=fields.text("processingType"),
        status=fields.text("processingStatus"),
        size=_size(fields),
        created_at=fields.optional_moment("createdAt"),
        updated_at=fields.optional_moment("updatedAt"),
        deleted_at=fields.optional_moment("deletedAt"),
        filters=branch.values if (branch := fields.optional_child("filterBranch")) else None,
    )


def _size(fields: Fields) -> int | None:
    """A number on a list that is read, a property's text on one that is found."""
    more = fields.optional_child("additionalProperties")
    text = more.optional_text("hs_list_size") if more else None
    return int(text) if text and text.isascii() and text.isdigit() else fields.optional_integer("size")
