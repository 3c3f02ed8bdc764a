"""The Django project: settings, addresses, Celery, health, metrics. It wires the rooms and decides nothing."""

from __future__ import annotations
