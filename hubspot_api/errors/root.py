"""What all failures have in common: what happened, to which account, what to do, and whether it may be repeated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from hubspot_api.said import Call, Said

if TYPE_CHECKING:
    from hubspot_api.records import BatchResult


def label(text: str) -> str:
    """Pass a name, hold back free text."""
    return text if re.fullmatch(r"[\w.-]{1,100}", text, re.ASCII) else ""


class HubSpotError(Exception):
    """Root of all.

    `retryable`: the same call may succeed later without anybody doing anything.
    `certainly_not_done`: HubSpot has not carried out the call, so repeating it cannot double an effect.

    `hub_id`: account the call was made for, when known. `status`: None when there was no answer. `category`,
    `sub_category`: HubSpot's names for the error, "" when it gave none. `correlation_id`: what HubSpot's support asks
    for. `message`: HubSpot's own text, which may quote what somebody typed, so not for logs. `retry_at`: not before
    this time; None when nobody knows. `partial`: what a call in several batches had done when it failed.

    `str()` is safe to log: it holds no token, no value of a property and none of HubSpot's free text.
    """

    retryable: ClassVar[bool] = False
    certainly_not_done: ClassVar[bool] = False
    happened: ClassVar[str] = "the call failed"
    advice: ClassVar[str] = "Give HubSpot's support the correlation id."

    partial: BatchResult | None = None

    def __init__(self, detail: str = "", call: Call | None = None, said: Said | None = None) -> None:
        super().__init__(detail, call, said)
        self.detail = detail
        self.call = call = call or Call()
        self.said = said = said or Said()
        self.hub_id = call.hub_id
        self.status = said.status
        self.category = said.category
        self.sub_category = said.sub_category
        self.correlation_id = said.correlation_id
        self.message = said.message
        self.retry_at = said.retry_at

    def __str__(self) -> str:
        what = ": ".join(filter(None, (self.happened, self.detail or self._named())))
        facts = [str(self.status) if self.status else "", self.category, self.sub_category]
        if self.correlation_id:
            facts.append(f"correlation id {self.correlation_id}")
        said = ", ".join(filter(None, facts))
        return f"{self.call}: {what}" + (f" [{said}]" if said else "") + f". {self.advice}"

    def _named(self) -> str:
        """What a subclass can name: properties, codes, scopes."""
        return ""
