"""Who may see what: a colleague who waits to be let in, a user of another account, somebody not signed in."""

from __future__ import annotations

from demo import hooks

from .connecting import install_in, sign_in_to, sync
from .records import PLURALS
from .world import World, expect, opened, shown


def colleague_waits(world: World) -> str:
    page = sign_in_to(world, world.colleague, world.portal, 1)
    expect(hooks.waits(page), "the connection's status and nothing else", page.text[:400])
    hooks.portal_state(page)
    for path in _inner_pages():
        shown(world.colleague.open(world.address(path)), 404)
    return ""


def colleague_let_in(world: World) -> str:
    settings = opened(world.owner, world.address("settings/"))
    form = hooks.member_form(settings, world.portal.users[1])
    shown(world.owner.send(form, role="viewer"))
    seen = world.overview(world.colleague)
    expect(seen.state == "active", "the overview of a connected account", repr(seen))
    page = opened(world.colleague, world.address("records/contacts/"))
    expect(hooks.record_ids(page), "contacts", page.text[:300])
    return ""


def strangers(world: World) -> str:
    """A user of another account, in another region, and somebody not signed in: neither learns that it exists."""
    install_in(world, world.stranger, world.other)
    synced = sync(world, world.stranger, world.other)
    for browser in (world.stranger, world.nobody):
        for path in ("", *_inner_pages()):
            shown(browser.open(world.address(path)), 404)
    return f"{world.other.name} in {world.other.hublet}: {synced}"


def _inner_pages() -> list[str]:
    return ["settings/", "activity/", *(f"records/{plural}/" for plural in PLURALS)]
