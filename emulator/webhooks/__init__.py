"""Push webhooks: who subscribed to what, what is sent, how it is signed, delivered and retried."""

from __future__ import annotations
