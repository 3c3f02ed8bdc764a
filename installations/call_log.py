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
from django.db import connection

from hubspot_api.ports import CallObserver, CallRecord

from .models import ApiCall, Portal

logger = logging.getLogger(__name__)

_MOST_WAITING = 10_000  # beyond this, records are dropped rather than memory filled
_BATCH = 500


class _Writer:
    """The queue and its thread, made anew in each process. Without a pause there is no thread: somebody flushes."""

    def __init__(self, pause_s: float) -> None:
        self.pid = os.getpid()
        self._pause_s = pause_s
        self._waiting: queue.Queue[ApiCall] = queue.Queue(_MOST_WAITING)
        if pause_s:
            threading.Thread(target=self._write_for_ever, name="call-log", daemon=True).start()
            atexit.register(self.flush)

    def put(self, call: ApiCall) -> None:
        try:
            self._waiting.put_nowait(call)
        except queue.Full:
            logger.warning("The call log is full; a record is dropped.")  # the calls themselves are unharmed

    def flush(self) -> None:
        """Write what waits. A batch that the database refuses is dropped: the log is no truth, only a view."""
        while batch := self._take():
            try:
                ApiCall.objects.bulk_create(batch)
            except DatabaseError as error:
                logger.warning("%s call records could not be written: %s", len(batch), error)

    def _take(self) -> list[ApiCall]:
        batch: list[ApiCall] = []
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


_lock = threading.Lock()
_writer: _Writer | None = None


def writer() -> _Writer:
    """Return this process' writer, also after a fork."""
    global _writer  # noqa: PLW0603 - one per process is the point
    with _lock:
        if _writer is None or _writer.pid != os.getpid():
            _writer = _Writer(settings.CALL_LOG_PAUSE_S)
        return _writer


class _Observer:
    def __init__(self, portal_id: int | None) -> None:
        self._portal_id = portal_id

    def called(self, record: CallRecord) -> None:
        writer().put(
            ApiCall(
                at=record.started_at,
                portal_id=self._portal_id,
                method=record.method,
                path=record.path,
                status=record.status,
                category=record.category[:100],
                error=record.error,
                correlation_id=record.correlation_id,
                attempts=record.attempts,
                waited_ms=round(record.waited * 1000),
                took_ms=round(record.took * 1000),
                received_bytes=record.bytes_received,
            )
        )


def observer_for(portal: Portal | None) -> CallObserver:
    """Return what a client tells its calls to. None: a call before there is a portal."""
    return _Observer(None if portal is None else portal.pk)
