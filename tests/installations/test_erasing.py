"""What is erased is every table's, found in the models; what stays is one row with a certificate."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import Model
from django.utils import timezone
from pytest_django import Settings

from crm.models import ClosedFeature, Owner, Record
from embedded.models import CardVisit
from installations.connecting import install
from installations.credentials import vault
from installations.leaving import certificates, disconnecting, erasing, holdings
from installations.leaving.certificates import CertificateInvalid, Verdict
from installations.leaving.erasing import NotErased
from installations.models import (
    Anomaly,
    ApiCall,
    CallMinute,
    Credential,
    DryRun,
    FailedRequests,
    Mail,
    Membership,
    OAuthFlow,
    OthersCalls,
    OwnershipClaim,
    Portal,
    Stop,
    UnclaimedGrant,
    Uninstall,
)
from installations.signals import erase_portal
from lanes.models import PortalWait
from tests.calls import logged
from tests.events import failed, stored
from tests.hubspot_api.fakes import ok, world
from tests.pages.furniture import furnished
from tests.portals import make_portal
from webhooks.models import Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]

# No row of theirs is about a portal, though one may name its account: a decision under way, of somebody in a browser.
SHORT_LIVED = "installations.UnclaimedGrant"


def filled(hub_id: int | None = None) -> Portal:
    """Return a portal with a row in every table that can hold one about it: see the first test."""
    portal = furnished(hub_id=hub_id)
    now = timezone.now()
    Owner.objects.get_or_create(portal=portal, owner_id=1, defaults={"name": "Olga"})
    ClosedFeature.objects.create(portal=portal, feature="owners")
    failed(stored(portal))
    Event.objects.filter(pk=stored(portal).pk).update(portal=None)  # in quarantine
    logged(portal, 503)
    CardVisit.objects.create(
        portal=portal, user_id=7, object_type="0-1", record_id=1, request_key=uuid.uuid4().bytes, issued_at=now
    )
    Mail.objects.create(portal=portal, kind="reconnect", to="olga@example.com", due_at=now)
    OAuthFlow.objects.create(
        state_digest=uuid.uuid4().bytes, browser_digest=b"b", purpose=OAuthFlow.Purpose.INSTALL, hub_id=portal.hub_id
    )
    Anomaly.objects.create(portal=portal, kind=Anomaly.Kind.CALLS, figure=5, usual=1, limit=4)
    OthersCalls.objects.create(portal=portal, at=now, calls=3)
    Uninstall.objects.create(hub_id=portal.hub_id, until=now)
    Stop.objects.create(hub_id=portal.hub_id, reason="a leak", begun_by="alice", ended_at=now)
    DryRun.objects.create(place=1, hub_id=portal.hub_id, burst=90, begun_by="alice", ends_at=now, ended_at=now)
    PortalWait.objects.create(at=now, portal=portal, work_class=1, waited_s=70, lanes=1, is_late=True)
    admin = Membership.objects.filter(portal=portal, role=Membership.Role.ADMIN).first()
    OwnershipClaim.objects.get_or_create(portal=portal, defaults={"claimant": admin, "claimed_at": now})
    return portal


def ended(portal: Portal) -> Portal:
    """End it as an uninstall would, thirty days ago."""
    disconnecting.begin(portal, "somebody", destroy_now=True)
    Portal.objects.filter(pk=portal.pk).update(erase_at=timezone.now())
    portal.refresh_from_db()
    return portal


def tables_about_portals() -> set[str]:
    """Every table that points at a portal, by itself or through another, or names its account."""
    about: set[type[Model]] = {Portal}
    for _ in range(5):
        about |= {
            model for model in apps.get_models() if any(field.related_model in about for field in model._meta.fields)
        }
    named = {model for model in apps.get_models() if any(field.name == "hub_id" for field in model._meta.fields)}
    return {model._meta.label for model in about | named} - {"installations.Portal"}


def test_every_table_about_portals_is_known_and_filled_by_these_tests() -> None:
    """A new table fails here until `filled` has a row for it, and below until that row is erased."""
    assert set(holdings.rows_held(filled())) == tables_about_portals() - {SHORT_LIVED}
    assert len(tables_about_portals()) > 15


def test_when_its_date_has_come_nothing_is_left_of_a_portal_but_its_row() -> None:
    other = filled()
    kept = holdings.rows_held(other)
    portal = ended(filled())
    assert erasing.erase_those_due() == 1
    assert holdings.rows_held(portal) == {}
    assert holdings.rows_held(other) == kept, "and nothing of anybody else"
    portal.refresh_from_db()
    assert portal.state == Portal.State.ERASED
    left = {field.name: getattr(portal, field.name) for field in portal._meta.fields}
    said = {name for name, value in left.items() if value not in ("", None) and name != "certificate"}
    assert said == {
        "id",
        "hub_id",
        "connection",
        "state",
        "connected_at",
        "consented_at",
        "state_changed_at",
        "erased_at",
    }


def test_the_certificate_says_what_was_there_and_nobodys_name() -> None:
    portal = filled()
    Portal.objects.filter(pk=portal.pk).update(name="Canary Ltd", installed_by_email="canary@example.com")
    portal = ended(portal)
    ended_at, records = portal.state_changed_at, Record.objects.filter(portal=portal).count()
    erasing.erase_those_due()
    portal.refresh_from_db()
    found = portal.certificate
    assert found is not None
    assert (found["hub_id"], found["installation"]) == (portal.hub_id, portal.pk)
    assert found["connected_at"] == portal.connected_at.isoformat()
    assert found["ended_at"] == ended_at.isoformat()
    assert found["keys_destroyed_at"]
    assert found["erased_at"] == portal.erased_at.isoformat() if portal.erased_at else False
    assert found["rows"]["crm.Record"] == records > 0
    assert "anary" not in json.dumps(found)
    assert certificates.verdict(found) == Verdict.OURS


def test_what_a_room_leaves_behind_is_not_certified_and_tried_again() -> None:
    """A room that forgot a table, or a row that came late."""
    portal = ended(filled())

    def add(portal: Portal, **_: object) -> None:
        Event.objects.create(key=b"late", hub_id=portal.hub_id, event_type="", payload="{}")

    erase_portal.connect(add)
    try:
        with pytest.raises(NotErased, match=r"webhooks\.Event"):
            erasing.erase(portal)
        assert erasing.erase_those_due() == 0
    finally:
        erase_portal.disconnect(add)
    portal.refresh_from_db()
    assert (portal.state, portal.certificate) == (Portal.State.DISCONNECTED, None)
    assert not Credential.objects.filter(portal=portal).exists()
    assert erasing.erase_those_due() == 1


def test_a_run_that_went_on_still_says_how_much_there_was() -> None:
    portal = ended(filled())
    records = Record.objects.filter(portal=portal).count()

    def die(**_: object) -> None:
        raise KeyboardInterrupt

    erase_portal.connect(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            erasing.erase(portal)
    finally:
        erase_portal.disconnect(die)
    Record.objects.filter(portal=portal).delete()  # as far as it had come
    assert erasing.erase_those_due() == 1
    portal.refresh_from_db()
    assert portal.certificate is not None
    assert portal.certificate["rows"]["crm.Record"] == records


def test_a_decision_under_way_in_a_browser_is_waited_for() -> None:
    portal = ended(filled())
    UnclaimedGrant.objects.create(hub_id=portal.hub_id, user_id=7, access_token="sealed")  # noqa: HS005
    assert erasing.erase_those_due() == 0
    UnclaimedGrant.objects.all().delete()
    assert erasing.erase_those_due() == 1


def test_that_calls_are_stopped_outlives_the_portal() -> None:
    portal = ended(filled())
    Stop.objects.create(hub_id=portal.hub_id, reason="a leak", begun_by="alice")
    assert erasing.erase_those_due() == 1
    assert [stop.ended_at for stop in Stop.objects.all()] == [None]


def test_what_only_names_the_account_belongs_to_its_newer_installation() -> None:
    portal = ended(filled())
    newer = make_portal(portal.hub_id)
    stray = Event.objects.create(key=b"stray", hub_id=portal.hub_id, event_type="", payload="{}")
    assert erasing.erase_those_due() == 1
    assert Event.objects.filter(pk=stray.pk).exists()
    assert OAuthFlow.objects.filter(hub_id=portal.hub_id).exists()
    assert Membership.objects.filter(portal=newer).count() == 0
    newer.refresh_from_db()
    assert newer.state == Portal.State.ACTIVE


def test_what_is_written_down_late_of_calls_goes_with_the_next_run() -> None:
    """Also what was heard of others' calls, and found unusual, by a beat that had looked the portal up before."""
    portal = ended(filled())
    erasing.erase_those_due()
    live = make_portal()
    for of in (portal, live):
        logged(of, 503)
        OthersCalls.objects.create(portal=of, at=timezone.now(), calls=1)
        Anomaly.objects.create(portal=of, kind=Anomaly.Kind.CALLS, figure=2, usual=0, limit=1)
    erasing.erase_those_due()
    for model in (ApiCall, CallMinute, FailedRequests, OthersCalls, Anomaly):
        assert set(model._base_manager.values_list("portal", flat=True)) == {live.pk}


