from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from hubspot_api import errors
from hubspot_api.bodies import Body, form_with_file
from hubspot_api.client import MAX_BYTES, Client
from hubspot_api.ports import Bucket, CallRecord, StaticToken
from tests.hubspot_api.fakes import CORRELATION_ID, START, UNSENT, HubSpot, Pieces, Renewing, ok, refusal, world

PATH = "/crm/objects/{version}/{object_type}"
CONTACTS = {"object_type": "contacts"}


def test_five_lines_are_enough() -> None:
    transport = httpx2.MockTransport(HubSpot([ok({"results": []})]))
    client = Client(StaticToken("pat-eu1-x"), transport=transport)
    assert client.request("GET", "/crm/owners/{version}").json == {"results": []}


def test_a_body_that_is_no_json() -> None:
    here = world(ok())
    here.client.request("PUT", "/x", body=Body(b"exports", "text/plain"))
    (request,) = here.hubspot.asked
    assert (request.content, request.headers["content-type"]) == (b"exports", "text/plain")
    assert here.log.records[0].bytes_sent == 7


def test_a_form_holds_fields_and_a_file() -> None:
    body = form_with_file({"folderPath": "/ü"}, 'a "b".txt', b"canary")
    kind, _, boundary = body.content_type.partition("; boundary=")
    assert kind == "multipart/form-data"
    assert body.content.count(boundary.encode()) == 3
    assert "/ü".encode() in body.content
    assert b"canary" in body.content
    assert "canary" not in repr(body)


def test_a_request_says_all_that_hubspot_needs() -> None:
    here = world(ok(), version="2026-09")
    here.client.request(
        "post", PATH + "/{id}", path_params={**CONTACTS, "id": 7}, params={"a": True, "b": None}, json={"ü": [1]}
    )
    (request,) = here.hubspot.asked
    assert here.hubspot.paths() == ["POST /crm/objects/2026-09/contacts/7?a=true"]
    assert request.url.host == "api.hubapi.com"
    assert request.headers["authorization"] == "Bearer t-1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept"] == "application/json"
    assert "cookie" not in request.headers
    assert json.loads(request.content) == {"ü": [1]}


def test_a_request_without_a_body_names_no_content() -> None:
    here = world(ok())
    here.client.request("GET", "/crm/owners/{version}")
    assert "content-type" not in here.hubspot.asked[0].headers
    assert here.hubspot.asked[0].content == b""


def test_a_missing_or_dangerous_path_part_is_refused_before_anything_is_sent() -> None:
    here = world(ok())
    with pytest.raises(KeyError):
        here.client.request("GET", PATH)
    with pytest.raises(ValueError, match="object_type"):
        here.client.request("GET", PATH, path_params={"object_type": ".."})
    assert here.hubspot.asked == []


@pytest.mark.parametrize("status", [200, 201, 202, 207])
def test_every_2xx_is_a_success(status: int) -> None:
    answer = world(ok({"a": 1}, status)).client.request("GET", "/x")
    assert (answer.status, answer.json) == (status, {"a": 1})


def test_an_empty_success_has_no_json() -> None:
    assert world(ok(status=204)).client.request("DELETE", "/x").json is None


def test_redirects_are_not_followed() -> None:
    here = world(httpx2.Response(302, headers={"Location": "https://elsewhere.example/"}))
    with pytest.raises(errors.UnexpectedStatus):
        here.client.request("GET", "/x")
    assert len(here.hubspot.asked) == 1


def test_cookies_of_one_answer_do_not_reach_the_next_request() -> None:
    here = world(ok(headers={"Set-Cookie": "__cf_bm=canary; Path=/"}), ok())
    here.client.request("GET", "/x")
    here.client.request("GET", "/x")
    assert "cookie" not in here.hubspot.asked[1].headers


