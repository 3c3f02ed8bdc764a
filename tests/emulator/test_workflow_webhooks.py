"""The "send a webhook" action: what goes out, signed how, again when, and what its answer is good for."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from emulator.webhooks.signatures import sign_v2, sign_v3
from emulator.workflows.retries import GIVE_UP_AFTER_MS, delay_ms
from emulator.workflows.wire import Incoming, Outgoing, is_allowed_url
from tests.emulator.hub import APP_ID, CLIENT_ID, HUB, SECRET, Hub, fresh_email

Json = dict[str, Any]
URL = "http://localhost:8000/workflow?from=hubspot"


def webhook(**changes: Any) -> Json:
    return {"type": "send_webhook", "url": URL} | changes


def define(hub: Hub, *actions: Json, **changes: Any) -> int:
    body = {"name": "Welcome", "actions": list(actions)} | changes
    workflow_id: int = hub.control("POST", f"portals/{HUB}/workflows", body)["id"]
    return workflow_id


def enroll(hub: Hub, workflow_id: int, *ids: str) -> Json:
    answer: Json = hub.control("POST", f"portals/{HUB}/workflows/{workflow_id}/enroll", {"ids": list(ids)})
    return answer


def run(hub: Hub, *actions: Json, **properties: str) -> tuple[str, list[Outgoing]]:
    """A new contact through a new workflow."""
    contact = hub.create(**({"email": fresh_email()} | properties))
    enroll(hub, define(hub, *actions), contact)
    hub.emulator.deliver()
    return contact, hub.actions.took()


def executions(hub: Hub, since: int = 0) -> list[Json]:
    items: list[Json] = hub.control("GET", f"workflow_executions?since={since}")["items"]
    return items


def refused(hub: Hub, body: Json) -> str:
    answer = hub.http.post(f"/_emulator/portals/{HUB}/workflows", json=body)
    assert answer.status_code == 400
    error: str = answer.json()["error"]
    return error


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_signed_with_the_app_s_secret_over_the_whole_address(hub: Hub) -> None:
    _, [sent] = run(hub, webhook(auth={"type": "signature", "app_id": APP_ID}))
    assert (sent.method, sent.url) == ("POST", URL)
    assert sent.headers["X-HubSpot-Signature-Version"] == "v2"
    assert sent.headers["X-HubSpot-Signature"] == sign_v2(SECRET, "POST", URL, sent.body)
    timestamp = int(sent.headers["X-HubSpot-Request-Timestamp"])
    assert sent.headers["X-HubSpot-Signature-v3"] == sign_v3(SECRET, "POST", URL, sent.body, timestamp)


def test_unsigned_without_an_app(hub: Hub) -> None:
    _, [sent] = run(hub, webhook())
    assert not [name for name in sent.headers if name.lower().startswith("x-hubspot")]


def test_timeouts_of_connection_and_answer(hub: Hub) -> None:
    _, [sent] = run(hub, webhook())
    assert (sent.connect_timeout_s, sent.timeout_s) == (3.0, 30.0)


def test_a_contact_goes_whole_and_with_its_history(hub: Hub) -> None:
    contact = hub.create(email="ada@b.co", firstname="Ada")
    hub.advance(10)
    hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"firstname": "Bea"}})
    enroll(hub, define(hub, webhook()), contact)
    hub.emulator.deliver()
    body = json.loads(hub.actions.took()[0].body)
    assert (body["vid"], body["canonical-vid"], body["portal-id"]) == (int(contact), int(contact), HUB)
    assert body["is-contact"] is True
    assert body["properties"]["email"]["value"] == "ada@b.co"
    latest, first = body["properties"]["firstname"]["versions"]
    assert (latest["value"], first["value"]) == ("Bea", "Ada")
    assert latest["timestamp"] - first["timestamp"] == 10_000
    assert (latest["source-type"], latest["source-id"]) == ("INTEGRATION", str(APP_ID))
    assert body["properties"]["lastmodifieddate"]["value"] == str(latest["timestamp"]), "dates are milliseconds"
    [profile] = body["identity-profiles"]
    assert {"type": "EMAIL", "value": "ada@b.co"}.items() <= profile["identities"][0].items()


def test_a_merged_contact_names_its_old_numbers(hub: Hub) -> None:
    first, second = hub.create(email="a@b.co"), hub.create(email="c@b.co")
    workflow = define(hub, webhook())
    [merged] = hub.change({"op": "merge", "object_type": "contact", "id": second, "into": first})
    enroll(hub, workflow, second)
    hub.emulator.deliver()
    body = json.loads(hub.actions.took()[0].body)
    assert str(body["vid"]) == merged["id"]
    assert body["merged-vids"] == [int(first), int(second)]


def test_a_contact_brings_its_primary_company(hub: Hub) -> None:
    company, contact = hub.create("companies", name="Acme"), hub.create(email="a@b.co")
    to = {"object_type": "company", "id": company}
    hub.change({"op": "associate", "object_type": "contact", "id": contact, "to": to})
    enroll(hub, define(hub, webhook()), contact)
    hub.emulator.deliver()
    body = json.loads(hub.actions.took()[0].body)
    assert body["associated-company"]["company-id"] == int(company)
    assert body["associated-company"]["properties"]["name"]["value"] == "Acme"


def test_other_records_go_without_history(hub: Hub) -> None:
    company = hub.create("companies", name="Acne")
    hub.call("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"name": "Acme"}})
    enroll(hub, define(hub, webhook(), object_type="companies"), company)
    hub.emulator.deliver()
    body = json.loads(hub.actions.took()[0].body)
    assert (body["portalId"], body["objectTypeId"], body["objectId"]) == (HUB, "0-2", int(company))
    assert body["properties"]["name"]["value"] == "Acme"
    assert len(body["properties"]["name"]["versions"]) == 1


def test_a_customized_body_is_flat(hub: Hub) -> None:
    body = {"mail": {"property": "email"}, "kind": "welcome", "phone": {"property": "phone"}, "x": {"static": "y"}}
    _, [sent] = run(hub, webhook(body=body), email="zoë@b.co")
    assert sent.body == '{"mail":"zoë@b.co","kind":"welcome","phone":null,"x":"y"}'.encode()


def test_get_puts_the_values_in_the_query_and_signs_them(hub: Hub) -> None:
    action = webhook(method="GET", body={"mail": {"property": "email"}}, auth={"type": "signature", "app_id": APP_ID})
    _, [sent] = run(hub, action, email="a+b@c.co")
    assert sent.method == "GET"
    assert sent.body == b""
    assert sent.url == f"{URL}&mail=a%2Bb%40c.co"
    assert sent.headers["X-HubSpot-Signature"] == sign_v2(SECRET, "GET", sent.url, b"")


def test_get_of_all_properties(hub: Hub) -> None:
    contact, [sent] = run(hub, webhook(method="GET"), firstname="Ada")
    query = dict(parse_qsl(urlsplit(sent.url).query))
    assert (query["firstname"], query["hs_object_id"], query["from"]) == ("Ada", contact, "hubspot")


def test_api_keys_in_the_query_and_in_a_header(hub: Hub) -> None:
    key = {"type": "api_key", "name": "token", "value": "s3 cret"}
    _, [sent] = run(hub, webhook(auth={**key, "location": "query"}))
    assert sent.url == f"{URL}&token=s3+cret"
    _, [sent] = run(hub, webhook(auth={**key, "location": "header"}))
    assert sent.headers["token"] == "s3 cret"


# -- retries -----------------------------------------------------------------------------------------------------------


def test_a_refusal_is_final_and_the_record_goes_on(hub: Hub) -> None:
    hub.actions.answer = lambda request: Incoming(404 if "first" in request.url else 200)
    _, sent = run(hub, webhook(url="http://localhost/first"), webhook(url="http://localhost/second"))
    assert [urlsplit(each.url).path for each in sent] == ["/first", "/second"]
    assert [row["outcome"] for row in executions(hub)] == ["failed", "succeeded"]
    hub.advance(4 * 86_400)
    assert hub.emulator.deliver() == 0


@pytest.mark.parametrize("failure", [500, 503, 0])
def test_server_errors_and_silence_are_tried_again_after_a_minute(hub: Hub, failure: int) -> None:
    hub.actions.answer = failure
    _, sent = run(hub, webhook())
    assert len(sent) == 1
    hub.advance(59)
    assert hub.emulator.deliver() == 0
    hub.advance(1)
    hub.actions.answer = 200
    assert hub.emulator.deliver() == 1
    assert [(row["attempt"], row["outcome"]) for row in executions(hub)] == [(1, "retrying"), (2, "succeeded")]


def test_retries_grow_to_eight_hours_and_end_after_three_days(hub: Hub) -> None:
    hub.actions.answer = lambda request: Incoming(200 if request.url.endswith("/next") else 500)
    run(hub, webhook(), webhook(url="http://localhost/next"))
    waited_minutes = 0
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, *[480] * 20]:
        hub.advance(wait * 60 - 1)
        assert hub.emulator.deliver() == 0
        hub.advance(1)
        waited_minutes += wait
        if hub.emulator.deliver() == 2:
            break
    assert waited_minutes <= 3 * 24 * 60 < waited_minutes + 480
    assert [row["outcome"] for row in executions(hub)[-3:]] == ["retrying", "failed", "succeeded"]
    assert executions(hub)[-1]["attempt"] == 1


def test_each_action_has_its_own_three_days(hub: Hub) -> None:
    hub.actions.answer = 500
    run(hub, webhook(), webhook(url="http://localhost/next"))
    hub.advance(2 * 86_400)
    hub.actions.answer = lambda request: Incoming(500 if request.url.endswith("/next") else 200)
    hub.emulator.deliver()
    hub.advance(2 * 86_400)
    hub.emulator.deliver()
    assert [(row["action"], row["attempt"], row["outcome"]) for row in executions(hub)[-2:]] == [
        (2, 1, "retrying"),
        (2, 2, "retrying"),
    ]


def test_each_attempt_is_signed_anew(hub: Hub) -> None:
    hub.actions.answer = 500
    contact, [first] = run(hub, webhook(auth={"type": "signature", "app_id": APP_ID}), firstname="Ada")
    hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"firstname": "Bea"}})
    hub.advance(60)
    hub.emulator.deliver()
    [second] = hub.actions.took()
    assert json.loads(second.body)["properties"]["firstname"]["value"] == "Bea"
    for sent in (first, second):
        assert sent.headers["X-HubSpot-Signature"] == sign_v2(SECRET, "POST", URL, sent.body)
    assert first.body != second.body


def test_a_429_waits_the_milliseconds_it_asks_for(hub: Hub) -> None:
    hub.actions.answer = Incoming(429, headers={"retry-after": "5000"})
    run(hub, webhook())
    hub.advance(4.9)
    assert hub.emulator.deliver() == 0
    hub.advance(0.1)
    hub.actions.answer = 200
    assert hub.emulator.deliver() == 1


def test_a_503_does_not_choose_its_retry(hub: Hub) -> None:
    hub.actions.answer = Incoming(503, headers={"retry-after": "5000"})
    run(hub, webhook())
    hub.advance(59)
    assert hub.emulator.deliver() == 0
    hub.advance(1)
    assert hub.emulator.deliver() == 1


@pytest.mark.parametrize("header", [None, "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "-5"])
def test_a_429_without_a_usable_wait_is_like_a_server_error(header: str | None) -> None:
    assert delay_ms(1, 0, header) == 60_000


def test_never_after_three_days() -> None:
    assert delay_ms(5, GIVE_UP_AFTER_MS, "1") is None
    assert delay_ms(5, 0, str(GIVE_UP_AFTER_MS + 1)) is None
    assert delay_ms(5, GIVE_UP_AFTER_MS - 1, "1") == 1
    assert delay_ms(4_000, 0) == 8 * 3_600_000


def test_twenty_a_second_in_one_account(hub: Hub) -> None:
    contacts = [hub.create(email=fresh_email()) for _ in range(45)]
    enroll(hub, define(hub, webhook()), *contacts)
    counts = []
    for _ in range(3):
        counts.append(hub.emulator.deliver())
        hub.advance(1)
    assert counts == [20, 20, 5]


# -- what comes of it --------------------------------------------------------------------------------------------------


def test_fields_of_the_answer_are_for_later_actions(hub: Hub) -> None:
    hub.actions.answer = Incoming(200, b'{"score":42,"label":"hot","more":{"a":[1]},"none":null}')
    later = [
        {"type": "set_property", "property": "jobtitle", "value": {"output": {"action": 1, "field": "label"}}},
        webhook(
            body={"s": {"output": {"action": 1, "field": "score"}}, "m": {"output": {"action": 1, "field": "more"}}}
        ),
    ]
    contact, [_, second] = run(hub, webhook(), *later)
    assert json.loads(second.body) == {"s": "42", "m": '{"a":[1]}'}
    assert hub.get(f"/crm/v3/objects/contacts/{contact}?properties=jobtitle").json()["properties"]["jobtitle"] == "hot"
    assert executions(hub)[0]["outputs"] == {"score": "42", "label": "hot", "more": '{"a":[1]}'}


@pytest.mark.parametrize("answer", [b"", b"OK", b"[1]", b'"x"'])
def test_other_answers_have_no_fields(hub: Hub, answer: bytes) -> None:
    hub.actions.answer = Incoming(200, answer)
    run(hub, webhook())
    [row] = executions(hub)
    assert (row["outcome"], row["outputs"]) == ("succeeded", {})


def test_set_property_is_the_platform_s_own_change(hub: Hub) -> None:
    hub.subscribe("contact.propertyChange:jobtitle")
    run(hub, {"type": "set_property", "property": "jobtitle", "value": "Chief"})
    [event] = hub.receiver.events
    assert (event["propertyValue"], event["changeSource"]) == ("Chief", "AUTOMATION_PLATFORM")
    assert event["sourceId"].startswith("enrollmentId:")


def test_a_value_that_a_property_does_not_take_fails_the_action_only(hub: Hub) -> None:
    _, sent = run(hub, {"type": "set_property", "property": "lifecyclestage", "value": "nonsense"}, webhook())
    assert len(sent) == 1
    assert executions(hub)[0]["outcome"] == "failed"
    assert "nonsense" in executions(hub)[0]["message"]


def test_delays_are_on_the_virtual_clock(hub: Hub) -> None:
    _, sent = run(hub, {"type": "delay", "delay_s": 3_600}, webhook())
    assert sent == []
    hub.advance(3_599)
    assert hub.emulator.deliver() == 0
    hub.advance(1)
    assert hub.emulator.deliver() == 1


def test_a_record_that_is_gone_leaves_the_workflow(hub: Hub) -> None:
    contact, _ = run(hub, {"type": "delay", "delay_s": 10}, webhook())
    hub.change({"op": "archive", "object_type": "contact", "id": contact})
    hub.advance(10)
    hub.emulator.deliver()
    assert hub.actions.took() == []
    assert executions(hub)[-1]["outcome"] == "unenrolled"
    [workflow] = hub.control("GET", f"portals/{HUB}/workflows")["items"]
    assert (workflow["active"], workflow["enrolled"], workflow["completed"]) == (0, 1, 0)


def test_the_ledger_shows_request_and_answer(hub: Hub) -> None:
    hub.actions.answer = Incoming(201, b'{"ok":true}')
    contact, _ = run(hub, webhook(body={"a": "b"}))
    [row] = executions(hub)
    assert (row["kind"], row["method"], row["url"], row["status"]) == ("send_webhook", "POST", URL, 201)
    assert (row["body"], row["answer"], row["object_id"]) == ({"a": "b"}, '{"ok":true}', int(contact))
    assert executions(hub, since=row["seq"]) == []
    assert hub.control("GET", "workflow_executions?hub_id=5")["items"] == []


# -- enrolment ---------------------------------------------------------------------------------------------------------


def test_nobody_is_enrolled_twice_at_a_time(hub: Hub) -> None:
    contact = hub.create(email="a@b.co")
    workflow = define(hub, {"type": "delay", "delay_s": 10}, webhook())
    assert enroll(hub, workflow, contact, "999", "x") == {
        "enrolled": [contact],
        "skipped": [
            {"id": "999", "reason": "there is no such record"},
            {"id": "x", "reason": "there is no such record"},
        ],
    }
    hub.emulator.deliver()
    assert enroll(hub, workflow, contact)["skipped"] == [{"id": contact, "reason": "on the way already"}]
    hub.advance(10)
    hub.emulator.deliver()
    assert enroll(hub, workflow, contact)["enrolled"] == [contact], "by hand, again"


def test_a_property_s_value_enrols_once(hub: Hub) -> None:
    trigger = {"type": "property", "property": "jobtitle", "values": ["Chief", "Boss"]}
    define(hub, webhook(), trigger=trigger)
    contact = hub.create(email="a@b.co", jobtitle="Chief")
    for value in ("Clerk", "Boss"):
        hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"jobtitle": value}})
        hub.emulator.deliver()
    assert len(hub.actions.took()) == 1


def test_with_re_enrolment_each_time(hub: Hub) -> None:
    define(hub, webhook(), trigger={"type": "property", "property": "jobtitle"}, re_enroll=True)
    contact = hub.create(email="a@b.co", jobtitle="Chief")
    for value in ("", "Boss"):
        hub.emulator.deliver()
        hub.call("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"jobtitle": value}})
    hub.emulator.deliver()
    assert len(hub.actions.took()) == 2, "an emptied property has no value"


def test_a_workflow_that_is_off_enrols_nobody(hub: Hub) -> None:
    workflow = define(hub, webhook(), trigger={"type": "property", "property": "jobtitle"}, enabled=False)
    contact = hub.create(email="a@b.co", jobtitle="Chief")
    assert enroll(hub, workflow, contact)["skipped"] == [{"id": contact, "reason": "the workflow is off"}]
    assert hub.emulator.deliver() == 0


def test_one_workflow_enrols_in_another(hub: Hub) -> None:
    define(hub, webhook(), trigger={"type": "property", "property": "jobtitle", "values": ["Chief"]})
    _, sent = run(hub, {"type": "set_property", "property": "jobtitle", "value": "Chief"})
    assert len(sent) == 1


def test_another_plan_and_no_plan(hub: Hub) -> None:
    contact = hub.create(email="a@b.co")
    workflow = define(hub, {"type": "delay", "delay_s": 10}, webhook())
    enroll(hub, workflow, contact)
    hub.emulator.deliver()
    define(hub, {"type": "delay", "delay_s": 10}, webhook(url="http://localhost/other"), id=workflow)
    hub.advance(10)
    hub.emulator.deliver()
    assert [each.url for each in hub.actions.took()] == ["http://localhost/other"]
    assert hub.control("GET", f"portals/{HUB}/workflows/{workflow}")["revision"] == 2
    enroll(hub, workflow, contact)
    hub.control("DELETE", f"portals/{HUB}/workflows/{workflow}")
    hub.advance(10)
    assert hub.emulator.deliver() == 0
    assert hub.http.get(f"/_emulator/portals/{HUB}/workflows/{workflow}").status_code == 400


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"actions": []}, "1 to 100"),
        ({"actions": [{"type": "explode"}]}, "actions[0].type must be one of"),
        ({"actions": [webhook(url="http://example.com/x")]}, "must be https"),
        ({"actions": [webhook(url="ftp://localhost/x")]}, "must be https"),
        ({"actions": [webhook(method="PUT")]}, "POST, GET"),
        ({"actions": [webhook(auth={"type": "signature", "app_id": 1})]}, "no app 1"),
        ({"actions": [webhook(auth={"type": "api_key", "name": "a b", "location": "header", "value": "x"})]}, "fit"),
        ({"actions": [webhook(body={"a": {"property": "nope"}})]}, "no property nope"),
        ({"actions": [webhook(body={"a": {"property": "email", "static": "x"}})]}, "one of static"),
        ({"actions": [webhook(body={"a": {"output": {"action": 1, "field": "x"}}})]}, "does not come before"),
        ({"actions": [webhook(body={"a": {"event": "x"}})]}, "no field x"),
        ({"actions": [{"type": "set_property", "property": "nope", "value": "x"}]}, "no property nope"),
        ({"trigger": {"type": "property", "property": "nope"}}, "no property nope"),
        ({"trigger": {"type": "webhook", "match": {"field": "a", "property": "phone"}}}, "not a unique property"),
        ({"object_type": "spaceship"}, "object_type"),
        ({"surprise": 1}, "unknown field surprise"),
        ({"id": 5}, "no workflow 5"),
    ],
)
def test_what_cannot_be_is_refused(hub: Hub, change: Json, words: str) -> None:
    assert words in refused(hub, {"name": "x", "actions": [webhook()]} | change)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://example.com/x", True),
        ("http://localhost:1/x", True),
        ("http://127.0.0.9/x", True),
        ("http://receiver:8000/x", True),
        ("http://[::1]:80/x", True),
        ("http://example.com", False),
        ("https://", False),
        ("http://[::1", False),
        ("https://example.com:99999", False),
        ("https://example.com/a b", False),
        ("https://example.com/\ud800", False),
        ("https://exämple.com/", False),
    ],
)
def test_https_only_but_near_by(url: str, allowed: bool) -> None:
    assert is_allowed_url(url) is allowed


# -- state -------------------------------------------------------------------------------------------------------------


def test_a_snapshot_keeps_who_is_on_the_way(hub: Hub) -> None:
    hub.actions.answer = 500
    run(hub, webhook(), webhook(url="http://localhost/next"))
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.advance(86_400)
    assert hub.emulator.deliver() == 0
    hub.control("PUT", "snapshot", saved)
    assert hub.control("GET", "snapshot") == saved
    hub.actions.took()
    hub.actions.answer = 200
    hub.advance(60)
    assert hub.emulator.deliver() == 2
    [workflow] = hub.control("GET", f"portals/{HUB}/workflows")["items"]
    assert (workflow["active"], workflow["completed"]) == (0, 1)


def test_snapshots_from_before_load(hub: Hub) -> None:
    saved = hub.control("GET", "snapshot")
    del saved["workflows"]
    define(hub, webhook())
    hub.control("PUT", "snapshot", saved)
    assert hub.control("GET", f"portals/{HUB}/workflows")["items"] == []


def test_a_damaged_snapshot_changes_nothing(hub: Hub) -> None:
    define(hub, webhook())
    saved = hub.control("GET", "snapshot")
    saved["workflows"]["workflows"][0]["plan"]["actions"] = "x"
    assert hub.http.put("/_emulator/snapshot", json=saved).status_code == 400
    assert len(hub.control("GET", f"portals/{HUB}/workflows")["items"]) == 1


def test_a_closed_account_has_no_workflows(hub: Hub) -> None:
    run(hub, {"type": "delay", "delay_s": 10}, webhook())
    hub.control("DELETE", f"portals/{HUB}")
    hub.advance(10)
    assert hub.emulator.deliver() == 0
    assert hub.emulator.workflows.book.workflows == {}


def test_an_uninstalled_app_still_signs_for_the_account(hub: Hub) -> None:
    """The signature needs the app's secret, not its consent."""
    hub.control("POST", f"portals/{HUB}/uninstall", {"client_id": CLIENT_ID})
    workflow = define(hub, webhook(auth={"type": "signature", "app_id": APP_ID}))
    [created] = hub.change({"op": "create", "object_type": "contact", "properties": {"email": "a@b.co"}})
    enroll(hub, workflow, created["id"])
    hub.emulator.deliver()
    assert "X-HubSpot-Signature" in hub.actions.took()[0].headers
