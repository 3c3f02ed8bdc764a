"""The Django project: settings, addresses, Celery, health, metrics. Wires the rooms, decides nothing."""

from __future__ import annotations
