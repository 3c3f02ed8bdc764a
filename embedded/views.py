"""What HubSpot asks for its users' app cards, and the one page of ours that is shown inside HubSpot.

None of these has a session: no cookie is looked at or set. HubSpot's signature says who looks at a card; the page
inside HubSpot has tokens (embedded.tokens).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.http import quote_etag
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from crm.presenting import Presenter
from hubspot_api.errors import InvalidSignature
from hubspot_api.secret import Secret
from installations import log_context

from . import calls, cards, visits
from .calls import CardCall
from .framing import framed_by_hubspot
from .record_state import RecordState, state_of
from .visits import NotOffered, OpenVisit, VisitOver

View = Callable[[HttpRequest], HttpResponse]
_CHANGES = 8
_BEARER = "Bearer "


def _only_if_on(view: View) -> View:
    """Without HUBSPOT_APP_CARD there is nothing here, for anybody."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not settings.HUBSPOT_APP_CARD:
            raise Http404("The app card is switched off.")
        request.META.pop("CSRF_COOKIE_NEEDS_UPDATE", None)  # Django would replace a cookie that is not of its form
        return view(request)

    return guarded


@csrf_exempt
@never_cache
@_only_if_on
@require_POST
def card(request: HttpRequest) -> HttpResponse:
    """What the card shows (cards.describe). Repeating it changes nothing, so repetitions are answered alike."""
    return _answer(request, cards.describe)


@csrf_exempt
@never_cache
@_only_if_on
@require_POST
def offer_view(request: HttpRequest) -> HttpResponse:
    """The address that opens the embedded view once (cards.offer_view)."""
    return _answer(request, cards.offer_view)


def _answer(request: HttpRequest, say: Callable[[CardCall], dict[str, Any]]) -> HttpResponse:
    """401: InvalidSignature. 413: CallTooLong. 400: CallInvalid. 403: OtherApp. 403, 409, 429: NotOffered says which.

    What is usual (not connected, no access) is no error: HubSpot counts an app's refusals against it.
    """
    try:
        call = calls.read(request)
        log_context.is_about(call.hub_id)
        return JsonResponse(say(call))
    except InvalidSignature as error:
        return _refused(401, str(error))
    except calls.CallTooLong as error:
        return _refused(413, str(error))
    except calls.CallInvalid as error:
        return _refused(400, str(error))
    except calls.OtherApp as error:
        return _refused(403, str(error))
    except NotOffered as error:
        return _refused(error.status, str(error))


def _refused(status: int, why: str) -> JsonResponse:
    return JsonResponse({"error": why}, status=status)


@never_cache
@_only_if_on
@require_GET
@framed_by_hubspot
def view(request: HttpRequest) -> HttpResponse:
    """The page inside HubSpot. `?token=` opens it, once; the page then asks with a token of its own for its contents.

    404 to everything else: VisitOver. The address holds a token, used up by now: no page under it tells where its
    reader came from, and its script takes the token out of the browser's history.
    """
    given = request.headers.get("Authorization", "")
    try:
        if given.startswith(_BEARER):
            response = _fragment(request, visits.read(given.removeprefix(_BEARER)))
        else:
            response = _page(*visits.begin(request.GET.get(cards.PARAMETER, "")))
    except VisitOver:
        response = HttpResponse(render_to_string("embedded/closed.html"), status=404)
    response["Referrer-Policy"] = "no-referrer"
    patch_vary_headers(response, ["Authorization"])
    return response


def _page(visit: OpenVisit, token: Secret) -> HttpResponse:
    context = _context(visit)
    fragment = render_to_string("embedded/_record.html", context)
    page = context | {"fragment": fragment, "etag": _etag_of(fragment), "authorization": _BEARER + token.reveal()}
    return HttpResponse(render_to_string("embedded/view.html", page))


def _fragment(request: HttpRequest, visit: OpenVisit) -> HttpResponse:
    fragment = render_to_string("embedded/_record.html", _context(visit))
    etag = _etag_of(fragment)
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    return HttpResponse(fragment, headers={"ETag": etag})


def _context(visit: OpenVisit) -> dict[str, Any]:
    log_context.is_about(visit.portal.hub_id)
    state = state_of(visit.portal, visit.visit.object_type, visit.visit.record_id)
    about = {"state": state, "portal": visit.portal, "visit": visit.visit, "page": cards.page_of(state)}
    return about | _shown(state)


def _shown(state: RecordState) -> dict[str, Any]:
    """What only a record that we hold has: what it is called, and what happened to it."""
    if state.record is None or state.object_type is None:
        return {}
    presenter = Presenter(state.portal, state.object_type)
    return {"title": presenter.title(state.record), "changes": presenter.changes(state.record, _CHANGES)}


def _etag_of(fragment: str) -> str:
    return quote_etag(hashlib.sha256(fragment.encode()).hexdigest()[:32])
