"""Definitions of custom actions: made, changed, published, refused."""

from __future__ import annotations

import pytest

from tests.emulator.custom_actions.developer import (
    ACTION_URL,
    KEY,
    OPTIONS_URL,
    ROOMS,
    Developer,
    Json,
    definition,
    field,
)


def test_definitions_in_all_generations(anywhere: Developer) -> None:
    made = anywhere.call("POST", "", definition())
    assert made.status_code == 201
    body = made.json()
    assert (body["revisionId"], body["published"], body["actionUrl"]) == ("1", True, ACTION_URL)
    assert body["functions"] == [{"functionType": "PRE_ACTION_EXECUTION"}], "without their source"
    size = body["inputFields"][2]["typeDefinition"]
    assert (size["optionsUrl"], size["options"], size["externalOptions"]) == (OPTIONS_URL, [], True)
    path = f"/{body['id']}"
    assert anywhere.call("GET", path).json() == body
    changed = anywhere.call("PATCH", path, {"published": False})
    assert (changed.status_code, changed.json()["revisionId"], changed.json()["published"]) == (200, "2", False)
    assert changed.json()["labels"] == body["labels"], "a patch keeps the rest"
    assert anywhere.call("GET").json()["results"] == [changed.json()]
    gone = anywhere.call("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert anywhere.call("GET", path).status_code == 404
    assert anywhere.call("GET").json() == {"results": []}
    [archived] = anywhere.call("GET", archived="True").json()["results"]
    assert archived["archivedAt"] == anywhere.hub.time.ms
    assert anywhere.call("GET", path, archived="true").json() == archived
    assert anywhere.call("PATCH", path, {"published": True}).status_code == 404


def test_generations_share_one_state(developer: Developer) -> None:
    made = developer.create()
    for room in ROOMS:
        assert Developer(developer.hub, room).call("GET", f"/{made}").status_code == 200


def test_the_least_that_a_definition_needs(developer: Developer) -> None:
    least = {"actionUrl": "https://example.com/x", "inputFields": [], "labels": {"en": {"actionName": "X"}}}
    made = developer.call("POST", "", least).json()
    assert (made["objectTypes"], made["published"], made["functions"]) == ([], False, [])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"actionUrl": None}, "[actionUrl]"),
        ({"actionUrl": "http://example.com"}, "HTTPS"),
        ({"labels": None}, "[labels]"),
        ({"labels": {"de": {"actionName": "X"}}}, "English"),
        ({"labels": {"en": {}}}, "[actionName]"),
        ({"labels": {"en": {"actionName": "X", "inputFieldLabels": {"a": 1}}}}, "inputFieldLabels"),
        ({"inputFields": "x"}, "inputFields"),
        ({"inputFields": [field("", "string")], "inputFieldDependencies": []}, "[name]"),
        ({"inputFields": [field("a", "color")], "inputFieldDependencies": []}, "Invalid value for type"),
        ({"inputFields": [field("a"), field("a")], "inputFieldDependencies": []}, "unique"),
        ({"inputFields": [field("a", supportedValueTypes=["X"])], "inputFieldDependencies": []}, "supportedValueTypes"),
        ({"inputFields": [field("a")]}, "unknown input field color"),
        ({"inputFields": [field("a", definition={"options": [{"value": "x"}]})]}, "[label]"),
        ({"inputFieldDependencies": [{"dependencyType": "X"}]}, "dependencyType"),
        ({"executionRules": [{"conditions": {}}]}, "[labelName]"),
        ({"functions": [{"functionType": "X", "functionSource": "y"}]}, "functionType"),
        ({"functions": [{"functionType": "PRE_ACTION_EXECUTION"}]}, "[functionSource]"),
        ({"published": "yes"}, "published"),
        ({"objectTypes": [1]}, "objectTypes"),
    ],
)
def test_definitions_that_are_wrong(developer: Developer, changes: Json, words: str) -> None:
    answer = developer.call("POST", "", definition(**changes))
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["message"]
    assert developer.call("GET").json()["results"] == []


