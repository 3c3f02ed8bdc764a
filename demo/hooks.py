"""What a walk relies on in the app's pages, all of it. Pages may change as they like while these stay.

Everywhere: forms are plain HTML forms with their CSRF field; they work without JavaScript.

/                                     a link to /install
a page that explains a failure        [data-problem] on it; a link to /install
/portals/<hub_id>/                    [data-portal-state]: active, needs_reconnect, disconnecting, …
                                      [data-sync-percent]: the first sync, a whole number up to 100
                                      [data-record-count=<plural>] per object type, its value in [data-count]
  … for somebody not yet let in       [data-portal-state] and [data-waiting], nothing else of the above
/portals/<hub_id>/records/<plural>/   ?q= searches; one [data-record-id] per row; a[rel=next] while there is more
/portals/<hub_id>/records/<plural>/<record_id>/
                                      [data-record-state]: live, archived, …
                                      [data-property=<name>], its text the value
                                      [data-associated=<plural>/<record_id>] per associated record
                                      a[data-in-hubspot]: the record in HubSpot
/portals/<hub_id>/settings/           [data-member=<user_id>] with the form to …/members/<id>/, its field `role`
                                      a form to …/disconnect/; the page it leads to has one that confirms
/admin/                               Django's admin behind a login form with a password field

Of the emulator: a link per account to /oauth/<hub_id>/authorize, and there a form with user_id and decision.
"""

from __future__ import annotations

from dataclasses import dataclass

from .page import Form, Missing, Page


@dataclass(frozen=True)
class Overview:
    state: str
    sync_percent: int
    counts: dict[str, int]


def overview(page: Page) -> Overview:
    """Raises Missing."""
    counts = {found.get("data-record-count"): int(found.get("data-count")) for found in page.all("data-record-count")}
    return Overview(portal_state(page), int(page.one("data-sync-percent").get("data-sync-percent")), counts)


def portal_state(page: Page) -> str:
    """Raises Missing."""
    return page.one("data-portal-state").get("data-portal-state")


def waits(page: Page) -> bool:
    """Tell whether this is what somebody sees who is not let in: the status, nothing else."""
    hidden = ["data-sync-percent", "data-record-count", "data-record-id"]
    return bool(page.all("data-waiting")) and not any(page.all(attribute) for attribute in hidden)


def record_ids(page: Page) -> list[str]:
    return [found.get("data-record-id") for found in page.all("data-record-id")]


def next_page(page: Page) -> str:
    """Raises Missing."""
    return page.absolute(page.one("rel", "next").get("href"))


def record_state(page: Page) -> str:
    """Raises Missing."""
    return page.one("data-record-state").get("data-record-state")


def property_value(page: Page, name: str) -> str:
    """Return a property as the record's page shows it, empty if it shows none."""
    shown = page.all("data-property", name)
    return shown[0].text if shown else ""


def associated(page: Page) -> set[str]:
    return {found.get("data-associated") for found in page.all("data-associated")}


def link_to_hubspot(page: Page) -> str:
    """Raises Missing."""
    return page.one("data-in-hubspot").get("href")


def member_form(page: Page, user_id: int) -> Form:
    """Return the form that gives this user a role. Raises Missing."""
    inside = page.one("data-member", str(user_id))
    form = next((form for form in page.forms() if form.element in list(inside)), None)
    if form is None:
        raise Missing(f"{page.address} has no form for user {user_id}")
    return form


def login_form(page: Page) -> tuple[Form, str]:
    """Return the login form and the name of its user field. Raises Missing."""
    for form in page.forms():
        names = {found.get("name") for found in form.element}
        for user_field in ("username", "login"):
            if {user_field, "password"} <= names:
                return form, user_field
    raise Missing(f"{page.address} has no login form")
