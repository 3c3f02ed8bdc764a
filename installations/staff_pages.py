"""What every page of the staff console has in common: it shows, counts no further than it must, and changes nothing.

What staff do change goes through actions, which call the domain's verbs and write down who did it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from .models import Portal

if TYPE_CHECKING:  # generic for the type checker only
    _Paginator = Paginator[Any]
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _Paginator, _ModelAdmin = Paginator, admin.ModelAdmin

_LONGEST_NAME = 30

MOST_COUNTED = 10_000  # nobody turns more pages; whoever looks for older rows names a portal or a time


class CappedPaginator(_Paginator):
    """Never counts a whole table: where there are more rows than it counts, it says that there are more."""

    @cached_property
    def found(self) -> int:
        rows = self.object_list
        return rows.order_by()[: MOST_COUNTED + 1].count() if isinstance(rows, QuerySet) else len(rows)

    @cached_property
    def count(self) -> int:
        return min(self.found, MOST_COUNTED)

    @property
    def is_capped(self) -> bool:
        return self.found > MOST_COUNTED


class Section(StrEnum):
    """Parts of the navigation, in their order."""

    PORTALS = "Portals"
    WORK = "Work"
    HISTORY = "History"


@dataclass(frozen=True)
class Deed:
    """Something staff can do that concerns no chosen row: a button above a list. With a question, it asks first."""

    name: str
    words: str
    do: Callable[[HttpRequest], None]
    question: str = ""
    details: tuple[str, ...] = ()
    asks_why: bool = False  # "reason" is posted along


class StaffPage(_ModelAdmin):
    """A list and a page per row, to look at. Whoever may enter the console may look at everything in it."""

    heading: ClassVar[str]  # what its rows are called
    rank: ClassVar[int]  # its place within its section
    explanation: ClassVar[str]  # a sentence below the heading
    section: ClassVar[Section]

    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by: ClassVar[tuple[str, ...]] = ()  # most tables are too long for any order but their own
    paginator = CappedPaginator
    change_list_template = "admin/staff_list.html"
    change_form_template = "admin/staff_row.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the framework's names, here and below
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def notices(self) -> list[str]:
        """What to say above the list: something that concerns all rows."""
        return []

    def deeds(self) -> list[Deed]:
        """What can be done now, besides what can be done with rows."""
        return []

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_do"
        return [path("do/<slug:deed>/", self.admin_site.admin_view(self.do_view), name=name), *super().get_urls()]

    def do_view(self, request: HttpRequest, deed: str) -> HttpResponse:
        """Do one of the deeds, once confirmed. 404 for one that cannot be done now."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        chosen = next((one for one in self.deeds() if one.name == deed), None)
        if chosen is None:
            raise Http404(f"{self.heading}: {deed} cannot be done now.")
        if chosen.question and not is_confirmed(request):
            return self._confirmation(request, chosen.question, chosen.details, chosen.words, asks_why=chosen.asks_why)
        chosen.do(request)
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if any(_has_nul(value) for _, values in request.GET.lists() for value in values):
            messages.warning(request, "That address could not be read, so all rows are listed.")
            return HttpResponseRedirect(request.path)
        context: dict[str, Any] = {"title": self.heading, "explanation": self.explanation}
        context |= {"notices": self.notices(), "deeds": self.deeds()}
        return super().changelist_view(request, context | (extra_context or {}))

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Do an action with the rows that were named. An id that cannot be is no row's."""
        named = request.POST.copy()
        ids = named.getlist(ACTION_CHECKBOX_NAME)
        named.setlist(ACTION_CHECKBOX_NAME, [one for one in ids if self._can_be_id(one)])
        request.POST = named  # type: ignore[assignment]  # the framework reads them there
        return super().response_action(request, queryset)

    def _can_be_id(self, text: str) -> bool:
        try:
            self.opts.pk.to_python(text)
        except ValidationError:
            return False
        return not _has_nul(text)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"heading": self.heading, "row_actions": self._row_actions(request), "show_close": False}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["row_title"] = self.title_of(context["original"])
        return super().render_change_form(request, context, *args, **kwargs)

    def title_of(self, row: Any) -> str:
        """What to call one row."""
        return str(row)

    def _row_actions(self, request: HttpRequest) -> list[tuple[str, str]]:
        """What can be done with one row is what can be done with several: names and words."""
        return [(name, str(action[2])) for name, action in self.get_actions(request).items() if action]

    def ask_first(
        self,
        request: HttpRequest,
        rows: QuerySet[Any],
        *,
        action: str,
        question: str,
        details: list[str],
        verb: str,
        asks_why: bool = False,
    ) -> HttpResponse:
        """Return the page on which staff confirm an action on some rows. Confirmed, it is posted again."""
        chosen = [(row.pk, self.title_of(row)) for row in rows]
        return self._confirmation(request, question, details, verb, rows=chosen, action=action, asks_why=asks_why)

    def _confirmation(
        self, request: HttpRequest, question: str, details: Sequence[str], verb: str, **more: object
    ) -> HttpResponse:
        context = {"title": question, "details": details, "verb": verb, "heading": self.heading, "opts": self.opts}
        return TemplateResponse(request, "admin/confirm.html", self.admin_site.each_context(request) | context | more)


