"""Threads and what happens to them, each change told as facts.

developers.hubspot.com/docs/api-reference/latest/webhooks/guide: conversations have three properties of which webhooks
tell, assignedTo, status and isArchived, and the last one only when a thread comes back.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

OPEN, CLOSED = "OPEN", "CLOSED"
MESSAGE, COMMENT = "MESSAGE", "COMMENT"

# About where HubSpot's own numbers are.
_FIRST_ID = 6_065_000_001


class UnknownThread(LookupError):
    """The message names it."""


@dataclass
class Message:
    id: str
    type: str
    text: str
    sender: str
    created_at: int


@dataclass
class Thread:
    id: int
    created_at: int
    status: str = OPEN
    # An actor, for example A-101 for user 101; empty for nobody.
    assigned_to: str = ""
    archived: bool = False
    messages: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ThreadChange:
    """`action` is the second half of the webhook's type."""

    action: str
    thread_id: int
    name: str | None = None
    value: str = ""
    message: Message | None = None


Changes = list[ThreadChange]


class Conversations:
    """Read and changed under the portal's lock. Every change returns what became of it, in order; often nothing."""

    def __init__(self) -> None:
        self.threads: dict[int, Thread] = {}
        self.next_id = _FIRST_ID

    def find(self, thread_id: int) -> Thread:
        """Raises UnknownThread."""
        found = self.threads.get(thread_id)
        if found is None:
            raise UnknownThread(f"there is no thread {thread_id}")
        return found

    def create(self, at: int) -> tuple[Thread, Changes]:
        thread = Thread(self.next_id, at)
        self.next_id += 1
        self.threads[thread.id] = thread
        return thread, [ThreadChange("creation", thread.id)]

    def add_message(self, thread: Thread, kind: str, text: str, sender: str, at: int) -> Changes:
        """A message to a closed thread opens it again; a comment, which only the account's users see, does not."""
        message = Message(uuid.uuid4().hex, kind, text, sender, at)
        thread.messages.append(message)
        told = [ThreadChange("newMessage", thread.id, message=message)]
        return told + (self.set_status(thread, OPEN) if kind == MESSAGE else [])

    def set_status(self, thread: Thread, status: str) -> Changes:
        if thread.status == status:
            return []
        thread.status = status
        return [ThreadChange("propertyChange", thread.id, "status", status)]

    def assign(self, thread: Thread, actor: str) -> Changes:
        if thread.assigned_to == actor:
            return []
        thread.assigned_to = actor
        return [ThreadChange("propertyChange", thread.id, "assignedTo", actor)]

    def archive(self, thread: Thread) -> Changes:
        if thread.archived:
            return []
        thread.archived = True
        return [ThreadChange("deletion", thread.id)]

    def restore(self, thread: Thread) -> Changes:
        if not thread.archived:
            return []
        thread.archived = False
        return [ThreadChange("propertyChange", thread.id, "isArchived", "FALSE")]

    def privacy_delete(self, thread: Thread) -> Changes:
        """For good; not told as a deletion too."""
        del self.threads[thread.id]
        return [ThreadChange("privacyDeletion", thread.id)]
