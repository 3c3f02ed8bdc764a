"""The emulator's limits and faults, each with its exception."""

from __future__ import annotations

from typing import Any

import pytest

from hubspot_api import associations, errors, objects, search
from hubspot_api.errors import HubSpotError
from hubspot_api.search import Query
from tests.hubspot_api.emulated import Place


def test_the_burst_limit(busy: Place) -> None:
    client = busy.client()
    for _ in range(110):
        objects.list_page(client, "contacts", limit=1)
    with pytest.raises(errors.RateLimited) as caught:
        objects.list_page(client, "contacts", limit=1)
    assert caught.value.policy is errors.RatePolicy.TEN_SECONDLY
    assert caught.value.retry_at is not None
    assert busy.log.records[-1].attempts == 1
    assert search.total(client, "contacts", Query()) == 30  # on an allowance of its own
    assert associations.read(client, "contacts", "companies", [1]).by_id == {1: ()}


def test_the_search_limit(busy: Place) -> None:
    client = busy.client()
    for _ in range(5):
        search.total(client, "contacts", Query())
    with pytest.raises(errors.RateLimited) as caught:
        search.total(client, "contacts", Query())
    assert caught.value.policy is errors.RatePolicy.SECONDLY


@pytest.mark.parametrize(
    ("action", "params", "kind"),
    [
        ("status", {"status": 423}, errors.Locked),
        ("status", {"status": 429, "policy": "SECONDLY"}, errors.RateLimited),
        ("status", {"status": 500}, errors.ServerFailed),
        ("status", {"status": 503, "retry_after": 5}, errors.Overloaded),
        ("html", {"status": 502}, errors.Overloaded),
        ("html", {"status": 530}, errors.EdgeFailed),
        ("html", {"status": 414}, errors.UriTooLong),
        ("html", {"status": 200}, errors.AnswerUnreadable),
        ("migrating", {"retry_after_s": 60}, errors.Migrating),
        ("wrong_hublet", {"hublet": "na1"}, errors.WrongHublet),
    ],
)
def test_each_fault_has_its_exception(
    place: Place, action: str, params: dict[str, Any], kind: type[HubSpotError]
) -> None:
    client = place.client()
    place.fault(action, "/crm", **params)
    with pytest.raises(HubSpotError) as caught:
        objects.list_page(client, "contacts")
    assert type(caught.value) is kind
    assert len(objects.list_page(client, "contacts").results) == 30


def test_the_emulators_own_414(place: Place) -> None:
    with pytest.raises(errors.UriTooLong):
        place.client().request("GET", "/crm/objects/{version}/contacts", params={"properties": ["x" * 20_000]})
