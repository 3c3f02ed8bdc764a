"""Everything that may be asked of one of two portals, and what comes of it when the other is there or not.

The wall between them stands if an answer is the same, to the letter, whether the other portal exists or not, and if
nothing of the other changes. Requests are generated from the URL configuration.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.urls import URLPattern, URLResolver, get_resolver

from crm.object_types import CONTACT
from installations.models import Mail, Membership, Place, Portal, Visit
from webhooks.models import Event

from .furniture import ADMIN, CONTACT_ID, OWNER, VIEWER
from .two_portals import UNIQUE, Side

ROOMS = ("installations", "lanes", "webhooks", "crm", "embedded", "hubapp")
HERE = Path(__file__).resolve().parents[2]
SAFE = {"GET", "HEAD", "OPTIONS"}
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
STAFF = ("admin/", "staff/")  # refused to all portal people: tests/console/test_strangers.py

Form = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Ask:
    """One request. `user_id` None: anonymous."""

    user_id: int | None
    method: str
    address: str
    is_poll: bool = False
    form: Form = ()


@dataclass(frozen=True)
class Outcome:
    """What came of a request: the answer, whom messages go to, and whether rows of the other portal changed."""

    status: int
    location: str
    body: str = field(repr=False)
    hurt: bool = False
    told: tuple[str, ...] = ()


# What is asked


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield every route of the project but those of staff, with its pattern."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern)
        if route.startswith(STAFF):
            continue
        if isinstance(entry, URLResolver):
            yield from routes(entry, route)
        else:
            yield route, entry


def samples(side: Side) -> dict[str, list[object]]:
    """Return what the parameters of routes may be, of one portal. A new parameter has to be named here."""
    member = Membership.objects.get(portal=side.portal, user_id=side.user(VIEWER))
    return {
        "hub_id": [side.portal.hub_id],
        "plural": [CONTACT.plural],
        "record_id": [CONTACT_ID, UNIQUE + side.number],
        "member_id": [member.pk],
    }


def addresses(route: str, home: Side, foreign: Side) -> Iterator[str]:
    """Fill a route in with ids of both portals, in every combination."""
    names = re.findall(r"<(?:[a-z]+:)?([a-z_]+)>", route)
    mine, theirs = samples(home), samples(foreign)
    for name in names:
        assert name in mine, f"{route}: nobody said what {name} may be; add it to samples() in {__file__}"
    filled = [route]
    for name in names:
        values = dict.fromkeys(map(str, mine[name] + theirs[name]))
        pattern = rf"<(?:[a-z]+:)?{name}>"
        filled = [re.sub(pattern, value, one, count=1) for one in filled for value in values]
    yield from ("/" + one for one in dict.fromkeys(filled))


def queries(foreign: Side) -> list[str]:
    """Return queries that name what belongs to the other portal."""
    newest = Event.objects.filter(portal=foreign.portal).order_by("-id").values_list("pk", flat=True)[0]
    return [f"?before={newest + 1}", f"?q={foreign.mark[:-1]}", f"?hub_id={foreign.portal.hub_id}"]


def forms(home: Side, foreign: Side) -> list[Form]:
    """Return forms with every field that a page of ours reads, filled with what belongs to the other portal."""
    member = Membership.objects.get(portal=foreign.portal, user_id=foreign.user(VIEWER))
    visit = Visit.objects.filter(user_id=foreign.user(OWNER)).values_list("pk", flat=True).first()
    ids = {"member": member.pk, "member_id": member.pk, "user_id": member.user_id, "visit": visit, "to": member.pk}
    fields = [
        {"action": "remove", "confirm": home.portal.hub_id, "hub_id": foreign.portal.hub_id, "decision": "leave"},
        {"role": "admin", "confirm": foreign.portal.hub_id, "hub_id": foreign.portal.hub_id, "decision": "connect"},
    ]
    return [tuple((name, str(value)) for name, value in (ids | more).items()) for more in fields]


def asks(home: Side, foreign: Side) -> list[Ask]:
    """Return what the owner of one portal, and nobody in particular, may ask with ids of the other."""
    owner, filled, found = home.user(OWNER), forms(home, foreign), []
    for route, _ in routes():
        for number, address in enumerate(addresses(route, home, foreign)):
            found += [Ask(owner, "GET", address), Ask(None, "GET", address), Ask(None, "POST", address, form=filled[0])]
            found += [Ask(owner, "POST", address, form=one) for one in filled]
            if number:
                continue
            # The others are refused, or differ, before anybody looks at ids.
            found += [Ask(user_id, method, address) for method in METHODS[1:] for user_id in (owner, None)]
            found += [Ask(owner, "GET", address, is_poll=True)]
            found += [Ask(owner, "GET", address + query) for query in queries(foreign)]
            if "ownership" in route or route.endswith("settings/"):  # admins are told of the owner, and may claim it
                found += [Ask(home.user(ADMIN), "GET", address)]
                found += [Ask(home.user(ADMIN), "POST", address, form=one) for one in filled]
    return found


# What comes of it


def outcomes(asked: Iterable[Ask], home: Side, foreign: Portal | None) -> dict[Ask, Outcome]:
    """Make requests, each as if it were the only one."""
    found = {}
    for ask in asked:
        with transaction.atomic():
            found[ask] = _outcome(home, ask, foreign)
            transaction.set_rollback(True)
    return found


def _outcome(home: Side, ask: Ask, foreign: Portal | None) -> Outcome:
    browser = home.browsers[ask.user_id]
    before = _state_of(foreign) if foreign and ask.method not in SAFE else ""
    headers = {"HX-Request": "true"} if ask.is_poll else {}
    cookies = browser.cookies.copy()
    response = browser.generic(ask.method, ask.address, **_body(ask), headers=headers)
    browser.cookies.clear()
    browser.cookies.update(cookies)
    hurt = bool(before) and _state_of(foreign) != before
    location, text = _plain(response.headers.get("Location", "")), _plain(_text(response))
    told = Mail.objects.filter(portal=home.portal).order_by("to").values_list("to", flat=True)
    return Outcome(response.status_code, location, text, hurt, tuple(told))


def _body(ask: Ask) -> dict[str, Any]:
    return {"data": urlencode(ask.form), "content_type": "application/x-www-form-urlencoded"}


def _text(response: Any) -> str:
    return str(b"".join(response).decode()) if response.streaming else str(response.content.decode())


_VOLATILE = re.compile(r'data-now="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"|(?<=state=)[\w-]+|"at": "[^"]*"')


def _plain(text: str) -> str:
    """Leave out what is new in every answer: the server's clock, and tokens against forgery."""
    return _VOLATILE.sub("", text)