class AccountRowsPage(StaffPage):
    """Rows that name a HubSpot account: found by its id."""

    search_fields: ClassVar[tuple[str, ...]] = ("hub_id",)  # that there is a field to search by
    search_help_text = "HubSpot account id"

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return self.rows_of(queryset, search_term), False

    def rows_of(self, rows: QuerySet[Any], typed: str) -> QuerySet[Any]:
        """Return the rows of the accounts that somebody typed into the search field."""
        return rows.filter(hub_id__in=typed_hub_ids(typed))


class PortalRowsPage(AccountRowsPage):
    """Rows that belong to a portal: found by its HubSpot account id, linked to its page."""

    search_fields: ClassVar[tuple[str, ...]] = ("portal__hub_id",)
    list_select_related: ClassVar[tuple[str, ...]] = ("portal",)

    def rows_of(self, rows: QuerySet[Any], typed: str) -> QuerySet[Any]:
        """Look the account up first: the join that the framework would make walks whole tables."""
        return rows.filter(portal__in=portal_ids(typed))

    @admin.display(description="Portal", ordering="portal__hub_id")
    def portal_link(self, row: Any) -> SafeString | str:
        if row.portal is None:
            return "—"
        address = reverse("admin:installations_portal_change", args=[row.portal_id])
        name = Truncator(row.portal.name).chars(_LONGEST_NAME)
        return format_html('<a href="{}">{}</a> <bdi>{}</bdi>', address, row.portal.hub_id, name)


def _has_nul(text: str) -> bool:
    """PostgreSQL takes every character but this one."""
    return "\0" in text


def typed_hub_ids(text: str) -> list[int]:
    """Return the account ids that somebody typed into a search field."""
    return [int(word) for word in text.split() if word.isascii() and word.isdecimal() and len(word) < 19]


def portal_ids(text: str) -> list[int]:
    """Return the installations of the accounts that somebody typed into a search field, the latest first."""
    found = Portal.objects.filter(hub_id__in=typed_hub_ids(text)).order_by("-pk")
    return list(found.values_list("pk", flat=True))


def tag(word: str, level: str = "") -> SafeString:
    """Return a state as a small label; its colour follows from the word unless a level is given."""
    return format_html('<span class="tag {}">{}</span>', level or word, word)


def is_confirmed(request: HttpRequest) -> bool:
    return request.POST.get("confirmed") == "yes"


def why(request: HttpRequest) -> str:
    """Return the reason that was given on the page that asked first."""
    return " ".join(request.POST.get("reason", "").split())[:500] or "No reason was given."


def actor(request: HttpRequest) -> str:
    """How a member of staff is named in the audit entries."""
    return f"staff {request.user.get_username()}"


def ago(field: str, heading: str) -> Callable[[Any], Any]:
    """Make a column that says how long ago a time was, or how long it is until then."""

    @admin.display(description=heading, ordering=field, empty_value="—")
    def column(row: Any) -> str | None:
        return when(getattr(row, field))

    return column


def when(at: datetime | None) -> str | None:
    """Say a time the way somebody who watches a system thinks of it."""
    if at is None:
        return None
    seconds = (timezone.now() - at).total_seconds()
    return f"{in_words(seconds)} ago" if seconds >= 0 else f"in {in_words(-seconds)}"


def in_words(seconds: float) -> str:
    """Two figures are enough for a person: 45 s, 12 min, 5 h, 3 days."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
