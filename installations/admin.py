"""Credentials, people, audit entries, messages and the log of calls in the staff console."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from . import outbox
from .audit import record
from .list_filters import TimeFilter
from .models import ApiCall, AuditEntry, Credential, Mail, Membership
from .staff_pages import PortalRowsPage, Section, actor, ago


@admin.register(Credential)
class CredentialPage(PortalRowsPage):
    """Times and counts. The sealed tokens are not even read from the database."""

    heading = "Credentials"
    explanation = "How the tokens of each portal are doing. No token is shown anywhere, not even sealed."
    section, rank = Section.PORTALS, 2
    ordering = ("-failures", "expires_at")
    sortable_by = ("expires_at", "failures", "generation")
    list_display = (
        *("portal", ago("expires_at", "Expires"), "token_number", "generation"),
        *(ago("lease_until", "Lease ends"), "failures", ago("retry_at", "Next try"), "latest_error"),
    )
    fields = (
        *("portal_link", "scopes_listed", "user_id", "obtained_at", "expires_at", "token_number", "generation"),
        *("lease_until", "retry_at", "refused_at", "failures", "latest_error"),
    )
    readonly_fields = ("portal_link", "scopes_listed")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credential]:
        sealed = ("access_token", "refresh_token", "previous_refresh_token")
        rows: QuerySet[Credential] = super().get_queryset(request).defer(*sealed)
        return rows

    def title_of(self, row: Credential) -> str:
        return f"Tokens of {row.portal}"

    @admin.display(description="Scopes")
    def scopes_listed(self, credential: Credential) -> str:
        return ", ".join(credential.scopes)


@admin.register(Membership)
class MembershipPage(PortalRowsPage):
    heading = "Memberships"
    explanation = "Which HubSpot users may see which portal here. Owners and admins of the portal decide, not staff."
    section, rank = Section.PORTALS, 3
    ordering = ("-pk",)
    list_display = ("user_id", "email", "role", "portal_link", "asked_at", ago("proven_at", "Proven by HubSpot"))
    list_filter = ("role",)
    fields = ("portal_link", "user_id", "email", "role", "asked_at", "proven_at")
    readonly_fields = ("portal_link",)


@admin.register(AuditEntry)
class AuditEntryPage(PortalRowsPage):
    heading = "Audit entries"
    explanation = "What people and staff did to installations. Written once, never changed."
    section, rank = Section.HISTORY, 2
    ordering = ("-pk",)
    list_display = ("at", "portal_link", "actor", "action", "detail")
    fields = ("at", "portal_link", "actor", "action", "detail")
    readonly_fields = ("portal_link",)

    def title_of(self, row: AuditEntry) -> str:
        return f"{row.actor} {row.action}"


@admin.register(Mail)
class MailPage(PortalRowsPage):
    heading = "E-mails"
    explanation = "What was written to the people of portals, without its text. Kept for 30 days."
    section, rank = Section.HISTORY, 3
    ordering = ("-posted_at",)
    list_display = (
        *("posted_at", "portal_link", "kind", "to", "state", ago("due_at", "Due or tried")),
        *("attempts", ago("ended_at", "Over"), "latest_error"),
    )
    list_filter = ("state", "kind")
    actions = ("send_again",)
    fields = (
        *("portal_link", "kind", "about", "to", "posted_at", "due_at", "state", "attempts", "ended_at"),
        "latest_error",
    )
    readonly_fields = ("portal_link",)

    @admin.action(description="Try again", permissions=["view"])
    def send_again(self, request: HttpRequest, mails: QuerySet[Mail]) -> None:
        """Give messages that were given up all their attempts again."""
        given_up = list(mails.filter(state=Mail.State.GIVEN_UP).select_related("portal"))
        for mail in given_up:
            record(mail.portal, actor(request), "sent an e-mail again", mail.kind)
        outbox.again(given_up)
        self.message_user(request, f"{len(given_up)} e-mails leave within a minute.", messages.SUCCESS)


class StatusClassFilter(admin.SimpleListFilter):
    title = "answer"
    parameter_name = "answer"
    _RANGES = {"2xx": (200, 299), "4xx": (400, 499), "429": (429, 429), "5xx": (500, 599)}

    def lookups(self, _request: HttpRequest, _page: Any) -> list[tuple[str, str]]:
        return [*((name, name) for name in self._RANGES), ("none", "No answer")]

    def queryset(self, _request: HttpRequest, rows: QuerySet[ApiCall]) -> QuerySet[ApiCall]:
        """Refusals are looked for among the failures, which are few and have an index."""
        chosen = self.value()
        if chosen == "none":
            return rows.filter(status=None)
        if chosen not in self._RANGES:
            return rows
        among = rows if chosen == "2xx" else rows.exclude(error="")
        return among.filter(status__range=self._RANGES[chosen])


class FailedFilter(admin.SimpleListFilter):
    title = "result"
    parameter_name = "result"

    def lookups(self, _request: HttpRequest, _page: Any) -> list[tuple[str, str]]:
        return [("failed", "Failed"), ("worked", "Worked")]

    def queryset(self, _request: HttpRequest, rows: QuerySet[ApiCall]) -> QuerySet[ApiCall]:
        match self.value():
            case "failed":
                return rows.exclude(error="")
            case "worked":
                return rows.filter(error="")
        return rows


@admin.register(ApiCall)
class ApiCallPage(PortalRowsPage):
    heading = "API calls"
    explanation = "Calls to HubSpot, as they went. Ids and queries are not kept; successes for 2 days, failures for 30."
    section, rank = Section.HISTORY, 1
    ordering = ("-at",)
    list_display = (
        *("at", "portal_link", "method", "path", "status", "error", "category"),
        *("attempts", "waited_ms", "took_ms", "received_bytes", "correlation_id"),
    )
    list_filter = (FailedFilter, StatusClassFilter, TimeFilter)
    fields = (
        *("at", "portal_link", "method", "path", "status", "error", "category", "correlation_id"),
        *("attempts", "waited_ms", "took_ms", "received_bytes"),
    )
    readonly_fields = ("portal_link",)

    def title_of(self, row: ApiCall) -> str:
        return f"{row.method} {row.path}"
