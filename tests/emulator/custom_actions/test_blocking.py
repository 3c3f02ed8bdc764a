"""Records that an action blocks until its callback is completed, or until that has taken too long."""

from __future__ import annotations

import json

import pytest

from emulator.workflows.durations import duration_ms
from tests.emulator.custom_actions.developer import (
    WEEK,
    Developer,
    answering,
    set_title,
)
from tests.emulator.hub import CRM_SCOPES, HUB


def test_a_blocked_record_waits_for_its_completion(anywhere: Developer) -> None:
    anywhere.hub.actions.answer = answering(200, hs_execution_state="BLOCK")
    body = anywhere.run(anywhere.create(), set_title())
    anywhere.hub.advance(86_400)
    anywhere.hub.install(scopes=["oauth", *CRM_SCOPES, "automation"])
    assert anywhere.outcomes() == ["blocked"]
    done = anywhere.complete(body["callbackId"], hs_execution_state="SUCCESS", widgetId="99")
    assert (done.status_code, done.content) == (204, b"")
    anywhere.hub.emulator.deliver()
    contact = anywhere.hub.get(f"/crm/v3/objects/contacts/{body['object']['objectId']}?properties=jobtitle").json()
    assert contact["properties"]["jobtitle"] == "99"
    assert anywhere.outcomes() == ["blocked", "completed", "succeeded"]
    assert anywhere.complete(body["callbackId"], hs_execution_state="SUCCESS").status_code == 400, "once"
    anywhere.hub.advance(WEEK)
    assert anywhere.hub.emulator.deliver() == 0


@pytest.mark.parametrize(
    ("duration", "seconds"), [(None, WEEK), ("P1WT1H", WEEK + 3_600), ("PT90S", 90), ("soon", WEEK), ("P", WEEK)]
)
def test_an_expired_block_lets_the_workflow_go_on(developer: Developer, duration: str | None, seconds: int) -> None:
    outputs = {"hs_execution_state": "BLOCK"} | ({"hs_expiration_duration": duration} if duration else {})
    developer.hub.actions.answer = answering(200, **outputs)
    body = developer.run(developer.create(), {"type": "set_property", "property": "jobtitle", "value": "late"})
    developer.hub.advance(seconds - 1)
    developer.hub.emulator.deliver()
    assert developer.outcomes() == ["blocked"]
    developer.hub.advance(1)
    developer.hub.emulator.deliver()
    assert developer.outcomes() == ["blocked", "expired", "succeeded"]
    developer.hub.install(scopes=["oauth", *CRM_SCOPES, "automation"])
    late = developer.complete(body["callbackId"], hs_execution_state="SUCCESS")
    assert (late.status_code, late.json()["category"]) == (400, "VALIDATION_ERROR")


def test_the_expiry_of_a_completed_block_changes_nothing(developer: Developer) -> None:
    developer.hub.actions.answer = answering(200, hs_execution_state="BLOCK", hs_expiration_duration="PT90S")
    late = {"type": "set_property", "property": "jobtitle", "value": "late"}
    body = developer.run(developer.create(), {"type": "delay", "delay_s": 3_600}, late)
    assert developer.complete(body["callbackId"], hs_execution_state="SUCCESS").status_code == 204
    developer.hub.emulator.deliver()
    developer.hub.advance(90)
    developer.hub.emulator.deliver()
    assert developer.outcomes() == ["blocked", "completed", "succeeded"], "the delay goes on"
    developer.hub.advance(3_510)
    developer.hub.emulator.deliver()
    assert developer.outcomes()[3:] == ["succeeded"]


def test_a_completion_that_failed(developer: Developer) -> None:
    developer.hub.actions.answer = answering(200, hs_execution_state="BLOCK")
    body = developer.run(developer.create())
    developer.complete(body["callbackId"], hs_execution_state="FAIL_CONTINUE", code="EXISTS")
    assert (developer.outcomes(), developer.rows()[-1]["message"]) == (["blocked", "completed"], "Odd")


def test_whose_callback_it_is(developer: Developer) -> None:
    hub = developer.hub
    hub.actions.answer = answering(200, hs_execution_state="BLOCK")
    callback = developer.run(developer.create())["callbackId"]
    assert developer.complete("ap-1-2-3-4").status_code == 404
    assert developer.complete("nonsense").status_code == 404
    assert developer.complete(callback, hs_execution_state="BLOCK").status_code == 400
    assert hub.post(f"{developer.callbacks}/{callback}/complete", {}).status_code == 400
    hub.portal(5)
    hub.install(5, scopes=["oauth", "automation"])
    assert developer.complete(callback).status_code == 404, "another account"
    other = {"client_id": "other", "client_secret": "s", "app_id": 7, "redirect_uris": []}
    hub.control("POST", "apps", other | {"conditional_scopes": ["automation"]})
    hub.token = hub.control("POST", f"portals/{HUB}/tokens", {"client_id": "other"})["access_token"]
    assert developer.complete(callback).status_code == 404, "another app"
    hub.token = ""
    assert developer.complete(callback).status_code == 401
    hub.app(conditional_scopes=CRM_SCOPES)
    hub.portal(6)
    hub.install(6)
    assert developer.complete(callback).status_code == 403
    assert developer.outcomes() == ["blocked"]


def test_completions_in_a_batch_are_all_or_none(anywhere: Developer) -> None:
    hub = anywhere.hub
    hub.actions.answer = answering(200, hs_execution_state="BLOCK")
    made = anywhere.create()
    callbacks = [anywhere.run(made)["callbackId"] for _ in range(2)]
    outputs = {"outputFields": {"hs_execution_state": "SUCCESS"}, "typedOutputs": {}}
    inputs = [{"callbackId": each, **outputs} for each in callbacks]
    bad = hub.post(f"{anywhere.callbacks}/complete", {"inputs": [*inputs, {"callbackId": "ap-1-2-3-4", **outputs}]})
    assert (bad.status_code, anywhere.outcomes()) == (404, ["blocked", "blocked"])
    good = hub.post(f"{anywhere.callbacks}/complete", {"inputs": inputs})
    assert (good.status_code, anywhere.outcomes()[2:]) == (204, ["completed", "completed"])


def test_a_snapshot_keeps_who_is_blocked(developer: Developer) -> None:
    developer.hub.actions.answer = answering(200, hs_execution_state="BLOCK")
    made = developer.create()
    callback = developer.run(made)["callbackId"]
    saved = developer.hub.control("GET", "snapshot")
    developer.hub.control("POST", "reset")
    developer.hub.control("PUT", "snapshot", json.loads(json.dumps(saved)))
    assert developer.hub.control("GET", "snapshot") == saved
    assert developer.call("GET", f"/{made}").json()["functions"] == [{"functionType": "PRE_ACTION_EXECUTION"}]
    assert developer.complete(callback, hs_execution_state="SUCCESS").status_code == 204
    developer.hub.control("PUT", "snapshot", developer.hub.control("GET", "snapshot"))
    assert developer.complete(callback, hs_execution_state="SUCCESS").status_code == 400, "it is over, not unknown"
    assert developer.create() > made


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("P1W", WEEK), ("p1wt1h", WEEK + 3_600), ("P1DT2H3M4.5S", 93_784.5), ("PT0S", 0), ("P1Y2M", 425 * 86_400)],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_ms(text) == seconds * 1000


@pytest.mark.parametrize("text", ["", "P", "PT", "1W", "P1H", "P-1D", "PT1", "P1WT", "x" * 200])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="not an ISO-8601 duration"):
        duration_ms(text)
