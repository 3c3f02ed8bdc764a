from __future__ import annotations

import json
from typing import Any

from demo.walk.comparison import differences, of_account, of_mirror

ACCOUNT: dict[str, Any] = {
    "tables": {
        "0-1": {
            "records": [
                {"id": 1, "values": {"firstname": "Ann", "fax": ""}, "archived_at": None},
                {"id": 2, "values": {"firstname": "Gone"}, "archived_at": 5},
            ]
        },
        "0-2": {"records": [{"id": 1, "values": {"name": "Ltd"}, "archived_at": None}]},
        "0-3": {"records": []},
        "0-5": {"records": []},
        # What the app does not mirror: a task about the contact.
        "0-27": {"records": [{"id": 1, "values": {"hs_task_subject": "Call"}, "archived_at": None}]},
    },
    "links": [[279, 1, 1], [204, 1, 1]],
}


def record(object_type: str, record_id: str, state: str = "live", **properties: str) -> dict[str, Any]:
    return {"kind": "record", "object_type": object_type, "id": record_id, "state": state, "properties": properties}


def association(type_id: int, from_type: str, to_type: str) -> dict[str, Any]:
    sides = {"from_type": from_type, "from_id": "1", "to_type": to_type, "to_id": "1"}
    return {"kind": "association", "type_id": type_id, **sides}


SAME = [
    record("0-1", "1", firstname="Ann", hs_computed="x"),
    record("0-1", "2", "archived", firstname="Gone"),
    record("0-2", "1", name="Ltd"),
    association(279, "0-1", "0-2"),
    association(280, "0-2", "0-1"),
]


def found(*lines: dict[str, Any]) -> list[str]:
    exported = "\n".join(json.dumps(line) for line in lines)
    return sorted(differences(of_mirror(exported), of_account(ACCOUNT)))


def test_the_same_is_the_same() -> None:
    assert found(*SAME) == []


def test_each_difference_is_told() -> None:
    lost = "association 279 from 0-1/1 to 0-2/1 is missing"
    assert found(*SAME[1:]) == ["0-1/1 is missing", lost]
    assert found(record("0-1", "1", firstname="Bob"), *SAME[1:]) == ["0-1/1: firstname is 'Bob', not 'Ann'"]
    assert found(*SAME, record("0-1", "3")) == ["0-1/3 should not be there"]
    assert found(*SAME[:3], SAME[4]) == [lost]


def test_associations_of_a_record_that_is_archived_do_not_count() -> None:
    kept_for_its_return = {**ACCOUNT, "links": [[279, 1, 1], [279, 2, 1]]}
    exported = "\n".join(json.dumps(line) for line in SAME)
    assert list(differences(of_mirror(exported), of_account(kept_for_its_return))) == []


def test_an_association_of_the_mirror_alone_is_told() -> None:
    more = {**association(449, "0-1", "0-1"), "to_id": "3"}
    assert found(*SAME, record("0-1", "3"), more) == [
        "0-1/3 should not be there",
        "association 449 from 0-1/1 to 0-1/3 should not be there",
    ]