def test_an_account_that_says_too_late_what_it_is_leaves_no_trace() -> None:
    """Its answer was on its way, after a move between data centres, when it was erased."""
    portal = ended(make_portal())
    asked_by = Portal.objects.get(pk=portal.pk)
    erasing.erase_those_due()
    erased = Portal.objects.filter(pk=portal.pk).values().get()
    answer = {"portalId": portal.hub_id, "accountType": "STANDARD", "timeZone": "US/Eastern", "companyCurrency": "EUR"}
    answer |= {"uiDomain": "app.hubspot.com", "dataHostingLocation": "na1", "portalName": "Canary Ltd"}
    install.describe_late(asked_by, world(ok(answer)).client)
    assert Portal.objects.filter(pk=portal.pk).values().get() == erased


class TestSignatures:
    @pytest.fixture
    def certificate(self) -> certificates.Certificate:
        portal = ended(make_portal())
        erasing.erase_those_due()
        portal.refresh_from_db()
        assert portal.certificate is not None
        return dict(portal.certificate)

    @pytest.mark.parametrize("name", ["hub_id", "erased_at", "rows", "issuer", "ended_because"])
    def test_a_changed_certificate_is_found_out(self, certificate: certificates.Certificate, name: str) -> None:
        assert certificates.verdict(certificate | {name: "other"}) == Verdict.BROKEN
        assert certificates.verdict({key: certificate[key] for key in certificate if key != name}) == Verdict.BROKEN
        assert certificates.verdict(certificate | {"more": 1}) == Verdict.BROKEN

    @pytest.mark.parametrize("signature", [None, {}, {"value": "x"}, {"value": "AA==", "public_key": "AA=="}, "x"])
    def test_one_without_a_signature_is_found_out(
        self, certificate: certificates.Certificate, signature: object
    ) -> None:
        assert certificates.verdict(certificate | {"signature": signature}) == Verdict.BROKEN

    def test_after_a_rotation_it_is_ours_until_the_old_key_is_gone(
        self, certificate: certificates.Certificate, settings: Settings
    ) -> None:
        old = settings.ENCRYPTION_KEYS
        settings.ENCRYPTION_KEYS = f"{vault.make_key('new')},{old}"
        assert certificates.verdict(certificate) == Verdict.OURS
        settings.ENCRYPTION_KEYS = vault.make_key("new")
        assert certificates.verdict(certificate) == Verdict.FOREIGN
        assert certificate["signature"]["public_key"] not in certificates.public_keys().values()

    def test_somebody_elses_signature_is_not_ours(
        self, certificate: certificates.Certificate, settings: Settings
    ) -> None:
        statement = {name: value for name, value in certificate.items() if name != "signature"}
        ours = settings.ENCRYPTION_KEYS
        settings.ENCRYPTION_KEYS = vault.make_key("test1")  # the same name, another key
        forged = certificates._signed(statement | {"hub_id": 1})
        settings.ENCRYPTION_KEYS = ours
        assert certificates.verdict(forged) == Verdict.FOREIGN

    def test_it_survives_being_printed(self, certificate: certificates.Certificate) -> None:
        assert certificates.verdict(certificates.parse(json.dumps(certificate, indent=2))) == Verdict.OURS
        about = certificates.subject(certificate)
        assert about.hub_id == certificate["hub_id"]
        assert about.erased_at - timezone.now() < timedelta()

    @pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '{"format": "hubapp erasure 2"}'])
    def test_what_is_no_certificate_is_refused(self, text: str) -> None:
        with pytest.raises(CertificateInvalid):
            certificates.parse(text)

    @pytest.mark.parametrize(
        "wrong",
        [{"hub_id": "1"}, {"hub_id": True}, {"connected_at": 5}, {"erased_at": "2026-01-01"}, {"erased_at": ""}],
    )
    def test_one_that_does_not_say_what_it_is_about_is_refused(
        self, certificate: certificates.Certificate, wrong: dict[str, object]
    ) -> None:
        with pytest.raises(CertificateInvalid):
            certificates.subject(certificate | wrong)


