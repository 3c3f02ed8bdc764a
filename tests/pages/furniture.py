"""Portals with something in them, in every state that a member can see; and browsers of people."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from crm import availability, features
from crm.availability import Refusal
from crm.models import Association, Change, FeedHead, Owner, Property, Record, Sync
from crm.object_types import COMPANY, CONTACT, OBJECT_TYPES, ObjectType
from hubspot_api.secret import Secret
from installations import audit
from installations.credentials import tokens
from installations.models import Credential, Membership, Portal
from lanes.models import Lane
from tests.portals import make_member, make_portal, sign_in_as
from webhooks.models import EVENTS, Event, Failure

Role = Membership.Role
STATES = (
    *("in_sync", "first_sync", "needs_reconnect", "disconnecting", "scopes_missing", "no_credential"),
    *("private_app", "private_app_old", "private_app_refused", "private_app_lacking"),
)
OWNER, ADMIN, VIEWER, WAITING = 1, 2, 3, 4
ROLES = {OWNER: Role.OWNER, ADMIN: Role.ADMIN, VIEWER: Role.VIEWER, WAITING: Role.WAITING}
CONTACT_ID, COMPANY_ID, ARCHIVED_ID, MERGED_ID, GONE_ID, UNREAD_ID = 11, 21, 12, 13, 14, 99

_keys = count(1)


def browser_of(user_id: int | None) -> Client:
    """Return the browser of somebody signed in, or of nobody."""
    client = Client()
    if user_id is not None:
        sign_in_as(client, user_id)
    return client


@transaction.atomic
def furnished(state: str = "in_sync", hub_id: int | None = None) -> Portal:
    """Return a portal with records, people and events, in one of STATES."""
    portal = make_portal(hub_id)
    for user_id, role in ROLES.items():
        make_member(portal, user_id, role)
    _add_definitions(portal)
    _add_records(portal)
    _add_events(portal)
    audit.record(portal, "user1@example.com", "installed", "Scopes: oauth")
    Sync.objects.filter(portal=portal).update(**_SYNCS[state == "first_sync"])
    _STATES.get(state, lambda _: None)(portal)
    return portal


def add_record(portal: Portal, object_type: ObjectType, record_id: int, **fields: object) -> Record:
    """Add a record, live unless `fields` say otherwise; its title comes from its properties."""
    now = timezone.now()
    properties = fields.setdefault("properties", {})
    assert isinstance(properties, dict)
    defaults = {"title": object_type.title_of(properties), "created_at": now, "updated_at": now, "read_at": now}
    return Record.objects.create(
        portal=portal, object_type=object_type.id, record_id=record_id, **(defaults | dict(fields))
    )


def add_event(portal: Portal, event_type: str, object_id: int | None, **payload: object) -> Event:
    return Event.objects.create(
        key=next(_keys).to_bytes(38, "big"),
        portal=portal,
        hub_id=portal.hub_id,
        occurred_at=timezone.now(),
        event_type=event_type,
        object_id=object_id,
        payload=json.dumps(payload),
    )


def add_change(
    portal: Portal, object_type: ObjectType, record_id: int, version: int, kind: Change.Kind, *names: str
) -> None:
    head, _ = FeedHead.objects.get_or_create(portal=portal)
    head.position += 1
    head.save(update_fields=["position"])
    Change.objects.create(
        portal=portal,
        position=head.position,
        object_type=object_type.id,
        record_id=record_id,
        version=version,
        kind=kind,
        source=Change.Source.EVENT,
        properties=list(names),
    )


def _add_definitions(portal: Portal) -> None:
    Property.objects.bulk_create(
        [
            Property(portal=portal, object_type="0-1", name="email", label="Email", type="string"),
            Property(portal=portal, object_type="0-1", name="fax", label="Fax number", type="string"),
            Property(
                portal=portal, object_type="0-1", name="num_deals", label="Deals", type="number", is_calculated=True
            ),
            Property(
                portal=portal,
                object_type="0-1",
                name="lifecyclestage",
                label="Lifecycle stage",
                type="enumeration",
                options=[["lead", "Lead"]],
            ),
        ]
    )
    Owner.objects.create(portal=portal, owner_id=77, name="Grace Hopper")


def _add_records(portal: Portal) -> None:
    properties = {
        "firstname": "Ada",
        "lastname": "Lovelace",
        "email": "ada@example.com",
        "lifecyclestage": "lead",
        "hubspot_owner_id": "77",
        "fax": "+49 30 1",
        "num_deals": "2",
    }
    add_record(portal, CONTACT, CONTACT_ID, properties=properties)
    add_record(portal, COMPANY, COMPANY_ID, properties={"name": "Walk & Sons"})
    add_record(portal, CONTACT, ARCHIVED_ID, properties={"email": "old@example.com"}, state=Record.State.ARCHIVED)
    add_record(portal, CONTACT, MERGED_ID, state=Record.State.MERGED, merged_into=CONTACT_ID)
    add_record(portal, CONTACT, GONE_ID, state=Record.State.GONE, created_at=None, updated_at=None)
    for to_id, label in ((COMPANY_ID, "Primary"), (UNREAD_ID, "")):
        Association.objects.create(
            portal=portal,
            from_type="0-1",
            from_id=CONTACT_ID,
            to_type="0-2",
            to_id=to_id,
            category="HUBSPOT_DEFINED",
            type_id=279,
            label=label,
        )
    for version, kind in enumerate(Change.Kind, start=1):
        add_change(portal, CONTACT, CONTACT_ID, version, kind, "email", "fax")


def _add_events(portal: Portal) -> None:
    event_types = [f"{one.name}.creation" for one in OBJECT_TYPES]
    done, dead, retrying, *_ = [add_event(portal, event_type, CONTACT_ID) for event_type in event_types]
    add_event(portal, "contact.propertyChange", CONTACT_ID, propertyName="email")
    add_event(portal, "conversation.newMessage", None)
    Lane.objects.filter(portal=portal, kind=EVENTS).delete()
    Lane.objects.create(portal=portal, kind=EVENTS, work_class=1, position=retrying.pk)
    Failure.objects.create(event=dead, portal=portal, reason="EventInvalid", died_at=timezone.now())
    Failure.objects.create(event=retrying, portal=portal, reason="ServerFailed", retry_at=timezone.now())
    assert done.pk < dead.pk < retrying.pk


_NOW = timezone.now()
_SYNCS: dict[bool, dict[str, object]] = {
    False: {
        "state": Sync.State.IN_SYNC,
        "live_records": 1,
        "records_read": 1,
        "records_total": 1,
        "reading_ended_at": _NOW,
        "reconciled_to": _NOW,
        "reconciled_at": _NOW,
    },
    True: {"live_records": 1, "records_read": 1, "records_total": 3},
}


def _need_reconnect(portal: Portal) -> None:
    Credential.objects.filter(portal=portal).update(latest_error="RefreshTokenInvalid")
    portal.move_to(Portal.State.NEEDS_RECONNECT, "HubSpot no longer accepts our access.")


def _lack_scopes(portal: Portal) -> None:
    """Most scopes were not granted; one association HubSpot refuses all the same."""
    Credential.objects.filter(portal=portal).update(scopes=["oauth", "crm.objects.contacts.read"])
    availability.open_by_scopes(portal)
    availability.close(portal, {features.associations("0-1", "0-1"): Refusal(["crm.objects.custom.read"])})


def _lose_credential(portal: Portal) -> None:
    Credential.objects.filter(portal=portal).delete()
    portal.move_to(Portal.State.DISCONNECTING, "HubSpot is being told.")


def _by_private_app(portal: Portal) -> None:
    """Connected by a private app's token, which HubSpot pushes nothing for."""
    Event.objects.filter(portal=portal).delete()
    tokens.store_lasting(portal, Secret("pat-na1-12345678"), settings.HUBSPOT_SCOPES[1:], user_id=OWNER)
    portal.connection = Portal.Connection.PRIVATE_APP
    portal.save(update_fields=["connection"])


