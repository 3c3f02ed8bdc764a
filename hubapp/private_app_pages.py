"""Pages on which staff connect an account by a private app's token, and later replace it. Off unless switched on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.debug import sensitive_post_parameters

from hubspot_api.secret import Secret
from installations.credentials import private_apps
from installations.errors import InstallationError
from installations.models import Credential, Portal
from installations.staff_pages import actor

_LIVE = (Portal.State.ACTIVE, Portal.State.NEEDS_RECONNECT)


class TokenForm(forms.Form):
    """A token is never shown again, not even to who has just mistyped it, nor kept by the browser."""

    token = forms.CharField(
        label="Private-app token",
        max_length=300,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "pat-…"}),
        help_text="From the private app's page in HubSpot. It is sealed, and shown to nobody again.",
    )

    @property
    def secret(self) -> Secret:
        return Secret(self.cleaned_data["token"])


class NewPortalForm(TokenForm):
    owner_id = forms.IntegerField(
        label="HubSpot user id of the owner",
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text="Who decides here about the portal. Empty: the user who made the token, if HubSpot tells.",
    )


@sensitive_post_parameters("token")
def add(request: HttpRequest) -> HttpResponse:
    """Connect an account."""
    _require_switched_on()
    form = NewPortalForm(request.POST or None)
    if form.is_valid():
        try:
            checked = private_apps.check(form.secret)
            portal = private_apps.connect(checked, actor(request), owner_id=form.cleaned_data["owner_id"])
        except InstallationError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{portal} is connected. Its owner signs in with HubSpot to see it.")
            return redirect("admin:installations_portal_change", portal.pk)
    return _page(request, "admin/add_by_token.html", "Connect by a private app's token", form=form)


@sensitive_post_parameters("token")
def change(request: HttpRequest, portal_id: int) -> HttpResponse:
    """Give a portal its private app's next token, or ask HubSpot again about the one it has."""
    _require_switched_on()
    portal = get_object_or_404(
        Portal, pk=portal_id, connection=Portal.Connection.PRIVATE_APP, state__in=[state.value for state in _LIVE]
    )
    form = TokenForm(request.POST if "token" in request.POST else None)
    try:
        if "check" in request.POST:
            private_apps.check_again(portal, actor(request))
            return _done(request, portal, "HubSpot accepts the token. Its scopes are up to date.")
        if form.is_valid():
            private_apps.replace(portal, private_apps.check(form.secret, portal), actor(request))
            return _done(request, portal, f"{portal} has its new token.")
    except InstallationError as error:
        if form.is_bound:
            form.add_error(None, str(error))
        else:
            messages.error(request, str(error))
    credential = Credential.objects.defer("access_token").filter(portal=portal).first()
    title = f"The private app's token of {portal}"
    return _page(request, "admin/private_app.html", title, form=form, portal=portal, credential=credential)


def _require_switched_on() -> None:
    if not settings.PRIVATE_APP_TOKENS:
        raise Http404("Private-app tokens are switched off.")


def _done(request: HttpRequest, portal: Portal, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("admin:installations_portal_change", portal.pk)


def _page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), "title": title, **context})
