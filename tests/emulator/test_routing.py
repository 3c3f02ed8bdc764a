"""Applications share the paths that they compiled, and nothing else."""

from __future__ import annotations

from tests.emulator.hub import HUB, Hub


def test_each_emulator_answers_from_its_own_state() -> None:
    first, second = Hub(), Hub()
    for hub in (first, second):
        hub.app()
        hub.portal()
        hub.install()
    first.create("contacts", email="only@first.example")
    assert len(first.get("/crm/v3/objects/contacts").json()["results"]) == 1
    assert second.get("/crm/v3/objects/contacts").json()["results"] == []
    assert first.control("GET", "state")["portals"][0]["hub_id"] == HUB


def test_an_unknown_path_and_a_wrong_method() -> None:
    hub = Hub()
    assert hub.get("/crm/v3/nowhere").status_code == 404
    refused = hub.call("DELETE", "/oauth/v1/token")
    assert refused.status_code == 405
    assert "POST" in refused.headers["Allow"]
