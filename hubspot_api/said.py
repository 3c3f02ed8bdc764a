"""What we asked of HubSpot and what it said, as errors carry it: no values, no secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

_WORD = re.compile(r"[A-Za-z][A-Za-z_-]*|v\d{1,2}|\d{4}-\d{2}(-beta)?|\d-\d{1,3}|journal file", re.ASCII)
_NAME = re.compile(r"\{[a-z_]+\}")
_LONGEST_WORD = 40


def without_values(path: str) -> str:
    """Return a path's template, with `{…}` for whatever in it may be a value: ids, addresses, tokens; no query."""
    return "/".join(map(_part, path.partition("?")[0].split("/")))


def _part(part: str) -> str:
    if not part or _NAME.fullmatch(part):
        return part
    return part if len(part) <= _LONGEST_WORD and _WORD.fullmatch(part) else "{…}"


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked: never a value, only the path's template."""

    method: str = ""
    path: str = ""
    hub_id: int | None = None

    def __str__(self) -> str:
        where = f"{self.method} {self.path}".strip() or "HubSpot"
        return where if self.hub_id is None else f"{where} (portal {self.hub_id})"


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One entry of HubSpot's `errors`. `message` may quote what somebody typed: not for logs."""

    code: str = ""
    category: str = ""
    sub_category: str = ""
    message: str = field(default="", repr=False)
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of the properties it is about."""
        return self.context.get("propertyName", ())

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids, or other keys, of the records it is about."""
        return self.context.get("ids", ()) + self.context.get("id", ())

    @property
    def trace_ids(self) -> tuple[str, ...]:
        """`objectWriteTraceId`s of the inputs it is about."""
        return self.context.get("objectWriteTraceId", ())


@dataclass(frozen=True, slots=True)
class Said:
    """What HubSpot said in an error answer, as far as it could be read. Every field may be missing.

    `message` is HubSpot's own text and may quote what somebody typed: show it to the account's people, do not log it.
    """

    status: int | None = None
    category: str = ""  # or, from the token endpoint, its `status`, else its `error`
    sub_category: str = ""
    correlation_id: str = ""
    message: str = field(default="", repr=False)
    details: tuple[ErrorDetail, ...] = ()
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    policy: str = ""  # policyName of a 429
    correct_hublet: str = ""  # of a 488
    retry_at: datetime | None = None  # None: HubSpot named no time
