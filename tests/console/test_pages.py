from __future__ import annotations

import logging
import re
from datetime import timedelta
from io import StringIO
from itertools import product
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hubapp.logs import JsonFormatter
from installations.models import ApiCall, Credential, DryRun, Place, Portal, Stop
from installations.staff_pages import StaffPage
from tests.events import stored

from .world import CANARY_ACCESS, CANARY_REFRESH, CANARY_VALUE, api_call, filled_portal

pytestmark = pytest.mark.django_db
PAGES = [page for page in admin.site._registry.values() if isinstance(page, StaffPage)]


def name_of(page: Any) -> str:
    return f"admin:{page.opts.app_label}_{page.opts.model_name}"


def list_of(page: Any, **query: Any) -> str:
    return reverse(f"{name_of(page)}_changelist", query=query or None)


def every_page(console: Client) -> list[str]:
    """The overview, all lists, all rows of all lists, and the own account's pages."""
    found = ["/admin/", "/staff/password/", "/staff/second-factor/", "/staff/second-factor/totp/activate/"]
    for page in PAGES:
        found.append(list_of(page))
        for row in page.model._default_manager.all():
            found.append(reverse(f"{name_of(page)}_change", args=[row.pk]))
    return found


def shown(console: Client, address: str) -> str:
    answer = console.get(address)
    assert answer.status_code == 200, (address, answer.headers)
    return answer.content.decode()


def test_every_list_and_every_row_has_a_page(console: Client, portal: Portal) -> None:
    for page in PAGES:
        assert f"<h1>{page.heading}</h1>" in shown(console, list_of(page)), page
    assert len(every_page(console)) > 2 * len(PAGES)
    for address in every_page(console):
        shown(console, address)


@pytest.mark.parametrize("row_id", ["0", "-1", "x", "9" * 30, "00000000-0000-4000-8000-000000000000", "%00", "é"])
def test_an_address_of_no_row_leads_back_and_says_so(console: Client, row_id: str) -> None:
    for page in PAGES:
        address = f"{list_of(page)}{row_id}/change/"
        assert console.get(address).status_code == 302, address
        assert console.post(address).status_code in {302, 403, 405}, address


def parameters(page: StaffPage) -> list[str]:
    """What the address of a list may say."""
    filters = [getattr(one, "parameter_name", None) or f"{one}__exact" for one in page.list_filter]
    return ["q", "o", "p", *filters]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_an_odd_filter_is_no_error(console: Client, page: StaffPage) -> None:
    for name, said in product(parameters(page), ("%00", "-1", "9" * 40)):
        address = f"{list_of(page)}?{name}={said}"
        assert console.get(address, follow=True).status_code == 200, address


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_an_action_on_no_row_does_nothing(console: Client, page: StaffPage, portal: Portal) -> None:
    before = list(page.model._default_manager.order_by("pk").values())
    for action in page.actions or ():
        for row_id in ("", "x", "-1", "9" * 40, "\0", "00000000-0000-4000-8000-000000000000"):
            posted = {"action": action, "_selected_action": row_id, "index": "0"}
            assert console.post(list_of(page), posted, follow=True).status_code == 200, (action, row_id)
    assert list(page.model._default_manager.order_by("pk").values()) == before


def test_libraries_pages_are_left_out() -> None:
    """Among them those that would show second factors and change users."""
    assert set(map(type, PAGES)) == {type(page) for page in admin.site._registry.values()}
    assert {page.model._meta.app_label for page in PAGES} == {"installations", "lanes", "webhooks", "crm"}


def test_no_page_shows_a_secret_or_a_persons_data(console: Client, portal: Portal) -> None:
    credential = Credential.objects.get()
    sealed = [credential.access_token, credential.refresh_token]
    for address in every_page(console):
        page = shown(console, address)
        for secret in (CANARY_ACCESS, CANARY_REFRESH, CANARY_VALUE, *sealed):
            assert secret not in page, address
            assert secret[:24] not in page, address


def test_no_export_metric_or_log_line_holds_a_token(
    console: Client, portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    out = StringIO()
    with caplog.at_level(logging.DEBUG):
        call_command("inbox_export", stdout=out)
        call_command("mirror_export", "--portal", str(portal.hub_id), stdout=out)
        for address in ("/metrics", "/readyz", *every_page(console)):
            out.write(console.get(address).content.decode())
        logging.getLogger("anything").error(
            "Refused: %s, %s", CANARY_REFRESH, {"Authorization": f"Bearer {CANARY_ACCESS}"}
        )
    lines = [JsonFormatter().format(entry) for entry in caplog.records]
    assert len(lines) > 20
    for secret in (CANARY_ACCESS, CANARY_REFRESH):
        assert secret not in out.getvalue()
        assert not any(secret in line for line in lines)


def test_no_page_has_anything_inline(console: Client, portal: Portal) -> None:
    """What the policy forbids, and the browser would refuse: scripts, styles and handlers within the page."""
    for address in [*every_page(console), "/staff/login/", "/staff/second-factor/webauthn/add/", "/admin/nothing/"]:
        answer = console.get(address)
        page = answer.content.decode()
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"
        scripts = [one for one in re.findall(r"<script([^>]*)>", page) if "src=" not in one]
        assert all('type="application/json"' in one for one in scripts), (address, scripts)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page), address


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_list_asks_as_often_for_many_rows_as_for_few(console: Client, page: StaffPage) -> None:
    filled_portal()
    with CaptureQueriesContext(connection) as few:
        shown(console, list_of(page))
    for _ in range(3):
        filled_portal()
    with CaptureQueriesContext(connection) as many:
        shown(console, list_of(page))
    assert len(many) == len(few)
    assert len(few) < 12


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_list_never_counts_a_whole_table(console: Client, page: StaffPage, portal: Portal) -> None:
    with CaptureQueriesContext(connection) as queries:
        shown(console, list_of(page))
    table = page.model._meta.db_table
    counts = [query["sql"] for query in queries if "COUNT(*)" in query["sql"] and f'FROM "{table}"' in query["sql"]]
    assert counts
    assert all("LIMIT 10001" in count for count in counts), counts


