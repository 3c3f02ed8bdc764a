"""The "send a webhook" action: what goes out, and signed how."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

from emulator.webhooks.signatures import sign_v2, sign_v3
from tests.emulator.hub import APP_ID, CLIENT_ID, HUB, SECRET, Hub
from tests.emulator.workflows import URL, define, enroll, run, webhook


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


def test_an_uninstalled_app_still_signs_for_the_account(hub: Hub) -> None:
    """The signature needs the app's secret, not its consent."""
    hub.control("POST", f"portals/{HUB}/uninstall", {"client_id": CLIENT_ID})
    workflow = define(hub, webhook(auth={"type": "signature", "app_id": APP_ID}))
    [created] = hub.change({"op": "create", "object_type": "contact", "properties": {"email": "a@b.co"}})
    enroll(hub, workflow, created["id"])
    hub.emulator.deliver()
    assert "X-HubSpot-Signature" in hub.actions.took()[0].headers
