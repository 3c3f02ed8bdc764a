"""The inbox of an account: threads of messages, as far as webhooks tell of them."""

from __future__ import annotations
