"""The portal's pages: overview, records, one record.

What moves on a page is a fragment that htmx asks for again and again at the page's own address. A fragment has an
ETag, so that one that has not changed costs neither rendering nor bytes nor the reader's place.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.dateparse import parse_datetime
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from installations.people import members
from installations.people.access import Role, for_role, has_role
from installations.people.visitors import VisitorRequest

from . import overview as overview_data
from . import presenting, search
from .feed import position_of
from .models import Record, Sync
from .object_types import BY_PLURAL, ObjectType
from .presenting import Presenter

PAGE_SIZE = 50


@require_safe
@for_role(Role.WAITING)
def overview(request: VisitorRequest) -> HttpResponse:
    """The whole overview; to somebody not let in yet, the connection's status and nothing else."""
    if not has_role(request.membership, Role.VIEWER):
        return _waiting(request)
    context = {"section": "overview"} | overview_data.context(request.portal)
    return _page_or_fragment(request, "overview", context)


@require_safe
@for_role(Role.VIEWER)
def records(request: VisitorRequest, plural: str) -> HttpResponse:
    """One page of live records of a type, latest change first; `?q=` searches, `?after=` pages."""
    object_type = _object_type(plural)
    etag = _etag_of_mirror(request, object_type)
    if _has_seen(request, etag):
        return _not_modified(etag)
    return _page_or_fragment(request, "records", _list_context(request, object_type), etag)


@require_safe
@for_role(Role.VIEWER)
def record(request: VisitorRequest, plural: str, record_id: int) -> HttpResponse:
    """One record: properties, associations, latest changes. Tombstones are shown as what they are."""
    object_type = _object_type(plural)
    etag = _etag_of_mirror(request, object_type)
    if _has_seen(request, etag):
        return _not_modified(etag)
    row = Record.objects.filter(portal=request.portal, object_type=object_type.id, record_id=record_id).first()
    if row is None:
        raise Http404(f"No {object_type.name} {record_id} is mirrored.")
    return _page_or_fragment(request, "record", _record_context(request, object_type, row), etag)


def _waiting(request: VisitorRequest) -> HttpResponse:
    """What somebody without access sees: the connection's status, and what became of their request."""
    member, portal = request.membership, request.portal
    deciders = [(one.name, one.get_role_display()) for one in members.deciders(portal)]
    may_ask = timezone.now() >= members.may_ask_at(member)
    state = (portal.state, portal.name, member.asked_at, member.declined_at, may_ask, deciders)
    context = {
        "section": "overview",
        "deciders": deciders,
        "may_ask": may_ask,
        "may_ask_at": members.may_ask_at(member),
    }
    # Not made of what is rendered: its forms have another token each time.
    return _page_or_fragment(request, "waiting", context, _etag_of(state))


def _object_type(plural: str) -> ObjectType:
    if plural not in BY_PLURAL:
        raise Http404(f"{plural} are not mirrored.")
    return BY_PLURAL[plural]


def _list_context(request: VisitorRequest, object_type: ObjectType) -> dict[str, Any]:
    text = request.GET.get("q", "").strip()[:200]
    found = search.matching(request.portal, object_type, text)
    rows = list(_after(found, request.GET.get("after", "")).order_by("-updated_at", "-record_id")[: PAGE_SIZE + 1])
    presenter = Presenter(request.portal, object_type)
    return {
        "section": "records",
        "object_type": object_type,
        "sync": Sync.objects.filter(portal=request.portal, object_type=object_type.id).first(),
        "q": text,
        "is_first_page": "after" not in request.GET,
        "searched": [presenter.label(name) for name in object_type.searched_properties],
        "columns": [presenter.label(name) for name in object_type.columns],
        "rows": [(row, presenter.title(row), presenter.cells(row)) for row in rows[:PAGE_SIZE]],
        "next_after": _cursor(rows[PAGE_SIZE - 1]) if len(rows) > PAGE_SIZE else "",
    }


def _record_context(request: VisitorRequest, object_type: ObjectType, row: Record) -> dict[str, Any]:
    presenter = Presenter(request.portal, object_type)
    return {
        "section": "records",
        "within": "true",  # a page below the list that the navigation names
        "object_type": object_type,
        "record": row,
        "title": presenter.title(row),
        "link": presenting.link(request.portal, row),
        "properties": presenter.properties(row),
        "associations": presenting.associations(row),
        "changes": presenter.changes(row),
    }


def _cursor(row: Record) -> str:
    return f"{row.updated_at.isoformat() if row.updated_at else ''}_{row.record_id}"


def _after(found: Any, cursor: str) -> Any:
    """Keep what comes after a cursor of ours; one that is garbled begins at the beginning."""
    moment, _, number = cursor.rpartition("_")
    at = _moment(moment)
    if at is None or not re.fullmatch(r"[0-9]{1,18}", number, re.ASCII):
        return found
    return found.filter(Q(updated_at__lt=at) | Q(updated_at=at, record_id__lt=int(number)))


def _moment(text: str) -> datetime | None:
    try:
        at = parse_datetime(text.replace(" ", "+"))
        return at.astimezone(UTC) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _etag_of_mirror(request: VisitorRequest, object_type: ObjectType) -> str:
    """What such pages show is as new as the portal's change feed; while a type is being read, so is its progress."""
    sync = Sync.objects.filter(portal=request.portal, object_type=object_type.id).first()
    progress = (sync.state, sync.percent, sync.properties_read_at) if sync else None
    state = f"{request.portal.pk} {request.portal.state} {position_of(request.portal)} {progress}"
    return _etag_of(f"{state} {request.get_full_path()}")


def _etag_of(state: object) -> str:
    return quote_etag(hashlib.sha256(str(state).encode()).hexdigest()[:32])


def _is_poll(request: VisitorRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _has_seen(request: VisitorRequest, etag: str) -> bool:
    return _is_poll(request) and request.headers.get("If-None-Match") == etag


def _not_modified(etag: str) -> HttpResponse:
    return HttpResponse(status=304, headers={"ETag": etag})


def _page_or_fragment(
    request: VisitorRequest, name: str, context: dict[str, Any], etag: str | None = None
) -> HttpResponse:
    """Render the page, or to htmx its moving part alone, with an ETag: the one given, or made of what was rendered.

    The page names its fragment's ETag too, so that htmx does not ask for what is there already.
    """
    fragment = render_to_string(f"portal/_{name}.html", context, request)
    etag = etag or _etag_of(fragment)
    if _has_seen(request, etag):
        return _not_modified(etag)
    if _is_poll(request):
        response = HttpResponse(fragment, headers={"ETag": etag})
    else:
        response = render(request, f"portal/{name}.html", context | {"fragment": fragment, "etag": etag})
    patch_vary_headers(response, ["HX-Request"])
    patch_cache_control(response, private=True, no_cache=True)
    return response
