"""Subscriptions of the journal, and their filters."""

from __future__ import annotations

from typing import Any

import pytest

from hubspot_api import errors, journal, objects
from hubspot_api import journal_subscriptions as subscriptions
from hubspot_api.client import Client
from hubspot_api.journal_events import APP_INSTALL, APP_UNINSTALL
from hubspot_api.journal_subscriptions import Condition
from tests.hubspot_api.emulated import HUB, HUB_EU, USER, Place
from tests.hubspot_api.fakes import ok, refusal, world
from tests.hubspot_api.journals import change, emails


def test_subscriptions_of_all_kinds(place: Place, app: Client) -> None:
    made = [
        subscriptions.to_objects(app, HUB, "0-2", actions=["UPDATE"], properties=["name"], object_ids=[5, 7]),
        subscriptions.to_associations(app, HUB, "0-1", to_types=["0-2"]),
        subscriptions.to_privacy_deletions(app, HUB, "0-1"),
        subscriptions.to_lifecycle(app, APP_INSTALL),
        subscriptions.to_lifecycle(app, APP_UNINSTALL),
    ]
    assert [(one.kind, one.hub_id) for one in made] == [
        ("OBJECT", HUB),
        ("ASSOCIATION", HUB),
        ("GDPR_PRIVACY_DELETION", HUB),
        ("APP_LIFECYCLE_EVENT", None),
        ("APP_LIFECYCLE_EVENT", None),
    ]
    companies = made[0]
    assert (companies.actions, companies.properties, companies.object_ids) == (("UPDATE",), ("name",), (5, 7))
    assert made[1].associated_types == ("0-2",)
    assert subscriptions.get(app, companies.id) == companies
    assert {one.id for one in subscriptions.list_all(app)} >= {one.id for one in made}

    again = subscriptions.to_objects(app, HUB, "0-2")
    assert (again.id, again.properties) == (companies.id, ())
    subscriptions.delete(app, companies.id)
    with pytest.raises(errors.NotFound):
        subscriptions.get(app, companies.id)
    subscriptions.delete_of_account(app, HUB)
    subscriptions.delete_of_account(app, HUB)
    assert {one.kind for one in subscriptions.list_all(app)} == {"APP_LIFECYCLE_EVENT"}


def test_lists_need_their_scope(place: Place, app: Client) -> None:
    place.tokens(HUB_EU, scopes=["crm.objects.contacts.read"])
    with pytest.raises(errors.MissingScopes) as caught:
        subscriptions.to_lists(app, HUB_EU)
    assert caught.value.scopes == ("crm.lists.read",)
    client = place.client()
    subscribed = subscriptions.to_lists(app, HUB, list_ids=[1, 2])
    assert (subscribed.kind, subscribed.list_ids) == ("LIST_MEMBERSHIP", (1, 2))
    subscriptions.to_lists(app, HUB)
    contact = objects.list_page(client, "contacts", limit=1).results[0].id
    body = {"name": "Some", "objectTypeId": "0-1", "processingType": "MANUAL"}
    list_id = int(client.request("POST", "/crm/lists/{version}", json=body).fields.child("list").id("listId"))
    client.request("PUT", f"/crm/lists/{{version}}/{list_id}/memberships/add", json=[str(contact)])
    place.control("clock", advance_s=2)
    (event,) = journal.events(app)
    assert (event.kind, event.action, event.list_id, event.object_id) == (
        "list_membership",
        "ADDED_TO_LIST",
        list_id,
        contact,
    )


def test_subscriptions_that_are_refused(place: Place, app: Client) -> None:
    with pytest.raises(errors.BadRequest):
        subscriptions.to_objects(app, HUB_EU, "0-1")  # not installed there
    with pytest.raises(errors.BadRequest):
        subscriptions.to_objects(app, HUB, "0-1", actions=["EXPLODE"])
    with pytest.raises(errors.MissingScopes):
        subscriptions.to_objects(app, HUB, "0-7")
    with pytest.raises(errors.NotFound):
        subscriptions.delete(app, 424242)


def test_what_other_kinds_tell(place: Place, app: Client) -> None:
    for subscribe in (subscriptions.to_associations, subscriptions.to_privacy_deletions):
        subscribe(app, HUB, "0-1")
    subscriptions.to_lifecycle(app, APP_UNINSTALL)
    client = place.client()
    one, two = (contact.id for contact in objects.list_page(client, "contacts", limit=2).results)
    company = objects.list_page(client, "companies", limit=1).results[0].id
    to = {"object_type": "company", "id": str(company)}
    changes = [
        {"op": "disassociate", "object_type": "contact", "id": str(one), "to": to},
        {"op": "associate", "object_type": "contact", "id": str(one), "to": to},
        {"op": "merge", "object_type": "contact", "id": str(two), "into": str(one)},
    ]
    place.control(f"portals/{HUB}/changes", user_id=USER, changes=changes)
    place.control(f"portals/{HUB}/uninstall", client_id="client-1")
    place.control("clock", advance_s=2)
    events = list(journal.events(app))
    ends = next(event.association for event in events if event.action == "ASSOCIATION_ADDED")
    assert ends is not None
    assert (ends.from_type, ends.from_id, ends.to_type, ends.to_id) == ("0-1", one, "0-2", company)
    assert ends.category == "HUBSPOT_DEFINED"
    merge = next(event for event in events if event.action == "MERGE")
    assert merge.object_id is not None
    assert {*merge.merged_ids, merge.object_id} >= {one, two}
    gone = next(event for event in events if event.kind == "app_lifecycle_event")
    assert (gone.action, gone.event_type, gone.hub_id) == ("APP_UNINSTALL", APP_UNINSTALL, HUB)


def test_filters_let_through_what_they_name(place: Place, app: Client) -> None:
    (contacts,) = subscriptions.list_all(app)
    conditions = (Condition("email", "ENDS_WITH", "@x.example"), Condition("email", "NOT_IN", values=("b@x.example",)))
    filter_id = subscriptions.add_filter(app, contacts.id, conditions)
    assert subscriptions.get_filter(app, filter_id).conditions == conditions
    assert [one.id for one in subscriptions.filters(app, contacts.id)] == [filter_id]
    change(place, "a@x.example", "b@x.example", "a@y.example")
    assert emails(app) == ["a@x.example"]
    subscriptions.delete_filter(app, filter_id)
    assert subscriptions.filters(app, contacts.id) == ()
    for ask in (subscriptions.get_filter, subscriptions.delete_filter):
        with pytest.raises(errors.NotFound):
            ask(app, filter_id)
    with pytest.raises(errors.NotFound):
        subscriptions.filters(app, 424242)
    with pytest.raises(errors.BadRequest):
        subscriptions.add_filter(app, contacts.id, [])


def test_a_new_filter_is_not_added_twice() -> None:
    here = world(refusal(500))
    with pytest.raises(errors.ServerFailed):
        subscriptions.add_filter(here.client, 1, [Condition("email", "IS_EMPTY")])
    assert len(here.hubspot.asked) == 1


@pytest.mark.parametrize("body", [{}, [1], [{"id": 1}]])
def test_filters_that_are_none(body: Any) -> None:
    with pytest.raises(errors.ResponseInvalid):
        subscriptions.filters(world(ok(body)).client, 1)
