"""Cells: what people read becomes values, and what went wrong is told row by row."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.hub import Hub
from tests.emulator.imports.importing import BASE, EMAIL, column, errors, file, finished, request

Json = dict[str, Any]


def deal_file(*columns: tuple[str, str]) -> Json:
    every = [("Name", "dealname"), ("Stage", "dealstage"), *columns]
    return file(*(column(name, property_name, "0-3") for name, property_name in every), name="deals.csv")


def deals(hub: Hub, *properties: str) -> list[list[str | None]]:
    rows = hub.get("/crm/v3/objects/deals", properties=",".join(properties)).json()["results"]
    return [[row["properties"][name] for name in properties] for row in rows]


def test_cells_hold_what_people_read(hub: Hub) -> None:
    owner = hub.get("/crm/v3/owners").json()["results"][0]
    wanted = deal_file(("Amount", "amount"), ("Close", "closedate"), ("Owner", "hubspot_owner_id"))
    text = 'Name,Stage,Amount,Close,Owner\nBig,Closed Won,"1,234.50",31/12/2026 15:30,Ada Admin\n'
    done = finished(hub, request(wanted, dateFormat="DAY_MONTH_YEAR"), ("deals.csv", text))
    assert done["metadata"]["counters"].get("ERRORS") is None, errors(hub, done["id"])
    assert deals(hub, "dealname", "dealstage", "amount", "closedate", "hubspot_owner_id") == [
        ["Big", "closedwon", "1234.50", "2026-12-31T15:30:00Z", owner["id"]]
    ]


@pytest.mark.parametrize(
    ("date_format", "text", "stored"),
    [
        ("MONTH_DAY_YEAR", "12/31/2026", "2026-12-31T00:00:00Z"),
        ("YEAR_MONTH_DAY", "2026-12-31", "2026-12-31T00:00:00Z"),
        ("YEAR_MONTH_DAY", "2026-12-31T10:00:00+02:00", "2026-12-31T08:00:00Z"),
        ("MONTH_DAY_YEAR", "31/12/2026", None),
        ("MONTH_DAY_YEAR", "soon", None),
    ],
)
def test_dates(hub: Hub, date_format: str, text: str, stored: str | None) -> None:
    wanted = deal_file(("Close", "closedate"))
    csv = f"Name,Stage,Close\nBig,closedwon,{text}\n"
    done = finished(hub, request(wanted, dateFormat=date_format), ("deals.csv", csv))
    assert deals(hub, "closedate") == [[stored]]
    assert [each["errorType"] for each in errors(hub, done["id"])] == ([] if stored else ["COULD_NOT_PARSE_DATE"])


def test_what_makes_no_sense_is_left_out_and_told(hub: Hub) -> None:
    owned = [("Amount", "amount"), ("Owner", "hubspot_owner_id"), ("Type", "dealtype")]
    text = "Name,Stage,Amount,Owner,Type\nBig,closedwon,lots,Nobody,weird\n,closedwon,1,,\nOdd,Limbo,1,,\nshort\n"
    done = finished(hub, request(deal_file(*owned)), ("deals.csv", text))
    assert deals(hub, "dealname", "amount", "hubspot_owner_id", "dealtype") == [["Big", None, None, None]]
    found = errors(hub, done["id"])
    assert [(each["errorType"], each["sourceData"]["lineNumber"]) for each in found] == [
        ("COULD_NOT_PARSE_NUMBER", 2),
        ("COULD_NOT_FIND_OWNER", 2),
        ("INVALID_ENUMERATION_OPTION", 2),
        ("MISSING_REQUIRED_PROPERTY", 3),
        ("INVALID_ENUMERATION_OPTION", 4),
        ("MISSING_REQUIRED_PROPERTY", 4),
        ("INCORRECT_NUMBER_OF_COLUMNS", 5),
    ]
    assert found[0]["invalidValue"] == "lots"
    assert found[0]["objectTypeId"] == "0-3"
    assert found[0]["sourceData"]["rowData"] == ["Big", "closedwon", "lots", "Nobody", "weird"]
    assert str(found[0]["sourceData"]["fileId"]) in done["metadata"]["fileIds"]
    assert done["metadata"]["counters"]["ERRORS"] == 7


def test_rows_are_numbered_as_the_file_has_them(hub: Hub) -> None:
    text = 'Email,First,Last\n\nada@test.example,"Ada\nAugusta",\n\nnobody,,\n'
    done = finished(hub, request(file(EMAIL)), ("people.csv", text))
    assert done["metadata"]["counters"]["TOTAL_ROWS"] == 2
    assert {each["sourceData"]["lineNumber"] for each in errors(hub, done["id"])} == {5}
    assert errors(hub, done["id"])[0]["sourceData"]["rowData"] == ["nobody", "", ""]


def test_errors_are_paged(hub: Hub) -> None:
    rows = "".join(f"nobody{number},x,y\n" for number in range(5))
    done = finished(hub, request(file(EMAIL)), ("people.csv", f"Email,First,Last\n{rows}"))
    path, seen = f"{BASE}/{done['id']}/errors?limit=2&includeRowData=false", []
    while path:
        page = hub.get(path).json()
        seen += page["results"]
        path = page.get("paging", {}).get("next", {}).get("link", "").removeprefix("http://localhost:8765")
    assert [each["errorType"] for each in seen] == ["INVALID_EMAIL", "MISSING_REQUIRED_PROPERTY"] * 5
    assert len({each["id"] for each in seen}) == len(seen)
    assert all(each["sourceData"]["rowData"] == [] and "errorMessage" not in each for each in seen)
