"""The emulator as a process on real ports: both regions, real connections, the official client, and a quick end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import pytest

from emulator.__main__ import main
from tests.emulator.hub import APP_ID, CLIENT_ID, CRM_SCOPES, HUB, REDIRECT, SECRET
from tests.emulator.process import Process, eventually, free_ports

Json = dict[str, Any]


@pytest.fixture
def started() -> Iterator[Process]:
    process = Process(free_ports(), "--seed", "demo")
    yield process
    code, errors = process.end()
    assert (code, errors) == (0, "")


@pytest.fixture
def token(started: Process) -> str:
    started.control(
        "POST",
        "apps",
        {
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "app_id": APP_ID,
            "redirect_uris": [REDIRECT],
            "conditional_scopes": CRM_SCOPES,
        },
    )
    found: str = started.control("POST", f"portals/{HUB}/tokens", {"client_id": CLIENT_ID})["access_token"]
    return found


def test_it_says_where_it_is(started: Process) -> None:
    assert json.loads(started.announced) == {
        "emulator": {"na1": f"http://localhost:{started.port}", "eu1": f"http://localhost:{started.port + 1}"}
    }


def test_regions_on_neighbouring_ports_share_one_state(started: Process, token: str) -> None:
    european = started.http.get(
        f"http://localhost:{started.port + 1}/crm/v3/objects/contacts", headers={"Authorization": f"Bearer {token}"}
    )
    assert european.status_code == 488
    assert len(started.control("GET", "state")["portals"]) == 3
    assert started.http.get(f"http://localhost:{started.port + 1}/_emulator/state").json()["apps"]


def test_links_and_addresses_lead_back_to_the_process(started: Process, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    page = started.http.get("/crm/v3/objects/contacts?limit=5", headers=headers).json()
    following = started.http.get(page["paging"]["next"]["link"], headers=headers)
    assert following.status_code == 200
    assert started.http.get(page["results"][0]["url"]).status_code == 200


@pytest.mark.parametrize("action", ["reset", "truncate"])
def test_connections_really_die(started: Process, token: str, action: str) -> None:
    started.control("POST", "faults", {"action": action, "count": 1})
    with pytest.raises(httpx2.TransportError):
        started.http.get("/crm/v3/objects/contacts", headers={"Authorization": f"Bearer {token}"})
    assert started.http.get("/crm/v3/objects/contacts", headers={"Authorization": f"Bearer {token}"}).is_success


def test_slow_answers_hold_up_nobody_else(started: Process, token: str) -> None:
    """All twenty are being answered before the first is."""
    started.control("POST", "faults", {"action": "latency", "params": {"ms": 3_000}, "count": 20})
    answers: list[int] = []

    def ask() -> None:
        address = f"http://localhost:{started.port}/crm/v3/objects/contacts"
        headers = {"Authorization": f"Bearer {token}"}
        answers.append(httpx2.get(address, headers=headers, trust_env=False, timeout=20).status_code)

    callers = [threading.Thread(target=ask) for _ in range(20)]
    for caller in callers:
        caller.start()
    eventually(lambda: started.control("GET", "faults")["items"][0]["struck"] == 20)
    assert answers == []
    for caller in callers:
        caller.join()
    assert answers == [200] * 20


class Receiver(ThreadingHTTPServer):
    """Counts what it is sent, over connections that stay open."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.connections = 0
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def events(self) -> list[Json]:
        return [event for body in self.bodies for event in json.loads(body)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Silence."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.shutdown()
    found.server_close()


def subscribe(started: Process, receiver: Receiver) -> None:
    port = receiver.server_address[1]
    started.control(
        "POST",
        "apps",
        {
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "app_id": APP_ID,
            "redirect_uris": [],
            "conditional_scopes": CRM_SCOPES,
            "webhook": {"target_url": f"http://127.0.0.1:{port}/hook?x=1"},
            "subscriptions": [{"event_type": "contact.creation"}],
        },
    )


def creations(count: int) -> Json:
    return {
        "changes": [
            {"op": "create", "object_type": "contact", "properties": {"firstname": f"N{number}"}}
            for number in range(count)
        ]
    }


def test_webhooks_over_the_wire(started: Process, token: str, receiver: Receiver) -> None:
    subscribe(started, receiver)
    results = started.control("POST", f"portals/{HUB}/changes", creations(3_000))["results"]
    eventually(lambda: len(receiver.events()) == 3_000)
    assert sorted(str(event["objectId"]) for event in receiver.events()) == sorted(each["id"] for each in results)
    assert receiver.connections <= 10, "connections are kept"
    eventually(lambda: not any(p["pending_deliveries"] for p in started.control("GET", "state")["portals"]))


def test_the_official_client_reads_and_writes(started: Process, token: str) -> None:
    hubspot = import_module("hubspot")
    contacts = import_module("hubspot.crm.contacts")
    client = hubspot.HubSpot(access_token=token, host=f"http://127.0.0.1:{started.port}")
    api = client.crm.contacts
    made = api.basic_api.create(contacts.SimplePublicObjectInputForCreate(properties={"email": "sdk@b.co"}))
    assert made.properties["email"] == "sdk@b.co"
    read = api.basic_api.get_by_id(made.id, properties=["email", "phone"], associations=["companies"])
    assert (read.id, read.properties["phone"], read.archived) == (made.id, None, False)
    changed = api.basic_api.update(made.id, contacts.SimplePublicObjectInput(properties={"phone": "1"}))
    assert changed.properties["phone"] == "1"
    assert changed.updated_at >= changed.created_at
    assert len(api.get_all(properties=["email"])) == 421
    api.basic_api.archive(made.id)
    with pytest.raises(contacts.ApiException) as refused:
        api.basic_api.get_by_id(made.id)
    assert refused.value.status == 404


def test_the_official_client_in_batches(started: Process, token: str) -> None:
    hubspot = import_module("hubspot")
    contacts = import_module("hubspot.crm.contacts")
    api = hubspot.HubSpot(access_token=token, host=f"http://127.0.0.1:{started.port}").crm.contacts.batch_api
    made = api.create(
        contacts.BatchInputSimplePublicObjectBatchInputForCreate(
            inputs=[
                contacts.SimplePublicObjectBatchInputForCreate(properties={"email": f"b{n}@b.co"}, associations=[])
                for n in range(3)
            ]
        )
    )
    ids = [record.id for record in made.results]
    assert made.status == "COMPLETE"
    read = api.read(
        contacts.BatchReadInputSimplePublicObjectId(
            inputs=[{"id": each} for each in [*ids, "999999"]], properties=["email"], properties_with_history=[]
        )
    )
    assert [record.id for record in read.results] == ids
    assert read.num_errors == 1
    updated = api.update(
        contacts.BatchInputSimplePublicObjectBatchInput(
            inputs=[contacts.SimplePublicObjectBatchInput(id=ids[0], properties={"phone": "7"})]
        )
    )
    assert updated.results[0].properties["phone"] == "7"
    upserted = api.upsert(
        contacts.BatchInputSimplePublicObjectBatchInputUpsert(
            inputs=[
                contacts.SimplePublicObjectBatchInputUpsert(
                    id="b0@b.co", id_property="email", properties={"phone": "8"}
                )
            ]
        )
    )
    assert (upserted.results[0].id, upserted.results[0].new) == (ids[0], False)
    api.archive(contacts.BatchInputSimplePublicObjectId(inputs=[{"id": each} for each in ids]))


def test_the_official_client_searches(started: Process, token: str) -> None:
    hubspot = import_module("hubspot")
    contacts = import_module("hubspot.crm.contacts")
    client = hubspot.HubSpot(access_token=token, host=f"http://127.0.0.1:{started.port}")
    found = client.crm.contacts.search_api.do_search(
        contacts.PublicObjectSearchRequest(
            filter_groups=[{"filters": [{"propertyName": "lifecyclestage", "operator": "EQ", "value": "customer"}]}],
            sorts=["-createdate"],
            properties=["lifecyclestage"],
            limit=5,
            after="0",
        )
    )
    assert found.total > 5
    assert {record.properties["lifecyclestage"] for record in found.results} == {"customer"}
    assert found.paging.next.after == "5"


def test_the_official_client_and_associations(started: Process, token: str) -> None:
    hubspot = import_module("hubspot")
    v4 = import_module("hubspot.crm.associations.v4")
    client = hubspot.HubSpot(access_token=token, host=f"http://127.0.0.1:{started.port}")
    contact = client.crm.contacts.basic_api.get_page(limit=1, associations=["companies"]).results[0]
    company = contact.associations["companies"].results[0].id
    page = client.crm.associations.v4.basic_api.get_page("contacts", contact.id, "companies")
    assert [str(row.to_object_id) for row in page.results] == [company]
    assert {each.type_id for each in page.results[0].association_types} == {1, 279}
    read = client.crm.associations.v4.batch_api.get_page(
        "contacts", "companies", v4.BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": contact.id}])
    )
    assert str(read.results[0].to[0].to_object_id) == company
    deal = client.crm.deals.basic_api.get_page(limit=1).results[0]
    client.crm.associations.v4.basic_api.create_default("contacts", contact.id, "deals", deal.id)
    assert client.crm.associations.v4.basic_api.get_page("deals", deal.id, "contacts").results


def test_the_official_clients_other_areas(started: Process, token: str) -> None:
    hubspot = import_module("hubspot")
    client = hubspot.HubSpot(access_token=token, host=f"http://127.0.0.1:{started.port}")
    assert len(client.crm.properties.core_api.get_all("contacts").results) > 30
    assert client.crm.pipelines.pipelines_api.get_all("deals").results[0].id == "default"
    assert len(client.crm.owners.get_all()) == 3
    assert client.crm.companies.basic_api.get_page().results
    assert client.crm.tickets.basic_api.get_page().results
    assert client.crm.objects.basic_api.get_page("0-3").results
    info = client.oauth.access_tokens_api.get(token)
    assert (info.hub_id, info.app_id) == (HUB, APP_ID)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_even_while_calls_hang(number: int) -> None:
    process = Process(free_ports())
    process.control("POST", "apps", {"client_id": "c", "client_secret": "s", "app_id": 1, "redirect_uris": []})
    process.control("POST", "faults", {"action": "latency", "params": {"ms": 60_000}})
    hanging = threading.Thread(target=_swallow, args=(f"http://localhost:{process.port}/oauth/v3/token",))
    hanging.start()
    eventually(lambda: process.control("GET", "faults")["items"][0]["struck"] == 1)
    assert process.end(number) == (0, ""), "long before the minute is over"
    hanging.join(20)


def _swallow(address: str) -> None:
    try:
        httpx2.post(address, data={"x": "1"}, trust_env=False, timeout=20)
    except httpx2.TransportError:
        return


def test_a_port_in_use_is_said_so(started: Process) -> None:
    second = Process(started.port)
    code, errors = second.end()
    assert code == 1
    assert f"port {started.port} on 127.0.0.1 is in use" in errors


def test_state_is_kept_in_a_file_between_runs(tmp_path: Path) -> None:
    path = tmp_path / "hubspot.json"
    first = Process(free_ports(), "--seed", "demo", "--state", str(path))
    first.control("POST", "portals", {"hub_id": 5, "seed": {"contacts": 3}})
    assert first.end() == (0, "")
    second = Process(free_ports(), "--seed", "demo", "--state", str(path))
    assert len(second.control("GET", "state")["portals"]) == 4
    assert second.end() == (0, "")


def test_apps_come_from_files_at_the_start_and_after_a_reset(tmp_path: Path) -> None:
    path, state = tmp_path / "app.json", tmp_path / "hubspot.json"
    app = {"client_id": CLIENT_ID, "client_secret": SECRET, "app_id": APP_ID, "redirect_uris": []}
    path.write_text(json.dumps(app | {"name": "First"}))
    first = Process(free_ports(), "--app", str(path), "--state", str(state))
    assert [each["name"] for each in first.control("GET", "state")["apps"]] == ["First"]
    assert [each["name"] for each in first.control("POST", "reset")["apps"]] == ["First"]
    assert first.end() == (0, "")
    path.write_text(json.dumps(app | {"name": "Second"}))
    second = Process(free_ports(), "--app", str(path), "--state", str(state))
    assert [each["name"] for each in second.control("GET", "state")["apps"]] == ["Second"], "the file is newer"
    assert second.end() == (0, "")
    path.write_text("{}")
    code, errors = Process(free_ports(), "--app", str(path)).end()
    assert code == 1
    assert "client_id is required" in errors


def test_it_needs_neither_django_nor_a_database() -> None:
    code = (
        "import sys; before = set(sys.modules); import emulator.__main__, emulator.server, emulator.web.app;"
        "bad = {'django', 'celery', 'psycopg', 'redis', 'authlib', 'hubapp', 'hubspot_api', 'crm', 'webhooks'};"
        "sys.exit(bool(bad & {name.partition('.')[0] for name in sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_many_times_at_once_it_ends(number: int) -> None:
    """Where its starter is killed, Linux asks once for each thread that had."""
    started = Process(free_ports())
    for _ in range(50):
        started.process.send_signal(number)
    assert started.end() == (0, "")


def test_it_can_begin_with_a_bad_day() -> None:
    process = Process(free_ports(), "--seed", "demo", "--scenario", "outage", "--scenario", "region_move")
    try:
        running = process.control("GET", "scenarios")["running"]
        assert [each["name"] for each in running] == ["outage", "region_move"]
    finally:
        assert process.end() == (0, "")


def test_a_bad_day_for_nobody_is_refused() -> None:
    process = Process(free_ports(), "--scenario", "region_move")
    assert process.end() == (1, "emulator: there are no accounts: make one first, or begin with --seed demo\n")


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("--port", "65535", "65535 is not a port from 1 to 65534"),
        ("--port", "0", "0 is not a port from 1 to"),
        ("--port", "x", "x is not a port"),
        ("--host", "nonsense.invalid", "nonsense.invalid is not an IP address of this machine"),
        ("--search-lag-ms", "-1", "-1 is not a number of milliseconds"),
        ("--webhook-linger-ms", "x", "x is not a number of milliseconds"),
    ],
)
def test_flags_that_make_no_sense_are_refused(
    capsys: pytest.CaptureFixture[str], flag: str, value: str, words: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([f"{flag}={value}"])
    assert words in capsys.readouterr().err


def test_a_state_that_cannot_be_kept_is_said_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert main(["--port", str(free_ports()), "--state", str(tmp_path / "file" / "state.json")]) == 1
    assert "file" in capsys.readouterr().err


def test_it_listens_on_ipv6() -> None:
    port = free_ports()
    process = Process(port, "--host", "::1")
    try:
        assert process.http.get(f"http://[::1]:{port}/_emulator/state").json()["portals"] == []
    finally:
        assert process.end() == (0, "")