def test_more_rows_than_are_counted_are_said_to_be_more(
    console: Client, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installations.staff_pages.MOST_COUNTED", 3)
    for _ in range(3):
        stored(portal)
    assert "More than 3 rows" in shown(console, "/admin/webhooks/event/")
    assert "More than" not in shown(console, "/admin/installations/portal/")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_nothing_can_be_added_changed_or_deleted(console: Client, page: StaffPage, portal: Portal) -> None:
    row = page.model._default_manager.first()
    assert row is not None
    before = page.model._default_manager.filter(pk=row.pk).values().get()
    for name, arguments in (("add", []), ("change", [row.pk]), ("delete", [row.pk])):
        answer = console.post(reverse(f"{name_of(page)}_{name}", args=arguments), {"post": "yes", "name": "changed"})
        assert answer.status_code == 403, name
    console.post(list_of(page), {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"})
    assert page.model._default_manager.filter(pk=row.pk).values().get() == before


OTHERWISE_SEARCHED = {Portal, Stop, DryRun, Place}


@pytest.mark.parametrize("page", [page for page in PAGES if page.model not in OTHERWISE_SEARCHED], ids=name_of)
def test_a_list_shows_one_portals_rows_when_its_account_is_searched_for(
    console: Client, page: StaffPage, portal: Portal
) -> None:
    other = filled_portal()
    for hub_id, expected in ((portal.hub_id, {portal.pk}), (other.hub_id, {other.pk}), (1, set())):
        rows = list_context(console.get(list_of(page, q=hub_id))).result_list
        assert {row.portal_id for row in rows} == expected
    assert list_context(console.get(list_of(page, q="x' OR 1=1"))).result_count == 0
    assert list_context(console.get(list_of(page, q="9" * 40))).result_count == 0


@pytest.mark.parametrize("page", [page for page in PAGES if page.model in {Stop, DryRun}], ids=name_of)
def test_what_names_an_account_is_searched_by_it(console: Client, page: StaffPage, portal: Portal) -> None:
    other = filled_portal()
    both = [portal.hub_id, other.hub_id]
    for typed, expected in ((str(portal.hub_id), both[:1]), (f" {other.hub_id} {portal.hub_id}", both), (" ", both)):
        rows = list_context(console.get(list_of(page, q=typed))).result_list
        assert sorted(row.hub_id for row in rows) == sorted(expected)
    for typed in ("1", "x' OR 1=1", "9" * 40):
        assert list_context(console.get(list_of(page, q=typed))).result_count == 0


def list_context(answer: Any) -> Any:
    assert isinstance(answer, HttpResponse)
    assert answer.status_code == 200
    return answer.context["cl"]  # type: ignore[attr-defined]


def test_a_call_before_any_install_belongs_to_no_portal(console: Client) -> None:
    call = api_call(None)
    assert "—" in shown(console, "/admin/installations/apicall/")
    shown(console, f"/admin/installations/apicall/{call.pk}/change/")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, 6),
        ({"result": "failed"}, 4),
        ({"result": "worked"}, 2),
        ({"answer": "2xx"}, 2),
        ({"answer": "4xx"}, 2),
        ({"answer": "429"}, 1),
        ({"answer": "5xx"}, 1),
        ({"answer": "none"}, 1),
        ({"since": "1h"}, 5),
        ({"since": "24h", "answer": "2xx"}, 2),
        ({"answer": "nonsense", "since": "ever", "from": "never", "result": "?"}, 6),
    ],
)
def test_calls_are_filtered(console: Client, query: dict[str, str], expected: int) -> None:
    portal = filled_portal()
    ApiCall.objects.all().delete()
    api_call(portal)
    api_call(portal, ago=timedelta(hours=5))
    for status, error in ((404, "NotFound"), (429, "RateLimited"), (503, "ServerError"), (None, "Unreachable")):
        api_call(portal, status=status, error=error)
    assert (
        list_context(console.get(reverse("admin:installations_apicall_changelist", query=query))).result_count
        == expected
    )
