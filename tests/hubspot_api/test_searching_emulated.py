"""What searches find in the emulator: every operator, and every match while records come and go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hubspot_api import associations, batches, errors, objects, search
from hubspot_api.batches import NewRecord
from hubspot_api.search import Filter, Query
from tests.hubspot_api.emulated import USER, Place

PEOPLE = {
    "Ada": {"email": "Ada@Ops.example", "lifecyclestage": "lead", "city": "London"},
    "Bob": {"email": "bob@ops.example", "lifecyclestage": "customer", "city": "New York"},
    "Cyd": {"email": "cyd@sales.example", "lifecyclestage": "lead"},
}
MANY = {"companies": 10_450}
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (search.eq("city", "london"), "Ada"),
        (search.neq("city", "London"), "Bob"),
        (search.one_of("lifecyclestage", "lead", "evangelist"), "Ada Cyd"),
        (search.none_of("lifecyclestage", "lead"), "Bob"),
        (search.one_of("city", "London"), ""),  # HubSpot's own trap …
        (search.one_of_texts("city", "London", "NEW YORK"), "Ada Bob"),  # … and the way around it
        (search.none_of_texts("city", "London"), "Bob"),
        (search.has("city"), "Ada Bob"),
        (search.lacks("city"), "Cyd"),
        (search.contains("email", "*@ops.example"), "Ada Bob"),
        (search.lacks_token("city", "york"), "Ada"),
        (search.gt("createdate", EPOCH), "Ada Bob Cyd"),
        (search.gte("createdate", EPOCH), "Ada Bob Cyd"),
        (search.lt("createdate", EPOCH), ""),
        (search.lte("createdate", EPOCH), ""),
        (search.between("createdate", EPOCH, EPOCH + timedelta(days=36_500)), "Ada Bob Cyd"),
    ],
)
def test_every_operator_finds_what_it_says(place: Place, condition: Filter, found: str) -> None:
    client = place.client()
    batches.create(client, "contacts", [NewRecord({"firstname": name} | more) for name, more in PEOPLE.items()])
    query = Query().where(condition, search.one_of_texts("firstname", *PEOPLE)).select("firstname")
    names = [one.properties["firstname"] for one in search.every(client, "contacts", query)]
    assert names == found.split()


def test_records_are_found_by_what_they_are_associated_with(place: Place) -> None:
    client = place.client()
    contact = objects.create(client, "contacts", {"email": "ada@new.example"}).id
    company = objects.create(client, "companies", {"domain": "new.example"}).id
    associations.associate(client, "contacts", contact, "companies", company)
    query = Query().where(search.associated_with("company", company))
    assert [one.id for one in search.every(client, "contacts", query)] == [contact]


def test_records_that_come_and_go_meanwhile_shift_nothing(place: Place) -> None:
    client = place.client()
    made = batches.create(client, "contacts", [NewRecord({"firstname": "Eva", "city": "Turin"}) for _ in range(600)])
    ids = sorted(one.id for one in made.results)
    found = search.every(client, "contacts", Query().where(search.eq("city", "Turin")))
    seen = [next(found).id for _ in range(150)]
    batches.archive(client, "contacts", [*seen[:100], *ids[400:450]])
    late = objects.create(client, "contacts", {"firstname": "Eva", "city": "Turin"}).id
    seen += [one.id for one in found]
    assert seen == [*ids[:400], *ids[450:], late]


def test_more_matches_than_hubspot_lets_paging_reach(place: Place) -> None:
    place.control("portals", hub_id=303, hublet="na1", users=[{"user_id": USER, "email": "a@b.example"}], seed=MANY)
    client = place.client(place.tokens(303)["access_token"])
    assert search.total(client, "companies", Query()) == MANY["companies"]
    ids = [one.id for one in search.every(client, "companies", Query())]
    assert ids == sorted(set(ids))
    assert len(ids) == MANY["companies"]


def test_what_hubspot_alone_can_know_it_refuses(place: Place) -> None:
    with pytest.raises(errors.BadRequest):
        search.page(place.client(), "contacts", Query().where(search.eq("no_such_property", 1)))
