"""The staff console: reached with the login that was printed, refused to everybody else."""

from __future__ import annotations

from demo import hooks
from demo.browser import Browser

from .world import World, expect, opened, shown


def refuses_strangers(world: World) -> str:
    for browser in (world.nobody, world.owner):
        page = opened(browser, f"{world.stack.web}/admin/")
        hooks.login_form(page)
        expect(not page.all("id", "content-main"), "a login form only", page.text[:300])
    return ""


def staff_sign_in(world: World) -> str:
    staff, identity = Browser(), world.stack.plan.identity
    try:
        form, user_field = hooks.login_form(opened(staff, f"{world.stack.web}/admin/"))
        wrong = staff.send(form, **{user_field: identity.staff_username, "password": "not the password"})
        hooks.login_form(wrong)
        form, user_field = hooks.login_form(opened(staff, f"{world.stack.web}/admin/"))
        page = shown(staff.send(form, **{user_field: identity.staff_username, "password": identity.staff_password}))
        expect("/admin/" in page.address, "the console", f"{page.address}: {page.text[:300]}")
        console = opened(staff, f"{world.stack.web}/admin/")
        portals = opened(staff, console.link("/portal/"))
        expect(str(world.hub_id) in portals.text, f"account {world.hub_id} in the list of portals", portals.text[:400])
    finally:
        staff.close()
    return ""
