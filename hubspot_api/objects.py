"""Single CRM records and lists of them. Object types as HubSpot takes them: "contacts", "0-1", "2-123456".

Source: HubSpot's page "Using object APIs".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hubspot_api import batches, paging
from hubspot_api.addresses import QueryValue, query_string
from hubspot_api.associations import AssociatedWith, wire_associations
from hubspot_api.client import Client
from hubspot_api.records import Record, RecordPage, read_record

PAGE_SIZE = 100  # HubSpot's most
LONGEST_QUERY = 4_000  # characters; 414 has been seen from 8,000 on

_RECORDS = "/crm/objects/{version}/{object_type}"
_RECORD = _RECORDS + "/{record_id}"


def list_page(
    client: Client,
    object_type: str,
    *,
    properties: Sequence[str] = (),
    after: str | None = None,
    limit: int = PAGE_SIZE,
    archived: bool = False,
) -> RecordPage:
    """Return one page, in id order. Without `properties` HubSpot sends its few defaults.

    Too many properties for an address are read in a second call, as a batch: a record that is archived between the
    two is left out. The list of archived records goes back 90 days.
    """
    params: dict[str, QueryValue] = {"limit": limit, "after": after, "archived": archived}
    wide = _too_long({**params, "properties": properties})
    answer = client.request(
        "GET",
        _RECORDS,
        path_params={"object_type": object_type},
        params=params if wide else {**params, "properties": properties or None},
    )
    page = RecordPage(answer.fields.each("results", read_record), answer.fields.after())
    if not wide or not page.results:
        return page
    ids = [record.id for record in page.results]
    read = batches.read(client, object_type, ids, properties=properties, archived=archived)
    return RecordPage(tuple(sorted(read.results, key=lambda record: record.id)), page.after)


def list_all(
    client: Client, object_type: str, *, properties: Sequence[str] = (), archived: bool = False
) -> Iterator[Record]:
    """Yield every record, page by page."""
    yield from paging.each(
        lambda after: list_page(client, object_type, properties=properties, after=after, archived=archived)
    )


def get(
    client: Client, object_type: str, record_id: int, *, properties: Sequence[str] = (), archived: bool = False
) -> Record:
    """Return one record. One that was merged away answers with the record it lives on in: see `Record.merged`.

    Raises NotFound.
    """
    wide = _too_long({"archived": archived, "properties": properties})
    answer = client.request(
        "GET",
        _RECORD,
        path_params={"object_type": object_type, "record_id": record_id},
        params={"archived": archived, "properties": None if wide or not properties else properties},
    )
    record = read_record(answer.fields)
    if wide:
        read = batches.read(client, object_type, [record.id], properties=properties, archived=archived)
        record = next(iter(read.results), record)
    return replace(record, requested_id=record_id)


def create(
    client: Client,
    object_type: str,
    properties: Mapping[str, str],
    *,
    associations: Sequence[AssociatedWith] = (),
) -> Record:
    """Create a record. Raises ValidationFailed, Conflict (with the existing id, when HubSpot names it).

    Not repeated when the answer is lost: look whether it exists before you try again.
    """
    answer = client.request(
        "POST",
        _RECORDS,
        path_params={"object_type": object_type},
        json={"properties": dict(properties), "associations": wire_associations(associations)},
    )
    return read_record(answer.fields)


def update(client: Client, object_type: str, record_id: int, properties: Mapping[str, str]) -> Record:
    """Set properties; "" clears one. Merged ids are resolved: see `Record.merged`. Raises NotFound, ValidationFailed.

    HubSpot has no compare-and-set: the last writer wins.
    """
    answer = client.request(
        "PATCH",
        _RECORD,
        path_params={"object_type": object_type, "record_id": record_id},
        json={"properties": dict(properties)},
        idempotent=True,
    )
    return replace(read_record(answer.fields), requested_id=record_id)


def archive(client: Client, object_type: str, record_id: int) -> None:
    """Put a record into the recycle bin; people can restore it for 90 days."""
    client.request("DELETE", _RECORD, path_params={"object_type": object_type, "record_id": record_id})


def merge(client: Client, object_type: str, primary_id: int, other_id: int) -> Record:
    """Merge two records and return the one they live on in, which may have a new id. Cannot be undone.

    Raises TooManyIdentities beyond 250 identities on a contact.
    """
    answer = client.request(
        "POST",
        _RECORDS + "/merge",
        path_params={"object_type": object_type},
        json={"primaryObjectId": str(primary_id), "objectIdToMerge": str(other_id)},
    )
    return replace(read_record(answer.fields), requested_id=primary_id)


def privacy_delete(client: Client, object_type: str, record_id: int) -> None:
    """Delete a record for good, as privacy law asks. Cannot be undone."""
    client.request(
        "POST",
        _RECORDS + "/gdpr-delete",
        path_params={"object_type": object_type},
        json={"objectId": str(record_id)},
    )


def _too_long(params: Mapping[str, QueryValue]) -> bool:
    return len(query_string(params)) > LONGEST_QUERY
