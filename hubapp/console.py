"""The staff console: Django's admin, reached by staff who have shown a second factor."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from installations.staff_pages import Section, StaffPage

from .staff import second_factor


class ConsoleSite(admin.AdminSite):
    """The one site that every room's `admin.py` registers its pages with."""

    site_header = site_title = "hubapp"
    index_title = "Overview"
    site_url = None
    empty_value_display = "—"
    enable_nav_sidebar = False  # it hides on narrow screens; ours is above every page

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take pages of ours only: those that libraries bring along could show secrets, or change what is ours."""
        if admin_class is not None and issubclass(admin_class, StaffPage):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and second_factor.is_proven(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def with_second_factor(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            user = request.user
            if user.is_active and user.is_staff and not second_factor.is_proven(request):
                return HttpResponseRedirect(second_factor.page_that_proves(request))
            response: HttpResponseBase = guarded(request, *args, **kwargs)
            return response

        return with_second_factor

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from . import overview  # this module is loaded before there are models

        return super().index(request, overview.context() | (extra_context or {}))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002 - the framework's name
        """Send everybody on to where they belong: the console has no sign-in page of its own."""
        index = reverse("admin:index")
        if request.user.is_authenticated:  # so they are staff: see StaffBackend
            return HttpResponseRedirect(index)
        return HttpResponseRedirect(reverse("account_login", query={"next": request.GET.get("next") or index}))

    def logout(self, request: HttpRequest, *_: Any) -> HttpResponse:  # type: ignore[override]  # no page of its own
        if request.method == "POST":
            logout(request)
        return HttpResponseRedirect(reverse("account_login"))

    def password_change(self, *_: Any) -> HttpResponse:  # type: ignore[override]  # as above
        return HttpResponseRedirect(reverse("account_change_password"))

    def app_index(self, *_: Any, **__: Any) -> HttpResponse:  # type: ignore[override]  # as above
        return HttpResponseRedirect(reverse("admin:index"))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:  # noqa: ARG002
        """Return the navigation: by what staff look for, not by how the code is divided."""
        if not self.has_permission(request):
            return []
        registered = [page for page in self._registry.values() if isinstance(page, StaffPage)]
        pages = sorted(registered, key=lambda page: page.rank)
        return [
            {
                "name": section.value,
                "app_label": section.name.lower(),
                "app_url": reverse("admin:index"),
                "has_module_perms": True,
                "models": [_entry(page) for page in pages if page.section == section],
            }
            for section in Section
        ]


def _entry(page: StaffPage) -> dict[str, Any]:
    meta = page.opts
    return {
        "model": page.model,
        "name": page.heading,
        "object_name": meta.object_name,
        "perms": {"view": True},
        "admin_url": reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"),
        "add_url": None,
        "view_only": True,
    }
