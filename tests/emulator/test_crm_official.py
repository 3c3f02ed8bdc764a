"""HubSpot's own client, unmodified: every kind of record, schemas, properties, pipelines, labels, marketing, files."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm import objects, pipelines, properties, schemas
from hubspot.crm.associations.v4 import schema as labels

from emulator.crm.catalog import BUILT_IN, STANDARD
from emulator.crm.object_types import ObjectType
from tests.emulator.hub import HUB
from tests.emulator.official import process as process  # fixture
from tests.emulator.process import Process
from tests.emulator.test_kinds import EVERY_SCOPE, OTHERS, complete, plural

SCOPES = [
    *EVERY_SCOPE,
    *(f"crm.schemas.{kind}.write" for kind in ("contacts", "deals", "custom")),
    *("crm.schemas.custom.read", "crm.objects.custom.read", "crm.objects.custom.write"),
    *("forms", "content", "files", "crm.objects.owners.read"),
]


_hub_ids = itertools.count(HUB + 1_000)


@pytest.fixture
def hub_id(process: Process) -> int:
    """An account for each test: the allowances are HubSpot's."""
    number = next(_hub_ids)
    body = {"hub_id": number, "seed": {"forms": 3, "marketing_emails": 2}}
    process.control("POST", "portals", body)
    return number


@pytest.fixture
def client(process: Process, hub_id: int) -> Any:
    body = {"private_app": True, "scopes": SCOPES}
    token = process.control("POST", f"portals/{hub_id}/tokens", body)["access_token"]
    return HubSpot(access_token=token, host=f"http://127.0.0.1:{process.port}")


@pytest.mark.parametrize("kind", OTHERS, ids=plural)
def test_records_of_every_kind(client: Any, kind: ObjectType) -> None:
    api = client.crm.objects.basic_api
    wanted = objects.SimplePublicObjectInputForCreate(properties=complete(kind), associations=[])
    made = api.create(kind.plural, wanted)
    assert api.get_by_id(kind.type_id, made.id).id == made.id
    assert made.id in [each.id for each in client.crm.objects.get_all(kind.plural)]
    request = objects.PublicObjectSearchRequest(
        filter_groups=[{"filters": [{"propertyName": "hs_object_id", "operator": "EQ", "value": made.id}]}]
    )
    assert client.crm.objects.search_api.do_search(kind.plural, request).total == 1
    api.archive(kind.plural, made.id)


def test_every_kind_describes_its_properties(client: Any) -> None:
    for kind in STANDARD:
        names = {each.name for each in client.crm.properties.core_api.get_all(kind.plural).results}
        assert {each.name for each in BUILT_IN[kind.type_id]} <= names, kind.plural


def test_a_custom_object(client: Any, hub_id: int) -> None:
    egg = schemas.ObjectSchemaEgg(
        name="boat",
        labels=schemas.ObjectTypeDefinitionLabels(singular="Boat", plural="Boats"),
        required_properties=["name"],
        properties=[schemas.ObjectTypePropertyCreate(name="name", label="Name", type="string", field_type="text")],
        associated_objects=["CONTACT"],
        primary_display_property="name",
        secondary_display_properties=[],
        searchable_properties=["name"],
    )
    made = client.crm.schemas.core_api.create(egg)
    assert made.fully_qualified_name == f"p{hub_id}_boat"
    assert [each.id for each in client.crm.schemas.core_api.get_all().results] == [made.id]
    boat = client.crm.objects.basic_api.create(
        made.object_type_id, objects.SimplePublicObjectInputForCreate(properties={"name": "Argo"}, associations=[])
    )
    assert client.crm.objects.basic_api.get_by_id("boat", boat.id, properties=["name"]).properties["name"] == "Argo"
    changed = client.crm.schemas.core_api.update(
        "boat",
        schemas.ObjectTypeDefinitionPatch(labels=schemas.ObjectTypeDefinitionLabels(singular="Ship", plural="Ships")),
    )
    assert changed.labels.plural == "Ships"
    link = schemas.AssociationDefinitionEgg(from_object_type_id=made.object_type_id, to_object_type_id="0-2")
    association = client.crm.schemas.core_api.create_association("boat", link)
    client.crm.schemas.core_api.archive_association("boat", association.id)
    client.crm.objects.basic_api.archive("boat", boat.id)
    client.crm.schemas.core_api.archive("boat")
    assert client.crm.schemas.core_api.get_all().results == []


