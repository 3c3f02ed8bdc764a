"""Pages promise what the code does, and say things in the same words everywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from crm import reconcile
from crm.models import Change
from crm.presenting import _ARRIVALS
from crm.templatetags import mirror
from installations.models import ERASE_AFTER, Membership, Portal
from installations.templatetags import wording
from webhooks.models import Event
from webhooks.templatetags import events

from .furniture import add_event, browser_of
from .reading import opened


def test_the_pace_of_checks_is_as_promised(db: None) -> None:
    minutes = [int(pause.total_seconds() / 60) for pause in (reconcile.MOST_OFTEN, reconcile.AT_LEAST)]
    promised = f"every {minutes[0]} to {minutes[1]} minutes"
    assert promised in _ARRIVALS["periodic"][1]
    assert promised in opened(browser_of(None), "/").text


def test_erasure_is_as_promised(db: None) -> None:
    assert f"within {ERASE_AFTER.days} days" in opened(browser_of(None), "/").text


def test_a_moment_is_said_in_utc() -> None:
    at = datetime(2026, 3, 9, 1, 2, 3, tzinfo=timezone(timedelta(hours=-5)))
    assert wording.moment(at) == '<time datetime="2026-03-09T06:02:03Z" >9 Mar 2026, 06:02:03 UTC</time>'
    assert wording.ago(at) == '<time datetime="2026-03-09T06:02:03Z" data-ago>9 Mar 2026, 06:02:03 UTC</time>'
    assert wording.stamp(at) == '<time datetime="2026-03-09T06:02:03Z" >9 Mar 2026, 06:02:03</time>'
    assert wording.day(datetime(2026, 1, 2, tzinfo=UTC)) == '<time datetime="2026-01-02">2 Jan 2026</time>'


@pytest.mark.parametrize("say", [wording.moment, wording.stamp, wording.ago, wording.day])
def test_no_moment_is_nothing(say: Callable[[None], str]) -> None:
    assert say(None) == ""


@pytest.mark.parametrize(
    ("hublet", "words"),
    [("na1", "North America (na1)"), ("eu1", "European Union (eu1)"), ("ap1", "Asia-Pacific (ap1)"), ("xx9", "xx9")],
)
def test_regions_have_words(hublet: str, words: str) -> None:
    assert wording.region(hublet) == words


def test_every_value_has_words() -> None:
    """A kind, source, state or role that is added needs words too."""
    assert all(mirror.kind_in_words(Change(kind=kind)) for kind in Change.Kind)
    assert all(mirror.source_in_words(Change(source=source)) for source in Change.Source)
    assert all(events.state_in_words(state) for state in Event.State)
    assert all(wording.role_means(role) for role in Membership.Role)


@pytest.mark.parametrize(
    ("event_type", "words"),
    [
        ("contact.propertyChange", "Contact property changed"),
        ("deal.privacyDeletion", "Deal deleted for privacy"),
        ("conversation.newMessage", "conversation.newMessage"),
        ("", ""),
    ],
)
def test_events_have_words(event_type: str, words: str) -> None:
    assert events.event_in_words(Event(event_type=event_type)) == words


@pytest.mark.parametrize("payload", ["", "not json", "[]", "1", "null", '{"other": 1}'])
def test_a_payload_that_is_no_event_names_no_property(payload: str) -> None:
    assert events.event_property(Event(event_type="contact.propertyChange", payload=payload)) == ""


def test_an_event_leads_to_its_record(portal: Portal) -> None:
    leads = {
        ("contact.creation", 5): f"/portals/{portal.hub_id}/records/contacts/5/",
        ("line_item.creation", 5): "",
        ("contact.creation", None): "",
        ("contact.creation", -5): "",
    }
    for (event_type, object_id), path in leads.items():
        assert mirror.path_of_record(add_event(portal, event_type, object_id), portal.hub_id) == path
