"""What an app wants written into its journal.

developers.hubspot.com/docs/api-reference/latest/webhooks-journal/subscriptions/guide
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from emulator.errors import InvalidInput
from emulator.instants import iso
from emulator.journal.filters import Filter

Json = dict[str, Any]


class Kind(StrEnum):
    OBJECT = "OBJECT"
    ASSOCIATION = "ASSOCIATION"
    LIST_MEMBERSHIP = "LIST_MEMBERSHIP"
    GDPR_PRIVACY_DELETION = "GDPR_PRIVACY_DELETION"
    # An app's installs and uninstalls in all accounts; the others are about one account each.
    APP_LIFECYCLE_EVENT = "APP_LIFECYCLE_EVENT"


INSTALLED, UNINSTALLED = "4-1909196", "4-1916193"

# What HubSpot numbers the type of lists with.
LISTS = "0-45"

_ACTIONS: Mapping[Kind, tuple[str, ...]] = {
    Kind.OBJECT: ("CREATE", "UPDATE", "DELETE", "MERGE", "RESTORE"),
    Kind.ASSOCIATION: ("ASSOCIATION_ADDED", "ASSOCIATION_REMOVED"),
    Kind.LIST_MEMBERSHIP: ("ADDED_TO_LIST", "REMOVED_FROM_LIST"),
    Kind.GDPR_PRIVACY_DELETION: ("GDPR_DELETE",),
}

_LIFECYCLE = {INSTALLED: "APP_INSTALL", UNINSTALLED: "APP_UNINSTALL"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a subscription is about. Empty collections mean "all"."""

    kind: Kind
    actions: tuple[str, ...]
    # The side that an association begins with; of lifecycle events the event's own type.
    object_type_id: str
    # None: of all accounts.
    portal_id: int | None = None
    properties: tuple[str, ...] = ()
    object_ids: frozenset[int] = frozenset()
    list_ids: frozenset[int] = frozenset()
    associated_object_type_ids: frozenset[str] = frozenset()

    @property
    def subject(self) -> tuple[Kind, str]:
        """An app has one subscription per account and subject: a second one replaces the first."""
        return (self.kind, self.object_type_id)


@dataclass(frozen=True, slots=True)
class Subscription:
    id: int
    client_id: str
    wanted: Wanted
    created_at: int
    updated_at: int
    filters: tuple[Filter, ...] = field(default=())

    def as_json(self, app_id: int) -> Json:
        wanted = self.wanted
        of = _FIELDS[wanted.kind]
        answer: Json = {
            "id": self.id,
            "appId": app_id,
            "subscriptionType": wanted.kind.value,
            "objectTypeId": wanted.object_type_id,
            "portalId": wanted.portal_id,
            "actions": list(wanted.actions),
            "properties": list(wanted.properties) if "properties" in of else None,
            "objectIds": sorted(wanted.object_ids) if "objectIds" in of else None,
            "listIds": sorted(wanted.list_ids) if "listIds" in of else None,
            "associatedObjectTypeIds": (
                sorted(wanted.associated_object_type_ids) if "associatedObjectTypeIds" in of else None
            ),
            "actionOverrides": {},
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.updated_at),
            "deletedAt": None,
        }
        if wanted.kind is Kind.APP_LIFECYCLE_EVENT:
            answer["eventTypeId"] = wanted.object_type_id
            del answer["portalId"]
        return answer


# The collections that each kind has.
_FIELDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.OBJECT: ("properties", "objectIds"),
    Kind.ASSOCIATION: ("objectIds", "associatedObjectTypeIds"),
    Kind.LIST_MEMBERSHIP: ("listIds", "objectIds"),
    Kind.GDPR_PRIVACY_DELETION: (),
    Kind.APP_LIFECYCLE_EVENT: ("properties",),
}


def read(body: Json) -> Wanted:
    """Raises InvalidInput."""
    kind = _kind(body)
    if kind is Kind.APP_LIFECYCLE_EVENT:
        event_type = text(body, "eventTypeId")
        if event_type not in _LIFECYCLE:
            raise InvalidInput(f"eventTypeId must be one of [{', '.join(_LIFECYCLE)}], not {event_type[:50]}")
        return Wanted(kind, (_LIFECYCLE[event_type],), event_type, properties=read_texts(body, "properties"))
    return Wanted(
        kind,
        _actions(body, kind),
        LISTS if kind is Kind.LIST_MEMBERSHIP else text(body, "objectTypeId"),
        whole(body, "portalId"),
        **_collections(body, kind),
    )


def _collections(body: Json, kind: Kind) -> dict[str, Any]:
    of = _FIELDS[kind]
    return {
        "properties": read_texts(body, "properties") if "properties" in of else (),
        "object_ids": _numbers(body, "objectIds") if "objectIds" in of else frozenset(),
        "list_ids": _numbers(body, "listIds") if "listIds" in of else frozenset(),
        "associated_object_type_ids": (
            frozenset(read_texts(body, "associatedObjectTypeIds")) if "associatedObjectTypeIds" in of else frozenset()
        ),
    }


def _kind(body: Json) -> Kind:
    given = text(body, "subscriptionType")
    try:
        return Kind(given)
    except ValueError:
        raise InvalidInput(f"subscriptionType must be one of [{', '.join(Kind)}], not {given[:50]}") from None


def _actions(body: Json, kind: Kind) -> tuple[str, ...]:
    given = read_texts(body, "actions")
    allowed = _ACTIONS[kind]
    unknown = next((each for each in given if each not in allowed), None)
    if not given or unknown is not None:
        problem = f"not {unknown[:50]}" if unknown is not None else "and at least one"
        raise InvalidInput(f"actions of {kind} must be of [{', '.join(allowed)}], {problem}")
    return given


def text(body: Json, name: str) -> str:
    """Raises InvalidInput for anything but a string with something in it."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"{name} is required and must be a string")
    return value


def whole(body: Json, name: str) -> int:
    """Raises InvalidInput for anything but a whole number."""
    value = body.get(name)
    if not _is_whole(value):
        raise InvalidInput(f"{name} is required and must be a number")
    assert isinstance(value, int)
    return value


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def read_texts(body: Json, name: str) -> tuple[str, ...]:
    """Each once; none if there is no such field.

    Raises InvalidInput for anything but strings.
    """
    values = _items(body, name)
    if not all(isinstance(value, str) for value in values):
        raise InvalidInput(f"{name} must be an array of strings")
    return tuple(dict.fromkeys(values))


def _numbers(body: Json, name: str) -> frozenset[int]:
    values = _items(body, name)
    if not all(_is_whole(value) for value in values):
        raise InvalidInput(f"{name} must be an array of numbers")
    return frozenset(values)


def _items(body: Json, name: str) -> list[Any]:
    values = body.get(name)
    if values is None:
        return []
    if not isinstance(values, list):
        raise InvalidInput(f"{name} must be an array")
    return values
