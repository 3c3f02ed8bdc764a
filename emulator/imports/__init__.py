"""Imports: rows of a file become records, a burst at a time, in the background.

developers.hubspot.com/docs/api-reference/latest/crm/imports/guide
"""

from __future__ import annotations
