"""Keep a record of each call to HubSpot without slowing it: a thread per process writes them in batches."""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import time

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction

from hubspot_api.ports import CallObserver, CallRecord

from ..models import ApiCall, Portal
from . import call_totals
from .call_totals import Logged

logger = logging.getLogger(__name__)

_MOST_WAITING = 10_000  # beyond this, records are dropped rather than memory filled
_BATCH = 500
_PATIENCE = "5s"  # for a database that is locked; what waits longer is dropped


class Writer:
    """The queue and its thread, made anew in each process. Without a pause there is no thread: somebody flushes."""

    def __init__(self, pause_s: float, most_waiting: int = _MOST_WAITING) -> None:
        self.pid = os.getpid()
        self._pause_s = pause_s
        self._waiting: queue.Queue[Logged] = queue.Queue(most_waiting)
        self._dropped = 0
        if pause_s:
            threading.Thread(target=self._write_for_ever, name="call-log", daemon=True).start()
            atexit.register(self.flush)

    def put(self, portal_id: int | None, record: CallRecord, *, is_bulk: bool = False) -> None:
        """Take a record. Never waits for anything: when the queue is full it is dropped, and counted."""
        try:
            self._waiting.put_nowait(Logged(portal_id, record, is_bulk))
        except queue.Full:
            self._dropped += 1  # the calls themselves are unharmed

    def flush(self) -> None:
        """Write what waits. A batch that the database refuses is dropped: the log is no truth, only a view."""
        while batch := self._take():
            try:
                _write(batch)
            except DatabaseError as error:
                logger.warning("%s call records could not be written: %s", len(batch), error)
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            logger.warning("The call log was full: %s records were dropped.", dropped)

    def _take(self) -> list[Logged]:
        batch: list[Logged] = []
        while len(batch) < _BATCH:
            try:
                batch.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return batch

    def _write_for_ever(self) -> None:
        while True:
            time.sleep(self._pause_s)
            if not self._waiting.empty():
                self.flush()
                connection.close()  # a connection is too dear to be held for a line now and then


def _write(batch: list[Logged]) -> None:
    """Write calls and what they add to the totals, both or neither."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [_PATIENCE])
        ApiCall.objects.bulk_create([_row(portal_id, record) for portal_id, record, _ in batch])
        call_totals.add(batch)


def _row(portal_id: int | None, record: CallRecord) -> ApiCall:
    return ApiCall(
        at=record.started_at,
        portal_id=portal_id,
        method=record.method,
        path=record.path,
        status=record.status,
        category=record.category[:100],
        error=record.error,
        correlation_id=record.correlation_id,
        attempts=record.attempts,
        waited_ms=round(record.waited * 1000),
        took_ms=round(record.took * 1000),
        sent_bytes=record.bytes_sent,
        received_bytes=record.bytes_received,
    )


_lock = threading.Lock()
_writer: Writer | None = None


def writer() -> Writer:
    """Return this process' writer, also after a fork."""
    global _writer  # noqa: PLW0603 - one per process is the point
    with _lock:
        if _writer is None or _writer.pid != os.getpid():
            _writer = Writer(settings.CALL_LOG_PAUSE_S)
        return _writer


class _Observer:
    def __init__(self, portal_id: int | None, *, is_bulk: bool) -> None:
        self._portal_id = portal_id
        self._is_bulk = is_bulk

    def called(self, record: CallRecord) -> None:
        writer().put(self._portal_id, record, is_bulk=self._is_bulk)


def observer_for(portal: Portal | None, *, is_bulk: bool = False) -> CallObserver:
    """Return what a client tells its calls to. None: a call before there is a portal. `is_bulk`: of bulk work."""
    return _Observer(None if portal is None else portal.pk, is_bulk=is_bulk)
