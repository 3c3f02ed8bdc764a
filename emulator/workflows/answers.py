"""What an answer means: whether an action succeeded, failed, is tried again or blocks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from emulator.workflows.definitions import Definition
from emulator.workflows.durations import ONE_WEEK_MS, duration_ms
from emulator.workflows.retries import delay_ms, is_temporary
from emulator.workflows.runs import Blocked, Failed, Outcome, Run, Succeeded, TryAgain
from emulator.workflows.wire import Incoming

STATE = "hs_execution_state"
EXPIRATION = "hs_expiration_duration"

# ASYNC is listed among the states but explained nowhere; it is taken for another name of BLOCK.
_WAITING_STATES = ("BLOCK", "ASYNC")
FINAL_STATES = ("SUCCESS", "FAIL_CONTINUE")

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def try_again(run: Run, now: int, answer: Incoming | None, reason: str) -> Outcome:
    """After a failure that may pass; for three days."""
    tried_for = now - (run.first_tried_at or now)
    # Only with a 429 does HubSpot say that it looks at this.
    asked = answer.headers.get("retry-after") if answer is not None and answer.status == 429 else None
    wait = delay_ms(run.attempts, tried_for, asked)
    return Failed(f"{reason}; given up after {run.attempts} attempts") if wait is None else TryAgain(wait, reason)


def judge_webhook(run: Run, now: int, answer: Incoming) -> Outcome:
    if is_temporary(answer.status):
        return try_again(run, now, answer, f"the receiver answered {answer.status}")
    if not 200 <= answer.status < 300:
        return Failed(f"the receiver answered {answer.status}")
    return Succeeded(texts(_json_object(answer.body)))


def judge_execution(run: Run, now: int, answer: Incoming, definition: Definition, inputs: Mapping[str, str]) -> Outcome:
    """Execution states count in answers that are final, which 4xx is too."""
    if is_temporary(answer.status):
        return try_again(run, now, answer, f"the action answered {answer.status}")
    fields = _json_object(answer.body).get("outputFields")
    outputs = texts(fields if isinstance(fields, dict) else {})
    state = outputs.get(STATE)
    if state in _WAITING_STATES:
        return Blocked(_expiration(outputs))
    if state not in FINAL_STATES:
        state = "SUCCESS" if 200 <= answer.status < 300 else None
    if state is None:
        return Failed(rule_message(definition, outputs, inputs) or f"the action answered {answer.status}")
    return finished(definition, state, outputs, inputs)


def finished(
    definition: Definition, state: str, outputs: Mapping[str, str], inputs: Mapping[str, str]
) -> Succeeded | Failed:
    """SUCCESS or FAIL_CONTINUE; later actions see the outputs that the definition names."""
    message = rule_message(definition, outputs, inputs)
    kept = {name: value for name, value in outputs.items() if name in definition.latest.outputs}
    if state == "FAIL_CONTINUE":
        return Failed(message or "the action said FAIL_CONTINUE", kept)
    return Succeeded(kept, message=message)


def _expiration(outputs: Mapping[str, str]) -> int:
    try:
        return duration_ms(outputs[EXPIRATION])
    except (KeyError, ValueError):
        return ONE_WEEK_MS


def _json_object(body: bytes) -> dict[str, Any]:
    """Empty when the answer is something else: then there are no outputs."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def texts(given: Mapping[str, Any]) -> dict[str, str]:
    """Values as strings; what is not plain stays JSON. Null is no value."""
    return {name: _text(value) for name, value in given.items() if value is not None}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def rule_message(definition: Definition, outputs: Mapping[str, str], inputs: Mapping[str, str]) -> str | None:
    """The text of the first execution rule that matches, in English."""
    rules = definition.latest.body.get("executionRules", [])
    labels = definition.latest.body["labels"]["en"].get("executionRules", {})
    for rule in rules:
        if all(_matches(outputs.get(name), wanted) for name, wanted in rule["conditions"].items()):
            return _filled(labels.get(rule["labelName"], rule["labelName"]), {**inputs, **outputs})
    return None


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: values.get(found.group(1), ""), text)


def _matches(value: str | None, wanted: Any) -> bool:
    options = wanted if isinstance(wanted, list) else [wanted]
    return value is not None and value in map(_text, options)
