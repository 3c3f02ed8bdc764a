"""Object types of the account's own, defined in the emulator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hubspot_api import errors, objects, schemas, search
from hubspot_api.properties import NewProperty
from hubspot_api.schemas import NewSchema, SchemaAssociation, SchemaChange
from tests.hubspot_api.emulated import Place

PET = NewSchema(
    name="pet",
    singular="Pet",
    plural="Pets",
    description="Who lives here",
    properties=(NewProperty("pet_name", "Name", "string", "text"), NewProperty("age", "Age", "number", "number")),
    primary="pet_name",
    required=("pet_name",),
    secondary=("age",),
    searchable=("pet_name",),
    associated=("contacts",),
)


def test_an_object_type_lives_and_dies(place: Place) -> None:
    client = place.client()
    made = schemas.create(client, PET)
    assert made.type_id.startswith("2-")
    assert (made.name, made.full_name, made.singular, made.plural) == ("pet", "p101_pet", "Pet", "Pets")
    assert (made.primary, made.secondary, made.required, made.searchable) == (
        "pet_name",
        ("age",),
        ("pet_name",),
        ("pet_name",),
    )
    assert {"pet_name", "age"} <= {one.name for one in made.properties}
    assert (made.type_id, "0-1") in {(one.from_type_id, one.to_type_id) for one in made.associations}
    assert (made.description, made.archived) == ("Who lives here", False)
    assert schemas.list_all(client) == (schemas.get(client, "p101_pet"),) == (made,)

    rex = objects.create(client, made.type_id, {"pet_name": "Rex"})
    assert [one.id for one in search.every(client, "p101_pet", search.Query().containing("rex"))] == [rex.id]
    with pytest.raises(errors.ValidationFailed):
        schemas.archive(client, made.type_id)
    objects.archive(client, made.type_id, rex.id)
    schemas.archive(client, made.type_id)
    (gone,) = schemas.list_all(client, archived=True)
    assert (gone.type_id, gone.archived, gone.properties) == (made.type_id, True, ())
    assert schemas.list_all(client) == ()
    with pytest.raises(errors.Conflict):
        schemas.create(client, PET)
    schemas.delete(client, made.type_id)
    assert schemas.create(client, PET).name == "pet"


def test_an_object_type_is_changed_in_part(place: Place) -> None:
    client = place.client()
    before = schemas.create(client, PET)
    schemas.update(client, "p101_pet", SchemaChange(plural="Animals", secondary=()))
    assert schemas.get(client, "p101_pet") == replace(before, plural="Animals", secondary=())
    schemas.update(client, "p101_pet", SchemaChange(description="", primary="age", required=("age",)))
    after = schemas.get(client, "p101_pet")
    assert (after.description, after.primary, after.required, after.plural) == ("", "age", ("age",), "Animals")
    assert after.searchable == before.searchable


def test_what_hubspot_defines_can_be_read(place: Place) -> None:
    client = place.client()
    contact = schemas.get(client, "contacts")
    assert (contact.type_id, contact.plural) == ("0-1", "Contacts")
    assert "email" in {one.name for one in contact.properties}


def test_object_types_that_are_refused(place: Place) -> None:
    client = place.client()
    schemas.create(client, PET)
    with pytest.raises(errors.Conflict):
        schemas.create(client, PET)
    with pytest.raises(errors.ValidationFailed):
        schemas.create(client, replace(PET, name="toy", required=("no_such_property",)))
    with pytest.raises(errors.ValidationFailed):
        schemas.update(client, "p101_pet", SchemaChange(primary="no_such_property"))
    with pytest.raises(errors.BadRequest):
        schemas.get(client, "butterflies")
    with pytest.raises(errors.NotFound):
        schemas.delete(client, "contacts")


def test_reading_object_types_takes_a_scope_of_its_own(place: Place) -> None:
    client = place.client(place.tokens(scopes=["crm.objects.contacts.read"])["access_token"])
    with pytest.raises(errors.MissingScopes) as caught:
        schemas.list_all(client)
    assert "crm.schemas.custom.read" in caught.value.scopes


def test_associations_of_an_object_type(place: Place) -> None:
    client = place.client()
    pet = schemas.create(client, PET)
    made = schemas.add_association(client, pet.type_id, pet.type_id, "0-3", "pet_to_deal")
    assert made == SchemaAssociation(made.id, pet.type_id, "0-3", "pet_to_deal")
    assert made in schemas.get(client, pet.type_id).associations
    with pytest.raises(errors.Conflict):
        schemas.add_association(client, pet.type_id, pet.type_id, "0-3", "again")
    schemas.remove_association(client, pet.type_id, made.id)
    assert made not in schemas.get(client, pet.type_id).associations
    with pytest.raises(errors.NotFound):
        schemas.remove_association(client, pet.type_id, made.id)
