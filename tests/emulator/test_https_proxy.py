"""HubSpot's own hosts through the proxy: programs that know no others, told by their environment alone."""

from __future__ import annotations

import json
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from emulator.proxy import authority
from tests.emulator.hub import CLIENT_ID, HUB, SECRET, Hub, fresh_email
from tests.emulator.process import Process, free_ports
from tests.emulator.proxied import API, Proxied


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proxy") / "authority"


@pytest.fixture(scope="module")
def proxied(folder: Path) -> Iterator[Proxied]:
    process = Proxied(folder)
    yield process
    assert process.end() == (0, "")


# Pages through the contacts as the addresses of the answers lead it.
_FOLLOW = """
import os, {client} as client
address = "https://api.hubapi.com/crm/v3/objects/contacts?limit=100"
count, hosts = 0, set()
while address:
    answer = client.get(address, headers={{"Authorization": "Bearer " + os.environ["TOKEN"]}})
    answer.raise_for_status()
    count += len(answer.json()["results"])
    address = answer.json().get("paging", {{}}).get("next", {{}}).get("link")
    hosts.add(address and address.split("/crm")[0])
print(count, *sorted(filter(None, hosts)))
"""


def run(client: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _FOLLOW.format(client=client)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("client", ["requests", "httpx2"])
def test_a_program_needs_only_its_environment_changed(proxied: Proxied, client: str) -> None:
    done = run(client, proxied.environment())
    [portal] = [each for each in proxied.control("GET", "state")["portals"] if each["hub_id"] == HUB]
    assert done.stdout.split() == [str(portal["records"]["contacts"]), API], done.stderr


@pytest.mark.parametrize("client", ["requests", "httpx2"])
def test_who_was_not_given_the_bundle_trusts_nothing(proxied: Proxied, client: str) -> None:
    environment = proxied.environment()
    del environment["REQUESTS_CA_BUNDLE"], environment["SSL_CERT_FILE"]
    done = run(client, environment)
    assert done.returncode == 1
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr


@pytest.mark.parametrize(
    "host", ["example.com", "api.hubapi.com.example.com", "hubapi.com", "api-na2.hubapi.com", "localhost", "127.0.0.1"]
)
def test_nobody_is_connected_to_strangers(proxied: Proxied, host: str) -> None:
    with proxied.client() as client, pytest.raises(httpx2.ProxyError, match="403"):
        client.get(f"https://{host}/")


def test_a_refusal_says_what_the_proxy_is_for(proxied: Proxied) -> None:
    answer = proxied.speak(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"example.com:443 is none of the emulator's" in answer
    assert b"for port 443 of: api.hubapi.com, " in answer
    assert proxied.speak(b"CONNECT api.hubapi.com:80 HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 403")


def test_it_is_no_proxy_for_plain_http(proxied: Proxied) -> None:
    answer = proxied.speak(b"GET http://api.hubapi.com/ HTTP/1.1\r\nHost: api.hubapi.com\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")


def test_endless_headers_are_cut_short(proxied: Proxied) -> None:
    answer = proxied.speak(b"CONNECT api.hubapi.com:443 HTTP/1.1\r\nX: " + b"x" * 20_000)
    assert answer.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("host", ["api.hubapi.com", "API.HubApi.com", "api-na1.hubapi.com", "api.hubspot.com"])
def test_hosts_of_the_region(proxied: Proxied, host: str) -> None:
    with proxied.client() as client:
        assert client.get(f"https://{host}/crm/v3/objects/deals").status_code == 200


def test_hosts_of_another_region(proxied: Proxied) -> None:
    with proxied.client() as client:
        assert client.get("https://api-eu1.hubapi.com/crm/v3/objects/deals").status_code == 488
        assert client.get("https://app-eu1.hubspot.com/").status_code == 200


def test_tokens_are_had_there_too(proxied: Proxied) -> None:
    form = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "client_secret": SECRET, "refresh_token": "unknown"}
    with proxied.client() as client:
        assert client.post("/oauth/2026-03/token", data=form).json()["status"] == "BAD_REFRESH_TOKEN"


def test_links_have_the_host_that_somebody_elses_tls_ended_for(hub: Hub) -> None:
    for _ in range(2):
        hub.create(email=fresh_email())
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "hubspot.test"}
    page = hub.call("GET", "/crm/v3/objects/contacts?limit=1", headers=headers).json()
    assert page["paging"]["next"]["link"].startswith("https://hubspot.test/crm/v3/objects/contacts?limit=1&after=")


def test_one_connection_carries_many_calls(proxied: Proxied) -> None:
    with proxied.client(limits=httpx2.Limits(max_connections=1)) as client:
        answers = [client.get("/crm/v3/objects/tickets?limit=1") for _ in range(20)]
        ports = {each.extensions["network_stream"].get_extra_info("client_addr") for each in answers}
    assert len(ports) == 1
    assert None not in ports


