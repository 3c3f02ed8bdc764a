"""Delete many rows in small bites, each committed: a large number locks nothing for long, and no time-out undoes it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

BITE = 5000


def delete_in_bites(rows: QuerySet[Any]) -> int:
    """Delete rows that no other table's rows hang on, without loading them; return how many.

    A row that has changed since it was found, and is none of these any more, stays: its own fields are looked at again.
    """
    total = 0
    while ids := list(rows.order_by().values_list("pk", flat=True)[:BITE]):
        bite = rows.order_by().filter(pk__in=ids)
        total += bite._raw_delete(bite.db)
    return total
