from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.deliveries import DeliveryInvalid, parse

EVENT = {
    "eventId": 2572854942,
    "subscriptionId": 6527612,
    "portalId": 48975575,
    "appId": 39522895,
    "occurredAt": 1782371969536,
    "subscriptionType": "contact.propertyChange",
    "attemptNumber": 0,
    "objectId": 508369434347,
    "propertyName": "firstname",
    "propertyValue": "Maton",
    "changeSource": "INTEGRATION",
    "sourceId": "39522895",
}


def body(*events: object) -> bytes:
    return json.dumps(list(events)).encode()


def test_an_event_is_read() -> None:
    (event,) = parse(body(EVENT))
    assert event.hub_id == 48975575
    assert event.app_id == 39522895
    assert event.event_type == "contact.propertyChange"
    assert event.object_id == 508369434347
    assert event.occurred_at == 1782371969536
    assert json.loads(event.payload) == {name: value for name, value in EVENT.items() if name != "attemptNumber"}


def test_the_key_begins_with_the_time_and_has_38_bytes() -> None:
    (event,) = parse(body(EVENT))
    key = bytes.fromhex(event.key)
    assert len(key) == 38
    assert int.from_bytes(key[:6], "big") == 1782371969536


def test_a_retry_has_the_same_key_whatever_the_order_of_its_fields() -> None:
    (first,) = parse(body(EVENT))
    (retry,) = parse(body(dict(reversed(EVENT.items())) | {"attemptNumber": 5}))
    assert retry.key == first.key
    assert retry.attempt == 5


@pytest.mark.parametrize("field", [name for name in EVENT if name != "attemptNumber"])
def test_an_event_that_differs_in_any_field_has_another_key(field: str) -> None:
    (first,) = parse(body(EVENT))
    (other,) = parse(body(EVENT | {field: "other" if isinstance(EVENT[field], str) else 1}))
    assert other.key != first.key


def test_the_old_name_of_the_type_is_understood() -> None:
    (event,) = parse(body({"portalId": 1, "eventType": "deal.creation"}))
    assert event.event_type == "deal.creation"


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"not json",
        b"{}",
        b"null",
        b"[]",
        b'[{"portalId": NaN}]',
        b'[{"portalId": 1, "x": Infinity}]',
        b'[{"portalId": 1, "x": 1e999}]',
        b'[{"portalId": "1"}]',
        b'[{"portalId": 0}]',
        b'[{"portalId": -1}]',
        b'[{"portalId": true}]',
        b'[{"portalId": 1.5}]',
        b'[{"portalId": 9223372036854775808}]',
        b'[{"portalId": ' + b"9" * 5000 + b"}]",
        b"[" * 100_000,
        b"\xff\xfe",
        b'[1, "two", null, []]',
    ],
)
def test_what_is_no_delivery_is_refused(given: bytes) -> None:
    with pytest.raises(DeliveryInvalid):
        parse(given)


@pytest.mark.parametrize(
    ("given", "read"), [(1, 1), (253402300799999, 253402300799999), (253402300800000, None), (2**63, None)]
)
def test_a_moment_beyond_the_calendar_is_not_usable(given: int, read: int | None) -> None:
    (event,) = parse(body(EVENT | {"occurredAt": given}))
    assert event.occurred_at == read
    assert int(event.key[:12], 16) == (read or 0)
    assert json.loads(event.payload)["occurredAt"] == given


def test_stray_elements_beside_a_good_one_are_kept() -> None:
    events = parse(body(EVENT, 5, None, {"portalId": "x"}))
    assert [event.hub_id for event in events] == [48975575, None, None, None]


def test_the_largest_portal_id_is_accepted() -> None:
    (event,) = parse(body({"portalId": 2**63 - 1}))
    assert event.hub_id == 2**63 - 1


def without_attempt(value: object) -> object:
    return {n: v for n, v in value.items() if n != "attemptNumber"} if isinstance(value, dict) else value


@pytest.mark.parametrize("value", ["é", "\u2028", 2**70, 1.5e-7, 1e16, {"b": 1, "a": [True, None]}])
def test_an_event_is_the_same_event_however_its_batch_was_read(value: object) -> None:
    """Half of a surrogate pair in one element has all of the batch read by the standard library."""
    event = EVENT | {"propertyValue": value}
    (alone,) = parse(body(event))
    beside, broken = parse(body(event, EVENT | {"propertyValue": "\ud83d"}))
    assert beside == alone
    assert json.loads(broken.payload)["propertyValue"] == "\ud83d"
    assert parse(body(EVENT | {"propertyValue": "\ud83d"}))[0] == broken


def _nested(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(inner) | st.dictionaries(st.text(), inner)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), _nested))
def test_any_json_is_either_read_or_refused(value: object) -> None:
    given = json.dumps([value, {"portalId": 1, "subscriptionType": value, "occurredAt": value, "objectId": value}])
    events = parse(given.encode())
    assert len(events) == 2
    assert json.loads(events[0].payload) == without_attempt(value)
    for event in events:
        json.loads(event.payload)
        event.payload.encode()
        assert not {"\0", "\n"} & {*event.event_type, *event.payload}
        event.event_type.encode()
