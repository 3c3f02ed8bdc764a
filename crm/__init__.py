"""The mirror of each portal's CRM: backfill, apply, reconcile, change feed, and the portal's pages."""

from __future__ import annotations
