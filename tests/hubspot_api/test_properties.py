"""Property definitions and their groups, written in the emulator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hubspot_api import errors, objects, properties, property_groups
from hubspot_api.properties import NewProperty, Option, PropertyChange
from tests.hubspot_api.emulated import Place
from tests.hubspot_api.fakes import ok, world

SIZES = (Option("s", "Small"), Option("l", "Large", hidden=True))
SIZE = NewProperty("shirt_size", "Shirt size", "enumeration", "select", "contactinformation", "As worn", SIZES)


def test_a_property_lives_and_dies(place: Place) -> None:
    client = place.client()
    made = properties.create(client, "contacts", SIZE)
    assert (made.name, made.label, made.type, made.field_type) == ("shirt_size", "Shirt size", "enumeration", "select")
    assert (made.group, made.options) == ("contactinformation", SIZES)
    assert (made.hubspot_defined, made.unique, made.archived) == (False, False, False)
    ada = objects.create(client, "contacts", {"email": "ada@new.example", "shirt_size": "s"})
    assert objects.get(client, "contacts", ada.id, properties=["shirt_size"]).properties["shirt_size"] == "s"

    change = PropertyChange(label="Shirt", options=(*SIZES, Option("m", "Medium")), hidden=True)
    changed = properties.update(client, "contacts", "shirt_size", change)
    assert changed == replace(made, label="Shirt", options=(*SIZES, Option("m", "Medium")), hidden=True)
    assert properties.get(client, "contacts", "shirt_size") == changed

    properties.archive(client, "contacts", "shirt_size")
    with pytest.raises(errors.NotFound):
        properties.get(client, "contacts", "shirt_size")
    assert properties.get(client, "contacts", "shirt_size", archived=True).archived
    assert [one.name for one in properties.list_all(client, "contacts", archived=True)] == ["shirt_size"]


def test_unique_and_calculated_properties(place: Place) -> None:
    client = place.client()
    unique = NewProperty("code", "Code", "string", "text", "contactinformation", unique=True)
    assert properties.create(client, "contacts", unique).unique
    twice = NewProperty("twice", "Twice", "number", "calculation_equation", "dealinformation", formula="amount * 2")
    made = properties.create(client, "deals", twice)
    assert (made.calculated, made.read_only) == (True, True)
    deal = objects.create(client, "deals", {"dealname": "D", "dealstage": "closedwon", "amount": "3"})
    assert objects.get(client, "deals", deal.id, properties=["twice"]).properties["twice"] == "6"
    thrice = properties.update(client, "deals", "twice", PropertyChange(formula="amount * 3"))
    assert thrice.calculated
    assert objects.get(client, "deals", deal.id, properties=["twice"]).properties["twice"] == "9"


def test_definitions_that_are_refused(place: Place) -> None:
    client = place.client()
    properties.create(client, "contacts", SIZE)
    with pytest.raises(errors.Conflict) as taken:
        properties.create(client, "contacts", SIZE)
    assert taken.value.sub_category == "Properties.PROPERTY_WITH_NAME_EXISTS"
    with pytest.raises(errors.ValidationFailed):
        properties.create(client, "contacts", replace(SIZE, name="Not A Name"))
    with pytest.raises(errors.ValidationFailed):
        properties.create(client, "contacts", replace(SIZE, name="grouped", group="no_such_group"))
    with pytest.raises(errors.ValidationFailed):
        properties.update(client, "contacts", "email", PropertyChange(label="Mail"))
    with pytest.raises(errors.ValidationFailed):
        properties.archive(client, "contacts", "email")
    with pytest.raises(errors.NotFound):
        properties.update(client, "contacts", "no_such_property", PropertyChange(label="x"))


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])  # 207, and 200 with errors in it
def test_many_properties_of_which_some_are_refused(place: Place, version: str) -> None:
    client = place.client(version=version)
    new = [replace(SIZE, name=f"size_{number}") for number in range(130)]
    outcome = properties.create_many(client, "contacts", [*new, replace(SIZE, name="no name"), new[0]])
    assert sorted(one.name for one in outcome.results) == sorted(one.name for one in new)
    assert [detail.category for detail in outcome.errors] == ["VALIDATION_ERROR", "OBJECT_ALREADY_EXISTS"]

    names = [one.name for one in new]
    read = properties.read_many(client, "contacts", [*names, names[0], "no_such_property"])
    assert sorted(one.name for one in read.results) == sorted(names)
    properties.archive_many(client, "contacts", [*names, "no_such_property"])
    assert properties.read_many(client, "contacts", names).results == ()
    assert len(properties.read_many(client, "contacts", names, archived=True).results) == 130


def test_a_change_says_only_what_changes() -> None:
    assert PropertyChange(hidden=False).wire() == {"hidden": False}
    assert PropertyChange(options=()).wire() == {"options": []}


def test_creating_many_is_not_repeated_when_the_answer_is_lost() -> None:
    here = world(ok(status=502), ok({"results": []}))
    with pytest.raises(errors.Overloaded):
        properties.create_many(here.client, "contacts", [SIZE])
    assert len(here.hubspot.asked) == 1


def test_a_group_lives_and_dies(place: Place) -> None:
    client = place.client()
    made = property_groups.create(client, "contacts", "clothes", "Clothes", order=3)
    assert (made.name, made.label, made.order, made.archived) == ("clothes", "Clothes", 3, False)
    assert property_groups.update(client, "contacts", "clothes", label="Garments") == replace(made, label="Garments")
    moved = property_groups.update(client, "contacts", "clothes", order=0)
    assert property_groups.get(client, "contacts", "clothes") == moved == replace(made, label="Garments", order=0)
    assert moved in property_groups.list_all(client, "contacts")

    properties.create(client, "contacts", replace(SIZE, group="clothes"))
    with pytest.raises(errors.ValidationFailed):
        property_groups.archive(client, "contacts", "clothes")
    properties.archive(client, "contacts", "shirt_size")
    property_groups.archive(client, "contacts", "clothes")
    with pytest.raises(errors.NotFound):
        property_groups.get(client, "contacts", "clothes")


def test_a_group_that_exists_is_refused(place: Place) -> None:
    with pytest.raises(errors.Conflict):
        property_groups.create(place.client(), "contacts", "contactinformation", "Contacts")
    without_order = world(ok({"name": "a", "label": "A"}))
    assert property_groups.get(without_order.client, "contacts", "a").order == -1
