from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from crm import export
from crm.models import Association, Record
from installations.models import Portal
from tests.portals import make_portal

pytestmark = pytest.mark.django_db


def exported(hub_id: int) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("mirror_export", "--portal", str(hub_id), stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def add_record(portal: Portal, object_type: str, record_id: int, **fields: Any) -> Record:
    return Record.objects.create(
        portal=portal, object_type=object_type, record_id=record_id, read_at=timezone.now(), **fields
    )


def add_association(portal: Portal, from_id: int, to_id: int, **fields: Any) -> Association:
    values = {"from_type": "0-1", "to_type": "0-2", "category": "HUBSPOT_DEFINED", "type_id": 1} | fields
    return Association.objects.create(portal=portal, from_id=from_id, to_id=to_id, **values)


def test_records_come_before_associations() -> None:
    portal = make_portal()
    now = timezone.now()
    add_association(portal, 2**53 + 1, 9, label="Boss")
    add_record(portal, "0-1", 2**53 + 1, properties={"firstname": "Zoë"}, updated_at=now, version=3)
    assert exported(portal.hub_id) == [
        {
            "kind": "record",
            "object_type": "0-1",
            "id": "9007199254740993",
            "state": "live",
            "properties": {"firstname": "Zoë"},
            "updated_at": now.isoformat(),
            "version": 3,
        },
        {
            "kind": "association",
            "from_type": "0-1",
            "from_id": "9007199254740993",
            "to_type": "0-2",
            "to_id": "9",
            "category": "HUBSPOT_DEFINED",
            "type_id": 1,
            "label": "Boss",
        },
    ]


def test_a_tombstone_is_exported_as_such() -> None:
    portal = make_portal()
    add_record(portal, "0-3", 4, state=Record.State.GONE)
    (line,) = exported(portal.hub_id)
    assert (line["state"], line["updated_at"]) == ("gone", None)


def test_pages_follow_each_other_across_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PAGE", 2)
    portal, other = make_portal(), make_portal()
    keys = [("0-1", number) for number in (1, 2, 3)] + [("0-2", 1), ("0-3", 1), ("0-3", 20), ("0-3", 100)]
    for object_type, record_id in keys:
        add_record(portal, object_type, record_id)
        add_record(other, object_type, record_id)
    ends = [(1, 5), (1, 40), (2, 1), (2, 2), (3, 1)]
    for from_id, to_id in ends:
        add_association(portal, from_id, to_id)
    assert [(line["object_type"], int(line["id"])) for line in export.records(portal)] == keys
    assert [(int(line["from_id"]), int(line["to_id"])) for line in export.associations(portal)] == ends


def test_the_live_installation_is_exported_rather_than_an_earlier_one() -> None:
    earlier = make_portal(990_101, connected=False)
    earlier.move_to(Portal.State.DISCONNECTED)
    add_record(earlier, "0-1", 1)
    assert [line["id"] for line in exported(990_101)] == ["1"]
    add_record(make_portal(990_101), "0-1", 2)
    assert [line["id"] for line in exported(990_101)] == ["2"]


def test_an_unknown_account_is_named() -> None:
    with pytest.raises(CommandError, match="424242"):
        exported(424242)