def test_compressed_answers_are_unpacked() -> None:
    packed = gzip.compress(b'{"a":1}')
    here = world(lambda _: httpx2.Response(200, headers={"Content-Encoding": "gzip"}, stream=Pieces([packed])))
    assert here.client.request("GET", "/x").json == {"a": 1}


def test_an_answer_whose_compression_is_broken_is_unreadable() -> None:
    here = world(lambda _: httpx2.Response(200, headers={"Content-Encoding": "gzip"}, stream=Pieces([b"no gzip"])))
    with pytest.raises(errors.AnswerUnreadable):
        here.client.request("POST", "/x")


@pytest.mark.parametrize("packed", [False, True])
def test_an_endless_answer_is_cut_off(packed: bool) -> None:
    piece = b"x" * (1024 * 1024)
    pieces = [gzip.compress(piece * 40)] if packed else [piece] * (MAX_BYTES // len(piece) + 1)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    stream = Pieces(pieces)
    here = world(lambda _: httpx2.Response(200, headers=headers, stream=stream))
    with pytest.raises(errors.AnswerTooLarge):
        here.client.request("GET", "/x")
    assert stream.closed
    assert len(here.hubspot.asked) == 1


# The record


def test_a_success_leaves_one_record() -> None:
    here = world(ok({"a": 1}))
    here.client.request("POST", PATH, path_params=CONTACTS, params={"q": "canary"}, json={"b": "canary"})
    assert here.log.records == [
        CallRecord(
            started_at=START,
            hub_id=123,
            method="POST",
            path=PATH,
            bucket=Bucket.BURST,
            status=200,
            category="",
            correlation_id=CORRELATION_ID,
            attempts=1,
            waited=0.0,
            took=0.0,
            bytes_sent=len('{"b":"canary"}'),
            bytes_received=len('{"a":1}'),
            error="",
        )
    ]
    assert "canary" not in repr(here.log.records)


def test_a_failure_leaves_one_record_over_all_attempts() -> None:
    def slow(_: httpx2.Request) -> httpx2.Response:
        here.time.pass_(1)
        return refusal(500, "INTERNAL")

    here = world(slow)
    with pytest.raises(errors.ServerFailed):
        here.client.request("GET", "/x")
    (record,) = here.log.records
    assert (record.status, record.category, record.error) == (500, "INTERNAL", "ServerFailed")
    assert record.attempts == 3
    assert [record.took, record.waited] == pytest.approx([3, 0.375])
    assert record.correlation_id == CORRELATION_ID


def test_a_call_that_was_never_answered_has_no_status() -> None:
    here = world(UNSENT)
    with pytest.raises(errors.NotSent):
        here.client.request("GET", "/x")
    assert here.log.records[0].status is None


def test_an_observer_that_fails_costs_nobody_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def called(self, record: CallRecord) -> None:
            raise OSError(f"no room for {record}")

    here = world(ok({"a": 1}), observer=Broken())
    assert here.client.request("POST", "/x", json={}).json == {"a": 1}
    assert "observer" in caplog.text


def test_a_client_shows_no_token() -> None:
    assert repr(world(ok()).client) == "Client(hub_id=123, api_url='https://api.hubapi.com', version='2026-03')"


def test_threads_share_a_client() -> None:
    start = threading.Barrier(8)

    def echo(request: httpx2.Request) -> httpx2.Response:
        return ok({"asked": request.url.path})

    here = world(echo, tokens=Renewing())

    def call(number: int) -> bool:
        if number < 8:
            start.wait()
        return bool(here.client.request("GET", "/x/{n}", path_params={"n": number}).json == {"asked": f"/x/{number}"})

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(200)))
    assert len(here.log.records) == 200


def test_threads_that_come_together_get_the_same_connections() -> None:
    command = """if True:
        import threading
        from hubspot_api.client import shared_transport
        together, found = threading.Barrier(8), []
        def come():
            together.wait()
            found.append(shared_transport())
        threads = [threading.Thread(target=come) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert len(set(map(id, found))) == 1
    """
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0
