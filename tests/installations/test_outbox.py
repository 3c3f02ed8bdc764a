"""Messages are rows: none is lost, none is posted twice, and a mail server in trouble stops nothing else."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from installations import outbox, tasks
from installations.errors import TryLater
from installations.models import Mail, Portal
from installations.outbox import Letter
from tests import processes
from tests.installations.mail_servers import MailServer, mail_server
from tests.portals import make_portal

pytestmark = pytest.mark.django_db
KIND = "test_kind"


class Writer:
    """Writes letters of one kind, and remembers how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: Letter | Exception | None = Letter("Hello", "Text")

    def __call__(self, _: Mail) -> Letter | None:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    monkeypatch.setattr(outbox, "_writers", {})
    made = Writer()
    outbox.register(KIND, made)
    return made


@pytest.fixture
def portal(db: None) -> Portal:
    return make_portal(connected=False)


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    with mail_server() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield found


def states() -> dict[str, str]:
    return dict(Mail.objects.values_list("to", "state"))


def let_pauses_pass() -> None:
    Mail.objects.filter(state=Mail.State.WAITING).update(due_at=timezone.now())


def test_a_message_leaves_once(portal: Portal, writer: Writer) -> None:
    assert outbox.post(portal, KIND, ["a@example.com"]) == 1
    tasks.send_mails()
    tasks.send_mails()
    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == (["a@example.com"], "Hello", "Text")
    assert sent.extra_headers["Message-ID"] == f"<{Mail.objects.get().pk}@localhost>"
    assert states() == {"a@example.com": "sent"}


def test_nobody_gets_two_about_the_same(portal: Portal, writer: Writer) -> None:
    for _ in range(2):
        outbox.post(portal, KIND, ["a@example.com", "A@Example.com ", "b@example.com"], "outage 1")
    outbox.post(portal, KIND, ["a@example.com"], "outage 2")
    assert Mail.objects.count() == 3


@pytest.mark.parametrize("garbage", ["", "nobody", "a@b@c", "a@example.com\r\nBcc: all@example.com", "a b@example.com"])
def test_what_is_no_address_gets_nothing(portal: Portal, writer: Writer, garbage: str) -> None:
    assert outbox.post(portal, KIND, [garbage]) == 0
    assert not Mail.objects.exists()


def test_what_is_posted_in_a_transaction_that_fails_never_leaves(portal: Portal, writer: Writer) -> None:
    with transaction.atomic():
        outbox.post(portal, KIND, ["a@example.com"])
        transaction.set_rollback(True)
    assert outbox.send_due(for_s=60) == 0


def test_it_waits_until_it_is_due(portal: Portal, writer: Writer) -> None:
    outbox.post(portal, KIND, ["a@example.com"], after=timedelta(hours=1))
    assert outbox.send_due(for_s=60) == 0
    let_pauses_pass()
    assert outbox.send_due(for_s=60) == 1


def test_what_nobody_needs_to_hear_any_more_is_not_said(portal: Portal, writer: Writer) -> None:
    outbox.post(portal, KIND, ["a@example.com"])
    writer.answer = None
    assert outbox.send_due(for_s=60) == 0
    assert (mail.outbox, states()) == ([], {"a@example.com": "not_needed"})


def test_a_writer_may_put_it_off_and_that_costs_no_attempt(portal: Portal, writer: Writer) -> None:
    outbox.post(portal, KIND, ["a@example.com"])
    later = timezone.now() + timedelta(hours=1)
    writer.answer = TryLater("not now", later)
    outbox.send_due(for_s=60)
    waiting = Mail.objects.get()
    assert (waiting.state, waiting.due_at, waiting.attempts) == ("waiting", later, 0)


def test_a_writer_that_fails_keeps_no_other_message_waiting(portal: Portal, writer: Writer) -> None:
    broken = Writer()
    broken.answer = KeyError("gone")
    outbox.register("broken", broken)
    outbox.post(portal, "broken", ["a@example.com"])
    outbox.post(portal, KIND, ["b@example.com"])
    assert outbox.send_due(for_s=60) == 1
    assert states() == {"a@example.com": "waiting", "b@example.com": "sent"}


def test_with_mail_switched_off_nothing_is_kept(portal: Portal, writer: Writer, settings: Settings) -> None:
    settings.MAIL_IS_ON = False
    assert outbox.post(portal, KIND, ["a@example.com"]) == 0
    assert not Mail.objects.exists()


