"""How long staff stay signed in, and how they sign out of all browsers at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from .session import is_for_staff

if TYPE_CHECKING:  # this module is loaded before there are models
    from hubapp.models import StaffVisit

_KEY = "staff_visit"  # the session's key for the visit's id
_NOTED_EVERY = timedelta(minutes=1)


class StaffVisitMiddleware:
    """Signs staff out whose visit is over: too long, without a page for too long, or ended from another browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_for_staff(request) and request.user.is_authenticated:
            visit = _visit_of(request)
            if visit is None:
                logout(request)
            else:
                _note(request, visit)
        return self._get_response(request)


def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End all visits of whoever is signed in, this one too, from their next request on. Takes a form to do it."""
    if request.method == "POST" and request.user.is_authenticated:
        _visits().filter(user=request.user).delete()
        logout(request)
        messages.success(request, "You are signed out everywhere.")
    return redirect("account_login")


def purge() -> None:
    """Delete visits that are over."""
    now, visits = timezone.now(), _visits()
    visits.filter(began_at__lt=now - visits.model.LONGEST).delete()
    visits.filter(seen_at__lt=now - visits.model.LONGEST_PAUSE).delete()


@receiver(user_logged_in)
def begin(request: HttpRequest, user: Any, **_: object) -> None:
    """A sign-in begins a visit; one before in the same browser is over."""
    _visits().filter(pk=request.session.get(_KEY)).delete()
    request.session[_KEY] = _visits().create(user=user).pk


def _visit_of(request: HttpRequest) -> StaffVisit | None:
    found: StaffVisit | None = _visits().open().filter(pk=request.session.get(_KEY), user=request.user).first()
    return found


def _note(request: HttpRequest, visit: StaffVisit) -> None:
    now = timezone.now()
    if visit.seen_at < now - _NOTED_EVERY:
        _visits().filter(pk=visit.pk).update(seen_at=now)
        request.session.modified = True  # so that it is kept as long


def _visits() -> Any:
    from hubapp.models import StaffVisit

    return StaffVisit.objects
