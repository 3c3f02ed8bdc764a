"""Who reads the journal: one process at a time, and a fence around what it writes. Time is the database's."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from ..models import JournalReader

LEASE = timedelta(seconds=45)  # longer than a step: a token, an entry and its file, ten seconds each at most


class LeaseLost(Exception):
    """Somebody else reads by now: nothing of the latest step was written, and nothing more may be."""


@dataclass
class Held:
    """The journal in our hands. `row` is how it stood when it was last read or written by us."""

    row: JournalReader
    token: uuid.UUID

    def note(self, **values: Any) -> None:
        """Write down how it goes, and keep the lease for another step. Raises LeaseLost."""
        with self.fence(**values):
            pass

    @contextmanager
    def fence(self, **values: Any) -> Iterator[None]:
        """Open the transaction in which a step writes its effects and moves on; it ends with `values` in the row.

        Raises LeaseLost, and writes nothing, if somebody else reads by now.
        """
        with transaction.atomic():
            ours = JournalReader.objects.filter(token=self.token)
            if ours.select_for_update(no_key=True).first() is None:
                raise LeaseLost("The journal is read by somebody else.")
            yield
            ours.update(lease_until=Now() + LEASE, **values)
        self.row.refresh_from_db()

    def give_back(self, *, wait: timedelta, **values: Any) -> bool:
        """Let anybody read from `wait` from now on; False when somebody else reads by now, and nothing is changed."""
        ours = JournalReader.objects.filter(token=self.token)
        return bool(ours.update(token=None, lease_until=None, next_at=Now() + wait, **values))


def claim() -> Held | None:
    """Take the journal if it is time to read it and nobody does."""
    token = uuid.uuid4()
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    due = JournalReader.objects.filter(free, next_at__lte=Now())
    if not due.update(token=token, lease_until=Now() + LEASE):
        JournalReader.objects.get_or_create()
        return None
    return Held(JournalReader.objects.get(), token)