def test_an_unknown_kind_is_a_mistake_of_ours(portal: Portal, writer: Writer) -> None:
    with pytest.raises(ValueError, match="nonsense"):
        outbox.post(portal, "nonsense", ["a@example.com"])
    with pytest.raises(ValueError, match="twice"):
        outbox.register(KIND, writer)


def test_the_name_of_an_account_cannot_add_a_header(portal: Portal, writer: Writer) -> None:
    outbox.post(portal, KIND, ["a@example.com"])
    writer.answer = Letter("Acme\r\nBcc: all@example.com", "Text")
    assert outbox.send_due(for_s=60) == 1
    assert mail.outbox[0].subject == "Acme Bcc: all@example.com"
    assert "\nBcc:" not in mail.outbox[0].message().as_string()


@pytest.mark.usefixtures("server", "writer")
class TestServer:
    def test_it_is_spoken_to_in_smtp(self, portal: Portal, server: MailServer) -> None:
        outbox.post(portal, KIND, ["a@example.com"])
        assert outbox.send_due(for_s=60) == 1
        (letter,) = server.taken
        assert "Subject: Hello" in letter
        assert "Auto-Submitted: auto-generated" in letter

    def test_one_that_is_away_is_asked_once_a_turn(self, portal: Portal, settings: Settings) -> None:
        outbox.post(portal, KIND, ["a@example.com", "b@example.com"])
        settings.EMAIL_PORT = 9  # where nobody listens
        assert outbox.send_due(for_s=60) == 0
        assert sorted(Mail.objects.values_list("attempts", flat=True)) == [0, 1]
        assert set(states().values()) == {"waiting"}

    def test_after_a_day_of_trying_a_message_is_given_up_and_staff_may_revive_it(
        self, portal: Portal, server: MailServer
    ) -> None:
        outbox.post(portal, KIND, ["a@example.com"])
        server.refuses["a@example.com"] = 450
        for _ in range(outbox.ATTEMPTS):
            let_pauses_pass()
            outbox.send_due(for_s=60)
        message = Mail.objects.get()
        assert (message.state, message.attempts) == ("given_up", outbox.ATTEMPTS)
        assert "450" in message.latest_error
        server.refuses.clear()
        assert outbox.again([message]) == 1
        assert outbox.send_due(for_s=60) == 1

    def test_a_recipient_that_is_refused_for_good_is_not_tried_again(self, portal: Portal, server: MailServer) -> None:
        outbox.post(portal, KIND, ["a@example.com", "b@example.com"])
        server.refuses["a@example.com"] = 550
        assert outbox.send_due(for_s=60) == 1
        assert states() == {"a@example.com": "given_up", "b@example.com": "sent"}


@pytest.mark.django_db(transaction=True)
def test_a_sender_that_dies_after_the_server_took_it_sends_it_again_under_the_same_id(
    server: MailServer,
) -> None:
    """Killed between the server's answer and the mark: at least once, and whoever gets two can tell."""
    portal = make_portal(connected=False)
    portal.move_to(Portal.State.NEEDS_RECONNECT, "Gone.")
    outbox.post(portal, "reconnect_needed", ["a@example.com"], portal.state_changed_at.isoformat())
    done = processes.run("tests.installations.dying_sender", server.port)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    message = Mail.objects.get()
    assert (message.state, message.attempts, len(server.taken)) == ("waiting", 1, 1)
    assert outbox.send_due(for_s=60) == 0, "nobody else takes it while the sender may still live"
    let_pauses_pass()
    assert outbox.send_due(for_s=60) == 1
    ids = [line for letter in server.taken for line in letter.splitlines() if line.startswith("Message-ID")]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_old_messages_go(portal: Portal, writer: Writer) -> None:
    outbox.post(portal, KIND, ["a@example.com", "b@example.com"])
    outbox.send_due(for_s=60)
    outbox.post(portal, KIND, ["c@example.com"])
    Mail.objects.update(posted_at=timezone.now() - timedelta(days=31))
    tasks.purge_mails()
    assert states() == {"c@example.com": "waiting"}


def test_what_a_server_repeats_of_the_password_is_not_kept(
    portal: Portal, writer: Writer, server: MailServer, settings: Settings
) -> None:
    server.repeats = True
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "app", "the-password"
    outbox.post(portal, KIND, ["a@example.com"])
    outbox.send_due(for_s=60)
    assert Mail.objects.get().latest_error == "SMTPAuthenticationError: code 535"
