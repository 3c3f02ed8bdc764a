"""Landing, install, sign-in, and HubSpot's four ways of coming back."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from hubspot_api.errors import HubSpotError
from hubspot_api.secret import Secret

from .clients import oauth
from .connecting import exchanges, flows, install, other_account, problems
from .connecting.exchanges import ExchangeRefused
from .connecting.flow_forms import form_leads_to_hubspot
from .connecting.flows import FlowRefused
from .connecting.install import Identity
from .connecting.problems import Problem
from .errors import InstallationError
from .models import ERASE_AFTER, OAuthFlow, Portal, UnclaimedGrant
from .people import visitors
from .people.visitors import Visitor
from .scopes import in_words

Purpose = OAuthFlow.Purpose

_HUBSPOT_UI = re.compile(r"app(-[a-z0-9]+)?\.hubspot\.com")
_UNCLAIMED = "unclaimed"  # the session's key for the grant that this browser has to decide about


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    visitor = visitors.read(request.session)
    memberships = visitors.memberships_of(visitor) if visitor else []
    scopes = in_words(settings.HUBSPOT_SCOPES)
    context = {
        "visitor": visitor,
        "memberships": memberships,
        "to_confirm": visitors.to_be_proven(visitor) if visitor else [],
        "scopes": scopes,
        "erase_after_days": ERASE_AFTER.days,
    }
    return render(request, "landing.html", context)


@never_cache
@require_GET
def start_install(request: HttpRequest) -> HttpResponse:
    """Send the browser to HubSpot's consent page; `?hub_id=` preselects the account."""
    hub_id = _hub_id_of(request)
    state = flows.begin(request.session, Purpose.INSTALL, hub_id=hub_id)
    return _to_hubspot(settings.HUBSPOT_SCOPES, state, hub_id, settings.HUBSPOT_OPTIONAL_SCOPES)


@never_cache
@require_GET
def start_sign_in(request: HttpRequest) -> HttpResponse:
    """Prove who is at the browser, with the one scope that says no more than that."""
    hub_id = _hub_id_of(request)
    state = flows.begin(request.session, Purpose.SIGN_IN, hub_id=hub_id)
    return _to_hubspot(["oauth"], state, hub_id)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    visitors.sign_out(request)
    return redirect("landing")


@never_cache
@form_leads_to_hubspot
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Receive what HubSpot's redirect brings, in one of its four shapes.

    code and state: a flow of ours. code and returnUrl: a marketplace install, which touches no session. step=authorize
    and step=finalize: a marketplace install with partner sign-in. FlowRefused, ExchangeRefused, HubSpotError and
    InstallationError each become a page that says what happened and what to do (installations.connecting.problems).

    The address holds a code: no page that is shown under it tells anybody where its reader came from.
    """
    response = _come_back(request)
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response


def _come_back(request: HttpRequest) -> HttpResponse:
    given = request.GET
    try:
        if given.get("step") == "authorize":
            return _confirm_marketplace_install(request)
        if "error" in given:
            return _refused_by_hubspot(request)
        if given.get("code") and (given.get("state") or given.get("step") == "finalize"):
            return _finish_flow(request)
        if given.get("code") and given.get("returnUrl"):
            return _marketplace_install(request)
    except (FlowRefused, ExchangeRefused, HubSpotError, InstallationError) as error:
        return _problem(request, problems.explain(error))
    return _problem(request, problems.NOT_STARTED_HERE)


def _finish_flow(request: HttpRequest) -> HttpResponse:
    visitor = visitors.read(request.session)
    started = flows.finish(request.session, request.GET.get("state", ""), user_id=_user_id(visitor))
    return_url = request.GET.get("returnUrl", "")
    if started.purpose == Purpose.FINALIZE and not _is_hubspot(return_url):
        return _problem(request, problems.RETURN_ELSEWHERE)
    identity = _identify(request)
    try:
        started.require_user(identity.info.user_id)
    except FlowRefused:
        install.refuse(identity)
        raise
    is_other = started.hub_id not in {None, identity.info.hub_id}
    if is_other and started.purpose == Purpose.INSTALL:
        return other_account.ask(request, started.hub_id or 0, identity)
    if started.purpose == Purpose.SIGN_IN:
        outcome = install.claim_or_keep(identity)
        visitors.sign_in(request, identity.info.user_id, identity.email)
        if is_other:
            messages.warning(request, f"You chose account {identity.info.hub_id} at HubSpot, not {started.hub_id}.")
        return _signed_in(request, outcome)
    portal = install.connect(identity)
    visitors.sign_in(request, identity.info.user_id, identity.email)
    if started.purpose == Purpose.FINALIZE:
        return HttpResponseRedirect(return_url)
    messages.success(request, f"{portal} is connected.")
    if not portal.is_described:
        messages.info(
            request, "HubSpot is moving this account to another data centre. Reading begins by itself afterwards."
        )
    return redirect("portal", hub_id=portal.hub_id)


def _signed_in(request: HttpRequest, outcome: Portal | UnclaimedGrant) -> HttpResponse:
    if isinstance(outcome, Portal):
        page = visitors.page_left(request.session, outcome.hub_id)
        return HttpResponseRedirect(page or reverse("portal", kwargs={"hub_id": outcome.hub_id}))
    request.session[_UNCLAIMED] = str(outcome.pk)
    return redirect("unclaimed")


def _identify(request: HttpRequest) -> Identity:
    """Exchange the code that HubSpot's redirect brought. Raises ExchangeRefused, HubSpotError, InstallationError."""
    address = get_adapter().get_client_ip(request)
    exchanges.admit(request.GET["code"], address)
    return install.identify(Secret(request.GET["code"]))


