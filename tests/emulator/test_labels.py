"""Association labels of an account's own, and limits."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.crm.labels import MOST_LABELS
from tests.emulator.hub import Hub

Json = dict[str, Any]

BASES = ["/crm/v4/associations", "/crm/associations/v4", "/crm/associations/2026-03", "/crm/associations/2026-09"]


def label(hub: Hub, base: str = BASES[0], pair: str = "deals/contacts", **changes: Any) -> list[Json]:
    answer = hub.post(f"{base}/{pair}/labels", {"name": "decider", "label": "Decides"} | changes)
    assert answer.status_code == 200, answer.text
    results: list[Json] = answer.json()["results"]
    return results


@pytest.mark.parametrize("base", BASES)
def test_a_label_has_two_directions(hub: Hub, base: str) -> None:
    there, back = label(hub, base, inverseLabel="Decided by")
    assert (there["category"], there["label"], back["label"]) == ("USER_DEFINED", "Decides", "Decided by")
    assert there in hub.get(f"{base}/deals/contacts/labels").json()["results"]
    assert back in hub.get(f"{base}/contacts/deals/labels").json()["results"]


def test_within_a_kind_one_label_may_read_the_same_from_both_sides(hub: Hub) -> None:
    [friends] = label(hub, pair="contacts/contacts", name="friends", label="Friend")
    assert friends["label"] == "Friend"
    there, back = label(hub, pair="contacts/contacts", name="boss", label="Boss", inverseLabel="Works for")
    assert there["typeId"] != back["typeId"]


def test_category_and_id_together_name_a_type(hub: Hub) -> None:
    """An account's first label has an id that HubSpot uses too."""
    [there, _] = label(hub, pair="contacts/companies", name="advisor", label="Advisor")
    assert there["typeId"] == 1
    contact, company = hub.create("contacts", email="ada@label.example"), hub.create("companies", name="Acme")
    address = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
    spec = {"associationCategory": "USER_DEFINED", "associationTypeId": 1}
    assert hub.call("PUT", address, [spec]).status_code == 201
    found = hub.get(f"/crm/v4/objects/contacts/{contact}/associations/companies").json()["results"]
    types = {(each["category"], each["typeId"], each["label"]) for each in found[0]["associationTypes"]}
    assert types == {("USER_DEFINED", 1, "Advisor"), ("HUBSPOT_DEFINED", 279, None)}


def test_labels_are_told_in_webhooks(hub: Hub) -> None:
    [there, _] = label(hub)
    hub.subscribe({"event_type": "object.associationChange", "object_type": "deals"})
    contact, deal = (
        hub.create("contacts", email="a@b.example"),
        hub.create("deals", dealname="D", dealstage="closedwon"),
    )
    hub.events()
    spec = {"associationCategory": "USER_DEFINED", "associationTypeId": there["typeId"]}
    hub.call("PUT", f"/crm/v4/objects/deals/{deal}/associations/contacts/{contact}", [spec])
    told = {(event["associationCategory"], event["associationTypeId"]) for event in hub.events()}
    assert told == {("USER_DEFINED", there["typeId"]), ("HUBSPOT_DEFINED", 3)}


def test_renaming_and_removing(hub: Hub) -> None:
    there, back = label(hub, inverseLabel="Decided by")
    base = f"{BASES[0]}/deals/contacts/labels"
    rename = {"associationTypeId": there["typeId"], "label": "Signs", "inverseLabel": "Signed by"}
    assert hub.call("PUT", base, rename).status_code == 204
    named = {each["typeId"]: each["label"] for each in hub.get(base).json()["results"] if each["label"]}
    assert named == {there["typeId"]: "Signs"}
    contact, deal = (
        hub.create("contacts", email="a@b.example"),
        hub.create("deals", dealname="D", dealstage="closedwon"),
    )
    spec = {"associationCategory": "USER_DEFINED", "associationTypeId": there["typeId"]}
    hub.call("PUT", f"/crm/v4/objects/deals/{deal}/associations/contacts/{contact}", [spec])
    assert hub.call("DELETE", f"{base}/{there['typeId']}").status_code == 400, "in use"
    hub.call("DELETE", f"/crm/v4/objects/deals/{deal}/associations/contacts/{contact}")
    assert hub.call("DELETE", f"{base}/{there['typeId']}").status_code == 204
    assert hub.call("DELETE", f"{base}/3").status_code == 404, "HubSpot's own"
    assert back["typeId"] not in {
        each["typeId"]
        for each in hub.get(f"{BASES[0]}/contacts/deals/labels").json()["results"]
        if each["category"] == "USER_DEFINED"
    }


