"""What staff see of unusual hours, and the two things they can do about them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from installations.calls import switches
from installations.models import Anomaly, AuditEntry, Portal, Stop
from tests.portals import make_portal

pytestmark = pytest.mark.django_db
ANOMALIES, PLACES = "/admin/installations/anomaly/", "/admin/installations/place/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"


def anomaly(portal: Portal, kind: Anomaly.Kind = Anomaly.Kind.OTHERS, **more: Any) -> Anomaly:
    return Anomaly.objects.create(portal=portal, kind=kind, **{"figure": 1_240, "usual": 150, "limit": 750} | more)


def act(console: Client, address: str, action: str, *rows: object, **more: str) -> str:
    data = {"action": action, "_selected_action": [str(row) for row in rows], "index": "0"} | more
    answer = console.post(address, data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def text(console: Client, address: str) -> str:
    answer = console.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


class TestAnomalies:
    def test_the_overview_alarms_and_leads_there(self, console: Client, portal: Portal) -> None:
        assert "not ours" not in text(console, "/admin/")
        row = anomaly(portal)
        page = text(console, "/admin/")
        assert f"{ANOMALIES}{row.pk}/change/" in page
        assert "Calls that were not ours: 1,240 in an hour, usual are up to 150" in page

    def test_many_are_one_line_more(self, console: Client) -> None:
        for _ in range(7):
            anomaly(make_portal())
        page = text(console, "/admin/")
        assert page.count("Calls that were not ours") == 5
        assert "2 more alarms like that." in page

    def test_the_portals_page_shows_only_its_own(self, console: Client, portal: Portal) -> None:
        other = make_portal()
        anomaly(portal)
        assert "Unlike its own hours" in text(console, f"/admin/installations/portal/{portal.pk}/change/")
        assert "Unlike its own hours" not in text(console, f"/admin/installations/portal/{other.pk}/change/")

    def test_dismissing_ends_the_alarm_and_is_written_down(self, console: Client, portal: Portal) -> None:
        row, other = anomaly(portal), anomaly(make_portal())
        assert "1 alarms ended." in act(console, ANOMALIES, "dismiss", row.pk)
        assert list(Anomaly.objects.alarming()) == [other]
        entry = AuditEntry.objects.get(action="found an anomaly to be all right")
        assert (entry.portal, entry.actor) == (portal, "staff alice")
        page = text(console, "/admin/")
        assert f"{ANOMALIES}{row.pk}/" not in page
        assert f"{ANOMALIES}{other.pk}/" in page

    def test_the_kill_switch_is_one_step_away_and_asks_first(self, console: Client, portal: Portal) -> None:
        row, other = anomaly(portal), make_portal()
        assert "Stop all calls to HubSpot" in act(console, ANOMALIES, "stop_calls", row.pk)
        assert not Stop.objects.filter(ended_at=None).exists()
        act(console, ANOMALIES, "stop_calls", row.pk, confirmed="yes", reason="a stolen token")
        stop = Stop.objects.get(ended_at=None)
        assert (stop.hub_id, stop.reason, stop.begun_by) == (portal.hub_id, "a stolen token", "staff alice")
        with pytest.raises(switches.CallsStopped):
            switches.require_go(portal.hub_id)
        switches.require_go(other.hub_id)

    def test_lists_say_what_is_to_be_looked_at(self, console: Client, portal: Portal) -> None:
        anomaly(portal, Anomaly.Kind.BULK, ended_at=timezone.now())
        anomaly(portal, Anomaly.Kind.BULK, dismissed_at=timezone.now(), dismissed_by="staff bob")
        row = anomaly(portal)
        for state, count in (("", 4), ("open", 2), ("alarming", 1)):
            assert text(console, f"{ANOMALIES}?state={state}").count('class="action-select"') == count
        assert "look at it" in text(console, f"{ANOMALIES}{row.pk}/change/")


def test_the_metrics_count_what_nobody_has_looked_at(console: Client, portal: Portal) -> None:
    anomaly(portal)
    anomaly(portal, Anomaly.Kind.BULK, dismissed_at=timezone.now())
    figures = text(console, "/metrics")
    assert 'hubapp_anomalies{kind="others"} 1.0' in figures
    assert 'hubapp_anomalies{kind="bulk"} 0.0' in figures
