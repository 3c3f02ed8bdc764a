"""A dlt pipeline in the manner of its verified HubSpot source; runs in an environment that has dlt and DuckDB.

Lists only: it asks for all properties in one address, follows `paging.next.link` as it is, and passes a second time
over what is archived. Loading merges by id.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import dlt
from dlt.sources.helpers import requests

BASE_URL = "https://api.hubapi.com/"
OBJECTS = ("companies", "contacts", "deals", "tickets", "products", "quotes")
ASSOCIATIONS = {
    "companies": "contacts,deals,tickets",
    "contacts": "companies,deals,tickets",
    "deals": "companies,contacts,tickets",
    "tickets": "companies,contacts,deals",
}

Row = dict[str, Any]


def follow(path: str, **params: Any) -> Iterator[list[Row]]:
    """Pages of results, each asked for at the address that the one before gave."""
    headers = {"Authorization": f"Bearer {os.environ['HUBSPOT_TOKEN']}"}
    answer = requests.get(urljoin(BASE_URL, path), headers=headers, params=params).json()
    while True:
        yield answer["results"]
        following = answer.get("paging", {}).get("next")
        if following is None:
            return
        answer = requests.get(following["link"], headers=headers).json()


def records(kind: str) -> Iterator[list[Row]]:
    names = sorted(row["name"] for page in follow(f"crm/v3/properties/{kind}") for row in page)
    query = {"properties": ",".join(names), "limit": 100}
    if kind in ASSOCIATIONS:
        query["associations"] = ASSOCIATIONS[kind]
    for archived in (False, True):
        for page in follow(f"crm/v3/objects/{kind}", **query, archived=archived):
            yield [row["properties"] | {"id": row["id"], "is_deleted": archived} | linked(row) for row in page]


def linked(row: Row) -> Row:
    """The ids of associated records, each once, from all pages of them."""
    found = {}
    for name, first in row.get("associations", {}).items():
        ids = {each["id"] for each in first["results"]}
        if "paging" in first:
            ids.update(each["id"] for page in follow(first["paging"]["next"]["link"]) for each in page)
        found[name.replace(" ", "_")] = sorted(ids)
    return found


@dlt.source(name="hubspot", max_table_nesting=1)  # type: ignore[untyped-decorator]
def hubspot() -> Iterator[Any]:
    merging = {"write_disposition": "merge", "primary_key": "id"}
    for kind in OBJECTS:
        yield dlt.resource(records, name=kind, **merging)(kind)
    yield dlt.resource(follow, name="owners", **merging)("crm/v3/owners/")
    for kind in ("deals", "tickets"):
        yield dlt.resource(follow, name=f"pipelines_{kind}", **merging)(f"crm/v3/pipelines/{kind}")


def main(database: str) -> None:
    """Load, then say what is in the tables: ids, and whether deleted where that is known."""
    destination = dlt.destinations.duckdb(database)
    pipeline = dlt.pipeline(
        "hubspot", destination=destination, dataset_name="crm", pipelines_dir=f"{database}.pipelines"
    )
    pipeline.run(hubspot())
    tables = {}
    with pipeline.sql_client() as client:
        for name in pipeline.default_schema.data_table_names(seen_data_only=True):
            deleted = "is_deleted" if name in OBJECTS else "false"
            # The names are the schema's own, and child tables have no id.
            if "__" not in name:
                rows = client.execute_sql(f"SELECT id, {deleted} FROM {name}")  # noqa: S608
                tables[name] = [{"id": key, "deleted": gone} for key, gone in rows]
    sys.stdout.write(json.dumps(tables))


if __name__ == "__main__":
    main(sys.argv[1])
