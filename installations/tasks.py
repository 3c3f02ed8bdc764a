"""What the clock asks of installations."""

from __future__ import annotations

import logging

from celery import shared_task

from . import outbox
from .anomalies import others, watch
from .calls import dry_runs, retention
from .connecting import exchanges, flows, install
from .credentials import rotation_mails
from .leaving import erasing, uninstalling
from .people import members, places, visitors

logger = logging.getLogger(__name__)


@shared_task(name="installations.erase_those_due", soft_time_limit=3000, time_limit=3060)
def erase_those_due() -> None:
    """Erase portals whose date has come. Idempotent: what is gone is not found again, an erased one is not due."""
    erased = erasing.erase_those_due()
    if erased:
        logger.info("Erased %s portals whose date had come.", erased)


@shared_task(name="installations.end_dry_runs", soft_time_limit=60, time_limit=90)
def end_dry_runs() -> None:
    """End dry runs of limits whose time is over, and tell Redis of the others again. Idempotent: one ends once."""
    dry_runs.end_those_due()


@shared_task(name="installations.give_up_unclaimed", soft_time_limit=120, time_limit=150)
def give_up_unclaimed() -> None:
    """Take the app out of accounts that were not connected after a sign-in. Idempotent: HubSpot says if it is out."""
    install.give_up_unclaimed()


@shared_task(name="installations.purge_flows", soft_time_limit=60, time_limit=90)
def purge_flows() -> None:
    """Delete what is over: round trips, visits, places, codes, people without a role, anomalies. Idempotent."""
    flows.purge()
    visitors.purge()
    members.forget_the_uninvited()
    exchanges.purge()
    uninstalling.purge()
    places.purge()
    watch.purge()


@shared_task(name="installations.note_others_calls", soft_time_limit=20, time_limit=30)
def note_others_calls() -> None:
    """Keep what headers told of calls that were not ours. Idempotent: nothing is told twice."""
    others.keep()


@shared_task(name="installations.watch_for_anomalies", soft_time_limit=240, time_limit=270)
def watch_for_anomalies() -> None:
    """Judge the latest hour of every portal. Idempotent: what is found again stays one row, also of two at once."""
    watch.sample()


@shared_task(name="installations.purge_calls", soft_time_limit=120, time_limit=150)
def purge_calls() -> None:
    """Delete old records of calls. Idempotent; two runs at once share the work."""
    deleted = retention.purge_calls(for_s=30.0)
    if deleted:
        logger.info("Deleted %s records of calls that were old.", deleted)


@shared_task(name="installations.send_mails", soft_time_limit=60, time_limit=90)
def send_mails() -> None:
    """Send what is due in the outbox. Idempotent: a message is claimed before it is sent; two runs share the work."""
    outbox.send_due(for_s=20.0)


@shared_task(name="installations.remind_of_rotation", soft_time_limit=60, time_limit=90)
def remind_of_rotation() -> None:
    """Post reminders about old private-app tokens. Idempotent: the outbox takes one per person and token."""
    rotation_mails.remind()


@shared_task(name="installations.purge_mails", soft_time_limit=60, time_limit=90)
def purge_mails() -> None:
    """Delete messages that are long over. Idempotent."""
    outbox.purge()