def _by_old_token(portal: Portal) -> None:
    _by_private_app(portal)
    Credential.objects.filter(portal=portal).update(obtained_at=timezone.now() - timedelta(days=200))


def _by_refused_token(portal: Portal) -> None:
    _by_private_app(portal)
    _need_reconnect(portal)


def _by_token_without_scopes(portal: Portal) -> None:
    _by_private_app(portal)
    _lack_scopes(portal)
    Credential.objects.filter(portal=portal).update(scopes=["crm.objects.contacts.read"])


_STATES = {
    "private_app": _by_private_app,
    "private_app_old": _by_old_token,
    "private_app_refused": _by_refused_token,
    "private_app_lacking": _by_token_without_scopes,
    "needs_reconnect": _need_reconnect,
    "disconnecting": lambda portal: portal.move_to(Portal.State.DISCONNECTING, "HubSpot is being told."),
    "scopes_missing": _lack_scopes,
    "no_credential": _lose_credential,
}


def page_addresses(portal: Portal) -> dict[str, str]:
    """Return the addresses of all of a portal's pages that a member may look at."""
    base = f"/portals/{portal.hub_id}/"
    lists = {one.plural: f"{base}records/{one.plural}/" for one in OBJECT_TYPES}
    contacts = lists["contacts"]
    tombstones = {"archived": ARCHIVED_ID, "merged": MERGED_ID, "gone": GONE_ID}
    return {
        "overview": base,
        **lists,
        "found": f"{contacts}?q=ada",
        "not_found": f"{contacts}?q=nobody",
        "past_the_end": f"{contacts}?after=2001-01-01T00:00:00%2B00:00_1",
        "contact": f"{contacts}{CONTACT_ID}/",
        "company": f"{lists['companies']}{COMPANY_ID}/",
        **{name: f"{contacts}{record_id}/" for name, record_id in tombstones.items()},
        "activity": f"{base}activity/",
        "settings": f"{base}settings/",
    }


def hours_ago(hours: float) -> dict[str, object]:
    """Return a credential's times for a token obtained then."""
    obtained_at = timezone.now() - timedelta(hours=hours)
    return {"obtained_at": obtained_at, "expires_at": obtained_at + timedelta(minutes=30)}
