"""What happens in an account's inbox, and events that records complete, as control calls describe them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from emulator.control.fields import Fields, Rejected
from emulator.conversations.threads import CLOSED, COMMENT, MESSAGE, OPEN, Changes, Thread, UnknownThread
from emulator.crm import writes
from emulator.errors import HubSpotError
from emulator.portals import Portal
from emulator.webhooks.conversation_events import completed_events_of, conversation_events_of
from emulator.world import Emulator

Json = dict[str, Any]

_FIELDS = ("op", "id", "text", "type", "sender", "assigned_to")

_READ = "conversations.read"


def list_threads(portal: Portal) -> Json:
    with portal.crm.lock:
        return {"items": [asdict(thread) for thread in portal.conversations.threads.values()]}


def apply_thread_changes(emulator: Emulator, portal: Portal, body: Any) -> Json:
    """One after the other; a change that fails stops none of the others."""
    fields = Fields(body, ("changes",))
    results = []
    for index, given in enumerate(fields.items("changes")):
        with portal.crm.lock:
            results.append(_apply(emulator, portal, index, given))
    return {"results": results}


def _apply(emulator: Emulator, portal: Portal, index: int, given: Any) -> Json:
    """`occurred_at` is null when nothing changed."""
    error: str | None = None
    thread: Thread | None = None
    told: Changes = []
    at = portal.crm.stamp()
    try:
        thread, told = _change(portal, Fields(given, _FIELDS, f"changes[{index}]"), at)
    except (Rejected, UnknownThread) as refused:
        error = str(refused)
    emulator.tell(
        portal,
        lambda app, granted: (
            conversation_events_of(app, portal.hub_id, at, told, portal.dice) if _READ in granted else []
        ),
    )
    messages = [change.message.id for change in told if change.message]
    return {
        "index": index,
        "id": thread and thread.id,
        "message_id": messages[0] if messages else None,
        "occurred_at": at if told else None,
        "error": error,
    }


def _change(portal: Portal, fields: Fields, at: int) -> tuple[Thread, Changes]:
    operation = fields.choice("op", ("create", *_OPERATIONS))
    if operation == "create":
        thread, told = portal.conversations.create(at)
        return thread, told + (_message(portal, thread, fields, at) if "text" in fields else [])
    thread = portal.conversations.find(fields.whole("id"))
    return thread, _OPERATIONS[operation](portal, thread, fields, at)


def _message(portal: Portal, thread: Thread, fields: Fields, at: int) -> Changes:
    if thread.archived:
        raise Rejected(f"thread {thread.id} is archived")
    kind = fields.choice("type", (MESSAGE, COMMENT), MESSAGE)
    sender = fields.text("sender", "V-1" if kind == MESSAGE else f"A-{portal.users[0].user_id}")
    return portal.conversations.add_message(thread, kind, fields.text("text"), sender, at)


def _assign(portal: Portal, thread: Thread, fields: Fields, _at: int) -> Changes:
    """To an actor, for example A-101 for user 101; to nobody without one."""
    return portal.conversations.assign(thread, fields.text("assigned_to", ""))


_OPERATIONS: dict[str, Callable[[Portal, Thread, Fields, int], Changes]] = {
    "message": _message,
    "assign": _assign,
    "close": lambda portal, thread, _fields, _at: portal.conversations.set_status(thread, CLOSED),
    "reopen": lambda portal, thread, _fields, _at: portal.conversations.set_status(thread, OPEN),
    "archive": lambda portal, thread, _fields, _at: portal.conversations.archive(thread),
    "restore": lambda portal, thread, _fields, _at: portal.conversations.restore(thread),
    "privacy_delete": lambda portal, thread, _fields, _at: portal.conversations.privacy_delete(thread),
}


def complete_event(emulator: Emulator, portal: Portal, body: Any) -> Json:
    """A record, a contact unless said otherwise, completes an event that has a name.

    Raises Rejected.
    """
    fields = Fields(body, ("event_type_name", "object_type", "id"))
    name = fields.text("event_type_name")
    with portal.crm.lock:
        try:
            kind = portal.crm.object_type(fields.text("object_type", "contact"))
            record = writes.find(portal.crm, kind, str(fields.raw("id")))
        except HubSpotError as unknown:
            raise Rejected(f"no record completed {name}: {unknown}") from None
        at = portal.crm.stamp()
        emulator.tell(
            portal,
            lambda app, granted: (
                []
                if granted.isdisjoint(kind.scopes.read)
                else completed_events_of(app, portal.hub_id, at, name, kind.type_id, record.id, portal.dice)
            ),
        )
    return {"id": str(record.id), "occurred_at": at}
