"""Credentials, people, audit entries, messages and the log of calls in the staff console."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from . import outbox
from .anomaly_pages import AnomalyPage  # noqa: F401 - registers itself
from .audit import record
from .credentials import endpoint
from .credentials.token_health import LEVELS, UNHEALTHY, Health, with_health
from .dry_run_pages import DryRunPage  # noqa: F401 - registers itself
from .list_filters import TimeFilter
from .models import ApiCall, AuditEntry, Credential, Mail, Membership
from .people import ownership
from .people.members import NotAllowed
from .place_pages import PlacePage  # noqa: F401 - registers itself
from .signals import calls_may_go_on
from .staff_pages import (
    Deed,
    PortalRowsPage,
    Section,
    actor,
    ago,
    is_confirmed,
    tag,
    when,
    why,
)
from .stop_pages import StopPage  # noqa: F401 - registers itself


class HealthFilter(admin.SimpleListFilter):
    title = "health"
    parameter_name = "health"
    _UNHEALTHY = "unhealthy"

    def lookups(self, _request: HttpRequest, _page: Any) -> list[tuple[str, str]]:
        return [(self._UNHEALTHY, "Unhealthy"), *((one.value, str(one.label).capitalize()) for one in Health)]

    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen == self._UNHEALTHY:
            return rows.filter(health__in=UNHEALTHY)
        return rows.filter(health=chosen) if chosen in Health.values else rows


@admin.register(Credential)
class CredentialPage(PortalRowsPage):
    """Times and counts. The sealed tokens are not even read from the database."""

    heading = "Credentials"
    explanation = "How the tokens of each portal are doing. No token is shown anywhere, not even sealed."
    section, rank = Section.PORTALS, 2
    ordering = ("-failures", "expires_at")
    sortable_by = ("expires", "renewed", "failures")
    list_display = (
        *("portal_link", "health", "expires", ago("obtained_at", "Renewed"), "failures", "latest_error"),
        *(ago("retry_at", "Next try"), "lease"),
    )
    list_filter = (HealthFilter,)
    actions = ("try_now",)
    fields = (
        *("portal_link", "health", "scopes_listed", "user_id", "obtained_at", "expires_at", "token_number"),
        *("generation", "lease_until", "retry_at", "refused_at", "failures", "latest_error", "revoked_at"),
    )
    readonly_fields = ("portal_link", "health", "scopes_listed")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credential]:
        sealed = ("access_token", "refresh_token", "previous_refresh_token")
        rows: QuerySet[Credential] = super().get_queryset(request).defer(*sealed)
        return with_health(rows)

    def title_of(self, row: Credential) -> str:
        return f"Tokens of {row.portal}"

    def notices(self) -> list[str]:
        halted = endpoint.state()
        if halted is None:
            return []
        return [f"Refreshing stands still for all portals until {halted.halted_until:%H:%M:%S} UTC. {halted.reason}"]

    def deeds(self) -> list[Deed]:
        return [Deed("try_again", "Try again now", self._try_again)] if endpoint.state() else []

    @admin.display(description="Health")
    def health(self, credential: Any) -> SafeString:
        health = Health(credential.health)
        return tag(str(health.label), LEVELS.get(health, "plain"))

    @admin.display(description="Expires", ordering="expires_at")
    def expires(self, credential: Credential) -> str | None:
        return "never" if credential.lasts else when(credential.expires_at)

    @admin.display(description="Lease", empty_value="—")
    def lease(self, credential: Credential) -> str | None:
        """Whether somebody renews it just now, or died while doing so."""
        until = credential.lease_until
        if until is None:
            return None
        return f"held, ends {when(until)}" if until > timezone.now() else "lost; free again"

    @admin.display(description="Scopes")
    def scopes_listed(self, credential: Credential) -> str:
        return ", ".join(credential.scopes)

    @admin.action(description="Try again now", permissions=["view"])
    def try_now(self, request: HttpRequest, credentials: QuerySet[Credential]) -> None:
        """Let renewing be tried at once although failures put it off; the work that waited for it does so."""
        chosen = list(credentials)
        with transaction.atomic():
            for credential in chosen:
                record(credential.portal, actor(request), "had the token renewed again")
            Credential.objects.filter(pk__in=[one.pk for one in chosen]).update(retry_at=None)
            calls_may_go_on.send(Credential, portal_ids=[one.portal_id for one in chosen])
        self.message_user(request, f"{len(chosen)} portals: renewed with their next call.", messages.SUCCESS)

    def _try_again(self, request: HttpRequest) -> None:
        with transaction.atomic():
            record(None, actor(request), "ended the halt of refreshing")
            held_back = endpoint.try_again()
            calls_may_go_on.send(Credential, portal_ids=None)
        text = f"Refreshing goes on; {held_back} portals had been put off. If HubSpot refuses us still, it halts again."
        self.message_user(request, text, messages.SUCCESS)


@admin.register(Membership)
class MembershipPage(PortalRowsPage):
    heading = "Memberships"
    explanation = (
        "Which HubSpot users may see which portal here. Owners and admins of the portal decide, not staff; only when "
        "nobody is left who could does staff assign the ownership."
    )
    section, rank = Section.PORTALS, 3
    ordering = ("-pk",)
    list_display = ("user_id", "email", "role", "portal_link", "asked_at", ago("proven_at", "Proven by HubSpot"))
    list_filter = ("role",)
    actions = ("make_owner",)
    fields = ("portal_link", "user_id", "email", "role", "asked_at", "declined_at", "proven_at")
    readonly_fields = ("portal_link",)

    def title_of(self, row: Membership) -> str:
        return f"{row.name}, {row.get_role_display().lower()} of {row.portal}"

    @admin.action(description="Make owner", permissions=["view"])
    def make_owner(self, request: HttpRequest, memberships: QuerySet[Membership]) -> HttpResponse | None:
        """Assign the ownership of one portal, for a reason that its people can read."""
        chosen = list(memberships.select_related("portal")[:2])
        if len(chosen) > 1:
            self.message_user(request, "Choose one person: a portal has one owner.", messages.ERROR)
            return None
        if not is_confirmed(request) or not request.POST.get("reason", "").strip():
            return self.ask_first(
                request,
                memberships,
                action="make_owner",
                question="Make this person the owner of the portal?",
                details=[
                    "Who owns it now becomes an admin. Both get an e-mail, and its people can read the reason.",
                    "Be sure who asks: the owner sees everything that is mirrored, and decides who else does.",
                ],
                verb="Make owner",
                asks_why=True,
            )
        try:
            ownership.assign(chosen[0], actor(request), why(request))
        except NotAllowed as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, f"{chosen[0].name} owns {chosen[0].portal}.", messages.SUCCESS)
        return None


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
        if given_up:
            self.message_user(request, f"Sent again within a minute: {len(given_up)}.", messages.SUCCESS)
        else:
            self.message_user(request, "None of them was given up: nothing is sent again.", messages.WARNING)


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
    explanation = (
        "Calls to HubSpot, as they went. Ids and queries are not kept; successes for 2 days, failures for 30, of each "
        "portal the latest 10,000 and 5,000."
    )
    section, rank = Section.HISTORY, 1
    ordering = ("-at",)
    list_display = (
        *("at", "portal_link", "method", "path", "status", "error", "category"),
        *("attempts", "waited_ms", "took_ms", "received_bytes", "correlation_id"),
    )
    list_filter = (FailedFilter, StatusClassFilter, TimeFilter)
    fields = (
        *("at", "portal_link", "method", "path", "status", "error", "category", "correlation_id"),
        *("attempts", "waited_ms", "took_ms", "sent_bytes", "received_bytes"),
    )
    readonly_fields = ("portal_link",)

    def title_of(self, row: ApiCall) -> str:
        return f"{row.method} {row.path}"
