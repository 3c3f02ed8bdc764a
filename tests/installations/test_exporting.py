"""Everything held about an account leaves with its people: all of it, nobody else's, and no secret."""

from __future__ import annotations

import json
from collections import Counter
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone

from crm import export as mirror
from installations.audit import record
from installations.leaving import downloads, exporting
from installations.leaving.downloads import DownloadBusy
from installations.models import Anomaly, AuditEntry, OwnershipClaim, Portal
from tests.console.world import CANARY_ACCESS, CANARY_REFRESH, filled_portal
from tests.pages.furniture import ADMIN, OWNER, VIEWER, browser_of, furnished
from tests.portals import make_portal
from webhooks import export as inbox
from webhooks.models import Event

pytestmark = pytest.mark.django_db


def lines_of(text: str) -> list[dict[str, Any]]:
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def exported(portal: Portal) -> list[dict[str, Any]]:
    return lines_of("".join(exporting.text(portal)))


def command(hub_id: int) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("portal_export", "--portal", str(hub_id), stdout=out)
    return lines_of(out.getvalue())


def test_every_room_brings_its_part() -> None:
    portal = furnished()
    found = exported(portal)
    counted = Counter(line["kind"] for line in found)
    assert found[0]["kind"] == "portal"
    assert found[0]["hub_id"] == portal.hub_id
    assert found[-1] == {"kind": "end", "lines": len(found) - 1}
    assert counted == {
        "portal": 1,
        "credential": 1,
        "membership": 4,
        "audit": 1,
        "sync": 4,
        "owner": 1,
        "property": 4,
        "record": len(list(mirror.records(portal))),
        "association": 2,
        "change": 7,
        "event": len(list(inbox.events(portal.hub_id))),
        "end": 1,
    }
    (contact,) = [line for line in found if line["kind"] == "record" and line["id"] == "11"]
    assert contact["properties"]["email"] == "ada@example.com"


KINDS = {
    "crm.Association": "association",
    "crm.Change": "change",
    "crm.ClosedFeature": "closed_feature",
    "crm.Owner": "owner",
    "crm.Property": "property",
    "crm.Record": "record",
    "crm.Sync": "sync",
    "installations.Anomaly": "anomaly",
    "installations.ApiCall": "api_calls",
    "installations.AuditEntry": "audit",
    "installations.Credential": "credential",
    "installations.Mail": "mail",
    "installations.Membership": "membership",
    "installations.OwnershipClaim": "ownership_claim",
    "webhooks.Event": "event",
    "webhooks.Failure": "event",  # its reason stands with its event
}
SAYS_NOTHING = {
    *("crm.FeedHead", "installations.DataKey", "lanes.Lane", "lanes.PortalWait"),  # how far we are, and a key
    *("installations.CallMinute", "installations.FailedRequests"),  # sums of calls, which have a line of their own
    "embedded.CardVisit",  # openings that last minutes
    "installations.OthersCalls",  # a sample of calls that we did not make; what came of it has a line
}


def test_no_table_that_names_a_portal_is_forgotten() -> None:
    """Whoever adds one decides here whether its rows leave with the portal's people."""
    named = {
        model._meta.label
        for model in apps.get_models()
        if any(field.related_model is Portal for field in model._meta.fields)
    }
    assert named == set(KINDS) | SAYS_NOTHING


def test_everything_of_ours_has_its_line() -> None:
    portal = filled_portal()
    member = portal.memberships.get()
    OwnershipClaim.objects.create(portal=portal, claimant=member, claimed_at=timezone.now())
    Anomaly.objects.create(portal=portal, kind=Anomaly.Kind.CALLS, figure=5, usual=1, limit=4)
    kinds = {line["kind"] for line in exported(portal)}
    assert {"anomaly", "credential", "membership", "ownership_claim", "audit", "mail", "api_calls", "event"} <= kinds


def test_calls_are_summed_up_by_the_day() -> None:
    portal = filled_portal()
    (calls,) = [line for line in exported(portal) if line["kind"] == "api_calls"]
    assert (calls["calls"], calls["status"], calls["method"]) == (1, 200, "GET")


