"""The webhooks journal over HTTP: subscriptions, reading, snapshots, and the files themselves."""

from __future__ import annotations
