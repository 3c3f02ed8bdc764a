"""Compare a mirror, as the app exports it, with the account it mirrors, as the emulator saves it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Key = tuple[str, str]  # object type id, record id
Link = tuple[int, Key, Key]  # association type id, from, to

# What the app mirrors; accounts hold other kinds of records too.
_CONTACT, _COMPANY, _DEAL, _TICKET = MIRRORED = ("0-1", "0-2", "0-3", "0-5")
# What the association types of a snapshot lead from and to: developers.hubspot.com/docs/guides/api/crm/associations
_ENDS = {
    1: (_CONTACT, _COMPANY),
    3: (_DEAL, _CONTACT),
    5: (_DEAL, _COMPANY),
    13: (_COMPANY, _COMPANY),
    15: (_CONTACT, _TICKET),
    25: (_COMPANY, _TICKET),
    27: (_DEAL, _TICKET),
    279: (_CONTACT, _COMPANY),
    339: (_TICKET, _COMPANY),
    341: (_DEAL, _COMPANY),
    449: (_CONTACT, _CONTACT),
    450: (_COMPANY, _COMPANY),
    451: (_DEAL, _DEAL),
    452: (_TICKET, _TICKET),
}


@dataclass(frozen=True)
class Contents:
    """Live records with their properties, and the associations between them."""

    records: Mapping[Key, Mapping[str, str]]
    links: frozenset[Link]


def of_mirror(exported: str) -> Contents:
    """Read the lines of `mirror_export`."""
    lines = [json.loads(line) for line in exported.splitlines()]
    records = {
        (line["object_type"], line["id"]): line["properties"]
        for line in lines
        if line["kind"] == "record" and line["state"] == "live"
    }
    links = (
        (line["type_id"], (line["from_type"], line["from_id"]), (line["to_type"], line["to_id"]))
        for line in lines
        if line["kind"] == "association"
    )
    return Contents(records, _between(records, links))


def of_account(saved: Mapping[str, Any]) -> Contents:
    """Read one account of the emulator's snapshot: of its records those that the app mirrors."""
    records = {
        (type_id, str(record["id"])): record["values"]
        for type_id in MIRRORED
        for record in saved["tables"][type_id]["records"]
        if record["archived_at"] is None
    }
    links = (
        (type_id, (_ENDS[type_id][0], str(from_id)), (_ENDS[type_id][1], str(to_id)))
        for type_id, from_id, to_id in saved["links"]
        if type_id in _ENDS
    )
    return Contents(records, _between(records, links))


def differences(mirror: Contents, account: Contents) -> Iterator[str]:
    """Yield, in words, where the mirror is not what the account is. What HubSpot computes is in the mirror alone."""
    yield from (f"{_named(key)} is missing" for key in account.records.keys() - mirror.records.keys())
    yield from (f"{_named(key)} should not be there" for key in mirror.records.keys() - account.records.keys())
    for key in account.records.keys() & mirror.records.keys():
        for name, value in account.records[key].items():
            if value and mirror.records[key].get(name) != value:
                yield f"{_named(key)}: {name} is {mirror.records[key].get(name)!r}, not {value!r}"
    yield from (f"association {_told(link)} is missing" for link in account.links - mirror.links)
    # The account's are saved from one side, the mirror's from both.
    pairs = {frozenset(link[1:]) for link in account.links}
    unknown = (link for link in mirror.links if frozenset(link[1:]) not in pairs)
    yield from (f"association {_told(link)} should not be there" for link in unknown)


def _between(records: Mapping[Key, object], links: Iterable[Link]) -> frozenset[Link]:
    """Leave out associations with a record that is not live: HubSpot keeps them for its return, and shows none."""
    return frozenset(link for link in links if link[1] in records and link[2] in records)


def _named(key: Key) -> str:
    return f"{key[0]}/{key[1]}"


def _told(link: Link) -> str:
    return f"{link[0]} from {_named(link[1])} to {_named(link[2])}"