def test_properties_and_groups(client: Any) -> None:
    api = client.crm.properties
    group = api.groups_api.create("contacts", properties.PropertyGroupCreate(name="sdk", label="SDK", display_order=1))
    assert group.name in [each.name for each in api.groups_api.get_all("contacts").results]
    wanted = properties.PropertyCreate(
        name="sdk_level",
        label="Level",
        type="enumeration",
        field_type="select",
        group_name="sdk",
        options=[properties.OptionInput(label="High", value="high", hidden=False, display_order=0)],
    )
    assert api.core_api.create("contacts", wanted).options[0].value == "high"
    changed = api.core_api.update("contacts", "sdk_level", properties.PropertyUpdate(label="Rank"))
    assert changed.label == "Rank"
    more = properties.BatchInputPropertyCreate(
        inputs=[
            properties.PropertyCreate(name=f"sdk_{n}", label=str(n), type="string", field_type="text", group_name="sdk")
            for n in range(2)
        ]
    )
    assert len(api.batch_api.create("contacts", more).results) == 2
    gone = properties.BatchInputPropertyName(inputs=[{"name": name} for name in ("sdk_0", "sdk_1", "sdk_level")])
    api.batch_api.archive("contacts", gone)
    api.groups_api.archive("contacts", "sdk")


def test_pipelines(client: Any) -> None:
    stages = [
        pipelines.PipelineStageInput(label=label, display_order=n, metadata={"probability": odds})
        for n, (label, odds) in enumerate((("Open", "0.5"), ("Won", "1.0")))
    ]
    api = client.crm.pipelines
    wanted = pipelines.PipelineInput(label="From the client", display_order=9, stages=stages)
    made = api.pipelines_api.create("deals", wanted)
    assert [stage.label for stage in made.stages] == ["Open", "Won"]
    stage = api.pipeline_stages_api.update(
        "deals",
        made.id,
        made.stages[0].id,
        pipelines.PipelineStagePatchInput(label="Opened", metadata={"probability": "0.6"}),
    )
    assert (stage.label, stage.metadata["probability"]) == ("Opened", "0.6")
    assert api.pipeline_audits_api.get_audit("deals", made.id).results[0].action == "UPDATE"
    api.pipelines_api.archive("deals", made.id)


def test_association_labels(client: Any) -> None:
    api = client.crm.associations.v4.schema.definitions_api
    wanted = labels.PublicAssociationDefinitionCreateRequest(name="sdk", label="Knows", inverse_label="Known by")
    made = api.create("contacts", "companies", wanted).results
    assert [each.label for each in made] == ["Knows", "Known by"]
    listed = api.get_all("contacts", "companies").results
    assert made[0].type_id in [each.type_id for each in listed if each.category == "USER_DEFINED"]
    api.remove("contacts", "companies", made[0].type_id)


def test_marketing(client: Any) -> None:
    assert len(client.marketing.forms.forms_api.get_page(form_types=["all"]).results) == 3
    assert len(client.marketing.emails.marketing_emails_api.get_page().results) == 2


def test_files(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "hello.txt"
    path.write_text("Hello")
    made = client.files.files_api.upload(file=str(path), folder_path="/sdk", options='{"access": "PRIVATE"}')
    assert client.files.files_api.get_by_id(made.id).size == 5
    client.files.files_api.archive(made.id)