def _marketplace_install(request: HttpRequest) -> HttpResponse:
    """Install without a state of ours: anybody's browser may be sent here, so no session is made or changed."""
    return_url = request.GET["returnUrl"]
    if not _is_hubspot(return_url):
        return _problem(request, problems.RETURN_ELSEWHERE)
    install.connect(_identify(request))
    return HttpResponseRedirect(return_url)


def _confirm_marketplace_install(request: HttpRequest) -> HttpResponse:
    return_url = request.GET.get("returnUrl", "")
    if not _is_hubspot(return_url):
        return _problem(request, problems.RETURN_ELSEWHERE)
    context = {"return_url": return_url, "visitor": visitors.read(request.session)}
    response = render(request, "installations/confirm_marketplace.html", context)
    # Under "no-referrer" browsers would send its form with Origin: null, which is refused as forged.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


@require_POST
def continue_marketplace_install(request: HttpRequest) -> HttpResponse:
    """The confirmed first leg of an install with partner sign-in: take a state to HubSpot."""
    return_url = request.POST.get("return_url", "")
    if not _is_hubspot(return_url):
        return _problem(request, problems.RETURN_ELSEWHERE)
    visitor = visitors.read(request.session)
    state = flows.begin(request.session, Purpose.FINALIZE, user_id=_user_id(visitor))
    return HttpResponseRedirect(f"{return_url}{'&' if '?' in return_url else '?'}{urlencode({'state': state})}")


def _refused_by_hubspot(request: HttpRequest) -> HttpResponse:
    if request.GET.get("state"):
        visitor = visitors.read(request.session)
        flows.finish(request.session, request.GET["state"], user_id=_user_id(visitor))
    is_cancelled = request.GET["error"] == "access_denied"
    return _problem(request, problems.CANCELLED if is_cancelled else problems.REFUSED_BY_HUBSPOT)


@never_cache
@form_leads_to_hubspot
@require_GET
def unclaimed(request: HttpRequest) -> HttpResponse:
    """The account signed in with is not connected: ask whether it should be."""
    grant = _unclaimed_of(request)
    return render(
        request, "installations/unclaimed.html", {"grant": grant, "scopes": in_words(settings.HUBSPOT_SCOPES)}
    )


@require_POST
def decide_unclaimed(request: HttpRequest) -> HttpResponse:
    """Yes: on to the install. No: take the app out of the account again."""
    grant = _unclaimed_of(request)
    del request.session[_UNCLAIMED]
    if request.POST.get("decision") == "connect":
        # The grant stays until the account is connected: whoever cancels now does not want the app there.
        install.await_consent(grant)
        return redirect(reverse("install", query={"hub_id": grant.hub_id}))
    try:
        install.give_up(grant)
    except (HubSpotError, InstallationError) as error:
        return _problem(request, problems.explain(error))
    visitors.sign_out(request)
    messages.info(request, f"Account {grant.hub_id} is not connected; the app was removed from it again.")
    return redirect("landing")


def _unclaimed_of(request: HttpRequest) -> UnclaimedGrant:
    return get_object_or_404(UnclaimedGrant, pk=request.session.get(_UNCLAIMED))


def _to_hubspot(
    scopes: list[str], state: str, hub_id: int | None, optional_scopes: list[str] | None = None
) -> HttpResponse:
    address = oauth().authorize_url(
        redirect_uri=install.redirect_uri(),
        scopes=scopes,
        optional_scopes=optional_scopes or [],
        state=state,
        hub_id=hub_id,
    )
    return HttpResponseRedirect(address)


def _problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return render(request, "installations/problem.html", {"problem": problem}, status=problem.status)


def _user_id(visitor: Visitor | None) -> int | None:
    return None if visitor is None else visitor.user_id


def _hub_id_of(request: HttpRequest) -> int | None:
    given = request.GET.get("hub_id", "")
    return int(given) if re.fullmatch(r"[1-9][0-9]{0,17}", given, re.ASCII) else None


def _is_hubspot(address: str) -> bool:
    """Whether to send a browser there: HubSpot's own pages, or where our consent page is. Exact hosts, no tricks.

    Not to another app's consent page: it would carry the state that we append to wherever that app likes.
    """
    if re.search(r"[\s\\#\x00-\x1f]", address):
        return False
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    if not _is_ours(parts.query, must_say_so=_has_oauth_segment(parts.path)):
        return False
    if parts.scheme == "https" and port is None and _HUBSPOT_UI.fullmatch(parts.netloc):
        return True
    ours = urlsplit(settings.HUBSPOT_AUTHORIZE_URL)
    return (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc)


def _has_oauth_segment(path: str) -> bool:
    """Whether a path, decoded as often as anybody might, leads through HubSpot's OAuth pages."""
    while (decoded := unquote(path)) != path:
        path = decoded
    return any(segment.strip().lower() == "oauth" for segment in re.split(r"[/\\;?#]", path))


def _is_ours(query: str, *, must_say_so: bool) -> bool:
    """Whether a query names no other app than ours, and no other way back; a consent page has to name the app."""
    ours = {"client_id": settings.HUBSPOT_CLIENT_ID, "redirect_uri": install.redirect_uri()}
    given = parse_qsl(query.replace(";", "&"), keep_blank_values=True)  # some servers read ";" as "&"
    if must_say_so and ("client_id", settings.HUBSPOT_CLIENT_ID) not in given:
        return False
    return all(ours.get(name.strip().lower(), value) == value for name, value in given)
