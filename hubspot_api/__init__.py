"""Client for HubSpot's HTTP API. Knows httpx2 and Authlib; knows no Django, no Redis, no Celery."""

from __future__ import annotations
