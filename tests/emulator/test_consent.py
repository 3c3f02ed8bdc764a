"""The consent page: who may connect what, what goes back to the app, and what HubSpot shows instead."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.emulator.hub import ADMIN, CLIENT_ID, CRM_SCOPES, HUB, REDIRECT, USER, Hub, authorize_query


def back(answer: httpx2.Response) -> dict[str, str]:
    assert answer.status_code == 302
    address = urlsplit(answer.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == REDIRECT
    return {name: values[0] for name, values in parse_qs(address.query).items()}


def test_granting_sends_a_code_of_the_region_and_the_state_back(bare: Hub) -> None:
    answer = back(bare.consent())
    assert answer.keys() == {"code", "state"}
    assert answer["state"] == "st4te"
    assert answer["code"].startswith("na1-")
    assert len(answer["code"]) == len("na1-") + 36


def test_a_flow_without_state_gets_none_back(bare: Hub) -> None:
    query = authorize_query()
    del query["state"]
    form = {"hub_id": str(HUB), "user_id": str(ADMIN), "decision": "grant"}
    assert back(bare.http.post("/oauth/authorize", params=query, data=form)).keys() == {"code"}


def test_cancelling_sends_an_error_and_the_state_back(bare: Hub) -> None:
    answer = back(bare.consent(decision="cancel"))
    assert answer["error"] == "access_denied"
    assert answer["error_description"]
    assert answer["state"] == "st4te"
    assert "code" not in answer


def test_a_redirect_uri_with_a_query_keeps_it(bare: Hub) -> None:
    bare.app(redirect_uris=[f"{REDIRECT}?from=hubspot"])
    answer = bare.consent(redirect_uri=f"{REDIRECT}?from=hubspot")
    assert parse_qs(urlsplit(answer.headers["location"]).query)["from"] == ["hubspot"]
    assert "code=" in answer.headers["location"]


def test_nothing_is_installed_before_the_code_is_exchanged(bare: Hub) -> None:
    code = bare.granted_code()
    assert bare.control("GET", "state")["portals"][0]["installs"] == []
    assert bare.exchange(code).status_code == 200
    installs = bare.control("GET", "state")["portals"][0]["installs"]
    assert [install["client_id"] for install in installs] == [CLIENT_ID]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"client_id": "nobody"}, "an invalid app client_id was provided"),
        (
            {"redirect_uri": "http://localhost:9000/"},
            "URL &#x27;http://localhost:9000/&#x27; doesn&#x27;t match the app&#x27;s registered redirect URL.",
        ),
        ({"scope": "crm.objects.contacts.read"}, "Authorization failed because the provided scopes are insufficient."),
        ({"scope": ""}, "Authorization failed because the provided scopes are insufficient."),
        (
            {"scope": "oauth crm.lists.read"},
            "The app developer doesn&#x27;t have permissions to request the set of scopes.",
        ),
        (
            {"optional_scope": "crm.lists.read"},
            "The app developer doesn&#x27;t have permissions to request the set of scopes.",
        ),
        # Conditionally required scopes belong into `scope` only.
        (
            {"optional_scope": "crm.objects.deals.read"},
            "The app developer doesn&#x27;t have permissions to request the set of scopes.",
        ),
    ],
)
def test_errors_stay_on_hubspots_own_page(bare: Hub, changes: dict[str, str], message: str) -> None:
    shown = bare.http.get("/oauth/authorize", params=authorize_query(**changes))
    assert shown.status_code == 200, "the page is the same file for good and bad links"
    assert message in shown.text
    posted = bare.consent(HUB, ADMIN, "grant", **changes)
    assert posted.status_code == 400
    assert "location" not in posted.headers


def test_a_feature_that_the_account_lacks(bare: Hub) -> None:
    bare.app(conditional_scopes=[*CRM_SCOPES, "automation"], optional_scopes=["crm.objects.custom.read", "timeline"])
    bare.portal(5, tier="free")
    refused = bare.consent(hub_id=5, scope="oauth automation")
    assert "doesn&#x27;t have access to some HubSpot features" in refused.text
    granted = bare.granted_code(hub_id=5, optional_scope="crm.objects.custom.read timeline")
    scopes = bare.exchange(granted).json()["scopes"]
    assert "timeline" in scopes
    assert "crm.objects.custom.read" not in scopes, "an optional scope is dropped silently"


def test_an_ordinary_user_may_not_approve_new_scopes(bare: Hub) -> None:
    refused = bare.consent(user_id=USER)
    assert refused.status_code == 400
    assert "Super Admin" in refused.text


def test_an_ordinary_user_may_grant_what_is_approved_and_nothing_more(bare: Hub) -> None:
    assert bare.exchange(bare.granted_code()).status_code == 200
    assert bare.exchange(bare.granted_code(user_id=USER)).status_code == 200
    assert bare.consent(user_id=USER, scope="oauth crm.objects.deals.read").status_code == 400


def test_marketplace_access_is_enough_to_approve(bare: Hub) -> None:
    bare.portal(5, users=[{"user_id": 7, "email": "m@test.example", "marketplace_access": True}])
    assert bare.exchange(bare.granted_code(hub_id=5, user_id=7)).status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        {"hub_id": str(HUB), "user_id": "999", "decision": "grant"},
        {"hub_id": str(HUB), "user_id": "x", "decision": "grant"},
        {"hub_id": "1", "user_id": str(ADMIN), "decision": "grant"},
        {"hub_id": "", "user_id": str(ADMIN), "decision": "grant"},
        {"hub_id": str(HUB), "user_id": str(ADMIN), "decision": "maybe"},
        {},
    ],
)
def test_a_form_that_says_nothing_clear_is_refused(bare: Hub, form: dict[str, str]) -> None:
    assert bare.http.post("/oauth/authorize", params=authorize_query(), data=form).status_code == 400


def test_the_account_picker_leads_to_each_account_in_its_region(bare: Hub) -> None:
    bare.portal(5, name="Lindenhof", hublet="eu1")
    page = bare.http.get("/oauth/authorize", params=authorize_query()).text
    assert f'href="/oauth/{HUB}/authorize?' in page
    assert 'href="http://localhost:8766/oauth/5/authorize?' in page
    assert "emulator" in page.lower()


def test_an_account_in_the_address_is_asked_without_a_picker(bare: Hub) -> None:
    page = bare.http.get(f"/oauth/{HUB}/authorize", params=authorize_query()).text
    assert "See contacts" in page
    assert "Super Admin" in page
    assert 'value="grant"' in page
    assert 'value="cancel"' in page
    form = {"user_id": str(ADMIN), "decision": "grant"}
    assert bare.http.post(f"/oauth/{HUB}/authorize", params=authorize_query(), data=form).status_code == 302


def test_an_account_of_another_region_is_moved_to_its_host(bare: Hub) -> None:
    bare.portal(5, hublet="eu1")
    moved = bare.http.get("/oauth/5/authorize", params=authorize_query())
    assert moved.status_code == 302
    address = urlsplit(moved.headers["location"])
    assert (address.port, address.path) == (8766, "/oauth/5/authorize")
    assert parse_qs(address.query)["state"] == ["st4te"]
    assert bare.http.get(moved.headers["location"]).status_code == 200


def test_a_code_of_a_european_account_carries_its_region(bare: Hub) -> None:
    bare.portal(5, hublet="eu1", users=[{"user_id": 7, "email": "e@test.example", "super_admin": True}])
    code = bare.granted_code(hub_id=5, user_id=7)
    assert code.startswith("eu1-")
    assert bare.exchange(code).json()["refresh_token"].startswith("eu1-")


def test_the_consent_page_names_the_app_and_escapes_it(bare: Hub) -> None:
    bare.app(name="<b>Evil & Co</b>")
    page = bare.http.get(f"/oauth/{HUB}/authorize", params=authorize_query()).text
    assert "<b>Evil" not in page
    assert "&lt;b&gt;Evil &amp; Co" in page


# -- who and where -----------------------------------------------------------------------------------------------------


def test_developer_accounts_take_no_apps(bare: Hub) -> None:
    bare.portal(5, account_type="APP_DEVELOPER")
    refused = bare.consent(hub_id=5)
    assert refused.status_code == 400
    assert "developer accounts" in refused.text
    bare.portal(6, account_type="DEVELOPER_TEST")
    assert bare.exchange(bare.granted_code(hub_id=6)).status_code == 200
    bare.install(6)
    assert bare.get("/account-info/v3/details").json()["accountType"] == "DEVELOPER_TEST"


def test_the_install_cap_is_for_apps_that_are_not_listed(bare: Hub) -> None:
    bare.app(install_cap=2)
    for hub_id in (5, 6, 7):
        bare.portal(hub_id)
    for hub_id in (5, 6):
        assert bare.exchange(bare.granted_code(hub_id=hub_id)).status_code == 200
    for shown in (bare.consent(hub_id=7), bare.http.get("/oauth/7/authorize", params=authorize_query())):
        assert "has reached its install limit" in shown.text
        assert "location" not in shown.headers, "the app never hears of it"
    assert bare.exchange(bare.granted_code(hub_id=5)).status_code == 200, "where it is already it stays welcome"
    bare.control("POST", "portals/6/uninstall", {})
    assert bare.exchange(bare.granted_code(hub_id=7)).status_code == 200
    bare.app(install_cap=2, listing={"install_url": REDIRECT})
    assert bare.exchange(bare.granted_code(hub_id=6)).status_code == 200


def test_an_app_distributed_privately_is_for_the_accounts_named(bare: Hub) -> None:
    bare.app(private_distribution=True, allowed_portals=[HUB])
    bare.portal(5)
    assert "allowed the account" in bare.consent(hub_id=5).text
    token = bare.exchange(bare.granted_code()).json()["access_token"]
    assert bare.introspect(token)["is_private_distribution"] is True


@pytest.mark.parametrize(
    "changes",
    [
        {"private_distribution": True, "allowed_portals": list(range(1, 12))},
        {"private_distribution": True, "allowed_portals": ["5"]},
        {"allowed_portals": [5]},
    ],
)
def test_private_distribution_that_cannot_be(bare: Hub, changes: dict[str, object]) -> None:
    app = {"client_id": "x", "client_secret": "y", "app_id": 7, "redirect_uris": [REDIRECT]}
    refused = bare.http.post("/_emulator/apps", json=app | changes)
    assert refused.status_code == 400
    assert "allowed_portals" in refused.json()["error"]


def test_how_far_hubspot_vouches_for_the_developer(bare: Hub) -> None:
    def page() -> str:
        return bare.http.get(f"/oauth/{HUB}/authorize", params=authorize_query()).text

    assert "developer is not verified" in page()
    bare.app(verified_domain="acme.example")
    assert "By acme.example" in page()
    bare.app(verified_domain="acme.example", listing={"install_url": REDIRECT})
    assert "not verified" not in page()
    assert "not listed" not in page()


def test_an_unknown_pkce_method_is_refused_on_the_page(bare: Hub) -> None:
    pkce = {"code_challenge": "x" * 43, "code_challenge_method": "S512"}
    shown = bare.http.get("/oauth/authorize", params=authorize_query(**pkce))
    assert "code_challenge_method is not supported" in shown.text


# -- optional permissions ----------------------------------------------------------------------------------------------

OPTIONAL = ["timeline", "crm.lists.read"]


def optional_app(bare: Hub) -> None:
    bare.app(optional_scopes=OPTIONAL)


def scopes_of(bare: Hub, code: str) -> list[str]:
    scopes: list[str] = bare.exchange(code).json()["scopes"]
    return scopes


def test_optional_permissions_may_be_left_out_by_whoever_grants(bare: Hub) -> None:
    optional_app(bare)
    query = authorize_query(optional_scope=" ".join(OPTIONAL))
    page = bare.http.get(f"/oauth/{HUB}/authorize", params=query).text
    assert 'name="offered"' in page
    assert page.count('name="optional"') == 2
    form = {"user_id": str(ADMIN), "decision": "grant", "offered": "optional", "optional": "timeline"}
    code = back(bare.http.post(f"/oauth/{HUB}/authorize", params=query, data=form))["code"]
    assert scopes_of(bare, code) == ["crm.objects.contacts.read", "oauth", "timeline"]


def test_an_admin_may_switch_optional_permissions_off_at_any_time(bare: Hub) -> None:
    optional_app(bare)
    tokens = bare.exchange(bare.granted_code(optional_scope="timeline crm.lists.read")).json()
    answer = bare.control("POST", f"portals/{HUB}/permissions", {"client_id": CLIENT_ID, "switched_off": ["timeline"]})
    assert answer["approved"] == ["crm.lists.read", "crm.objects.contacts.read", "oauth"]
    assert "timeline" not in bare.introspect(tokens["access_token"])["scopes"], "tokens there are lose it at once"
    assert "timeline" not in bare.refresh(tokens["refresh_token"]).json()["scopes"]
    again = bare.granted_code(optional_scope="timeline")
    assert "timeline" not in scopes_of(bare, again), "asking again does not help"
    saved = bare.control("GET", "snapshot")
    bare.control("PUT", "snapshot", saved)
    assert "timeline" not in scopes_of(bare, bare.granted_code(optional_scope="timeline"))
    bare.control("POST", f"portals/{HUB}/permissions", {"client_id": CLIENT_ID, "switched_off": []})
    assert "timeline" in scopes_of(bare, bare.granted_code(optional_scope="timeline"))


@pytest.mark.parametrize("scopes", [["oauth"], ["crm.objects.contacts.read"], ["nonsense"]])
def test_other_permissions_cannot_be_switched_off(hub: Hub, scopes: list[str]) -> None:
    body = {"client_id": CLIENT_ID, "switched_off": scopes}
    assert hub.http.post(f"/_emulator/portals/{HUB}/permissions", json=body).status_code == 400
    assert set(scopes) - {"nonsense"} <= set(hub.introspect(hub.token)["scopes"])


def test_permissions_of_an_app_that_is_not_there(bare: Hub) -> None:
    optional_app(bare)
    body = {"client_id": CLIENT_ID, "switched_off": ["timeline"]}
    refused = bare.http.post(f"/_emulator/portals/{HUB}/permissions", json=body)
    assert refused.status_code == 400
    assert "no such app installed" in refused.json()["error"]
