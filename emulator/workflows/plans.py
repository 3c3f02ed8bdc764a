"""What a workflow is made of: who is enrolled, and which actions follow each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Static:
    text: str


@dataclass(frozen=True)
class FromProperty:
    """Of the enrolled record."""

    name: str


@dataclass(frozen=True)
class FromOutput:
    """Of an earlier action, counted from 1."""

    action: int
    field: str


@dataclass(frozen=True)
class FromEvent:
    """A field of the webhook that enrolled the record."""

    field: str


Value = Static | FromProperty | FromOutput | FromEvent


@dataclass(frozen=True)
class Signature:
    """Signed with this app's client secret."""

    app_id: int


@dataclass(frozen=True)
class ApiKey:
    name: str
    # "query" or "header".
    location: str
    value: str = field(repr=False)
    # What the account calls the secret: its value is shown to nobody.
    secret_name: str


@dataclass(frozen=True)
class SendWebhook:
    method: str
    url: str
    auth: Signature | ApiKey | None = None
    # None: all of the record's properties.
    body: Mapping[str, Value] | None = None


@dataclass(frozen=True)
class CustomAction:
    definition_id: int
    input_fields: Mapping[str, Value]


@dataclass(frozen=True)
class SetProperty:
    name: str
    value: Value


@dataclass(frozen=True)
class Delay:
    seconds: float


Action = SendWebhook | CustomAction | SetProperty | Delay


@dataclass(frozen=True)
class PropertyTrigger:
    """Enrols a record when the property gets one of these values; without values, when it gets any."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class WebhookTrigger:
    """Enrols the record whose unique property `match_property` is what `match_field` of the event says."""

    match_field: str
    match_property: str
    # Name and type of each field that actions may use.
    fields: Mapping[str, str]


Trigger = PropertyTrigger | WebhookTrigger


@dataclass(frozen=True)
class Plan:
    name: str
    object_type: str
    actions: tuple[Action, ...]
    trigger: Trigger | None
    enabled: bool
    re_enroll: bool
    # The control call that it was read from: snapshots keep this.
    given: Json


@dataclass
class Workflow:
    """A plan in an account, and how many records went through it."""

    id: int
    hub_id: int
    type_id: str
    plan: Plan
    created_at: int
    updated_at: int
    # The number that the workflow has in the API before version 4.
    legacy_id: int
    revision: int = 1
    # The last part of the address that enrols; only with a webhook trigger.
    token: str | None = None
    # Everybody who ever was, by record id.
    enrolled: set[int] = field(default_factory=set)
    # Who is on the way.
    active: set[int] = field(default_factory=set)
    completed: int = 0
