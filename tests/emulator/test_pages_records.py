"""The pages of records: lists, a new one, editing, history, merging, deleting."""

from __future__ import annotations

import re

import pytest

from tests.emulator.hub import ADMIN, HUB, USER, Hub, fresh_email
from tests.emulator.pages import followed, new_record, outline, page, record, records, send


def test_lists_are_paged(hub: Hub) -> None:
    hub.control("POST", "portals", {"hub_id": 9, "seed": {"contacts": 60}})
    address = "/contacts/9/objects/0-1/views/all/list"
    seen: list[str] = []
    while address:
        shown = page(hub, address)
        seen += re.findall(r'href="/contacts/9/record/0-1/(\d+)"', shown)
        following = re.search(r'href="([^"]+)" rel="next"', shown)
        address = following.group(1).replace("&amp;", "&") if following else ""
    assert [int(each) for each in seen] == list(hub.emulator.portals[9].crm.tables["0-1"].live)


def test_lists_are_searched_by_words_and_by_id(hub: Hub) -> None:
    ada, bea = hub.create(email="ada@b.co"), hub.create(email="bea@b.co")
    for words in ("ada", ada):
        shown = page(hub, records(), q=words)
        assert record(ada) in shown
        assert record(bea) not in shown
        assert "1 contact<" in shown
    assert "No contact matches" in page(hub, records(), q="zzzz")


def test_lists_are_sorted_both_ways(hub: Hub) -> None:
    ids = {name: hub.create(email=f"{name}@b.co") for name in ("bea", "ada", "cid")}

    def order(sort: str) -> list[str]:
        return re.findall(r'href="/contacts/\d+/record/0-1/(\d+)"', page(hub, records(), sort=sort))

    assert order("email") == [ids["ada"], ids["bea"], ids["cid"]]
    assert order("-email") == [ids["cid"], ids["bea"], ids["ada"]]
    assert order("nonsense") == order("")
    headings = [attributes for tag, attributes in outline(hub, f"{records()}?sort=email").tags if tag == "th"]
    assert [each["aria-sort"] for each in headings if each.get("aria-sort")] == ["ascending"]


