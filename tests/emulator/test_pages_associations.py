"""Associations on a record's page: by id, by name, with labels; taken away and put back."""

from __future__ import annotations

import re

from emulator.crm.association_types import USER_DEFINED, AssociationType
from tests.emulator.hub import HUB, Hub
from tests.emulator.pages import followed, outline, page, record, send


def types(hub: Hub, contact: str) -> list[int]:
    """The ids of the types of the one company that a contact is associated with."""
    results = hub.get(f"/crm/v4/objects/contacts/{contact}/associations/companies").json()["results"]
    return sorted(each["typeId"] for row in results for each in row["associationTypes"])


def test_associating_by_id_and_by_name(hub: Hub) -> None:
    acme, apex = hub.create("companies", name="Acme Rockets"), hub.create("companies", name="Apex Rockets")
    for words in (acme, "acme"):
        ada = hub.create(email=f"ada{len(words)}{words[0]}@b.co")
        shown = followed(hub, send(hub, record(ada), __op="associate", __kind="0-2", __find=words))
        assert record(acme, "0-2") in shown
        assert record(apex, "0-2") not in shown
        assert types(hub, ada) == [1, 279], "a first company becomes primary, as in HubSpot"


def test_words_that_name_no_record_or_several(hub: Hub) -> None:
    for name in ("Acme Rockets", "Apex Rockets"):
        hub.create("companies", name=name)
    ada = hub.create(email="ada@b.co")
    for words, said in (("rockets", "2 companies match"), ("zzz", "No company matches"), ("999", "999")):
        answer = send(hub, record(ada), __op="associate", __kind="0-2", __find=words)
        assert answer.status_code == 400
        assert said in answer.text
    assert types(hub, ada) == []


def test_every_label_is_offered_and_can_be_given(hub: Hub) -> None:
    acme, child = hub.create("companies", name="Acme"), hub.create("companies", name="Child")
    offered = dict(re.findall(r'<option value="([^"]+)">([^<]+)', page(hub, record(acme, "0-2"))))
    assert offered["0-2:13"] == "Company: Child Company"
    shown = followed(hub, send(hub, record(acme, "0-2"), __op="associate", __kind="0-2:13", __find=child))
    assert "Take the label Child Company from Child" in shown
    assert "Take the label Parent Company from Acme" in page(hub, record(child, "0-2"))


def test_a_label_of_the_accounts_own(hub: Hub) -> None:
    crm = hub.emulator.portals[HUB].crm
    contact, company = crm.object_type("contact"), crm.object_type("company")
    crm.association_types.add(AssociationType(1, contact, company, "advisor", "Advisor", 2, category=USER_DEFINED))
    crm.association_types.add(AssociationType(2, company, contact, "advised", "Advised", 1, category=USER_DEFINED))
    ada, acme = hub.create(email="ada@b.co"), hub.create("companies", name="Acme")
    offered = re.findall(r'<option value="(0-2:[^"]+)">Company: Advisor', page(hub, record(ada)))
    assert len(offered) == 1
    shown = followed(hub, send(hub, record(ada), __op="associate", __kind=offered[0], __find=acme))
    assert "Take the label Advisor from Acme" in shown
    taken = outline(hub, record(ada)).form(":type", offered[0].partition(":")[2]).send(hub, record(ada))
    assert "Advisor from" not in followed(hub, taken)
    assert types(hub, ada) == [279]


def test_a_label_is_taken_away_and_put_back(hub: Hub) -> None:
    ada, acme = hub.create(email="ada@b.co"), hub.create("companies", name="Acme")
    send(hub, record(ada), __op="associate", __kind="0-2", __find=acme)
    taken = outline(hub, record(ada)).form(":type", "1").send(hub, record(ada))
    assert types(hub, ada) == [279]
    outline(hub, taken.headers["location"]).form(":op", "associate").send(hub, record(ada))
    assert types(hub, ada) == [1, 279]


def test_an_association_is_removed_and_all_of_it_put_back(hub: Hub) -> None:
    ada, acme = hub.create(email="ada@b.co"), hub.create("companies", name="Acme")
    send(hub, record(ada), __op="associate", __kind="0-2", __find=acme)
    removed = outline(hub, record(ada)).form(":types", "1,279").send(hub, record(ada))
    assert types(hub, ada) == []
    assert record(acme, "0-2") not in page(hub, record(ada))
    outline(hub, removed.headers["location"]).form(":types", "1,279").send(hub, record(ada))
    assert types(hub, ada) == [1, 279]


def test_many_partners_are_paged(hub: Hub) -> None:
    acme = hub.create("companies", name="Acme")
    people = [hub.create(email=f"p{number}@b.co") for number in range(60)]
    body = {"inputs": [{"from": {"id": acme}, "to": {"id": each}} for each in people]}
    assert hub.post("/crm/v4/associations/companies/contacts/batch/associate/default", body).status_code == 200
    assert "All 60 contacts" in page(hub, record(acme, "0-2"))
    address = f"{record(acme, '0-2')}/associations/0-1"
    seen: list[str] = []
    while address:
        shown = page(hub, address)
        seen += re.findall(r'href="/contacts/\d+/record/0-1/(\d+)"', shown)
        following = re.search(r'href="([^"]+)" rel="next"', shown)
        address = following.group(1) if following else ""
    assert seen == people
