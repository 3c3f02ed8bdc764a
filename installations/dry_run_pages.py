"""Dry runs of other limits in the staff console: begin one, see what is counted, end it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString

from hubspot_api.ports import Bucket

from .calls import dry_runs
from .clients import private_app_of
from .models import DryRun, Portal
from .ratelimit import Limits, limiter
from .ratelimit.dry_runs import MOST_CALLS, TRIED, AccountCount
from .staff_pages import AccountRowsPage, Section, actor, ago, tag

NAMES = {
    Bucket.BURST: "Calls in 10 s",
    Bucket.SEARCH: "Searches in a second",
    Bucket.ASSOCIATIONS: "Association batches in 10 s",
    Bucket.OAUTH: "Token calls in a second, all portals together",
}
_LASTS = {"1": "an hour", "6": "6 hours", "24": "a day", "72": "3 days", "168": "7 days"}


class DryRunForm(forms.Form):
    """Which limits, whose calls and for how long. A limit that is left empty is not tried."""

    hub_id = forms.IntegerField(
        label="HubSpot account id",
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text="Empty: all portals, or those chosen below.",
    )
    whose = forms.ChoiceField(label="Whose calls", choices=DryRun.Whose.choices, initial=DryRun.Whose.ALL)
    burst = forms.IntegerField(required=False, min_value=1, max_value=MOST_CALLS)
    search = forms.IntegerField(required=False, min_value=1, max_value=MOST_CALLS)
    associations = forms.IntegerField(required=False, min_value=1, max_value=MOST_CALLS)
    oauth = forms.IntegerField(required=False, min_value=1, max_value=MOST_CALLS)
    hours = forms.ChoiceField(label="For", choices=_LASTS.items(), initial="24", help_text="It ends by itself.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limits = Limits()
        for bucket in TRIED:
            field = self.fields[bucket.value]
            field.label = NAMES[bucket]
            field.help_text = f"In force: {_in_force(bucket, limits)}. Empty: not tried."

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors:
            self._require_limits()
            self._require_account()
            self._require_everybody()
        return given

    @property
    def limits(self) -> dict[Bucket, int]:
        return {bucket: calls for bucket in TRIED if (calls := self.cleaned_data.get(bucket.value)) is not None}

    @property
    def lasts(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["hours"]))

    def _require_limits(self) -> None:
        if not self.limits:
            self.add_error(None, "Fill in at least one limit to try.")

    def _require_account(self) -> None:
        hub_id = self.cleaned_data.get("hub_id")
        if hub_id and self.cleaned_data["whose"] != DryRun.Whose.ALL:
            self.add_error("whose", "One account is connected in one way: leave this at all portals.")
        if hub_id and not Portal.objects.live().filter(hub_id=hub_id).exists():
            self.add_error("hub_id", f"Account {hub_id} is not connected, so it makes no calls.")

    def _require_everybody(self) -> None:
        chosen = self.cleaned_data.get("hub_id") or self.cleaned_data.get("whose") != DryRun.Whose.ALL
        if Bucket.OAUTH in self.limits and chosen:
            self.add_error("oauth", "The token endpoint's limit is of all portals together: try it for all.")


def _in_force(bucket: Bucket, limits: Limits) -> str:
    calls = limits.of(bucket).calls
    if bucket is Bucket.BURST:
        return f"{calls}, of a private app its account's tier"
    return str(calls)


@dataclass(frozen=True)
class CountedRow:
    bucket: str
    tried: int
    work_class: str
    calls: int
    waited: int
    put_back: int
    longest: str

    @property
    def share(self) -> str:
        return f"{(self.waited + self.put_back) / self.calls:.1%}" if self.calls else "–"


@dataclass(frozen=True)
class AccountRow:
    """An account that would have been held up, and what it uses of its allowances now."""

    hub_id: int
    portal: Portal | None
    calls: int
    held_up: int
    usage: Sequence[str]  # by bucket tried; empty: the portal has left


@admin.register(DryRun)
class DryRunPage(AccountRowsPage):
    heading = "Dry runs"
    explanation = (
        "Other limits, tried before they are enforced: every call is counted against them, and none is held up. See "
        "how many would have waited, of which portals and which work."
    )
    section, rank = Section.PORTALS, 5
    ordering = ("-begun_at",)
    list_display = ("subject", "tried", "state", ago("begun_at", "Begun"), "begun_by", ago("ends_at", "Ends"))
    change_list_template = "admin/dry_runs.html"
    change_form_template = "admin/dry_run.html"
    actions = ("end",)
    fields = ("subject", "tried", "state", "begun_at", "begun_by", "ends_at", "ended_at", "ended_by")
    readonly_fields = ("subject", "tried", "state")

    def title_of(self, row: DryRun) -> str:
        return f"Dry run: {row}, {dry_runs.in_words(row)}"

    def get_urls(self) -> list[Any]:
        begin = self.admin_site.admin_view(self.begin_view)
        return [path("begin/", begin, name="installations_dryrun_begin"), *super().get_urls()]

    @admin.display(description="Whose calls")
    def subject(self, run: DryRun) -> str:
        return str(run)

    @admin.display(description="Limits tried")
    def tried(self, run: DryRun) -> str:
        return dry_runs.in_words(run)

    @admin.display(description="State")
    def state(self, run: DryRun) -> SafeString:
        return tag("counting", "good") if run.is_on else tag("over", "plain")

    def begin_view(self, request: HttpRequest) -> HttpResponse:
        """Begin one, or show what is wrong with what was asked for."""
        form = DryRunForm(request.POST or None)
        if form.is_valid():
            given = form.cleaned_data
            try:
                run = dry_runs.begin(
                    actor(request), form.limits, hub_id=given["hub_id"], whose=given["whose"], lasts=form.lasts
                )
            except dry_runs.TooManyDryRuns as error:
                form.add_error(None, str(error))
            else:
                text = "Calls are counted from now on. It ends by itself; you can end it here at any time."
                messages.success(request, text)
                return redirect("admin:installations_dryrun_change", run.pk)
        context = {"title": "Try other limits", "form": form, "opts": self.opts}
        return TemplateResponse(request, "admin/begin_dry_run.html", self.admin_site.each_context(request) | context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        context = _counted(run) if isinstance(run, DryRun) else {}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """What is over cannot be ended: its page has no button for it."""
        match = request.resolver_match
        row_id = match.kwargs.get("object_id") if match else None
        run = self.get_object(request, row_id) if row_id else None  # None too for an id that cannot be
        if row_id and (not isinstance(run, DryRun) or run.ended_at):
            return {}
        return super().get_actions(request)

    @admin.action(description="End", permissions=["view"])
    def end(self, request: HttpRequest, runs: QuerySet[DryRun]) -> HttpResponse | None:
        """Count no more; what was counted is kept."""
        chosen = list(runs)
        ended = sum(dry_runs.end(run, actor(request)) for run in chosen)
        self.message_user(request, f"{ended} dry runs ended; what they counted is kept.", messages.SUCCESS)
        if len(chosen) == 1:
            return HttpResponseRedirect(reverse("admin:installations_dryrun_change", args=[chosen[0].pk]))
        return None


def _counted(run: DryRun) -> dict[str, Any]:
    reading = dry_runs.reading_of(run)
    limits = dry_runs.limits_of(run)
    accounts = reading.figures.accounts if reading.figures else ()
    return {
        "reading": reading,
        "counted": list(_rows(run, reading)),
        "accounts": [_account(one, limits) for one in accounts if one.hub_id],
        "buckets": [NAMES[bucket] for bucket in limits if bucket is not Bucket.OAUTH],
        "accounts_are_gone": reading.is_final and not accounts,
    }


def _rows(run: DryRun, reading: dry_runs.Reading) -> Iterator[CountedRow]:
    limits = dry_runs.limits_of(run)
    for bucket, work_class, one in reading.rows:
        longest = f"{one.longest_ms / 1000:.1f} s" if one.longest_ms else "–"
        name = work_class.name.capitalize()
        yield CountedRow(NAMES[bucket], limits.get(bucket, 0), name, one.calls, one.waited, one.put_back, longest)


def _account(one: AccountCount, limits: dict[Bucket, int]) -> AccountRow:
    portal = Portal.objects.live().filter(hub_id=one.hub_id).first()
    return AccountRow(one.hub_id, portal, one.calls, one.held_up, list(_usage(portal, limits)) if portal else [])


def _usage(portal: Portal, limits: dict[Bucket, int]) -> Iterator[str]:
    buckets = limiter().usage(portal.hub_id, private_app_of(portal)).buckets
    for bucket in limits:
        if bucket in buckets:
            yield f"{buckets[bucket].used} of {buckets[bucket].limit}"