def test_the_recycle_bin(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co")
    assert "Archived" not in page(hub, records())
    send(hub, record(ada), __op="archive")
    assert "Archived (1)" in page(hub, records())
    assert record(ada) not in page(hub, records())
    assert record(ada) in page(hub, records(), archived="1")


def test_no_records_yet(hub: Hub) -> None:
    assert "No tickets yet" in page(hub, records("0-5"))


def test_creating_a_record(hub: Hub) -> None:
    hub.subscribe("contact.creation")
    form = outline(hub, new_record()).form("email")
    form.put(":user", str(USER))
    made = form.send(hub, new_record(), email="new@b.co", firstname="Nora")
    assert "Nora" in followed(hub, made)
    [event] = hub.events()
    assert (event["changeSource"], event["sourceId"]) == ("CRM_UI", f"userId:{USER}")


def test_a_record_that_cannot_be_created(hub: Hub) -> None:
    hub.create(email="new@b.co")
    wrong = send(hub, new_record(), email="new@b.co", firstname="Nora")
    assert wrong.status_code == 400
    assert "already exists" in wrong.text
    assert 'value="Nora"' in wrong.text, "what was entered is still there"
    assert send(hub, new_record("0-3"), dealname="Big").status_code == 400


def test_a_new_record_can_be_given_any_property(hub: Hub) -> None:
    assert 'name="fax"' not in page(hub, new_record())
    assert 'name="fax"' in page(hub, f"{new_record()}?all=1")


def test_records_of_every_type_can_be_made_and_are_shown(hub: Hub) -> None:
    """Those that HubSpot makes itself are refused, in its words."""
    made = 0
    for kind in hub.emulator.portals[HUB].crm.types:
        address = new_record(kind.type_id)
        form = outline(hub, f"{address}?all=1").form(":user")
        needed = {name: "1" for name in (*kind.needs_all_of, *kind.needs_one_of) if dict(form.fields).get(name) == ""}
        answer = form.send(hub, address, **_with_stage(hub, kind.type_id, needed))
        assert answer.status_code in (303, 400), kind.name
        if answer.status_code == 303:
            made += 1
            assert "is created" in followed(hub, answer)
    assert made > 10


def _with_stage(hub: Hub, type_id: str, values: dict[str, str]) -> dict[str, str]:
    crm = hub.emulator.portals[HUB].crm
    pipelines = crm.pipelines.all(type_id)
    choices = {"pipeline": pipelines[0].id, "stage": pipelines[0].stages[0].id} if pipelines else {}
    for each in crm.schemas[type_id].all():
        if each.values_from in choices and not each.read_only:
            values[each.name] = choices[each.values_from]
        elif each.name in values:
            values[each.name] = {"email": "a@b.co"}.get(each.name, _valid(each.type, each.options))
    return values


def _valid(kind: str, options: tuple[object, ...]) -> str:
    if options:
        return str(getattr(options[0], "value", ""))
    return {"datetime": "2026-03-01T09:30", "date": "2026-03-01", "bool": "true"}.get(kind, "1")


def test_the_accounts_own_types_are_there_too(hub: Hub) -> None:
    scopes = ["crm.schemas.custom.write", "crm.objects.custom.read", "crm.objects.custom.write"]
    private = hub.control("POST", f"portals/{HUB}/tokens", {"private_app": True, "scopes": scopes})
    hub.token = private["access_token"]
    schema = {
        "name": "car",
        "labels": {"singular": "Car", "plural": "Cars"},
        "primaryDisplayProperty": "model",
        "searchableProperties": ["model"],
        "requiredProperties": ["model"],
        "properties": [
            {"name": "model", "label": "Model", "type": "string", "fieldType": "text"},
            {"name": "doors", "label": "Doors", "type": "number", "fieldType": "number"},
        ],
        "associatedObjects": ["CONTACT"],
    }
    type_id = hub.post("/crm-object-schemas/2026-03/schemas", schema).json()["objectTypeId"]
    assert ">Cars</a>" in page(hub, f"/_ui/accounts/{HUB}")
    made = (
        outline(hub, f"{new_record(type_id)}?all=1").form("model").send(hub, new_record(type_id), model="R4", doors="5")
    )
    shown = followed(hub, made)
    assert "<h1>R4</h1>" in shown
    assert 'name="doors" value="5"' in shown
    [contact] = hub.change({"op": "create", "object_type": "contact", "properties": {"email": "ada@b.co"}})
    address = made.headers["location"].partition("?")[0]
    assert "ada@b.co" in followed(hub, send(hub, address, __op="associate", __kind="0-1", __find="ada"))
    assert "R4" in page(hub, record(contact["id"]))
    assert ">R4</a>" in page(hub, records(type_id), q="R4", sort="-model")


# -- editing -----------------------------------------------------------------------------------------------------------


def test_editing_sends_only_what_changed(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co", firstname="Ada", phone="1")
    hub.subscribe(*(f"contact.propertyChange:{name}" for name in ("email", "firstname", "phone")))
    form = outline(hub, record(ada)).form("email")
    assert dict(form.fields) | {"email": "ada@b.co", "firstname": "Ada", "phone": "1"} == dict(form.fields)
    saved = form.send(hub, record(ada), firstname="Adah", phone="")
    assert "Saved" in followed(hub, saved)
    told = {event["propertyName"]: event["propertyValue"] for event in hub.events()}
    assert told == {"firstname": "Adah", "phone": ""}


def test_what_changed_meanwhile_is_not_put_back(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co", firstname="Ada", phone="1")
    form = outline(hub, record(ada)).form("email")
    hub.time.pass_(1)
    hub.change({"op": "update", "object_type": "contact", "id": ada, "properties": {"phone": "2"}})
    form.send(hub, record(ada), firstname="Adah")
    answer = hub.get(f"/crm/v3/objects/contacts/{ada}", properties="phone,firstname").json()["properties"]
    assert (answer["phone"], answer["firstname"]) == ("2", "Adah")


def test_a_form_that_nobody_touched_changes_nothing(hub: Hub) -> None:
    """Also where a browser's control holds less than HubSpot's value: milliseconds, line ends."""
    every: dict[str, dict[str, object]] = {
        "multi": {"type": "enumeration", "fieldType": "checkbox", "options": _options("a", "b", "c")},
        "single": {"type": "enumeration", "fieldType": "select", "options": _options("x", "y")},
        "yes": {"type": "bool", "fieldType": "booleancheckbox", "options": _options("true", "false")},
        "day": {"type": "date", "fieldType": "date"},
        "instant": {"type": "datetime", "fieldType": "date"},
        "whole_minute": {"type": "datetime", "fieldType": "date"},
        "text": {"type": "string", "fieldType": "textarea"},
    }
    for name, definition in every.items():
        body = {"name": name, "label": name, "groupName": "contactinformation"} | definition
        assert hub.post("/crm/v3/properties/contacts", body).status_code == 201
    ada = hub.create(
        email="ada@b.co",
        multi="c;a",
        single="y",
        yes="false",
        day="2026-03-01",
        instant="2026-03-01T09:30:15.250Z",
        whole_minute="2026-03-01T09:30:00Z",
        text="\n one\r\ntwo\rthree ",
        jobtitle="a\nb",
    )
    hub.subscribe(*(f"contact.propertyChange:{name}" for name in (*every, "jobtitle", "email")))
    form = outline(hub, f"{record(ada)}?all=1").form("email")
    assert ("multi", "a") in form.fields
    assert ("instant", "2026-03-01T09:30:15") in form.fields
    assert ("whole_minute", "2026-03-01T09:30") in form.fields
    assert form.send(hub, record(ada)).status_code == 303
    assert hub.events() == []


def _options(*values: str) -> list[dict[str, object]]:
    return [{"label": value, "value": value, "displayOrder": 0, "hidden": False} for value in values]


def test_several_options_are_ticked_and_cleared(hub: Hub) -> None:
    body = {"name": "multi", "label": "Multi", "groupName": "contactinformation", "type": "enumeration"}
    hub.post("/crm/v3/properties/contacts", body | {"fieldType": "checkbox", "options": _options("a", "b")})
    ada = hub.create(email="ada@b.co")

    def value() -> str | None:
        found: str | None = hub.get(f"/crm/v3/objects/contacts/{ada}", properties="multi").json()["properties"]["multi"]
        return found

    hub.http.post(record(ada), data={":op": "update", "multi": ["", "b", "a"]})
    assert value() == "b;a"
    hub.http.post(record(ada), data={":op": "update", "multi": [""]})
    assert not value()


def test_a_property_not_yet_set_is_added(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co")
    assert 'name="fax"' not in page(hub, record(ada))
    assert 'name="fax"' in page(hub, f"{record(ada)}?all=1")
    form = outline(hub, f"{record(ada)}?add=fax").form("email")
    shown = followed(hub, form.send(hub, record(ada), fax="12 34"))
    assert 'name="fax" value="12 34"' in shown


def test_a_change_that_is_refused_leaves_what_was_entered(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co", firstname="Ada")
    wrong = outline(hub, record(ada)).form("email").send(hub, record(ada), email="nonsense", firstname="Adah")
    assert wrong.status_code == 400
    assert "nonsense is invalid" in wrong.text
    assert 'value="Adah"' in wrong.text
    assert hub.get(f"/crm/v3/objects/contacts/{ada}").json()["properties"]["firstname"] == "Ada"


def test_the_chosen_user_made_the_change(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co")
    form = outline(hub, record(ada)).form("email")
    form.put(":user", str(USER))
    form.send(hub, record(ada), firstname="Ada")
    history = page(hub, f"{record(ada)}/history/firstname")
    assert "Uma User" in history


def test_a_property_called_like_an_order_is_a_property(hub: Hub) -> None:
    body = {"label": "Op", "groupName": "contactinformation", "type": "string", "fieldType": "text"}
    for name in ("op", "user", "seen"):
        hub.post("/crm/v3/properties/contacts", body | {"name": name})
    ada = hub.create(email="ada@b.co")
    assert send(hub, record(ada), __op="update", op="archive", user=str(ADMIN), seen="1").status_code == 303
    found = hub.get(f"/crm/v3/objects/contacts/{ada}", properties="op,user,seen").json()["properties"]
    assert (found["op"], found["user"], found["seen"]) == ("archive", str(ADMIN), "1")


# -- history -----------------------------------------------------------------------------------------------------------


def test_a_record_without_changes_says_so(hub: Hub) -> None:
    ada = hub.create(email="ada@test.example")
    assert "Nothing has changed since the record was created." in page(hub, f"{record(ada)}/history")
    assert "It never had a value." in page(hub, f"{record(ada)}/history/phone")


def test_the_history_of_a_property_and_the_way_back(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co", phone="1")
    for phone in ("2", "3"):
        hub.time.pass_(60)
        hub.change({"op": "update", "object_type": "contact", "id": ada, "properties": {"phone": phone}})
    address = f"{record(ada)}/history/phone"
    assert "3 versions" in page(hub, address)
    assert f'href="{address}"' in page(hub, record(ada))
    assert f'href="{address}"' in page(hub, f"{record(ada)}/history")
    back = outline(hub, address).form("phone", "1")
    back.send(hub, address)
    assert hub.get(f"/crm/v3/objects/contacts/{ada}", properties="phone").json()["properties"]["phone"] == "1"
    assert "4 versions" in page(hub, address)


def test_the_way_back_of_a_property_called_name(hub: Hub) -> None:
    acme = hub.create("companies", name="Acme")
    hub.change({"op": "update", "object_type": "company", "id": acme, "properties": {"name": "Apex"}})
    address = f"{record(acme, '0-2')}/history/name"
    outline(hub, address).form("name", "Acme").send(hub, address)
    assert "<h1>Acme</h1>" in page(hub, record(acme, "0-2"))


def test_a_property_that_never_had_a_value(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co")
    assert "never had a value" in page(hub, f"{record(ada)}/history/fax")


# -- archiving, deleting, merging --------------------------------------------------------------------------------------


def test_archive_and_undo(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co")
    shown = send(hub, record(ada), __op="archive")
    assert hub.get(f"/crm/v3/objects/contacts/{ada}").status_code == 404
    undo = outline(hub, shown.headers["location"]).form(":op", "restore")
    undo.send(hub, record(ada))
    assert hub.get(f"/crm/v3/objects/contacts/{ada}").status_code == 200


def test_an_archived_record_is_restored_or_deleted_for_good(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co")
    send(hub, record(ada), __op="archive")
    shown = page(hub, record(ada))
    assert "ada@b.co" in shown.partition("What it held")[2]
    assert "is back" in followed(hub, send(hub, record(ada), __op="restore"))
    send(hub, record(ada), __op="archive")
    deleted = outline(hub, record(ada)).form(":op", "privacy_delete").send(hub, record(ada))
    assert "Deleted for good" in followed(hub, deleted)
    assert hub.http.get(record(ada)).status_code == 404


def test_deleting_for_privacy_asks_first(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co")
    assert "as the GDPR asks. This cannot be undone." in page(hub, record(ada))
    outline(hub, record(ada)).form(":op", "privacy_delete").send(hub, record(ada))
    assert hub.http.get(record(ada)).status_code == 404


def test_merging_leads_to_the_new_record_and_so_do_old_addresses(hub: Hub) -> None:
    ada, bea = hub.create(email="ada@b.co"), hub.create(email="bea@b.co")
    merged = outline(hub, record(ada)).form(":other").send(hub, record(ada), __other=bea)
    new = merged.headers["location"].partition("?")[0]
    assert new not in (record(ada), record(bea))
    assert "Merged" in followed(hub, merged)
    for old in (ada, bea):
        assert hub.http.get(record(old)).headers["location"] == new


@pytest.mark.parametrize("other", ["999", "", "x"])
def test_a_merge_with_nobody_is_refused(hub: Hub, other: str) -> None:
    ada = hub.create(email="ada@b.co")
    answer = send(hub, record(ada), __op="merge", __other=other)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert hub.get(f"/crm/v3/objects/contacts/{ada}").status_code == 200


def test_an_order_that_does_not_exist_is_refused(hub: Hub) -> None:
    ada = hub.create(email="ada@b.co")
    assert send(hub, record(ada), __op="explode").status_code == 400
    assert send(hub, record("999"), __op="archive").status_code == 404


def test_nobody_is_offered_what_cannot_be_made_here(hub: Hub) -> None:
    """Users come with the account's users."""
    hub.create("contacts", email=fresh_email())
    account = hub.http.get(f"/_ui/accounts/{HUB}").text
    assert "New contact" in account
    assert "New user" not in account
    assert "New contact" in hub.http.get(f"/contacts/{HUB}/objects/0-1/views/all/list").text
    assert "New user" not in hub.http.get(f"/contacts/{HUB}/objects/0-115/views/all/list").text
