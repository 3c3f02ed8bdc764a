"""Workflows through the API: flows of v4, the list before it, and the addresses that enrol by webhook."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import httpx2
import pytest

from emulator.workflows.wire import Incoming
from tests.emulator.custom_actions.developer import KEY, definition
from tests.emulator.hub import APP_ID, CLIENT_ID, CRM_SCOPES, HUB, Hub
from tests.emulator.test_schemas import CAR

Json = dict[str, Any]
WEBHOOK = {"type": "send_webhook", "url": "http://localhost:8000/hook"}


@pytest.fixture
def allowed(hub: Hub) -> Hub:
    hub.app(developer_api_key=KEY, conditional_scopes=[*CRM_SCOPES, "automation"])
    hub.install(scopes=["oauth", *CRM_SCOPES, "automation"])
    return hub


def define(hub: Hub, *actions: Json, hub_id: int = HUB, **changes: Any) -> Json:
    body = {"name": "Welcome", "actions": list(actions) or [WEBHOOK]} | changes
    answer: Json = hub.control("POST", f"portals/{hub_id}/workflows", body)
    return answer


def flow(hub: Hub, workflow_id: int) -> Json:
    answer = hub.get(f"/automation/v4/flows/{workflow_id}")
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


# -- flows -------------------------------------------------------------------------------------------------------------


def test_the_list_of_flows_in_pages(allowed: Hub) -> None:
    ids = [define(allowed, name=name)["id"] for name in ("a", "b", "c")]
    first = allowed.get("/automation/v4/flows", limit=2).json()
    assert [each["id"] for each in first["results"]] == [str(each) for each in ids[:2]]
    listed = first["results"][0]
    assert {"name": "a", "isEnabled": True, "flowType": "WORKFLOW", "revisionId": "1"}.items() <= listed.items()
    assert (listed["objectTypeId"], listed["createdAt"]) == ("0-1", listed["updatedAt"])
    following = allowed.get(first["paging"]["next"]["link"]).json()
    assert [each["id"] for each in following["results"]] == [str(ids[2])]
    assert "paging" not in following


def test_actions_are_chained(allowed: Hub) -> None:
    made = allowed.http.post(f"/automation/v4/actions/{APP_ID}", json=definition(), params={"hapikey": KEY}).json()
    inputs = {"widget": "W", "owner": {"output": {"action": 1, "field": "x"}}, "color": "red"}
    key = {"type": "api_key", "name": "X-Key", "location": "header", "value": "s3cret", "secret_name": "MY_KEY"}
    workflow = define(
        allowed,
        WEBHOOK | {"auth": key, "body": {"mail": {"property": "email"}}},
        {"type": "custom_action", "definition_id": int(made["id"]), "input_fields": inputs},
        {"type": "delay", "delay_s": 86_400},
        {"type": "set_property", "property": "jobtitle", "value": "x"},
        WEBHOOK | {"method": "GET", "auth": {"type": "signature", "app_id": APP_ID}},
    )
    shown = flow(allowed, workflow["id"])
    assert (shown["type"], shown["startActionId"], shown["nextAvailableActionId"]) == ("CONTACT_FLOW", "1", "6")
    webhook, custom, delay, change, last = shown["actions"]
    assert webhook == {
        "actionId": "1",
        "connection": {"edgeType": "STANDARD", "nextActionId": "2"},
        "type": "WEBHOOK",
        "method": "POST",
        "webhookUrl": WEBHOOK["url"],
        "queryParams": [{"name": "mail", "value": {"type": "OBJECT_PROPERTY", "propertyName": "email"}}],
        "authSettings": {"type": "AUTH_KEY", "name": "X-Key", "location": "HEADER", "secretName": "MY_KEY"},
    }
    assert "s3cret" not in json.dumps(shown)
    assert (custom["actionTypeId"], custom["actionTypeVersion"]) == (f"1-{made['id']}", 1)
    assert custom["fields"]["owner"] == {"type": "FIELD_DATA", "actionId": "1", "dataKey": "x"}
    assert delay["fields"] == {"delta": "1440", "time_unit": "MINUTES"}
    assert change["fields"] == {"property_name": "jobtitle", "value": {"type": "STATIC_VALUE", "staticValue": "x"}}
    assert last["authSettings"] == {"type": "SIGNATURE", "appId": APP_ID}
    assert "connection" not in last
    assert shown["enrollmentCriteria"] == {"type": "MANUAL", "shouldReEnroll": False}


def test_criteria_of_a_property(allowed: Hub) -> None:
    trigger = {"type": "property", "property": "dealname", "values": ["x", "y"]}
    shown = flow(allowed, define(allowed, object_type="deals", trigger=trigger, re_enroll=True)["id"])
    assert (shown["type"], shown["objectTypeId"]) == ("PLATFORM_FLOW", "0-3")
    criteria = shown["enrollmentCriteria"]
    assert (criteria["type"], criteria["shouldReEnroll"]) == ("LIST_BASED", True)
    [condition] = criteria["listFilterBranch"]["filterBranches"][0]["filters"]
    assert (condition["property"], condition["operation"]["values"]) == ("dealname", ["x", "y"])
    assert "suppressionListIds" not in shown


def test_a_changed_flow_has_another_revision(allowed: Hub) -> None:
    workflow = define(allowed)["id"]
    before = flow(allowed, workflow)
    allowed.advance(5)
    define(allowed, id=workflow, name="Renamed", enabled=False)
    after = flow(allowed, workflow)
    assert (after["name"], after["isEnabled"], after["revisionId"]) == ("Renamed", False, "2")
    assert after["createdAt"] == before["createdAt"] != after["updatedAt"]
    assert after["uuid"] == before["uuid"]


def test_flows_by_id_in_a_batch(allowed: Hub) -> None:
    first, second = define(allowed)["id"], define(allowed)["id"]
    inputs = [{"type": "FLOW_ID", "flowId": str(each)} for each in (second, first)]
    good = allowed.post("/automation/v4/flows/batch/read", {"inputs": inputs})
    assert good.status_code == 200
    assert [each["id"] for each in good.json()["results"]] == [str(second), str(first)]
    some = allowed.post("/automation/v4/flows/batch/read", {"inputs": [*inputs, {"type": "FLOW_ID", "flowId": "5"}]})
    assert (some.status_code, some.json()["numErrors"], len(some.json()["results"])) == (207, 1, 2)
    assert some.json()["errors"][0]["context"] == {"ids": ["5"]}
    for wrong in ({"type": "X", "flowId": "1"}, {"type": "FLOW_ID"}, "x", None):
        assert allowed.post("/automation/v4/flows/batch/read", {"inputs": [wrong]}).status_code == 400


def test_old_and_new_numbers(allowed: Hub) -> None:
    workflow = define(allowed)["id"]
    [old] = allowed.get("/automation/v3/workflows").json()["workflows"]
    inputs = [{"type": "WORKFLOW_ID", "workflowId": str(old["id"])}, {"type": "FLOW_ID", "flowId": workflow}]
    answer = allowed.post("/automation/v4/workflow-id-mappings/batch/read", {"inputs": inputs})
    assert answer.json()["results"] == [{"flowId": workflow, "workflowId": old["id"]}] * 2


def test_accounts_do_not_see_each_other_s(allowed: Hub) -> None:
    workflow = define(allowed)["id"]
    allowed.portal(5)
    allowed.install(5, scopes=["oauth", "automation"])
    assert allowed.get("/automation/v4/flows").json() == {"results": []}
    assert allowed.get(f"/automation/v4/flows/{workflow}").status_code == 404
    assert allowed.get("/automation/v3/workflows").json() == {"workflows": []}


@pytest.mark.parametrize("path", ["v4/flows", "v4/flows/1", "v3/workflows", "v3/workflows/1"])
def test_the_scope_is_needed(hub: Hub, path: str) -> None:
    refused = hub.get(f"/automation/{path}")
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["context"]["requiredGranularScopes"] == ["automation"]


# -- before version 4 --------------------------------------------------------------------------------------------------


def test_the_list_before_knows_contacts_only(allowed: Hub) -> None:
    workflow = define(allowed, {"type": "delay", "delay_s": 60}, WEBHOOK)["id"]
    define(allowed, object_type="deals")
    contact = allowed.create(email="a@b.co")
    allowed.control("POST", f"portals/{HUB}/workflows/{workflow}/enroll", {"ids": [contact]})
    [shown] = allowed.get("/automation/v3/workflows").json()["workflows"]
    assert (shown["name"], shown["type"], shown["enabled"]) == ("Welcome", "DRIP_DELAY", True)
    assert shown["insertedAt"] == shown["updatedAt"] == allowed.time.ms
    assert shown["contactCounts"] == {"active": 1, "enrolled": 1}
    assert shown["migrationStatus"]["flowId"] == workflow
    detail = allowed.get(f"/automation/v3/workflows/{shown['id']}").json()
    assert [each["type"] for each in detail["actions"]] == ["DELAY", "WEBHOOK"]
    assert detail["onlyEnrollsManually"] is True
    assert allowed.get("/automation/v3/workflows/5").status_code == 404


@pytest.mark.parametrize("number", ["id", "flowId"])
def test_contacts_are_enrolled_by_e_mail(allowed: Hub, number: str) -> None:
    define(allowed, {"type": "delay", "delay_s": 60}, WEBHOOK)
    [shown] = allowed.get("/automation/v3/workflows").json()["workflows"]
    base = f"/automation/v2/workflows/{(shown | shown['migrationStatus'])[number]}/enrollments/contacts"
    contact = allowed.create(email="ada@b.co")
    assert allowed.call("POST", f"{base}/ada@b.co").status_code == 204
    assert allowed.call("POST", f"{base}/ADA%40b.co").status_code == 204, "on the way already"
    [mine] = allowed.get(f"/automation/v2/workflows/enrollments/contacts/{contact}").json()
    assert (mine["id"], mine["contactCounts"]) == (shown["id"], {"active": 1, "enrolled": 1})
    assert allowed.call("DELETE", f"{base}/ada@b.co").status_code == 204
    assert allowed.call("DELETE", f"{base}/ada@b.co").status_code == 404
    assert allowed.get(f"/automation/v2/workflows/enrollments/contacts/{contact}").json() == []
    allowed.advance(60)
    assert allowed.emulator.deliver() == 0
    assert allowed.call("POST", f"{base}/ada@b.co").status_code == 204, "again, by hand"
    allowed.emulator.deliver()
    allowed.advance(60)
    assert allowed.emulator.deliver() == 1


def test_enrolments_that_cannot_be(allowed: Hub) -> None:
    define(allowed, enabled=False)
    define(allowed, object_type="deals")
    allowed.create(email="ada@b.co")
    [off] = allowed.get("/automation/v3/workflows").json()["workflows"]
    base = "/automation/v2/workflows"
    assert allowed.call("POST", f"{base}/{off['id']}/enrollments/contacts/ada@b.co").status_code == 400
    assert allowed.call("DELETE", f"{base}/{off['id']}/enrollments/contacts/nobody@b.co").status_code == 404
    assert allowed.call("POST", f"{base}/{off['id'] + 1}/enrollments/contacts/ada@b.co").status_code == 404, "of deals"
    assert allowed.get(f"{base}/enrollments/contacts/5").status_code == 404
    allowed.token = ""
    assert allowed.call("POST", f"{base}/{off['id']}/enrollments/contacts/ada@b.co").status_code == 401


def test_flows_of_the_dated_beta(allowed: Hub) -> None:
    workflow = define(allowed)["id"]
    assert allowed.get(f"/automation/2026-09-beta/flows/{workflow}").json() == flow(allowed, workflow)
    assert allowed.get("/automation/2026-09-beta/flows").json() == allowed.get("/automation/v4/flows").json()


def test_an_account_can_be_seeded_with_workflows(allowed: Hub) -> None:
    allowed.portal(5, seed={"contacts": 1, "workflows": 9})
    allowed.install(5, scopes=["oauth", "automation", *CRM_SCOPES])
    listed = allowed.get("/automation/v3/workflows").json()["workflows"]
    assert len({each["name"] for each in listed}) == 9
    assert all(each["insertedAt"] <= each["updatedAt"] <= allowed.time.ms for each in listed)
    assert len(allowed.get("/automation/v4/flows").json()["results"]) == 9
    assert allowed.emulator.deliver() == 0


# -- webhook triggers --------------------------------------------------------------------------------------------------


def triggered(hub: Hub, **changes: Any) -> str:
    """The address of a workflow that a webhook enrols in, and that sends on what it said."""
    fields = {"plan": "string", "seats": "number", "vip": "boolean"}
    trigger = {"type": "webhook", "match": {"field": "mail", "property": "email"}, "fields": fields}
    body = {name: {"event": name} for name in ("mail", *fields)}
    made = define(hub, WEBHOOK | {"body": body}, trigger=trigger, **changes)
    url: str = made["webhook_trigger"]["url"]
    assert url == f"http://localhost:8765/automation/v4/webhook-triggers/{HUB}/{made['webhook_trigger']['id']}"
    assert len(made["webhook_trigger"]["id"]) == 7
    assert made["webhook_trigger"]["id"].isalnum()
    return url


def post(hub: Hub, url: str, body: Any) -> httpx2.Response:
    """Without a token."""
    answer = hub.http.post(url, json=body)
    hub.emulator.deliver()
    return answer


def test_a_webhook_enrols_the_record_it_names(hub: Hub) -> None:
    hub.create(email="ada@b.co")
    answer = post(hub, triggered(hub), {"mail": "ADA@b.co", "plan": "gold", "seats": 5, "vip": True, "other": 1})
    assert (answer.status_code, list(answer.json())) == (202, ["id"])
    [sent] = hub.actions.took()
    assert json.loads(sent.body) == {"mail": "ADA@b.co", "plan": "gold", "seats": "5", "vip": "true"}


def test_fields_of_another_type_are_left_out(hub: Hub) -> None:
    hub.create(email="ada@b.co")
    post(hub, triggered(hub), {"mail": "ada@b.co", "plan": ["gold"], "seats": "many", "vip": "yes"})
    [sent] = hub.actions.took()
    assert json.loads(sent.body) == {"mail": "ada@b.co", "plan": None, "seats": None, "vip": None}


@pytest.mark.parametrize("body", [{"mail": "nobody@b.co"}, {"mail": None}, {"mail": True}, {"mail": ["x"]}, {}])
def test_who_is_unknown_is_dropped_silently(hub: Hub, body: Json) -> None:
    hub.create(email="ada@b.co")
    answer = post(hub, triggered(hub), body)
    assert (answer.status_code, list(answer.json())) == (202, ["id"])
    assert hub.actions.took() == []


def test_nobody_is_enrolled_again_unless_the_workflow_says_so(hub: Hub) -> None:
    hub.create(email="ada@b.co")
    for re_enroll, times in ((False, 1), (True, 2)):
        url = triggered(hub, re_enroll=re_enroll)
        assert [post(hub, url, {"mail": "ada@b.co"}).status_code for _ in range(2)] == [202, 202]
        assert len(hub.actions.took()) == times


def test_addresses_that_lead_nowhere(hub: Hub) -> None:
    url = triggered(hub)
    assert post(hub, url[:-7] + "0000000", {}).status_code == 404
    assert post(hub, url.replace(str(HUB), "5"), {}).status_code == 404
    assert hub.http.post(url, content=b"x").status_code == 400
    assert post(hub, url, [1]).status_code == 400
    assert hub.http.get(url).status_code == 405


def test_an_address_stays_when_its_workflow_changes_and_in_snapshots(hub: Hub) -> None:
    hub.create(email="ada@b.co")
    url = triggered(hub)
    [workflow] = hub.control("GET", f"portals/{HUB}/workflows")["items"]
    plan = hub.control("GET", f"portals/{HUB}/workflows/{workflow['id']}")["plan"]
    again = hub.control("POST", f"portals/{HUB}/workflows", plan | {"id": workflow["id"]})
    assert again["webhook_trigger"]["url"] == url
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    assert post(hub, url, {"mail": "ada@b.co"}).status_code == 404
    hub.control("PUT", "snapshot", saved)
    assert post(hub, url, {"mail": "ada@b.co"}).status_code == 202
    assert len(hub.actions.took()) == 1


# -- custom objects ----------------------------------------------------------------------------------------------------


@pytest.fixture
def cars(bare: Hub) -> Hub:
    bare.app(developer_api_key=KEY)
    bare.install()
    scopes = [f"crm.{area}.custom.{access}" for area in ("schemas", "objects") for access in ("read", "write")]
    private = bare.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": scopes})
    bare.token = private["access_token"]
    answer = bare.post("/crm/v3/schemas", CAR)
    assert answer.status_code == 201, answer.text
    return bare


def test_custom_objects_go_through_workflows_too(cars: Hub) -> None:
    made = definition(objectTypes=[f"p{HUB}_car"], objectRequestOptions={"properties": ["model"]})
    action = cars.http.post(f"/automation/v4/actions/{APP_ID}", json=made, params={"hapikey": KEY}).json()
    custom = {"type": "custom_action", "definition_id": int(action["id"]), "input_fields": {"widget": "W"}}
    trigger = {"type": "webhook", "match": {"field": "number", "property": "vin"}}
    workflow = define(cars, WEBHOOK, custom, object_type="car", trigger=trigger)
    record = cars.post("/crm/v3/objects/car", {"properties": {"model": "Kea", "vin": "V1"}}).json()["id"]
    assert post(cars, workflow["webhook_trigger"]["url"], {"number": "V1"}).status_code == 202
    webhook, execution = (json.loads(each.body) for each in cars.actions.took())
    assert (webhook["objectTypeId"], webhook["objectId"]) == (workflow["object_type_id"], int(record))
    assert webhook["properties"]["model"]["value"] == "Kea"
    assert execution["object"] == {"objectId": int(record), "objectType": "CAR", "properties": {"model": "Kea"}}


def test_records_of_a_kind_that_is_gone_leave(cars: Hub) -> None:
    workflow = define(cars, {"type": "delay", "delay_s": 60}, WEBHOOK, object_type="car")
    record = cars.post("/crm/v3/objects/car", {"properties": {"model": "Kea", "vin": "V1"}}).json()["id"]
    cars.control("POST", f"portals/{HUB}/workflows/{workflow['id']}/enroll", {"ids": [record]})
    cars.emulator.deliver()
    cars.call("DELETE", f"/crm/v3/objects/car/{record}")
    assert cars.call("DELETE", "/crm/v3/schemas/car").status_code == 204
    cars.advance(60)
    assert cars.emulator.deliver() == 0
    assert cars.control("GET", "workflow_executions")["items"][-1]["outcome"] == "unenrolled"
    enroll = {"ids": [record]}
    refused = cars.http.post(f"/_emulator/portals/{HUB}/workflows/{workflow['id']}/enroll", json=enroll)
    assert refused.status_code == 400


# -- a WSGI application as the receiver --------------------------------------------------------------------------------


def test_requests_can_go_to_a_wsgi_application() -> None:
    from emulator import Emulator
    from emulator.testing import fetch_from

    seen: list[str] = []

    def application(environ: Json, start: Callable[..., Any]) -> Iterable[bytes]:
        seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}")
        start("200 OK", [("Content-Type", "application/json"), ("Retry-After", "7")])
        return [b'{"label":"hot"}']

    emulator = Emulator(fetcher=fetch_from(application))
    http = httpx2.Client(transport=httpx2.WSGITransport(app=emulator.wsgi()), base_url="http://localhost:8765")
    http.post("/_emulator/portals", json={"hub_id": HUB})
    actions = [WEBHOOK | {"method": "GET", "body": {"a": "b"}}]
    workflow = http.post(f"/_emulator/portals/{HUB}/workflows", json={"name": "x", "actions": actions}).json()["id"]
    made = {"op": "create", "object_type": "contact", "properties": {"email": "a@b.co"}}
    [created] = http.post(f"/_emulator/portals/{HUB}/changes", json={"changes": [made]}).json()["results"]
    http.post(f"/_emulator/portals/{HUB}/workflows/{workflow}/enroll", json={"ids": [created["id"]]})
    assert emulator.deliver() == 1
    assert seen == ["GET /hook?a=b"]
    [row] = http.get("/_emulator/workflow_executions").json()["items"]
    assert row["outputs"] == {"label": "hot"}


def test_an_uninstall_takes_the_list_away_but_not_the_workflows(allowed: Hub) -> None:
    define(allowed)
    allowed.control("POST", f"portals/{HUB}/uninstall", {"client_id": CLIENT_ID})
    assert allowed.get("/automation/v4/flows").status_code == 401
    assert len(allowed.control("GET", f"portals/{HUB}/workflows")["items"]) == 1


def test_answers_of_executions_are_kept_short(hub: Hub) -> None:
    hub.actions.answer = Incoming(200, b"x" * 10_000)
    workflow = define(hub)["id"]
    hub.control("POST", f"portals/{HUB}/workflows/{workflow}/enroll", {"ids": [hub.create(email="a@b.co")]})
    hub.emulator.deliver()
    [row] = hub.control("GET", "workflow_executions")["items"]
    assert len(row["answer"]) == 2_048
