"""Records and what belongs to them against the emulator, driven through its control API and its consent page."""

from __future__ import annotations

import pytest

from hubspot_api import associations, batches, errors, objects, owners, pipelines, properties, search
from hubspot_api.account import account_details
from hubspot_api.associations import AssociatedWith, AssociationType, Pair
from hubspot_api.batches import Change, NewRecord, Upsert
from hubspot_api.search import Query, eq, gte, has, one_of
from tests.hubspot_api.emulated import HUB, Place

# Records


def test_records_are_listed_wide_and_narrow(place: Place) -> None:
    client = place.client()
    everyone = list(objects.list_all(client, "contacts"))
    assert len(everyone) == 30
    assert [one.id for one in everyone] == sorted(one.id for one in everyone)
    first = objects.list_page(client, "contacts", limit=7)
    second = objects.list_page(client, "contacts", limit=7, after=first.after)
    assert [one.id for one in first.results + second.results] == [one.id for one in everyone[:14]]

    names = [one.name for one in properties.list_all(client, "contacts")]
    many = names * (5_000 // sum(map(len, names)) + 1)
    wide = objects.list_page(client, "contacts", properties=many)
    assert [one.id for one in wide.results] == [one.id for one in everyone]
    assert "lifecyclestage" in wide.results[0].properties
    assert objects.get(client, "contacts", everyone[0].id, properties=many).properties == wide.results[0].properties


def test_a_record_lives_and_dies(place: Place) -> None:
    client = place.client()
    made = objects.create(client, "contacts", {"email": "ada@new.example", "firstname": "Ada"})
    read = objects.get(client, "contacts", made.id, properties=["email", "no_such_property"])
    assert read.properties["email"] == "ada@new.example"
    assert "no_such_property" not in read.properties
    changed = objects.update(client, "contacts", made.id, {"firstname": "Countess"})
    assert changed.updated_at >= made.updated_at
    assert objects.get(client, "contacts", made.id, properties=["firstname"]).properties["firstname"] == "Countess"
    with pytest.raises(errors.Conflict) as taken:
        objects.create(client, "contacts", {"email": "ada@new.example"})
    assert taken.value.existing_id == made.id

    objects.archive(client, "contacts", made.id)
    with pytest.raises(errors.NotFound):
        objects.get(client, "contacts", made.id)
    gone = objects.get(client, "contacts", made.id, archived=True)
    assert gone.archived
    assert gone.archived_at is not None
    assert made.id in [one.id for one in objects.list_all(client, "contacts", archived=True)]
    read_archived = batches.read(client, "contacts", [made.id], archived=True)
    assert [one.id for one in read_archived.results] == [made.id]


def test_values_that_are_refused_are_named(place: Place) -> None:
    client = place.client()
    with pytest.raises(errors.ValidationFailed) as caught:
        objects.create(client, "contacts", {"email": "no address", "no_such_property": "x"})
    assert {"INVALID_EMAIL", "PROPERTY_DOESNT_EXIST"} <= set(caught.value.codes)
    assert {"email", "no_such_property"} <= set(caught.value.properties)
    with pytest.raises(errors.BadRequest):
        objects.list_page(client, "butterflies")


def test_a_merge_is_seen_from_every_side(place: Place) -> None:
    client = place.client()
    one, other = (objects.create(client, "contacts", {"email": f"m{n}@new.example"}).id for n in (1, 2))
    merged = objects.merge(client, "contacts", one, other)
    assert merged.merged
    for old in (one, other):
        found = objects.get(client, "contacts", old)
        assert (found.id, found.merged) == (merged.id, True)
    assert objects.update(client, "contacts", other, {"firstname": "Both"}).id == merged.id
    read = batches.read(client, "contacts", [one, other, merged.id])
    assert [record.id for record in read.results] == [merged.id]
    assert read.missing_ids == (one, other)


def test_privacy_deletion(place: Place) -> None:
    client = place.client()
    made = objects.create(client, "contacts", {"email": "forget@new.example"}).id
    objects.privacy_delete(client, "contacts", made)
    for archived in (False, True):
        with pytest.raises(errors.NotFound):
            objects.get(client, "contacts", made, archived=archived)


# Batches


def test_batches_of_any_size(place: Place) -> None:
    client = place.client()
    new = [NewRecord({"email": f"b{n}@new.example"}) for n in range(250)]
    made = batches.create(client, "contacts", new)
    assert (len(made.results), made.errors, made.answered) == (250, (), 250)
    assert {one.trace_id for one in made.results} == {str(n) for n in range(250)}

    ids = [one.id for one in made.results]
    changed = batches.update(client, "contacts", [Change(one, {"firstname": "B"}) for one in ids])
    assert (len(changed.results), changed.missing_ids) == (250, ())
    read = batches.read(client, "contacts", [*ids, 999_999_999], properties=["firstname"])
    assert {one.properties["firstname"] for one in read.results} == {"B"}
    assert read.missing_ids == (999_999_999,)
    assert read.errors[0].ids == ("999999999",)

    batches.archive(client, "contacts", ids)
    assert batches.read(client, "contacts", ids).missing_ids == tuple(ids)
    assert len(batches.read(client, "contacts", ids, archived=True).results) == 250


def test_one_bad_input_does_not_spoil_the_others(place: Place) -> None:
    client = place.client()
    objects.create(client, "contacts", {"email": "taken@new.example"})
    emails = ["good@new.example", "no address", "taken@new.example"]
    made = batches.create(client, "contacts", [NewRecord({"email": email}) for email in emails])
    assert [one.trace_id for one in made.results] == ["0"]
    assert sorted(detail.trace_ids for detail in made.errors) == [("1",), ("2",)]

    changes = [Change(made.results[0].id, {"email": "no address"}), Change(999_999_999, {})]
    changed = batches.update(client, "contacts", changes)
    assert changed.results == ()
    assert changed.missing_ids == (made.results[0].id, 999_999_999)
    assert ("0",) in [detail.trace_ids for detail in changed.errors]


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
def test_partial_success_is_one_whatever_the_status(place: Place, version: str) -> None:
    client = place.client(version=version)
    known = objects.list_page(client, "contacts", limit=1).results[0].id
    result = batches.read(client, "contacts", [known, 999_999_999])
    assert [one.id for one in result.results] == [known]
    assert result.missing_ids == (999_999_999,)
    assert result.errors


def test_upserts_and_reads_by_a_unique_property(place: Place) -> None:
    client = place.client()
    objects.create(client, "contacts", {"email": "old@new.example"})
    upserts = [Upsert("old@new.example", {"firstname": "Old"}), Upsert("fresh@new.example", {"firstname": "New"})]
    result = batches.upsert(client, "contacts", "email", upserts)
    assert [(one.new, one.trace_id) for one in result.results] == [(False, "0"), (True, "1")]
    emails = ["old@new.example", "fresh@new.example", "nobody@new.example"]
    read = batches.read_by(client, "contacts", "email", emails, properties=["firstname"])
    assert sorted(one.properties["firstname"] or "" for one in read.results) == ["New", "Old"]
    assert read.errors[0].ids == ("nobody@new.example",)


# Search


def test_search(place: Place) -> None:
    client = place.client()
    objects.create(client, "contacts", {"email": "find@new.example", "firstname": "Findable", "lastname": "One"})
    found = search.page(client, "contacts", Query().where(eq("email", "find@new.example")).select("firstname"))
    assert found.total == 1
    assert found.results[0].properties["firstname"] == "Findable"
    assert search.total(client, "contacts", Query()) == 31
    either = Query().where(one_of("email", "find@new.example")).or_where(gte("hs_object_id", 1), has("email"))
    assert search.page(client, "contacts", either).total == 31
    assert search.total(client, "contacts", Query().containing("Findable")) == 1


def test_every_match_of_a_search(place: Place) -> None:
    client = place.client()
    batches.create(client, "contacts", [NewRecord({"email": f"s{n}@new.example"}) for n in range(500)])
    found = [one.id for one in search.every(client, "contacts", Query().where(has("email")).select("email"))]
    assert found == sorted(set(found))
    assert len(found) == search.total(client, "contacts", Query().where(has("email"))) >= 500


# Associations


def test_associations(place: Place) -> None:
    client = place.client()
    contact, lonely = (objects.create(client, "contacts", {"email": f"a{n}@new.example"}).id for n in (1, 2))
    companies = [objects.create(client, "companies", {"domain": f"c{n}.example"}).id for n in range(3)]
    associations.associate(client, "contacts", contact, "companies", companies[0])
    associations.associate(client, "contacts", contact, "companies", companies[1], [AssociationType(1)])
    found = associations.read(client, "contacts", "companies", [contact, lonely])
    assert {one.to_id for one in found.by_id[contact]} == set(companies[:2])
    by_id = {one.to_id: {kind.type_id for kind in one.types} for one in found.by_id[contact]}
    assert by_id == {companies[0]: {279}, companies[1]: {1, 279}}
    assert found.by_id[lonely] == ()
    assert found.errors == ()

    associations.dissociate(client, "contacts", contact, "companies", companies[0])
    pairs = [Pair(lonely, companies[0]), Pair(lonely, companies[1], (AssociationType(279),))]
    assert associations.associate_many(client, "contacts", "companies", pairs) == ()
    found = associations.read(client, "contacts", "companies", [contact, lonely])
    assert [one.to_id for one in found.by_id[contact]] == [companies[1]]
    assert [one.to_id for one in found.by_id[lonely]] == companies[:2]
    assert associations.dissociate_many(client, "contacts", "companies", pairs) == ()
    assert associations.read(client, "contacts", "companies", [lonely]).by_id == {lonely: ()}

    associated = AssociatedWith(companies[2], (AssociationType(279),))
    made = objects.create(client, "contacts", {"email": "a3@new.example"}, associations=[associated])
    assert [one.to_id for one in associations.read(client, "contacts", "companies", [made.id]).by_id[made.id]] == [
        companies[2]
    ]


def test_a_company_with_many_contacts_is_read_page_by_page(place: Place) -> None:
    client = place.client()
    company = objects.create(client, "companies", {"domain": "big.example"}).id
    made = batches.create(client, "contacts", [NewRecord({"email": f"p{n}@new.example"}) for n in range(1100)])
    ids = sorted(one.id for one in made.results)
    associations.associate_many(client, "companies", "contacts", [Pair(company, one) for one in ids])
    found = associations.read(client, "companies", "contacts", [company])
    assert sorted(one.to_id for one in found.by_id[company]) == ids


# Metadata


def test_properties_pipelines_owners_and_the_account(place: Place) -> None:
    client = place.client()
    contact = {one.name: one for one in properties.list_all(client, "contacts")}
    assert contact["email"].type == "string"
    assert contact["lifecyclestage"].options
    assert contact["hubspot_owner_id"].refers_to == "OWNER"
    (sales, *_) = pipelines.list_all(client, "deals")
    assert sales.id == "default"
    assert [stage.id for stage in sales.stages if stage.closed] == ["closedwon", "closedlost"]
    assert next(iter(owners.list_all(client))).email == "ada@example.com"
    details = account_details(client)
    assert (details.hub_id, details.hublet, details.account_type) == (HUB, "na1", "STANDARD")
    assert details.time_zone == "US/Eastern"
