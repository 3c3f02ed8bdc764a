"""Labels and limits of associations, defined in the emulator."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from hubspot_api import association_labels, association_limits, associations, batches, errors, objects
from hubspot_api.association_limits import AssociationLimit, LabelUse, RecordUse
from hubspot_api.associations import AssociationType, Pair
from hubspot_api.batches import NewRecord
from hubspot_api.ports import Bucket
from tests.hubspot_api.emulated import Place
from tests.hubspot_api.fakes import ok, world


def test_a_label_lives_and_dies(place: Place) -> None:
    client = place.client()
    plain = association_labels.list_all(client, "contacts", "companies")
    assert {AssociationType(279), AssociationType(1, label="Primary")} <= set(plain)

    there, back = association_labels.create(
        client, "contacts", "companies", "advisor", "Advisor", inverse_label="Advised by"
    )
    assert (there.category, there.label, back.label) == ("USER_DEFINED", "Advisor", "Advised by")
    assert set(association_labels.list_all(client, "contacts", "companies")) == {*plain, there}
    assert back in association_labels.list_all(client, "companies", "contacts")
    association_labels.rename(client, "contacts", "companies", there.type_id, "Mentor", inverse_label="Mentored by")
    assert replace(there, label="Mentor") in association_labels.list_all(client, "contacts", "companies")
    assert replace(back, label="Mentored by") in association_labels.list_all(client, "companies", "contacts")

    contact = objects.create(client, "contacts", {"email": "ada@new.example"}).id
    company = objects.create(client, "companies", {"domain": "new.example"}).id
    associations.associate(client, "contacts", contact, "companies", company, [there])
    with pytest.raises(errors.ValidationFailed):
        association_labels.delete(client, "contacts", "companies", there.type_id)
    associations.dissociate(client, "contacts", contact, "companies", company)
    association_labels.delete(client, "contacts", "companies", there.type_id)
    assert association_labels.list_all(client, "contacts", "companies") == plain
    assert {record.bucket for record in place.log.records if "labels" in record.path} == {Bucket.ASSOCIATIONS}


def test_labels_that_are_refused(place: Place) -> None:
    client = place.client()
    for number in range(10):
        association_labels.create(client, "contacts", "companies", f"label_{number}", f"Label {number}")
    with pytest.raises(errors.Conflict):
        association_labels.create(client, "contacts", "companies", "label_1", "Another")
    with pytest.raises(errors.ValidationFailed):
        association_labels.create(client, "contacts", "companies", "label_10", "Label 10")
    with pytest.raises(errors.NotFound):
        association_labels.rename(client, "contacts", "companies", 279, "Mine")
    with pytest.raises(errors.NotFound):
        association_labels.delete(client, "contacts", "companies", 279)
    assert association_limits.label_use(client, from_type_id="0-1", to_type_id="0-2") == (
        LabelUse("0-1", "0-2", tuple(f"Label {number}" for number in range(10)), 10),
    )
    assert association_limits.label_use(client, from_type_id="0-3") == ()


def test_limits_are_set_changed_and_taken_away(place: Place) -> None:
    client = place.client()
    (label, _) = association_labels.create(client, "companies", "contacts", "boss", "Boss")
    unknown = AssociationType(987_654, "USER_DEFINED")
    made = association_limits.create(client, "companies", "contacts", {label: 1, unknown: 1})
    assert [(one.type.type_id, one.most) for one in made.results] == [(label.type_id, 1)]
    assert len(made.errors) == 1
    limit = AssociationLimit(label, 1)
    assert association_limits.list_all(client) == (limit,)
    assert association_limits.between(client, "companies", "contacts") == (limit,)
    assert association_limits.between(client, "companies", "deals") == ()

    company = objects.create(client, "companies", {"domain": "new.example"}).id
    made_contacts = batches.create(client, "contacts", [NewRecord({"email": f"l{n}@new.example"}) for n in range(2)])
    pairs = [Pair(company, one.id, (label,)) for one in made_contacts.results]
    assert len(associations.associate_many(client, "companies", "contacts", pairs)) == 1
    changed = association_limits.update(client, "companies", "contacts", {label: 2, AssociationType(280): 10**9})
    assert [one.most for one in changed.results] == [2]
    assert [detail.category for detail in changed.errors] == ["VALIDATION_ERROR"]
    assert associations.associate_many(client, "companies", "contacts", pairs) == ()

    assert association_limits.remove(client, "companies", "contacts", [label]) == ()
    assert len(association_limits.remove(client, "companies", "contacts", [unknown])) == 1
    assert association_limits.list_all(client) == ()


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
def test_some_limits_are_refused_whatever_the_status(place: Place, version: str) -> None:
    client = place.client(version=version)
    unknown = AssociationType(987_654, "USER_DEFINED")
    made = association_limits.create(client, "contacts", "companies", {unknown: 1, AssociationType(279): 5})
    assert ([one.most for one in made.results], len(made.errors)) == ([5], 1)


def test_limits_are_repeated_only_when_they_were_there_before() -> None:
    for verb, calls in ((association_limits.create, 1), (association_limits.update, 2)):
        here = world(ok(status=502), ok({"results": []}))
        with suppress(errors.Overloaded):
            verb(here.client, "contacts", "companies", {AssociationType(279): 5})
        assert len(here.hubspot.asked) == calls


def test_records_at_their_limit_are_named(place: Place) -> None:
    client = place.client()
    use = association_limits.record_use(client, "0-2", "0-1")
    assert (use.at_limit, use.near_limit, use.at_limit_ids, use.near_limit_ids) == (0, 0, (), ())
    association_limits.create(client, "companies", "contacts", {AssociationType(280): 40})
    full, nearly = (objects.create(client, "companies", {"domain": f"c{n}.example"}).id for n in range(2))
    made = batches.create(client, "contacts", [NewRecord({"email": f"l{n}@new.example"}) for n in range(79)])
    ids = [one.id for one in made.results]
    pairs = [Pair(full, one) for one in ids[:40]] + [Pair(nearly, one) for one in ids[40:]]
    assert associations.associate_many(client, "companies", "contacts", pairs) == ()
    use = association_limits.record_use(client, "0-2", "0-1")
    assert use == RecordUse(40, at_limit=1, near_limit=1, at_limit_ids=(full,), near_limit_ids=(nearly,))
