"""Keep a legacy app's subscriptions at HubSpot in step with those we want.

What is no longer wanted is paused, never deleted: another version of the app may be running and want it, and HubSpot
keeps the id. A project's app has its subscriptions in a file instead, see `manage.py hubspot_project`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hubspot_api import app_webhooks
from hubspot_api.app_webhooks import MOST, Settings
from hubspot_api.client import Client
from hubspot_api.errors import BadRequest, Conflict

from .subscriptions import Subscription

Tell = Callable[[str], None]


class TooManySubscriptions(Exception):
    """HubSpot would refuse the last of them; paused ones count."""

    def __init__(self, there: int, added: int) -> None:
        super().__init__(
            f"The app has {there} subscriptions, paused ones included, and needs {added} more; HubSpot allows {MOST}. "
            "Delete paused ones on the app's page in HubSpot first."
        )


@dataclass(frozen=True)
class Plan:
    """What has to be done. Nothing at all when HubSpot is in step."""

    retarget: bool  # HubSpot sends elsewhere, or nowhere yet
    add: tuple[Subscription, ...]
    resume: tuple[tuple[int, Subscription], ...]  # with HubSpot's id
    pause: tuple[tuple[int, Subscription], ...]

    def __bool__(self) -> bool:
        return self.retarget or bool(self.add or self.resume or self.pause)


def plan(client: Client, app_id: int, wanted: list[Subscription], target_url: str) -> Plan:
    """Compare HubSpot with what is wanted. Raises HubSpotError, TooManySubscriptions."""
    there = app_webhooks.list_all(client, app_id)
    known = {_key(each): each for each in there}
    add = tuple(each for each in wanted if each not in known)
    if len(there) + len(add) > MOST:
        raise TooManySubscriptions(len(there), len(add))
    kept = set(wanted)
    return Plan(
        retarget=_is_elsewhere(app_webhooks.get_settings(client, app_id), target_url),
        add=add,
        resume=tuple((found.id, each) for each in wanted if (found := known.get(each)) and not found.active),
        pause=tuple((found.id, _key(found)) for found in there if found.active and _key(found) not in kept),
    )


def carry_out(client: Client, app_id: int, todo: Plan, target_url: str, tell: Tell) -> int:
    """Do it, telling each step; return how many subscriptions HubSpot refused.

    May be interrupted and repeated: what is done stays done. Raises HubSpotError when going on makes no sense.
    """
    if todo.retarget:
        before = app_webhooks.get_settings(client, app_id)
        app_webhooks.set_settings(client, app_id, target_url, before.max_concurrent_requests if before else 10)
        tell(f"target {target_url}")
    refused = sum(not _added(client, app_id, each, tell) for each in todo.add)
    return refused + _switched(client, app_id, todo, tell)


def words(subscription: Subscription) -> str:
    """For people: `contact.propertyChange email`."""
    return f"{subscription.event_type} {subscription.property_name}".rstrip()


def _is_elsewhere(there: Settings | None, target_url: str) -> bool:
    return there is None or there.target_url != target_url


def _key(found: app_webhooks.Subscription) -> Subscription:
    """`object.*` names its type beside the event; we subscribe to none, so they only have to be told apart."""
    kind = f" of {found.object_type_id}" if found.object_type_id else ""
    return Subscription(found.event_type + kind, found.property_name or "")


def _added(client: Client, app_id: int, wanted: Subscription, tell: Tell) -> bool:
    try:
        app_webhooks.subscribe(client, app_id, wanted.event_type, wanted.property_name or None)
    except Conflict:
        tell(f"added meanwhile by somebody else: {words(wanted)}")
        return True
    except BadRequest as error:
        tell(f"REFUSED {words(wanted)}: {error.message or error}")
        return False
    tell(f"added {words(wanted)}")
    return True


def _switched(client: Client, app_id: int, todo: Plan, tell: Tell) -> int:
    """Resume and pause. HubSpot tells apart, with status 207, those that were deleted meanwhile."""
    wanted = {number: True for number, _ in todo.resume} | {number: False for number, _ in todo.pause}
    if not wanted:
        return 0
    done = app_webhooks.switch(client, app_id, wanted)
    names = dict((*todo.resume, *todo.pause))
    for each in done.results:
        tell(f"{'resumed' if each.active else 'paused'} {words(names.get(each.id) or _key(each))}")
    for error in done.errors:
        tell(f"REFUSED {error.message or error.category}")
    return len(done.errors)
