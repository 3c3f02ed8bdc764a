"""Exports: records of a view or a list as a file, made one after the other in the background.

developers.hubspot.com/docs/api-reference/latest/crm/exports/guide
"""

from __future__ import annotations