class TestCommands:
    def test_certificates_are_printed_and_verified(self, tmp_path: Path) -> None:
        first, second = ended(make_portal()), ended(make_portal())
        erasing.erase_those_due()
        printed = command("certificates")
        assert {json.loads(line)["hub_id"] for line in printed.splitlines()} == {first.hub_id, second.hub_id}
        assert json.loads(command("certificates", "--portal", str(second.hub_id)))["hub_id"] == second.hub_id
        file = tmp_path / "certificates"
        file.write_text(printed)
        assert command("certificates", "--verify", str(file)).count("signed by us") == 2
        file.write_text(printed.replace(str(first.hub_id), "1"))
        with pytest.raises(CommandError, match="1 are not signed by us"):
            command("certificates", "--verify", str(file))
        (key,) = certificates.public_keys().values()
        assert command("certificates", "--public-keys") == f"test1 {key}\n"

    @pytest.mark.parametrize("text", ["{", "[]", "\udcff"])
    def test_a_file_that_holds_none_is_refused(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "certificates"
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
        for name in ("certificates --verify", "erase_again --certificates"):
            with pytest.raises(CommandError):
                command(*name.split(), str(file))

    def test_what_a_backup_brings_back_is_erased_again(self, tmp_path: Path) -> None:
        """As it was before: tokens, records, people, and lanes that are about to run."""
        portal, other = filled(), filled()
        kept = holdings.rows_held(other)
        proof = erased_meanwhile(portal)
        file = tmp_path / "certificates"
        file.write_text(json.dumps(proof) + "\n\n")
        assert command("erase_again", "--certificates", str(file)) == "Erased 1 installations again.\n"
        portal.refresh_from_db()
        assert (portal.state, portal.certificate) == (Portal.State.ERASED, proof)
        assert portal.erased_at == datetime.fromisoformat(proof["erased_at"])
        assert holdings.rows_held(portal) == {}
        assert holdings.rows_held(other) == kept
        assert command("erase_again", "--certificates", str(file)) == "Erased 0 installations again.\n"

    def test_only_our_signature_erases_anything(self, tmp_path: Path, settings: Settings) -> None:
        portal = filled()
        proof = erased_meanwhile(portal)
        file = tmp_path / "certificates"
        file.write_text(json.dumps(proof))
        settings.ENCRYPTION_KEYS = f"{vault.make_key('new')}"
        with pytest.raises(CommandError, match="1 lines could not be followed"):
            command("erase_again", "--certificates", str(file))
        assert Record.objects.filter(portal=portal).exists()
        command("erase_again", "--certificates", str(file), "--trust", proof["signature"]["public_key"])
        assert not Record.objects.filter(portal=portal).exists()

    def test_a_later_installation_of_the_account_is_another(self, tmp_path: Path) -> None:
        portal = filled()
        proof = erased_meanwhile(portal)
        Portal.objects.filter(pk=portal.pk).update(connected_at=portal.connected_at + timedelta(days=1))
        file = tmp_path / "certificates"
        file.write_text(json.dumps(proof))
        assert command("erase_again", "--certificates", str(file)) == "Erased 0 installations again.\n"
        assert Record.objects.filter(portal=portal).exists()


def command(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO())
    return out.getvalue()


def erased_meanwhile(portal: Portal) -> certificates.Certificate:
    """Return the certificate of an erasure that a backup then undid."""
    return certificates.certify(portal, timezone.now())
