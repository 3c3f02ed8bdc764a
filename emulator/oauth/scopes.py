"""Scopes: in a user's words, and which accounts have the feature behind them."""

from __future__ import annotations

from collections.abc import Iterable

TIERS = ("free", "starter", "professional", "enterprise")

_WORDS = {
    "oauth": "Know which account and user connected it",
    "tickets": "See and change tickets",
    "automation": "See and change workflows",
    "forms": "See forms and what was sent with them",
    "content": "See marketing e-mails and what became of them",
    "marketing.email.read": "See marketing e-mails",
    "marketing.campaigns.read": "See marketing campaigns",
    "sales-email-read": "Read e-mails that are logged on records",
    "e-commerce": "See and change products, line items and quotes",
    "timeline": "Add events to the timeline of records",
    "crm.objects.owners.read": "See the users that records are assigned to",
    "crm.lists.read": "See lists and who is on them",
    "crm.lists.write": "Create lists and change who is on them",
    "crm.export": "Export records",
    "crm.import": "Import records",
    "conversations.read": "See conversations",
    "settings.users.read": "See the users of the account",
    "settings.users.teams.read": "See the teams of the account",
    "settings.users.write": "Add, change and remove users of the account",
    "settings.users.teams.write": "Create, change and delete teams of the account",
    "files": "See, add and delete files",
}

_NAMES = {
    "contacts": "contacts",
    "companies": "companies",
    "deals": "deals",
    "tickets": "tickets",
    "custom": "custom objects",
    "leads": "leads",
    "line_items": "line items",
    "products": "products",
    "quotes": "quotes",
    "appointments": "appointments",
    "services": "services",
    "orders": "orders",
    "users": "users",
}

_NEEDS_TIER = {
    "crm.objects.custom": "enterprise",
    "crm.schemas.custom": "enterprise",
    "automation": "professional",
}

# What an app may do with its journal: as the documentation has it, as the specification has it, and as the beta of 2025
# had it. Any one suffices.
JOURNAL_READ = ("developer.webhooks_journal.read", "webhooks-journal-data-access", "webhooks.journal.data.access")
SUBSCRIPTIONS_READ = (
    "developer.webhooks_journal.subscriptions.read",
    "webhooks-journal-subscription-read",
    "webhooks.journal.subscription.read",
)
SUBSCRIPTIONS_WRITE = (
    "developer.webhooks_journal.subscriptions.write",
    "webhooks-journal-subscription-management",
    "webhooks.journal.subscription.manage",
)
_SNAPSHOTS = ("webhooks-journal-snapshot-management", "webhooks.journal.snapshot.manage")
SNAPSHOTS_READ = ("developer.webhooks_journal.snapshots.read", *_SNAPSHOTS)
SNAPSHOTS_WRITE = ("developer.webhooks_journal.snapshots.write", *_SNAPSHOTS)

JOURNAL_SCOPES = frozenset(
    (*JOURNAL_READ, *SUBSCRIPTIONS_READ, *SUBSCRIPTIONS_WRITE, *SNAPSHOTS_READ, *SNAPSHOTS_WRITE)
)


def in_words(scope: str) -> str:
    if scope in _WORDS:
        return _WORDS[scope]
    area, _, access = scope.rpartition(".")
    family, _, name = area.rpartition(".")
    verb = {"read": "See", "write": "Create, change and delete"}.get(access)
    shown = _NAMES.get(name)
    if verb and shown and family == "crm.objects":
        return f"{verb} {shown}"
    if verb and shown and family == "crm.schemas":
        return f"{verb} the properties and settings of {shown}"
    return scope


def available(scope: str, tier: str) -> bool:
    """Whether an account of this tier has the feature that the scope is about."""
    needed = next((level for prefix, level in _NEEDS_TIER.items() if scope.startswith(prefix)), "free")
    return TIERS.index(tier) >= TIERS.index(needed)


def split(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((text or "").split()))


def ordered(scopes: Iterable[str]) -> list[str]:
    return sorted(set(scopes))
