"""Say which webhooks to register for the app at HubSpot."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from crm.subscriptions import Subscription, subscriptions


class Command(BaseCommand):
    help = "List the webhook subscriptions that the app needs at HubSpot. They are the same for all accounts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--list", action="store_true", required=True, help="print them; nothing is sent to HubSpot")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="for people or for programs")

    def handle(self, *_: Any, format: str, **__: Any) -> None:  # noqa: A002 - the option's name
        if format == "json":
            self.stdout.write(json.dumps([_as_json(subscription) for subscription in subscriptions()]))
            return
        for subscription in subscriptions():
            self.stdout.write(f"{subscription.event_type} {subscription.property_name}".rstrip())


def _as_json(subscription: Subscription) -> dict[str, str]:
    name = {"property": subscription.property_name} if subscription.property_name else {}
    return {"event_type": subscription.event_type, **name}
