"""CRM search: what may be asked, what matches, in which order, from which index."""

from __future__ import annotations
