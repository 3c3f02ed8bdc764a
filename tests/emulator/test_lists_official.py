"""Lists by HubSpot's own client."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import httpx2

from tests.emulator.hub import CLIENT_ID, HUB
from tests.emulator.official import official as official  # fixtures
from tests.emulator.official import process as process
from tests.emulator.process import Process

lists = import_module("hubspot.crm.lists")


def create(client: Any, name: str, type_: str = "MANUAL", **more: Any) -> Any:
    request = lists.ListCreateRequest(name=name, object_type_id="0-1", processing_type=type_, **more)
    return client.crm.lists.lists_api.create(request).list


def test_a_list_from_making_to_restoring(official: Any) -> None:
    api = official.crm.lists.lists_api
    made = create(official, "Official guests")
    assert api.get_by_id(made.list_id).list.name == "Official guests"
    assert api.get_by_name("Official guests", "0-1").list.list_id == made.list_id
    assert [each.list_id for each in api.get_all(list_ids=[made.list_id]).lists] == [made.list_id]
    assert api.update_name(made.list_id, list_name="Official hosts").updated_list.name == "Official hosts"
    found = api.do_search(lists.ListSearchRequest(query="official hosts", offset=0, additional_properties=[]))
    assert (found.total, found.lists[0].list_id, found.has_more) == (1, made.list_id, False)
    api.remove(made.list_id)
    assert api.get_by_id(made.list_id).list.deleted_at is not None
    api.restore(made.list_id)
    assert api.get_by_id(made.list_id).list.deleted_at is None


def test_a_list_with_filters(official: Any) -> None:
    operation = lists.PublicAllPropertyTypesOperation(
        operator="IS_KNOWN", include_objects_with_no_value_set=False, operation_type="ALL_PROPERTY"
    )
    known = lists.PublicPropertyFilter(_property="email", operation=operation, filter_type="PROPERTY")
    inner = lists.PublicAndFilterBranch(
        filter_branch_type="AND", filter_branch_operator="AND", filter_branches=[], filters=[known]
    )
    branch = lists.PublicOrFilterBranch(
        filter_branch_type="OR", filter_branch_operator="OR", filter_branches=[inner], filters=[]
    )
    made = create(official, "Official known", "DYNAMIC", filter_branch=branch)
    page = official.crm.lists.memberships_api.get_page(made.list_id, limit=250)
    assert len(page.results) == 250
    following = official.crm.lists.memberships_api.get_page(made.list_id, limit=250, after=page.paging.next.after)
    assert int(following.results[0].record_id) > int(page.results[-1].record_id)
    request = lists.ListFilterUpdateRequest(filter_branch=branch)
    assert official.crm.lists.lists_api.update_list_filters(made.list_id, request).updated_list.list_version == 2


def test_memberships(official: Any) -> None:
    api = official.crm.lists.memberships_api
    one, two = (each.id for each in official.crm.contacts.basic_api.get_page(limit=2).results)
    first, second = create(official, "Official first"), create(official, "Official second")
    assert api.add(first.list_id, [one, "999999999"]).record_ids_missing == ["999999999"]
    both = lists.MembershipChangeRequest(record_ids_to_add=[two], record_ids_to_remove=[one])
    assert api.add_and_remove(first.list_id, both).record_ids_removed == [one]
    api.add_all_from_list(second.list_id, first.list_id)
    assert [row.record_id for row in api.get_page_ordered_by_added_to_list_date(second.list_id).results] == [two]
    assert {row.list_id for row in api.get_lists("0-1", two).results} >= {first.list_id, second.list_id}
    assert api.remove(first.list_id, [two]).record_ids_removed == [two]
    api.remove_all(second.list_id)
    assert api.get_page(second.list_id).results == []


def test_folders_and_old_ids(official: Any) -> None:
    api = official.crm.lists.folders_api
    outer = api.create(lists.ListFolderCreateRequest(name="Official outer")).folder
    inner = api.create(lists.ListFolderCreateRequest(name="Official inner", parent_folder_id=outer.id)).folder
    made = create(official, "Official kept")
    api.move_list(lists.ListMoveRequest(list_id=made.list_id, new_folder_id=inner.id))
    assert api.get_all(folder_id=inner.id).folder.child_lists == [int(made.list_id)]
    assert str(api.move(inner.id, "0").folder.parent_folder_id) == "0"
    assert api.rename(outer.id, new_folder_name="Official empty").folder.name == "Official empty"
    api.remove(outer.id)
    mapped = official.crm.lists.mapping_api.translate_legacy_list_id_to_list_id_batch(["7"])
    assert mapped.missing_legacy_list_ids == ["7"]


def test_a_body_in_chunks_counts_as_one(process: Process) -> None:
    """Of what may be left out altogether, so that a missing length must not be taken for a missing body."""
    token = process.control("POST", f"portals/{HUB}/tokens", {"client_id": CLIENT_ID})["access_token"]
    answer = httpx2.post(
        f"http://127.0.0.1:{process.port}/crm/lists/2026-09/all",
        headers={"Authorization": f"Bearer {token}"},
        content=iter([b'{"count"', b": 1}"]),
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["results"]) == 1
