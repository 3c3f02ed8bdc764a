"""Pipelines and stages: made, changed, deleted, and what that does to records."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import Hub

Json = dict[str, Any]

RENEWALS: Json = {
    "label": "Renewals",
    "displayOrder": 1,
    "stages": [
        {"label": "Lost", "displayOrder": 2, "metadata": {"probability": "0.0"}},
        {"label": "Due", "displayOrder": 0, "metadata": {"probability": "0.5"}},
        {"label": "Renewed", "displayOrder": 1, "metadata": {"probability": "1.0"}},
    ],
}
BASES = ["/crm/v3/pipelines/deals", "/crm/pipelines/2026-03/0-3"]


@pytest.fixture(params=BASES)
def base(request: pytest.FixtureRequest) -> str:
    value: str = request.param
    return value


def made(hub: Hub, base: str, **changes: Any) -> Json:
    answer = hub.post(base, RENEWALS | changes)
    assert answer.status_code == 201, answer.text
    pipeline: Json = answer.json()
    return pipeline


def test_a_pipeline_of_the_accounts_own(hub: Hub, base: str) -> None:
    pipeline = made(hub, base)
    assert [stage["label"] for stage in pipeline["stages"]] == ["Due", "Renewed", "Lost"]
    assert [stage["metadata"]["isClosed"] for stage in pipeline["stages"]] == ["false", "true", "true"]
    assert len({stage["id"] for stage in pipeline["stages"]} | {pipeline["id"]}) == 4
    assert [each["id"] for each in hub.get(base).json()["results"]] == ["default", pipeline["id"]]
    assert hub.get(f"{base}/{pipeline['id']}").json() == pipeline
    deal = {"dealname": "D", "pipeline": pipeline["id"], "dealstage": pipeline["stages"][0]["id"]}
    assert hub.post("/crm/v3/objects/deals", {"properties": deal}).status_code == 201
    lacking = hub.post("/crm/v3/objects/deals", {"properties": {"dealname": "D", "dealstage": "contractsent"}})
    assert lacking.status_code == 400, "with several pipelines one must be named"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"label": ""}, 400),
        ({"stages": []}, 400),
        ({"label": "Sales Pipeline"}, 409),
        ({"pipelineId": "default"}, 409),
        ({"stages": [{"label": "A", "displayOrder": 0, "metadata": {}}]}, 400),
        ({"stages": [{"label": "A", "displayOrder": 0, "metadata": {"probability": "7"}}]}, 400),
        ({"stages": [{"label": "A", "displayOrder": n, "metadata": {"probability": "0.1"}} for n in (0, 1)]}, 400),
        ({"stages": [{"label": str(n), "metadata": {"probability": "0.1"}} for n in range(101)]}, 400),
        ({"stages": [{"label": "A", "stageId": "closedwon", "metadata": {"probability": "1.0"}}]}, 409),
        ({"stages": ["A"]}, 400),
    ],
)
def test_pipelines_that_are_refused(hub: Hub, changes: Json, status: int) -> None:
    assert hub.post(BASES[0], RENEWALS | changes).status_code == status
    assert len(hub.get(BASES[0]).json()["results"]) == 1


def test_editing_one_touches_all_its_records(hub: Hub, base: str) -> None:
    pipeline = made(hub, base)
    stage = pipeline["stages"][0]["id"]
    inside = hub.create("deals", dealname="In", pipeline=pipeline["id"], dealstage=stage)
    outside = hub.create("deals", dealname="Out", pipeline="default", dealstage="contractsent")
    before = {each: hub.get(f"/crm/v3/objects/deals/{each}").json()["updatedAt"] for each in (inside, outside)}
    hub.time.pass_(60)
    changed = hub.call("PATCH", f"{base}/{pipeline['id']}", {"label": "Renewals 2"})
    assert changed.json()["label"] == "Renewals 2"
    after = {each: hub.get(f"/crm/v3/objects/deals/{each}").json()["updatedAt"] for each in (inside, outside)}
    assert after[inside] > before[inside]
    assert after[outside] == before[outside]


def test_stages(hub: Hub, base: str) -> None:
    pipeline = made(hub, base)
    stages = f"{base}/{pipeline['id']}/stages"
    added = hub.post(stages, {"label": "Chased", "displayOrder": 3, "metadata": {"probability": "0.7"}})
    assert added.status_code == 201, added.text
    stage = added.json()
    assert [each["label"] for each in hub.get(stages).json()["results"]] == ["Due", "Renewed", "Lost", "Chased"]
    patched = hub.call("PATCH", f"{stages}/{stage['id']}", {"metadata": {"probability": "1.0"}}).json()
    assert patched["metadata"] == {"probability": "1.0", "isClosed": "true"}
    assert patched["label"] == "Chased"
    put = {"label": "Won", "displayOrder": 0, "metadata": {"probability": "0.9"}}
    assert hub.call("PUT", f"{stages}/{stage['id']}", put).json()["label"] == "Won"
    assert hub.call("DELETE", f"{stages}/{stage['id']}").status_code == 204
    assert hub.get(f"{stages}/{stage['id']}").status_code == 404
    assert hub.post(stages, {"label": "Due", "displayOrder": 9, "metadata": {"probability": "0.1"}}).status_code == 400


def test_what_is_in_use_may_be_kept(hub: Hub, base: str) -> None:
    pipeline = made(hub, base)
    stage = pipeline["stages"][0]["id"]
    hub.create("deals", dealname="In", pipeline=pipeline["id"], dealstage=stage)
    address = f"{base}/{pipeline['id']}"
    for path, what in ((f"{address}/stages/{stage}", "STAGE"), (address, "PIPELINE")):
        refused = hub.call("DELETE", f"{path}?validateReferencesBeforeDelete=true")
        assert refused.status_code == 400
        assert refused.json()["subCategory"] == f"PipelineError.{what}_ID_IN_USE"
    assert hub.call("DELETE", f"{address}/stages/{stage}").status_code == 204, "by default nobody looks"
    assert hub.call("DELETE", address).status_code == 204
    assert hub.call("DELETE", f"{base}/default").status_code == 400, "the last one stays"


def test_replacing_a_pipeline(hub: Hub, base: str) -> None:
    pipeline = made(hub, base)
    kept = pipeline["stages"][0]
    stages = [
        {"stageId": kept["id"], "label": "Open", "displayOrder": 0, "metadata": {"probability": "0.2"}},
        {"label": "Done", "displayOrder": 1, "metadata": {"probability": "1.0"}},
    ]
    answer = hub.call("PUT", f"{base}/{pipeline['id']}", {"label": "New", "displayOrder": 0, "stages": stages})
    assert answer.status_code == 200, answer.text
    assert [stage["label"] for stage in answer.json()["stages"]] == ["Open", "Done"]
    assert answer.json()["stages"][0]["id"] == kept["id"]


def test_the_audit(hub: Hub, base: str) -> None:
    pipeline = made(hub, base)
    hub.call("PATCH", f"{base}/{pipeline['id']}", {"label": "Other"})
    audit = hub.get(f"{base}/{pipeline['id']}/audit").json()["results"]
    assert [each["action"] for each in audit] == ["UPDATE", "CREATE"]
    assert audit[0]["rawObject"]["label"] == "Other"
    stage = pipeline["stages"][0]["id"]
    assert hub.get(f"{base}/{pipeline['id']}/stages/{stage}/audit").json()["results"][0]["identifier"] == stage


def test_a_snapshot_keeps_them(hub: Hub) -> None:
    pipeline = made(hub, BASES[0])
    saved = hub.control("GET", "snapshot")
    hub.control("POST", "reset")
    hub.control("PUT", "snapshot", saved)
    assert hub.control("GET", "snapshot") == saved
    assert hub.get(f"{BASES[0]}/{pipeline['id']}").json() == pipeline
