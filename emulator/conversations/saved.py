"""Conversations as a snapshot holds them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from emulator.conversations.threads import Conversations, Message, Thread

Json = dict[str, Any]


def save_conversations(kept: Conversations) -> Json:
    return {"next_id": kept.next_id, "threads": [asdict(thread) for thread in kept.threads.values()]}


def load_conversations(kept: Conversations, saved: Json | None) -> None:
    """Raises KeyError, TypeError or ValueError when the snapshot is damaged."""
    if saved is None:
        return
    threads = [Thread(**{**each, "messages": [Message(**m) for m in each["messages"]]}) for each in saved["threads"]]
    kept.threads = {thread.id: thread for thread in threads}
    kept.next_id = int(saved["next_id"])