def test_labels_that_are_refused(hub: Hub) -> None:
    label(hub)
    base = f"{BASES[0]}/deals/contacts/labels"
    assert hub.post(base, {"name": "decider", "label": "Other"}).status_code == 409
    assert hub.post(base, {"name": "other", "label": "Decides"}).status_code == 409
    assert hub.post(base, {"name": "nameless"}).status_code == 400
    for number in range(MOST_LABELS - 1):
        label(hub, name=f"l{number}", label=f"L{number}")
    assert hub.post(base, {"name": "last", "label": "One too many"}).status_code == 400


@pytest.mark.parametrize("base", BASES[1:])
def test_limits(hub: Hub, base: str) -> None:
    limit = {"category": "HUBSPOT_DEFINED", "typeId": 3, "maxToObjectIds": 1}
    path = f"{base}/definitions/configurations"
    made = hub.post(f"{path}/deals/contacts/batch/create", {"inputs": [limit]})
    assert made.status_code == (200 if "2026-09" in base else 201), made.text
    [shown] = hub.get(f"{path}/deals/contacts").json()["results"]
    assert (shown["typeId"], shown["userEnforcedMaxToObjectIds"]) == (3, 1)
    assert hub.get(f"{path}/all").json()["results"] == [shown]
    deal = hub.create("deals", dealname="D", dealstage="closedwon")
    contacts = [hub.create("contacts", email=f"{n}@limit.example") for n in range(2)]
    pair = f"/crm/v4/objects/deals/{deal}/associations/default/contacts"
    assert hub.call("PUT", f"{pair}/{contacts[0]}").status_code == 200
    assert hub.call("PUT", f"{pair}/{contacts[0]}").status_code == 200, "the same again is no more"
    assert hub.call("PUT", f"{pair}/{contacts[1]}").status_code == 400
    other_way = f"/crm/v4/objects/contacts/{contacts[1]}/associations/default/deals/{deal}"
    assert hub.call("PUT", other_way).status_code == 400
    assert (
        hub.post(f"{path}/deals/contacts/batch/update", {"inputs": [limit | {"maxToObjectIds": 2}]}).status_code == 200
    )
    assert hub.call("PUT", f"{pair}/{contacts[1]}").status_code == 200
    purged = hub.post(f"{path}/deals/contacts/batch/purge", {"inputs": [limit]})
    assert purged.status_code == (204 if "v4" in base else 200)
    assert hub.get(f"{path}/all").json()["results"] == []


def test_a_batch_reports_the_pairs_that_came_up_against_a_limit(hub: Hub) -> None:
    limit = {"category": "HUBSPOT_DEFINED", "typeId": 3, "maxToObjectIds": 1}
    path = "/crm/associations/2026-03/definitions/configurations/deals/contacts/batch/create"
    hub.post(path, {"inputs": [limit]})
    deal = hub.create("deals", dealname="D", dealstage="closedwon")
    contacts = [hub.create("contacts", email=f"{n}@limit.example") for n in range(3)]
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
    inputs = [{"from": {"id": deal}, "to": {"id": contact}, "types": spec} for contact in contacts]
    answer = hub.post("/crm/associations/2026-03/deals/contacts/batch/create", {"inputs": inputs})
    assert answer.status_code == 207
    assert len(answer.json()["results"]) == 1
    assert answer.json()["numErrors"] == 2


def test_a_snapshot_keeps_them(hub: Hub) -> None:
    there, _ = label(hub, inverseLabel="Decided by")
    limit = {"category": "USER_DEFINED", "typeId": there["typeId"], "maxToObjectIds": 5}
    hub.post("/crm/associations/v4/definitions/configurations/deals/contacts/batch/create", {"inputs": [limit]})
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert hub.control("GET", "snapshot") == saved
    assert there in hub.get(f"{BASES[0]}/deals/contacts/labels").json()["results"]
