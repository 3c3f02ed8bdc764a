"""Sessions in the database, under digests of their keys: who reads a dump of it cannot take one over."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone


class SessionStore(db.SessionStore):
    """Django's, except that only the browser's cookie has the key."""

    def _get_session_from_db(self) -> Session | None:
        key = self.session_key
        rows = Session.objects.filter(expire_date__gt=timezone.now())
        found = rows.filter(session_key=_digest(key)).first() if key else None
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return super().exists(_digest(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]  # the stubs say its base
        row.session_key = _digest(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            super().delete(_digest(key))


def _digest(key: str) -> str:
    """160 bits, as many as the column holds and about as many as a key has."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]