def test_a_wrong_patch_changes_nothing(developer: Developer) -> None:
    made = developer.create()
    answer = developer.call("PATCH", f"/{made}", {"inputFields": [field("other")]})
    assert (answer.status_code, "unknown input field" in answer.json()["message"]) == (400, True)
    assert developer.call("GET", f"/{made}").json()["revisionId"] == "1"


def test_only_the_developer(developer: Developer) -> None:
    made = developer.create()
    assert developer.call("GET", f"/{made}", key="").status_code == 401
    other = {"client_id": "other", "client_secret": "s", "app_id": 7, "redirect_uris": [], "developer_api_key": "k"}
    developer.hub.control("POST", "apps", other)
    assert developer.call("GET", f"/{made}", key="k").status_code == 404
    theirs = developer.hub.http.get(f"/automation/v4/actions/7/{made}", params={"hapikey": "k"})
    assert theirs.status_code == 404
    assert developer.hub.get(developer.base).status_code == 403, "a customer's token without the scope"


def test_pages_of_definitions_and_revisions(developer: Developer) -> None:
    ids = [str(developer.create()) for _ in range(3)]
    first = developer.call("GET", limit=2).json()
    assert [each["id"] for each in first["results"]] == ids[:2]
    following = developer.hub.http.get(first["paging"]["next"]["link"]).json()
    assert [each["id"] for each in following["results"]] == ids[2:]
    assert "paging" not in following
    developer.call("PATCH", f"/{ids[0]}", {"published": False})
    revisions = developer.call("GET", f"/{ids[0]}/revisions").json()["results"]
    assert [(each["id"], each["revisionId"]) for each in revisions] == [(ids[0], "1"), (ids[0], "2")]
    assert [each["definition"]["published"] for each in revisions] == [True, False]
    assert developer.call("GET", f"/{ids[0]}/revisions/1").json() == revisions[0]
    assert developer.call("GET", f"/{ids[0]}/revisions/3").status_code == 404
    assert developer.call("GET", limit=0).status_code == 400


def test_functions_are_kept(developer: Developer) -> None:
    made = f"/{developer.create()}/functions"
    options = {"hapikey": KEY}
    put = developer.hub.http.put(f"{developer.base}{made}/PRE_FETCH_OPTIONS/size", content="exports", params=options)
    assert (put.status_code, put.json()) == (200, {"functionType": "PRE_FETCH_OPTIONS", "id": "size"})
    developer.hub.http.put(f"{developer.base}{made}/PRE_ACTION_EXECUTION", content="new", params=options)
    kept = developer.call("GET", f"{made}/PRE_FETCH_OPTIONS/size").json()
    assert kept == {"functionSource": "exports", "functionType": "PRE_FETCH_OPTIONS", "id": "size"}
    assert developer.call("GET", f"{made}/PRE_ACTION_EXECUTION").json()["functionSource"] == "new"
    assert len(developer.call("GET", made).json()["results"]) == 2
    assert developer.call("DELETE", f"{made}/PRE_FETCH_OPTIONS/size").status_code == 204
    assert developer.call("GET", f"{made}/PRE_FETCH_OPTIONS/size").status_code == 404
    assert developer.call("DELETE", f"{made}/PRE_FETCH_OPTIONS/size").status_code == 404
    assert developer.call("GET", f"{made}/NONSENSE").status_code == 400
    assert developer.hub.http.put(f"{developer.base}{made}/PRE_FETCH_OPTIONS", params=options).status_code == 400


def test_whether_an_object_is_required(developer: Developer) -> None:
    path = f"/{developer.create()}/requires-object"
    assert developer.call("GET", path).json() == {"requiresObject": True}
    assert developer.call("POST", path, {"requiresObject": False}).status_code == 204
    assert developer.call("GET", path).json() == {"requiresObject": False}
    assert developer.call("POST", path, {}).status_code == 400
