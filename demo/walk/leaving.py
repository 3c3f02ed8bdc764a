"""Leave, come back, and be thrown out from HubSpot's side."""

from __future__ import annotations

from demo import hooks

from .connecting import install_in, sync
from .world import World, eventually, expect, opened, shown

UNINSTALL_LIMIT_S = 120
NOTICE_LIMIT_S = 300


def disconnect(world: World) -> str:
    settings = opened(world.owner, world.address("settings/"))
    question = shown(world.owner.send(settings.form("/disconnect/")))
    expect(world.in_hubspot()["installs"], "nothing done before it is confirmed", "already uninstalled", "web")
    shown(world.owner.send(question.form("/disconnect/")))
    for browser in (world.owner, world.colleague):
        shown(browser.open(world.address()), 404)
    eventually(
        lambda: world.in_hubspot()["installs"],
        lambda installs: not installs,
        "the app uninstalled in HubSpot",
        limit_s=UNINSTALL_LIMIT_S,
    )
    return ""


def reinstall(world: World) -> str:
    install_in(world, world.owner, world.portal)
    synced = sync(world, world.owner, world.portal)
    shown(world.colleague.open(world.address()), 404)  # let in before, not into this installation
    return synced


def uninstalled(world: World) -> str:
    """Uninstalled in HubSpot's settings, the app notices by itself: its pages are nobody's, and it can be had again."""
    world.control.uninstall(world.hub_id, world.stack.plan.settings["HUBSPOT_CLIENT_ID"])
    eventually(
        lambda: world.owner.open(world.address()).status,
        lambda status: status == 404,
        "the uninstall noticed",
        limit_s=NOTICE_LIMIT_S,
    )
    landing = opened(world.owner, world.stack.web)
    expect(
        "/install" in {found.get("href").split("?")[0] for found in landing.all("href")},
        "a link to install again",
        landing.text[:400],
    )
    return ""


def stays_connected(world: World) -> str:
    """What happened to one account must not have touched the other."""
    found = hooks.overview(opened(world.stranger, world.address(hub_id=world.other.hub_id)))
    expect(found.state == "active", "the other account still connected", repr(found))
    return f"user {world.other.users[0]}"