def contacts(count: int, size: int) -> bytes:
    inputs = [{"properties": {"email": fresh_email(), "firstname": "é" * size}} for _ in range(count)]
    return json.dumps({"inputs": inputs}, ensure_ascii=False).encode()


@pytest.mark.parametrize("chunked", [False, True])
def test_large_bodies_both_ways(proxied: Proxied, chunked: bool) -> None:
    body = contacts(100, 30_000)
    assert len(body) > 5_000_000
    content = (body[start : start + 10_000] for start in range(0, len(body), 10_000)) if chunked else body
    with proxied.client() as client:
        made = client.post(
            "/crm/v3/objects/contacts/batch/create", content=content, headers={"Content-Type": "application/json"}
        )
        assert made.status_code == 201
        assert {len(each["properties"]["firstname"]) for each in made.json()["results"]} == {30_000}
        for each in made.json()["results"]:
            assert each["properties"]["firstname"].strip("é") == ""
        gone = {"inputs": [{"id": each["id"]} for each in made.json()["results"]]}
        assert client.post("/crm/v3/objects/contacts/batch/archive", json=gone).status_code == 204


def test_many_callers_at_once(proxied: Proxied) -> None:
    proxied.control("POST", "faults", {"action": "latency", "params": {"ms": 300}, "count": 30})
    answers: list[int] = []

    def ask() -> None:
        with proxied.client() as client:
            answers.append(client.get("/crm/v3/objects/companies").status_code)

    callers = [threading.Thread(target=ask) for _ in range(30)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert answers == [200] * 30


@pytest.mark.parametrize("action", ["reset", "truncate"])
def test_connections_that_a_fault_drops_die_here_too(proxied: Proxied, action: str) -> None:
    proxied.control("POST", "faults", {"action": action, "count": 1, "match": {"path": "/crm/v3/objects/deals"}})
    with proxied.client() as client:
        with pytest.raises(httpx2.TransportError):
            client.get("/crm/v3/objects/deals")
        assert client.get("/crm/v3/objects/deals").status_code == 200


def test_the_key_is_for_its_owner_only(proxied: Proxied, folder: Path) -> None:
    assert stat.S_IMODE((folder / "ca-key.pem").stat().st_mode) == 0o600
    assert proxied.bundle == folder / "ca.pem"
    assert b"PRIVATE" not in proxied.bundle.read_bytes()


def test_it_leaves_the_authority_and_nothing_else(tmp_path: Path) -> None:
    first = Proxied(tmp_path)
    address = urlsplit(first.proxy)
    bundle = first.bundle.read_bytes()
    with first.client() as client:
        client.get("/crm/v3/objects/contacts")
        assert first.end() == (0, ""), "with a connection still open"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port or 0), timeout=5)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["ca-key.pem", "ca.pem"]
    second = Proxied(tmp_path)
    assert second.bundle.read_bytes() == bundle, "a bundle stays good from run to run"
    assert second.end() == (0, "")


def test_a_taken_port_is_said_so(proxied: Proxied, tmp_path: Path) -> None:
    port = str(urlsplit(proxied.proxy).port)
    code, errors = Process(free_ports(), "--https-proxy", port, "--ca-dir", str(tmp_path)).end()
    assert code == 1
    assert errors == f"emulator: port {port} on 127.0.0.1 is in use: wanted for the HTTPS proxy\n"


def test_a_damaged_key_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "ca-key.pem").write_text("not a key")
    code, errors = Process(free_ports(), "--https-proxy", "0", "--ca-dir", str(tmp_path)).end()
    assert code == 1
    assert "ca-key.pem holds no certificate authority: remove it" in errors


def test_only_the_proxy_needs_cryptography(tmp_path: Path) -> None:
    arguments = ["--port", str(free_ports()), "--https-proxy", "0", "--ca-dir", str(tmp_path)]
    code = (
        "import sys; sys.modules['cryptography'] = None; from emulator.__main__ import main;"
        f"assert 'emulator.proxy' not in sys.modules; sys.exit(main({arguments}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("emulator: --https-proxy makes certificates: pip install cryptography")


def handshake(made: authority.Authority, host: str) -> None:
    """TLS with a server of this host, in memory. Raises SSLCertVerificationError."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with made.server_pem([host]) as pem:
        server.load_cert_chain(pem)
    client = ssl.create_default_context(cafile=made.bundle)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname=host)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (asking, answering, asking, answering):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


def test_its_authority_can_vouch_for_hubspot_only(tmp_path: Path) -> None:
    made = authority.authority_in(tmp_path)
    handshake(made, "api.hubapi.com")
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        handshake(made, "example.com")


def test_an_authority_near_its_end_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    life = authority._LIFE
    monkeypatch.setattr(authority, "_LIFE", authority._RENEW_BEFORE / 2)
    old = authority.authority_in(tmp_path)
    monkeypatch.setattr(authority, "_LIFE", life)
    new = authority.authority_in(tmp_path)
    assert new.certificate != old.certificate
    assert authority.authority_in(tmp_path).certificate == new.certificate
