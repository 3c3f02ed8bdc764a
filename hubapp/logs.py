"""One JSON object a line for machines, or a line for people; without secrets in either.

Fields are an allow-list: what a call site passes as `extra` appears only if it is named here.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from installations import log_context

from .scrubbing import scrub

_EXTRA = ("method", "path", "status", "duration_ms")


class JsonFormatter(logging.Formatter):
    """time, level, logger, message; request_id and portal when known; exception when there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": scrub(record.getMessage()),
            "request_id": log_context.request_id() or None,
            "portal": log_context.hub_id(),
            "exception": _exception(self, record),
        }
        line |= {name: _plain(getattr(record, name, None)) for name in _EXTRA}
        return json.dumps({name: value for name, value in line.items() if value is not None}, ensure_ascii=False)


class PlainFormatter(logging.Formatter):
    """For people who develop: time of day, level, where, what."""

    def format(self, record: logging.LogRecord) -> str:
        about = [f"portal {log_context.hub_id()}"] if log_context.hub_id() else []
        head = " ".join([f"{_time(record):%H:%M:%S}", f"{record.levelname:<8}", record.name, *about])
        exception = _exception(self, record)
        return f"{head}: {scrub(record.getMessage())}" + (f"\n{exception}" if exception else "")


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _exception(formatter: logging.Formatter, record: logging.LogRecord) -> str | None:
    if record.exc_info and record.exc_info[0] is not None:
        return scrub(formatter.formatException(record.exc_info))
    return None


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (int, float)) else scrub(str(value))


def configuration(*, as_json: bool) -> dict[str, Any]:
    """Return what settings.LOGGING is: everything to standard error, in one form, also from Celery."""
    formatter = "hubapp.logs.JsonFormatter" if as_json else "hubapp.logs.PlainFormatter"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"ours": {"()": formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ours"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            # A line for every call, message or task says nothing that the call log and the metrics do not.
            "httpx2": {"level": "WARNING"},
            "httpcore2": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }
