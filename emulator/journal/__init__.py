"""The webhooks journal: what happened, written down for apps that come and read it."""

from __future__ import annotations