def test_no_secret_and_nobody_elses_data_is_in_it() -> None:
    portal, other = filled_portal(), filled_portal(name="Other Ltd")
    text = "".join(exporting.text(portal))
    for secret in (CANARY_ACCESS, CANARY_REFRESH, portal.credential.access_token, portal.credential.refresh_token):
        assert secret not in text
    assert "Other Ltd" not in text
    assert str(other.hub_id) not in text


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5])
def test_pages_end_where_they_should(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(exporting, "PAGE", 2)
    portal = make_portal()
    for number in range(rows):
        record(portal, "jane", f"did {number}")
    actions = [line["action"] for line in exported(portal) if line["kind"] == "audit"]
    assert actions == [f"did {number}" for number in range(rows)]


def hang_up(answer: Any) -> None:
    """Do what the web server does at the end, but for closing the database's connection, which is this test's."""
    for close in answer._resource_closers:
        close()


class TestCommand:
    def test_all_installations_of_an_account_are_in_it(self) -> None:
        first = furnished()
        first.move_to(Portal.State.DISCONNECTED)
        second = make_portal(first.hub_id)
        waiting = Event.objects.create(key=b"waits", hub_id=first.hub_id, event_type="contact.creation", payload="{}")
        found = command(first.hub_id)
        assert [line["state"] for line in found if line["kind"] == "portal"] == ["disconnected", "active"]
        assert sum(line["kind"] == "end" for line in found) == 2
        assert [line["id"] for line in found if line["kind"] == "event"][-1] == waiting.pk, "once, with the latest"
        second.move_to(Portal.State.ERASED)
        assert len([line for line in command(first.hub_id) if line["kind"] == "portal"]) == 1

    def test_an_account_of_which_nothing_is_held(self) -> None:
        portal = make_portal()
        portal.move_to(Portal.State.ERASED)
        for hub_id in (portal.hub_id, 123):
            with pytest.raises(CommandError, match=f"Nothing is held about account {hub_id}"):
                command(hub_id)


class TestDownload:
    @pytest.fixture
    def portal(self) -> Portal:
        cache.clear()
        return furnished()

    def ask(self, portal: Portal, user_id: int) -> Any:
        return browser_of(user_id).post(f"/portals/{portal.hub_id}/export/")

    @pytest.mark.parametrize("user_id", [OWNER, ADMIN])
    def test_owner_and_admins_get_the_same_file(self, portal: Portal, user_id: int) -> None:
        answer = self.ask(portal, user_id)
        assert answer.streaming
        assert answer["Content-Disposition"].startswith(f'attachment; filename="hubapp-{portal.hub_id}-')
        found = lines_of(b"".join(answer.streaming_content).decode())
        assert [line["kind"] for line in found] == [line["kind"] for line in exported(portal)]
        entry = AuditEntry.objects.get(action="exported everything held")
        assert entry.actor == f"user{user_id}@example.com"

    def test_a_viewer_has_no_button_and_gets_nothing(self, portal: Portal) -> None:
        assert self.ask(portal, VIEWER).status_code == 404
        assert b"export/" not in browser_of(VIEWER).get(f"/portals/{portal.hub_id}/settings/").content
        assert b"export/" in browser_of(OWNER).get(f"/portals/{portal.hub_id}/settings/").content

    def test_one_at_a_time_and_the_next_after_its_end(self, portal: Portal) -> None:
        first = self.ask(portal, OWNER)
        page = browser_of(ADMIN).post(f"/portals/{portal.hub_id}/export/", follow=True)
        assert b"downloaded already" in page.content
        assert AuditEntry.objects.filter(action="exported everything held").count() == 1
        hang_up(first)
        second = self.ask(portal, ADMIN)
        assert second.streaming
        b"".join(second.streaming_content)
        third = self.ask(portal, ADMIN)
        assert third.streaming, "an end gives the place back, whoever forgets to close"
        hang_up(third)

    def test_few_at_a_time_in_one_process(self, portal: Portal) -> None:
        others = [downloads.begin(make_portal(), "jane") for _ in range(downloads.AT_ONCE)]
        with pytest.raises(DownloadBusy, match="Other accounts"):
            downloads.begin(portal, "jane")
        for other in others:
            other.close()  # type: ignore[attr-defined]
            other.close()  # type: ignore[attr-defined]
        begun = downloads.begin(portal, "jane")
        with pytest.raises(DownloadBusy, match="downloaded already"):
            downloads.begin(portal, "jane")
        begun.close()  # type: ignore[attr-defined]

    def test_forgotten_ones_do_not_keep_their_places_for_ever(
        self, portal: Portal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forgotten = [downloads.begin(make_portal(), "jane") for _ in range(downloads.AT_ONCE)]
        monkeypatch.setattr(downloads, "_LEASE_S", 0)
        begun = downloads.begin(portal, "jane")
        for one in (begun, *forgotten):
            one.close()  # type: ignore[attr-defined]

    def test_one_that_stood_still_for_long_ends_no_other(self, portal: Portal) -> None:
        first = downloads.begin(portal, "jane")
        cache.delete(f"download:{portal.pk}")  # its lease has run out
        second = downloads.begin(portal, "joe")
        first.close()  # type: ignore[attr-defined]
        with pytest.raises(DownloadBusy, match="downloaded already"):
            downloads.begin(portal, "jim")
        second.close()  # type: ignore[attr-defined]
        downloads.begin(portal, "jim").close()  # type: ignore[attr-defined]

    def test_one_that_fails_half_way_ends_without_the_last_line(
        self, portal: Portal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def part(_: Portal) -> Any:
            yield {"kind": "fine"}
            raise RuntimeError("the database went away")

        monkeypatch.setitem(exporting._parts, "crm", part)
        answer = self.ask(portal, OWNER)
        with pytest.raises(RuntimeError):
            b"".join(answer.streaming_content)
        assert cache.get(f"download:{portal.pk}") is None, "and gives its place back"
