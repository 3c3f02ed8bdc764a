"""Trouble between HubSpot and whoever calls it: outages, slowness, answers that get lost, refusals."""

from __future__ import annotations

from emulator.limits import TokenLimit
from emulator.scenarios.stage import Scenario, Stage

_CRM = "/crm"


def _outage(stage: Stage) -> None:
    path = stage.text("path")
    stage.fault("reset", share=stage.number("resets"), path=path)
    stage.fault("status", share=0.5, path=path, status=502, body="Bad Gateway")
    stage.fault("status", path=path, status=503)


def _brownout(stage: Stage) -> None:
    stage.fault("html", share=stage.number("failures"), status=502)
    stage.fault("status", share=stage.number("failures") / 2, status=504)
    stage.fault("latency", share=0.8, min_ms=stage.number("ms") / 4, max_ms=stage.number("ms"))


def _slow_drip(stage: Stage) -> None:
    stage.fault("drip", path=_CRM, bytes=stage.whole("bytes"), pause_ms=stage.number("pause_ms"))


def _lost_answers(stage: Stage) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        stage.fault("reset", share=stage.number("share"), method=method, path=_CRM, after=True)


def _cut_answers(stage: Stage) -> None:
    stage.fault("truncate", share=stage.number("share"), method="GET", path=_CRM)


def _locked_records(stage: Stage) -> None:
    stage.fault("status", share=stage.number("share"), method="PATCH", path=_CRM, status=423)
    stage.fault("status", share=stage.number("share"), method="POST", path="/crm*/batch/up*", status=423)


def _unauthorized(stage: Stage) -> None:
    body = {
        "status": "error",
        "message": "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find"
        " more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        "category": "INVALID_AUTHENTICATION",
    }
    stage.fault("status", path=_CRM, status=401, body=body, headers={"X-HubSpot-Auth-Failure": "401 Unauthorized"})


def _disguised_limits(stage: Stage) -> None:
    body = {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "policyName": "TEN_SECONDLY_ROLLING",
    }
    stage.fault("status", share=stage.number("share"), path=_CRM, status=500, body=body)


def _token_endpoint_429(stage: Stage) -> None:
    limits = stage.emulator.limits
    before = limits.token_limit_at(stage.now_ms)
    limits.limit_token_calls(TokenLimit(stage.whole("calls"), stage.number("window_s"), stage.ends_at))
    stage.undo.append(lambda: limits.limit_token_calls(before))


def _token_endpoint_down(stage: Stage) -> None:
    stage.fault("reset", share=0.2, path="/oauth/*/token")
    stage.fault("html", path="/oauth/*/token", status=502)


def _wrong_secret(stage: Stage) -> None:
    message = "missing or invalid client secret"
    body = {
        "error": "invalid_client",
        "error_description": message,
        "status": "BAD_CLIENT_SECRET",
        "message": message,
    }
    stage.fault("status", path="/oauth/*/token*", status=400, body=body)


def _v1_sunset(stage: Stage) -> None:
    body = {"status": "error", "message": "This API version is no longer supported."}
    stage.fault("status", path="/oauth/v1", status=404, body=body)


SCENARIOS = (
    Scenario(
        "outage",
        "Nothing works: connections die, the rest answers 502 and 503.",
        _outage,
        {"seconds": 60, "hub_id": None, "path": "/", "resets": 0.3},
    ),
    Scenario(
        "brownout",
        "Slow, and now and then a 502 in HTML or a 504.",
        _brownout,
        {"seconds": 120, "hub_id": None, "failures": 0.2, "ms": 2_000},
    ),
    Scenario(
        "slow_drip",
        "Answers of the CRM come in small pieces with pauses between them.",
        _slow_drip,
        {"seconds": 60, "hub_id": None, "bytes": 64, "pause_ms": 50},
    ),
    Scenario(
        "lost_answers",
        "Writes are carried out, and the connection dies before the answer.",
        _lost_answers,
        {"seconds": 60, "hub_id": None, "share": 0.3},
    ),
    Scenario(
        "cut_answers",
        "Some bodies end in the middle.",
        _cut_answers,
        {"seconds": 60, "hub_id": None, "share": 0.3},
    ),
    Scenario(
        "locked_records",
        "Updates answer 423: somebody else writes the same records fast.",
        _locked_records,
        {"seconds": 2, "hub_id": None, "share": 1.0},
    ),
    Scenario(
        "unauthorized",
        "Every call of the CRM answers 401, with fresh tokens too.",
        _unauthorized,
        {"seconds": 300, "hub_id": None},
    ),
    Scenario(
        "disguised_limits",
        "Rate limits with HubSpot's body but status 500, as one connector recorded.",
        _disguised_limits,
        {"seconds": 60, "hub_id": None, "share": 0.3},
    ),
    Scenario(
        "token_endpoint_429",
        "Each app may call the token endpoints only so many times in a rolling window.",
        _token_endpoint_429,
        {"seconds": 60, "calls": 1, "window_s": 10},
    ),
    Scenario(
        "token_endpoint_down",
        "No tokens from anywhere: 502 in HTML, and connections that die.",
        _token_endpoint_down,
        {"seconds": 60},
    ),
    Scenario(
        "wrong_secret",
        "The token endpoints know another client secret: BAD_CLIENT_SECRET, which disconnects nobody.",
        _wrong_secret,
        {"seconds": 300},
    ),
    Scenario(
        "v1_sunset",
        "The deprecated v1 OAuth endpoints are gone, as from 2027-02-16.",
        _v1_sunset,
        {"seconds": 86_400},
    ),
)
