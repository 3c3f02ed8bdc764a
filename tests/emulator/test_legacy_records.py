"""What companies v2, deals v1, contacts v1 and tickets v1 have in common: recent lists, scopes, limits."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.crm.object_types import COMPANY, DEAL, ObjectType
from emulator.crm.records import Record, by_user
from emulator.legacy import recent
from tests.emulator.hub import Hub
from tests.emulator.legacy import DAY_S, pages, table
from tests.emulator.legacy import full as full  # the fixture

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("path", "kind", "id_name"),
    [
        ("/companies/v2/companies/recent/modified", COMPANY, "companyId"),
        ("/deals/v1/deal/recent/modified", DEAL, "dealId"),
    ],
)
def test_recently_modified_goes_back_thirty_days(full: Hub, path: str, kind: ObjectType, id_name: str) -> None:
    answers = pages(full, path, "hasMore", {"offset": "offset"}, count=10)
    rows = [row for answer in answers for row in answer["results"]]
    since = full.time.ms - 30 * DAY_S * 1000
    expected = [r for r in table(full, kind).records.values() if r.updated_at >= since]
    expected.sort(key=lambda record: (record.updated_at, record.id), reverse=True)
    assert 10 < len(expected) < len(table(full, kind))
    assert [row[id_name] for row in rows] == [record.id for record in expected]
    assert {answer["total"] for answer in answers} == {len(expected)}
    assert answers[-1]["offset"] == len(expected)
    newest = full.get(path, since=expected[4].updated_at).json()
    assert [row[id_name] for row in newest["results"]] == [record.id for record in expected[:5]]
    assert newest["total"] == 5


@pytest.mark.parametrize(
    ("path", "kind", "id_name"),
    [
        ("/companies/v2/companies/recent/created", COMPANY, "companyId"),
        ("/deals/v1/deal/recent/created", DEAL, "dealId"),
    ],
)
def test_recently_created_goes_back_thirty_days(full: Hub, path: str, kind: ObjectType, id_name: str) -> None:
    rows = [row for answer in pages(full, path, "hasMore", {"offset": "offset"}, count=3) for row in answer["results"]]
    since = full.time.ms - 30 * DAY_S * 1000
    expected = sorted((r.id for r in table(full, kind).records.values() if r.created_at >= since), reverse=True)
    assert expected
    assert [row[id_name] for row in rows] == expected


def test_a_recent_list_has_what_changed_and_not_what_was_archived(full: Hub) -> None:
    first, second, third = list(table(full, COMPANY).live)[:3]
    for company in (first, second, third):
        full.time.pass_(1)
        full.call("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"city": "Springfield"}})
    full.call("DELETE", f"/crm/v3/objects/companies/{second}")
    rows = full.get("/companies/v2/companies/recent/modified", count=2).json()["results"]
    assert [row["companyId"] for row in rows] == [third, first]


def test_a_recent_list_ends_at_ten_thousand_and_tells_that_there_are_more() -> None:
    records = [Record(number, {}, 0, by_user(1)) for number in range(10_050)]
    last = recent.page(records, 9_990, 100, beyond_wall=10_050)
    assert [record.id for record in last.items] == list(range(9_990, 10_000))
    assert (last.more, last.total, last.offset) == (False, 10_050, 10_000)
    assert recent.page(records, 9_900, 50, beyond_wall=10_050).more
    whole = recent.page(records[:10_000], 9_900, 100, beyond_wall=99_999)
    assert (len(whole.items), whole.more, whole.total) == (100, False, 10_000)


def test_counts_beyond_the_most_are_cut(full: Hub) -> None:
    assert len(full.get("/deals/v1/deal/paged", limit=1_000).json()["deals"]) == 250
    full.advance(1)
    for deal in list(table(full, DEAL).live)[:105]:
        full.call("PATCH", f"/crm/v3/objects/deals/{deal}", {"properties": {"amount": "7"}})
    assert len(full.get("/deals/v1/deal/recent/modified", count=250).json()["results"]) == 100
    assert full.get("/deals/v1/deal/paged", limit="many").status_code == 400
    assert full.get("/deals/v1/deal/paged", offset="-1").status_code == 400


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/companies/v2/companies/paged", "crm.objects.companies.read"),
        ("/companies/v2/companies/recent/modified", "crm.objects.companies.read"),
        ("/deals/v1/deal/paged", "crm.objects.deals.read"),
        ("/deals/v1/pipelines", "crm.schemas.deals.read"),
        ("/contacts/v1/lists/all/contacts/all", "crm.objects.contacts.read"),
        ("/crm-objects/v1/change-log/tickets", "tickets"),
    ],
)
def test_scopes(bare: Hub, path: str, scope: str) -> None:
    bare.install(scopes=["oauth"])
    refused = bare.get(path)
    assert refused.status_code == 403
    assert scope in refused.json()["errors"][0]["context"]["requiredGranularScopes"]


def test_calls_count_and_an_api_key_is_no_credential(hub: Hub) -> None:
    answer = hub.get("/companies/v2/companies/paged")
    assert answer.headers["X-HubSpot-RateLimit-Max"] == "110"
    refused = hub.http.get("/companies/v2/companies/paged?hapikey=00000000-0000-0000-0000-000000000000")
    assert (refused.status_code, refused.json()["category"]) == (401, "INVALID_AUTHENTICATION")
