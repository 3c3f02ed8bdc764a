"""What the app card on a record says. JSON for our own card (hubapp.app_card), documented in docs/architecture.md.

Nothing personal and no property: who looks at the card has the record in front of them in HubSpot. Somebody who is
not let in here learns how the connection is and where to ask for access, and nothing about the record: HubSpot lets
any user of the account see the card, and they name the record.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from crm.templatetags.mirror import SOURCES
from installations.calls import switches
from installations.models import Membership, Portal
from installations.people.access import Role, has_role

from . import visits
from .calls import CardCall
from .record_state import RecordState, Standing, state_of
from .tokens import LIFE, Purpose

Json = dict[str, Any]

PARAMETER = "token"  # the view's parameter

_CONNECTIONS = {
    Portal.State.ACTIVE: "Connected.",
    Portal.State.NEEDS_RECONNECT: "HubSpot no longer accepts our access: somebody has to connect the account again.",
    Portal.State.DISCONNECTING: "The account is being disconnected.",
}


def member_of(call: CardCall) -> tuple[Portal | None, Membership | None]:
    """Return the installation in the account and the user's place in it, as far as there are any.

    HubSpot has just said that the user belongs to the account, so how old the last proof is does not matter here.
    """
    live = Portal.objects.live().filter(hub_id=call.hub_id, connection=Portal.Connection.OAUTH)
    portal = live.first()
    found = Membership.objects.select_related("portal").filter(portal=portal, user_id=call.user_id) if portal else None
    return portal, found.first() if found is not None else None


def describe(call: CardCall) -> Json:
    """Return what the card shows."""
    portal, member = member_of(call)
    sees = member is not None and has_role(member, Role.VIEWER)
    state = state_of(portal, call.object_type_id, call.record_id) if portal and sees else None
    return {
        "connection": _connection(portal),
        "access": member.role if member else "none",
        "record": _record(state) if state else None,
        "queue": {"waiting": state.queue} if state else None,
        "canOpenView": visits.may_open(member),
        "links": _links(call, portal, member, state),
    }


def offer_view(call: CardCall) -> Json:
    """Return the address that opens the embedded view, once. Raises NotOffered."""
    _, member = member_of(call)
    token = visits.offer(call, member)
    address = reverse("embedded_view", query={PARAMETER: token.reveal()})
    return {"uri": f"{settings.PUBLIC_URL}{address}", "opensWithinSeconds": int(LIFE[Purpose.OPEN].total_seconds())}


def _connection(portal: Portal | None) -> Json:
    if portal is None:
        return {"state": "not_connected", "text": "This account is not connected."}
    if switches.stopped_since(portal.hub_id, timezone.now()):
        return {"state": "paused", "text": "Whoever runs this app has paused it for now."}
    return {"state": portal.state, "text": _CONNECTIONS[Portal.State(portal.state)]}


def _record(state: RecordState) -> Json:
    row, source = state.record, state.source
    return {
        "state": state.standing,
        "inSync": state.standing == Standing.IN_SYNC,
        "text": state.text,
        "readAt": _moment(row.read_at) if row else None,
        "modifiedAt": _moment(row.updated_at) if row else None,
        "source": source,
        "sourceText": SOURCES[source] if source else None,
        "version": row.version if row else None,
        "waiting": state.waiting,
        "failed": state.failed,
    }


def _links(call: CardCall, portal: Portal | None, member: Membership | None, state: RecordState | None) -> Json:
    """Return where to go in a tab of its own: one's session is there, or a sign-in, as with every page of ours."""
    of_account = {"hub_id": call.hub_id}
    pages = {
        "connect": None if portal else reverse("install", query=of_account),
        "ask": _ask(portal, member, of_account),
        "open": page_of(state) if state else None,
    }
    return {name: f"{settings.PUBLIC_URL}{path}" if path else None for name, path in pages.items()}


def _ask(portal: Portal | None, member: Membership | None, of_account: dict[str, int]) -> str | None:
    if portal is None or (member and has_role(member, Role.VIEWER)):
        return None
    return reverse("portal", kwargs=of_account) if member else reverse("sign_in", query=of_account)


def page_of(state: RecordState) -> str:
    """Return the path of the record's own page here, or the account's if there is none."""
    hub_id = state.portal.hub_id
    if state.record is None or state.object_type is None:
        return reverse("portal", args=[hub_id])
    return reverse("record", args=[hub_id, state.object_type.plural, state.record.record_id])


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None
