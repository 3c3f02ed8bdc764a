"""Look at records, change them in HubSpot, and see the change in the app."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice

from demo import hooks
from demo.page import Page

from . import comparison
from .world import World, eventually, expect, opened

LIVE_LIMIT_S = 30
RECONCILE_LIMIT_S = 300
PLURALS = ("contacts", "companies", "deals", "tickets")
_CONTACT_TO_COMPANY = 279


def lists(world: World) -> str:
    for plural in PLURALS:
        page = opened(world.owner, world.address(f"records/{plural}/"))
        expect(hooks.record_ids(page), f"records in the list of {plural}", page.text[:300])
    first = opened(world.owner, world.address("records/contacts/"))
    following = opened(world.owner, hooks.next_page(first))
    repeated = set(hooks.record_ids(first)) & set(hooks.record_ids(following))
    expect(hooks.record_ids(following) and not repeated, "other contacts on the next page", f"{repeated} on both")
    return f"{len(hooks.record_ids(first))} contacts a page"


def search(world: World) -> str:
    record_id = _some(world, "contacts")
    email = hooks.property_value(world.record("contacts", record_id), "email")
    expect("@" in email, "the contact's e-mail address on its page", repr(email))
    page = opened(world.owner, f"{world.address('records/contacts/')}?q={email}")
    expect(record_id in hooks.record_ids(page), f"contact {record_id} when searching for {email}", page.text[:300])
    return email


def record_page(world: World) -> str:
    page = opened(world.owner, world.address(f"records/contacts/{_some(world, 'contacts')}/"))
    link = hooks.link_to_hubspot(page)
    expect(link.startswith("http"), "a link to the record in HubSpot", link)
    state = hooks.record_state(page)
    expect(state == "live", "the state live", state)
    return ""


def rename(world: World) -> str:
    record_id, name = _some(world, "contacts"), f"Zoë {time.strftime('%H%M%S')}"
    _change(world, op="update", object_type="contacts", id=record_id, properties={"firstname": name})
    return _arrives(
        lambda: world.record("contacts", record_id), lambda page: hooks.property_value(page, "firstname") == name, name
    )


def create(world: World) -> str:
    name = f"Walk & Sons {time.strftime('%H%M%S')}"
    record_id = _change(
        world, op="create", object_type="companies", properties={"name": name, "domain": "walk.example"}
    )
    return _arrives(
        lambda: world.record("companies", record_id),
        lambda page: page.status == 200 and hooks.property_value(page, "name") == name,
        f"company {record_id}",
    )


def archive(world: World) -> str:
    record_id = _some(world, "deals")
    _change(world, op="archive", object_type="deals", id=record_id)
    took = _arrives(
        lambda: world.record("deals", record_id),
        lambda page: page.status == 404 or hooks.record_state(page) != "live",
        f"deal {record_id} archived",
    )
    listed = hooks.record_ids(opened(world.owner, world.address("records/deals/")))
    expect(record_id not in listed, f"a list of deals without {record_id}", "it is listed")
    return took


def associate(world: World) -> str:
    company_id = _change(world, op="create", object_type="companies", properties={"name": "Associated Ltd"})
    contact_id = _some(world, "contacts")
    to = {"object_type": "companies", "id": company_id, "type_id": _CONTACT_TO_COMPANY}
    _change(world, op="associate", object_type="contacts", id=contact_id, to=to)
    there = _arrives(
        lambda: world.record("contacts", contact_id),
        lambda page: f"companies/{company_id}" in hooks.associated(page),
        f"company {company_id} on contact {contact_id}",
    )
    _arrives(
        lambda: world.record("companies", company_id),
        lambda page: f"contacts/{contact_id}" in hooks.associated(page),
        f"contact {contact_id} on company {company_id}",
    )
    return there


def reconcile(world: World) -> str:
    """A property that nobody subscribed to comes with the next reconcile."""
    record_id, number = _some(world, "contacts"), f"+49 30 {time.strftime('%H%M%S')}"
    _change(world, op="update", object_type="contacts", id=record_id, properties={"fax": number})
    return _arrives(
        lambda: world.record("contacts", record_id),
        lambda page: hooks.property_value(page, "fax") == number,
        f"fax {number} of contact {record_id}",
        limit_s=RECONCILE_LIMIT_S,
    )


def same(world: World) -> str:
    def look() -> list[str]:
        mirror = comparison.of_mirror(world.stack.manage("mirror_export", "--portal", str(world.hub_id)))
        account = comparison.of_account(world.control.account(world.hub_id))
        return list(islice(comparison.differences(mirror, account), 10))

    eventually(look, lambda found: not found, "no difference between the mirror and the account", limit_s=LIVE_LIMIT_S)
    return ""


def _some(world: World, plural: str) -> str:
    page = opened(world.owner, world.address(f"records/{plural}/"))
    found = hooks.record_ids(page)
    expect(found, f"records in the list of {plural}", page.text[:300])
    return found[0]


def _change(world: World, **change: object) -> str:
    """Change one record as the account's first user would and return its id."""
    (result,) = world.control.change(world.hub_id, world.portal.users[0], [change])
    return str(result["id"])


def _arrives(
    look: Callable[[], Page], accept: Callable[[Page], bool], what: str, *, limit_s: float = LIVE_LIMIT_S
) -> str:
    started_at = time.monotonic()
    eventually(look, accept, what, limit_s=limit_s)
    return f"after {time.monotonic() - started_at:.1f} s"
