"""Accounts ("portals"): who works there, where they live, what they hold."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from emulator.clock import Clock
from emulator.conversations.threads import Conversations
from emulator.crm.owners import User, owners_of
from emulator.crm.people import add_user_record
from emulator.crm.store import Crm
from emulator.exports.exports import Exports
from emulator.files.files import Files
from emulator.imports.imports import Imports
from emulator.instants import DAY_MS
from emulator.lists.following import Following
from emulator.lists.registry import Lists
from emulator.marketing.store import Marketing
from emulator.settings.teams import Teams

ACCOUNT_TYPES = ("STANDARD", "DEVELOPER_TEST", "SANDBOX", "APP_DEVELOPER")


@dataclass
class Portal:
    hub_id: int
    name: str
    hublet: str
    tier: str
    time_zone: str
    users: list[User]
    crm: Crm
    created_at: int
    currency: str = "USD"
    teams: Teams = field(default_factory=Teams)
    account_type: str = "STANDARD"
    # How often the account bought more calls for its private apps.
    api_limit_increases: int = 0
    conversations: Conversations = field(default_factory=Conversations)
    exports: Exports = field(default_factory=Exports)
    files: Files = field(default_factory=Files)
    lists: Lists = field(init=False)
    marketing: Marketing = field(init=False)
    # For the ids and the order of its events, so that faults strike the same ones each time.
    dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.hub_id)
        self.marketing = Marketing(self.hub_id)
        self.lists = Lists(self.crm)
        self.crm.followers.append(Following(self.lists).follow)
        self.imports = Imports(self.crm, self.lists)

    def time_passed(self) -> None:
        """Under the portal's lock: what waits for the clock happens."""
        self.crm.purge_archived()
        Following(self.lists).time_passed()
        self.imports.progress_all(self.crm.clock.now_ms())

    def carry_on(self) -> bool:
        """Take the portal's lock for a burst of whatever goes on in the background. Whether there will be more."""
        if not self.imports.busy:
            return False
        with self.crm.lock:
            self.imports.progress(self.crm.clock.now_ms())
            return self.imports.busy

    def user(self, user_id: int) -> User | None:
        return next((user for user in self.users if user.user_id == user_id), None)

    def utc_offset_ms(self, at_ms: int) -> int:
        moment = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(self.time_zone))
        offset = moment.utcoffset()
        return int(offset.total_seconds() * 1000) if offset else 0

    def day(self, at_ms: int) -> int:
        """The number of the account's own day; daily allowances start anew at its midnight."""
        return (at_ms + self.utc_offset_ms(at_ms)) // DAY_MS

    def next_midnight_ms(self, at_ms: int) -> int:
        """When the account's next day begins. A day is 23 or 25 hours long when the clocks change."""
        zone = ZoneInfo(self.time_zone)
        tomorrow = datetime.fromtimestamp(at_ms / 1000, zone).date() + timedelta(days=1)
        return int(datetime.combine(tomorrow, time(), zone).timestamp() * 1000)


def new_portal(
    hub_id: int,
    clock: Clock,
    *,
    name: str,
    hublet: str,
    tier: str,
    time_zone: str,
    users: list[User],
    ui_origin: str,
    search_lag_ms: int = 0,
    created_at: int | None = None,
    account_type: str = "STANDARD",
) -> Portal:
    at = clock.now_ms() if created_at is None else created_at
    crm = Crm(hub_id, clock, owners_of(users, at), ui_origin=ui_origin, search_lag_ms=search_lag_ms)
    for user in users:
        add_user_record(crm, user, at)
    currency = "EUR" if hublet.startswith("eu") else "USD"
    return Portal(hub_id, name, hublet, tier, time_zone, users, crm, at, currency, account_type=account_type)
