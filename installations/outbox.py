"""E-mail that is neither lost nor in the way: messages are rows, sent later, outside of the work that posts them.

A message is posted inside the transaction that makes it true, once per person and occasion, and holds no text: whoever
registered its kind writes it when it leaves, and may say that it is not needed any more. It is claimed, with the
attempt counted, before it is sent. So a sender that dies between the mail server's answer and the mark sends it once
more a little later, under the same Message-ID; and one that always fails is given up after a day.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPAuthenticationError, SMTPDataError, SMTPRecipientsRefused
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from .bites import delete_in_bites
from .errors import TryLater
from .models import Mail, Portal

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
# After the first attempt, the second, …: until the next. The first is also longer than sending can take: it is the
# lease of a sender that may have died.
PAUSES = [timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 360, 720)]
ATTEMPTS = len(PAUSES) + 1


@dataclass(frozen=True)
class Letter:
    """What a message says: plain text, without secrets."""

    subject: str
    text: str


Write = Callable[[Mail], Letter | None]
_writers: dict[str, Write] = {}


def register(kind: str, write: Write) -> None:
    """Make a kind of message known. Called once, from an app's ready().

    `write` is asked when a message leaves, outside of any transaction: it returns what to say, or None when nobody
    needs to hear it any more, or raises TryLater.
    """
    if kind in _writers:
        raise ValueError(f"The kind of message {kind!r} is registered twice.")
    _writers[kind] = write


def post(
    portal: Portal | None, kind: str, to: Iterable[str], about: str = "", *, after: timedelta = timedelta()
) -> int:
    """Put a message into the outbox, to leave `after` from now; return to how many people.

    Nobody gets a second one of this `kind` `about` the same thing of this portal; None: to staff, about no portal.
    Addresses come from HubSpot or from people: what is none is left out. With mail switched off nothing is kept, so
    that nothing old leaves later.
    """
    if kind not in _writers:
        raise ValueError(f"No kind of message {kind!r} is registered.")
    if not settings.MAIL_IS_ON:
        return 0
    addresses = {address.strip().lower(): address.strip() for address in to if _is_address(address.strip())}
    due_at = timezone.now() + after
    Mail.objects.bulk_create(
        [Mail(portal=portal, kind=kind, about=about, to=address, due_at=due_at) for address in addresses.values()],
        ignore_conflicts=True,
    )
    return len(addresses)


def send_due(for_s: float) -> int:
    """Send what is due, for about `for_s` seconds; return how many left. Stops early when the mail server is away."""
    sent, end = 0, time.monotonic() + for_s
    while time.monotonic() < end and (mail := _claim()) is not None:
        try:
            sent += _send(mail)
        except (SMTPRecipientsRefused, SMTPDataError) as error:
            _failed(mail, error, is_final=_is_final(error))
        except OSError as error:  # all else that goes wrong with the server: the next message would fare the same
            _failed(mail, error)
            break
        except Exception as error:
            logger.exception("Message %s (%s) could not be written.", mail.pk, mail.kind)
            _failed(mail, error)
    return sent


def again(mails: Iterable[Mail]) -> int:
    """Give messages that were given up all their attempts again; return how many."""
    given_up = Mail.objects.filter(pk__in=[mail.pk for mail in mails], state=Mail.State.GIVEN_UP)
    return given_up.update(state=Mail.State.WAITING, attempts=0, due_at=timezone.now(), ended_at=None)


def purge() -> int:
    """Delete messages whose time is over; return how many."""
    return delete_in_bites(Mail.objects.filter(posted_at__lt=timezone.now() - KEPT).exclude(state=Mail.State.WAITING))


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


@transaction.atomic
def _claim() -> Mail | None:
    """Take the message that is due longest, and count the attempt before it is made."""
    now = timezone.now()
    due = Mail.objects.select_for_update(skip_locked=True).filter(state=Mail.State.WAITING, due_at__lte=now)
    mail = due.order_by("due_at").first()
    if mail is None:
        return None
    mail.attempts += 1
    mail.due_at = now + PAUSES[min(mail.attempts, len(PAUSES)) - 1]
    mail.save(update_fields=["attempts", "due_at"])
    return mail


def _send(mail: Mail) -> bool:
    if mail.attempts > ATTEMPTS:
        _end(mail, Mail.State.GIVEN_UP, mail.latest_error or "Its sender died each time.")
        return False
    try:
        letter = _writers[mail.kind](mail)
    except TryLater as later:
        Mail.objects.filter(pk=mail.pk).update(due_at=later.retry_at, attempts=mail.attempts - 1)
        return False
    if letter is None:
        _end(mail, Mail.State.NOT_NEEDED)
        return False
    with closing(get_connection()) as connection:  # Django leaves one open whose sign-in was refused
        connection.send_messages([_message(mail, letter)])
    _end(mail, Mail.State.SENT)
    return True


def _message(mail: Mail, letter: Letter) -> EmailMessage:
    host = urlsplit(settings.PUBLIC_URL).hostname
    return EmailMessage(
        " ".join(letter.subject.split())[:200],  # names of accounts come from outside, and headers have one line
        letter.text,
        to=[mail.to],
        headers={"Message-ID": f"<{mail.pk}@{host}>", "Auto-Submitted": "auto-generated"},
    )


def _is_final(error: SMTPRecipientsRefused | SMTPDataError) -> bool:
    """Codes from 500 on say that it makes no sense to try again (RFC 5321, 4.2.1)."""
    if isinstance(error, SMTPDataError):
        return error.smtp_code >= 500
    return all(code >= 500 for code, _ in error.recipients.values())


def _failed(mail: Mail, error: Exception, *, is_final: bool = False) -> None:
    words = _in_words(error)
    if is_final or mail.attempts >= ATTEMPTS:
        logger.error("Message %s (%s) of %s is given up: %s", mail.pk, mail.kind, mail.portal_id, type(error).__name__)
        _end(mail, Mail.State.GIVEN_UP, words)
    else:
        logger.warning("Message %s (%s) was not sent: %s", mail.pk, mail.kind, type(error).__name__)
        Mail.objects.filter(pk=mail.pk).update(latest_error=words)


def _in_words(error: Exception) -> str:
    """Name the error, and say it, except where the server may have repeated what we sign in with."""
    said = f"code {error.smtp_code}" if isinstance(error, SMTPAuthenticationError) else str(error)
    return f"{type(error).__name__}: {said}"[:500]


def _end(mail: Mail, state: Mail.State, error: str = "") -> None:
    Mail.objects.filter(pk=mail.pk).update(state=state, ended_at=timezone.now(), latest_error=error)
