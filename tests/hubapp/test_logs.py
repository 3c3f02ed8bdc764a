from __future__ import annotations

import json
import logging
import logging.config
import sys
from typing import Any

import pytest
from celery import signals
from django.conf import settings

from hubapp import logs
from hubspot_api.secret import Secret
from installations import log_context

CANARY = "na1-canary-0000-1111"


def record(message: str, *arguments: object, **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord("lanes.worker", logging.WARNING, "worker.py", 1, message, arguments, None)
    made.__dict__ |= fields
    return made


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    line = logs.JsonFormatter().format(made)
    assert "\n" not in line
    found: dict[str, Any] = json.loads(line)
    return found


def failure(message: str) -> Any:
    try:
        raise ValueError(message)
    except ValueError:
        return sys.exc_info()


def test_a_line_is_one_object_with_what_is_known() -> None:
    with log_context.request("abc"):
        log_context.is_about(4711)
        found = as_json(record("Lane %s failed.", "events", created=0.0))
    assert found == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "level": "warning",
        "logger": "lanes.worker",
        "message": "Lane events failed.",
        "request_id": "abc",
        "portal": 4711,
    }


def test_what_is_not_known_is_left_out() -> None:
    assert set(as_json(record("hello"))) == {"time", "level", "logger", "message"}


def test_only_fields_of_the_list_are_written() -> None:
    found = as_json(record("hello", status=200, duration_ms=1.5, path="/x?code=abc", payload="Jane", user_email="j@x"))
    assert (found["status"], found["duration_ms"], found["path"]) == (200, 1.5, "/x?code=***")
    assert not {"payload", "user_email"} & set(found)


def test_a_message_of_several_lines_stays_one_line() -> None:
    assert as_json(record("one\ntwo\r\nthree \u2028"))["message"] == "one\ntwo\r\nthree \u2028"


@pytest.mark.parametrize("formatter", [logs.JsonFormatter(), logs.PlainFormatter()])
@pytest.mark.parametrize(
    "made",
    [
        record(f"token {CANARY}"),
        record("token %s", CANARY),
        record("headers %s", {"Authorization": f"Bearer {CANARY}"}),
        record("token %s %r", Secret(CANARY), Secret(CANARY)),
        record("failed", exc_info=failure(f"refused: refresh_token={CANARY}")),
        record("asked", path=f"/oauth/callback?code={CANARY}"),
    ],
)
def test_no_secret_is_written(formatter: logging.Formatter, made: logging.LogRecord) -> None:
    assert CANARY not in formatter.format(made)


def test_an_exception_is_told_with_its_traceback() -> None:
    found = as_json(record("failed", exc_info=failure("no such thing")))
    assert found["exception"].startswith("Traceback")
    assert found["exception"].endswith("ValueError: no such thing")


def test_people_read_a_plain_line() -> None:
    with log_context.request("abc"):
        log_context.is_about(4711)
        line = logs.PlainFormatter().format(record("Lane %s failed.", "events", created=0.0))
    assert line == "00:00:00 WARNING  lanes.worker portal 4711: Lane events failed."


@pytest.mark.parametrize("as_json", [True, False])
def test_the_configuration_is_one_that_logging_takes(as_json: bool) -> None:
    configuration = logs.configuration(as_json=as_json)
    logging.config.DictConfigurator(configuration)  # reads it; changes nothing before configure()
    assert configuration["formatters"]["ours"]["()"].endswith("JsonFormatter" if as_json else "PlainFormatter")
    assert configuration["root"]["handlers"] == ["stderr"]


def test_celery_uses_the_same_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a connected receiver keeps Celery from setting up handlers of its own."""
    used: list[dict[str, Any]] = []
    monkeypatch.setattr(logging.config, "dictConfig", used.append)
    answers = signals.setup_logging.send(sender=None, loglevel=20, logfile=None, format="", colorize=False)
    assert answers
    assert used == [settings.LOGGING]