def _state_of(portal: Portal | None) -> str:
    """Return a digest of all rows of a portal."""
    assert portal is not None
    digest = hashlib.sha256(repr(Portal.objects.filter(pk=portal.pk).values().get()).encode())
    for model in _MODELS:
        rows = model._base_manager.filter(portal_id=portal.pk)
        digest.update("".join(sorted(map(repr, rows.values()))).encode())
    people = Membership.objects.filter(portal=portal).values("user_id")
    digest.update("".join(sorted(map(repr, Visit.objects.filter(user_id__in=people).values()))).encode())
    places = Place.objects.filter(person_id__in=people).order_by("pk")
    digest.update("".join(map(repr, places.values())).encode())
    return digest.hexdigest()


_MODELS: list[type[models.Model]] = [
    model
    for model in apps.get_models()
    if any(one.name == "portal" and one.related_model is Portal for one in model._meta.fields)
]


# What it is like with a hole in the wall


@dataclass(frozen=True, order=True)
class Filter:
    """A place in our code that keeps to one portal, or to one user, by a condition of a query."""

    file: str
    line: int
    function: str
    condition: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.function} {self.condition}"


Condition = Callable[[Filter], bool]  # whether to leave it out


@contextmanager
def every_condition(is_left_out: Condition) -> Iterator[None]:
    """Ask about each condition on `portal` or a person of every query of our rooms. Django is changed, not us."""
    real = QuerySet._filter_or_exclude_inplace  # type: ignore[attr-defined]

    def filtered(rows: Any, negate: bool, args: Any, kwargs: Any) -> None:
        place = _place()
        if place is not None:
            args = tuple(_without(one, place, is_left_out) for one in args)
            kwargs = {name: value for name, value in kwargs.items() if not _is_hole(name, place, is_left_out)}
        real(rows, negate, args, kwargs)

    QuerySet._filter_or_exclude_inplace = filtered  # type: ignore[attr-defined]
    try:
        yield
    finally:
        QuerySet._filter_or_exclude_inplace = real  # type: ignore[attr-defined]


def _is_hole(name: str, place: tuple[str, int, str], is_left_out: Condition) -> bool:
    is_wall = name in {"user_id", "person_id"} or name.partition("__")[0] in {"portal", "portal_id"}
    is_wall = is_wall and name != "portal__state__in"
    return is_wall and is_left_out(Filter(*place, name))


def _without(given: Any, place: tuple[str, int, str], is_left_out: Condition) -> Any:
    if not isinstance(given, Q):
        return given
    children = [one for one in given.children if not (isinstance(one, tuple) and _is_hole(one[0], place, is_left_out))]
    return Q(*children, _connector=given.connector, _negated=given.negated)


def _place() -> tuple[str, int, str] | None:
    """Return where our code builds the query; None where a library does so for itself."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(HERE) and "site-packages" not in path.parts:
            path = path.relative_to(HERE)
            return (str(path), frame.f_lineno, frame.f_code.co_name) if path.parts[0] in ROOMS else None
        frame = frame.f_back
    return None
