"""What each fault does, and what its parameters mean: for the form that adds one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    name: str
    label: str
    # What holds when nothing is entered.
    default: str = ""
    # "number", "text", "lines" (Name: value), "yes" (a box to tick), or the choices of a list.
    kind: str | tuple[str, ...] = "number"


@dataclass(frozen=True)
class Words:
    title: str
    explanation: str
    parameters: tuple[Parameter, ...] = ()


_HEADERS = Parameter("headers", "Headers", "Name: value", "lines")
_RETRY_AFTER = Parameter("retry_after", "Retry-After in s", "none")

ANSWERS = {
    "status": Words(
        "An error status",
        "The call is answered with this status and is not carried out. 429 looks as HubSpot's own refusals do.",
        (
            Parameter("status", "Status", "500"),
            Parameter("body", "Body", "HubSpot's own", "text"),
            _RETRY_AFTER,
            Parameter("policy", "Policy of a 429", "", ("TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY")),
            _HEADERS,
        ),
    ),
    "latency": Words(
        "A slow answer",
        "The call is carried out after a wait: a fixed one, or one between two bounds.",
        (
            Parameter("ms", "Wait in ms", "1000"),
            Parameter("min_ms", "or at least, in ms", ""),
            Parameter("max_ms", "and at most, in ms", ""),
        ),
    ),
    "reset": Words(
        "A dropped connection",
        "The connection dies without an answer. The call is not carried out, unless only the answer is to be lost.",
        (Parameter("after", "Carry the call out first: only the answer is lost", "", "yes"),),
    ),
    "truncate": Words("Half an answer", "The connection dies in the middle of the body."),
    "drip": Words(
        "A slow drip",
        "The body comes a few bytes at a time, so that no read times out but the whole takes for ever.",
        (Parameter("bytes", "Bytes at a time", "1"), Parameter("pause_ms", "Pause in ms", "100")),
    ),
    "html": Words(
        "An edge's error page",
        "HTML instead of JSON, as a proxy in front of HubSpot sends it.",
        (Parameter("status", "Status", "502"), _RETRY_AFTER, _HEADERS),
    ),
    "echo": Words(
        "An error that repeats the request",
        "Its texts have the request with its headers and body, its names the secrets in it. To see who keeps them.",
        (Parameter("status", "Status", "500"), _RETRY_AFTER, _HEADERS),
    ),
    "migrating": Words(
        "The account is being moved",
        "477 Migration in Progress, as while an account moves to another data center.",
        (Parameter("retry_after_s", "Retry-After in s", "3600"),),
    ),
    "wrong_hublet": Words(
        "The wrong region",
        "488 Wrong Hublet, naming the region to call instead.",
        (Parameter("hublet", "Region to name", "another one", "text"),),
    ),
}

WEBHOOKS = {
    "drop": Words("Lost events", "The event is never sent."),
    "duplicate": Words("Doubled events", "The event is sent twice, with the same event id."),
    "delay": Words(
        "Late events", "The event is sent later, on the virtual clock.", (Parameter("ms", "Later by ms", "1000"),)
    ),
    "reorder": Words(
        "Events out of order",
        "Each event is sent at some moment within a window, on the virtual clock.",
        (Parameter("window_ms", "Window in ms", "2000"),),
    ),
}


def words_for(action: str) -> Words:
    return ANSWERS.get(action) or WEBHOOKS.get(action) or Words(action, "")
