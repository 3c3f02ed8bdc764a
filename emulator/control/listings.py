"""How an app is distributed, as a control call describes it."""

from __future__ import annotations

from emulator.control.fields import Fields, Rejected
from emulator.oauth.apps import ALLOWED_PORTALS, Flow, Listing


def read_listing(app: Fields) -> Listing | None:
    """The install URL is one of the app's redirect URLs, as HubSpot's listing editor has it.

    Raises Rejected.
    """
    if "listing" not in app:
        return None
    fields = Fields(app.raw("listing"), ("install_url", "flow", "scopes", "optional_scopes"), "listing")
    flow = Flow(fields.choice("flow", list(Flow), Flow.WITHOUT_SIGN_IN))
    install_url = fields.text("install_url")
    if flow is not Flow.OWN_SITE and install_url not in app.texts("redirect_uris"):
        raise Rejected("listing.install_url must be one of redirect_uris")
    required, conditional = app.texts("required_scopes", ["oauth"]), app.texts("conditional_scopes", [])
    scopes = fields.texts("scopes", [])
    optional = fields.texts("optional_scopes", [])
    _check_known("listing.scopes", scopes, {*required, *conditional})
    _check_known("listing.optional_scopes", optional, set(app.texts("optional_scopes", [])))
    return Listing(install_url, flow, scopes, optional)


def _check_known(name: str, scopes: tuple[str, ...], known: set[str]) -> None:
    if unknown := sorted(set(scopes) - known):
        raise Rejected(f"{name}: the app has no such scope {unknown[0]}")


def read_allowed_portals(app: Fields) -> tuple[int, ...]:
    """Raises Rejected."""
    given = app.items("allowed_portals", [])
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in given):
        raise Rejected("allowed_portals must be a list of account numbers")
    if given and not app.boolean("private_distribution", False):
        raise Rejected("allowed_portals are for apps with private_distribution")
    if len(given) > ALLOWED_PORTALS:
        raise Rejected(f"allowed_portals: at most {ALLOWED_PORTALS}")
    return tuple(dict.fromkeys(given))
