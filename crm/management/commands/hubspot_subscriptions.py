"""Say which webhooks the app needs, or keep a legacy app's in step over HubSpot's API."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from crm import subscribing
from crm.subscribing import Plan, TooManySubscriptions, words
from crm.subscriptions import Subscription, subscriptions
from hubspot_api.errors import HubSpotError
from installations.clients import developer_client, journal_client
from installations.errors import TryLater
from installations.management.kinds import WritingCommand
from webhooks.journal import lifecycle, reading
from webhooks.target import target_url


class Command(WritingCommand):
    help = "List the webhook subscriptions that the app needs at HubSpot, the same for all accounts, or register them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--list", action="store_true", help="print them; nothing is sent to HubSpot")
        what.add_argument(
            "--sync",
            action="store_true",
            help="a legacy app only: add what is missing, resume what is paused, pause what is no longer needed",
        )
        what.add_argument(
            "--journal",
            action="store_true",
            help="any app: have installs and uninstalls told in the webhooks journal now, and read it at once; the "
            "workers see to it by themselves, once a day, or every hour while HubSpot refuses",
        )
        parser.add_argument("--dry-run", action="store_true", help="with --sync: look, and say what would be done")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="of --list")

    def writes(self, options: dict[str, Any]) -> bool:
        return not options["list"]

    def handle(self, *_: Any, sync: bool, journal: bool, dry_run: bool, format: str, **__: Any) -> None:  # noqa: A002 - the option's name
        if sync:
            self._sync(dry_run=dry_run)
        elif journal:
            self._journal()
        elif format == "json":
            self.stdout.write(json.dumps([_as_json(subscription) for subscription in subscriptions()]))
        else:
            for subscription in subscriptions():
                self.stdout.write(words(subscription))

    def _sync(self, *, dry_run: bool) -> None:
        _demand_configuration()
        client, app_id, target = developer_client(), settings.HUBSPOT_APP_ID, target_url()
        try:
            todo = subscribing.plan(client, app_id, subscriptions(), target)
            if dry_run or not todo:
                self._announce(todo, target)
                return
            refused = subscribing.carry_out(client, app_id, todo, target, self.stdout.write)
        except TooManySubscriptions as error:
            raise CommandError(str(error)) from error
        except HubSpotError as error:
            said = f" HubSpot says: {error.message}" if error.message else ""
            raise CommandError(f"{error}{said} What is done stays done; run this again.") from error
        if refused:
            raise CommandError(f"HubSpot refused {refused}, see above. The others are in step.")
        self.stdout.write(f"In step: {len(subscriptions())} subscriptions. HubSpot takes up to five minutes to follow.")

    def _journal(self) -> None:
        if not reading.is_wanted():
            raise CommandError(
                "The journal is not read: set HUBSPOT_CLIENT_ID and its secret, and not HUBSPOT_JOURNAL=0."
            )
        try:
            lifecycle.subscribe(journal_client())
        except (HubSpotError, TryLater) as error:
            raise CommandError(f"{error} Without it uninstalls are noticed minutes later.") from error
        reading.hurry()
        self.stdout.write("HubSpot tells of installs and uninstalls in its journal. A worker reads it within seconds.")

    def _announce(self, todo: Plan, target: str) -> None:
        if not todo:
            self.stdout.write(f"In step: {len(subscriptions())} subscriptions. Nothing to do.")
            return
        if todo.retarget:
            self.stdout.write(f"would set target {target}")
        for subscription in todo.add:
            self.stdout.write(f"would add {words(subscription)}")
        for verb, found in (("resume", todo.resume), ("pause", todo.pause)):
            for _, subscription in found:
                self.stdout.write(f"would {verb} {words(subscription)}")


def _demand_configuration() -> None:
    """Refuse before HubSpot does, and say what is missing."""
    if not settings.HUBSPOT_APP_ID:
        raise CommandError("HUBSPOT_APP_ID is not set: it says whose subscriptions these are.")
    if not settings.HUBSPOT_DEVELOPER_API_KEY:
        raise CommandError(
            "HUBSPOT_DEVELOPER_API_KEY is not set. It is in the developer account of a legacy app, under Keys. "
            "An app that is a project has none: use manage.py hubspot_project."
        )
    if not settings.DEVELOPMENT and not target_url().startswith("https://"):
        raise CommandError(f"HubSpot sends webhooks to https only, not to {target_url()}. Correct PUBLIC_URL.")


def _as_json(subscription: Subscription) -> dict[str, str]:
    name = {"property": subscription.property_name} if subscription.property_name else {}
    return {"event_type": subscription.event_type, **name}
