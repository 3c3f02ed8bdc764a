"""Pages for people: HubSpot's consent page, and a plain view of accounts and their records."""

from __future__ import annotations
