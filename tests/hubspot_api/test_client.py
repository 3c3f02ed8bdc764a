from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx2
import pytest

from hubspot_api import errors
from hubspot_api.bodies import Body, form_with_file
from hubspot_api.client import MAX_BYTES, Client
from hubspot_api.ports import AccessToken, Bucket, CallRecord, StaticToken
from hubspot_api.secret import Secret
from tests.hubspot_api.fakes import (
    CORRELATION_ID,
    START,
    HubSpot,
    Log,
    Renewing,
    Reply,
    Time,
    html,
    ok,
    refusal,
    surroundings,
    world,
)

PATH = "/crm/objects/{version}/{object_type}"
CONTACTS = {"object_type": "contacts"}
EXPIRED = refusal(401, "EXPIRED_AUTHENTICATION", "expired 0 second(s) ago")
EU = refusal(488, message="unknown to this Hublet", correctHublet="eu1")


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


class Pieces(httpx2.SyncByteStream):
    def __init__(self, pieces: list[bytes], time: Time | None = None) -> None:
        self._pieces = pieces
        self._time = time
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if self._time:
                self._time.pass_(1)
            yield piece

    def close(self) -> None:
        self.closed = True


# Retries

LOST = httpx2.ReadError("reset")
UNSENT = httpx2.ConnectError("refused")


@pytest.mark.parametrize("first", [LOST, UNSENT, html(502), html(530), refusal(500), refusal(423), html(200)])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_idempotent_call_gets_over_a_passing_failure(first: Reply, method: str) -> None:
    here = world(first, ok({"a": 1}))
    assert here.client.request(method, "/x").json == {"a": 1}
    assert len(here.hubspot.asked) == 2
    assert len(here.time.slept) == 1


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (LOST, errors.AnswerLost),
        (httpx2.RemoteProtocolError("disconnected"), errors.AnswerLost),
        (httpx2.WriteError("reset"), errors.AnswerLost),
        (httpx2.ReadTimeout("late"), errors.DeadlineExceeded),
        (httpx2.WriteTimeout("late"), errors.DeadlineExceeded),
        (html(502), errors.Overloaded),
        (html(200), errors.AnswerUnreadable),
    ],
)
def test_a_write_that_may_have_happened_is_sent_once(first: Reply, kind: type[Exception], method: str) -> None:
    here = world(first, ok())
    with pytest.raises(kind):
        here.client.request(method, "/x", json={})
    assert len(here.hubspot.asked) == 1


@pytest.mark.parametrize(
    "first", [UNSENT, httpx2.ConnectTimeout("late"), httpx2.PoolTimeout("late"), refusal(423), refusal(500)]
)
def test_a_write_is_repeated_when_it_did_not_happen_or_may_happen_twice(first: Reply) -> None:
    here = world(first, ok())
    idempotent = isinstance(first, httpx2.Response) and first.status_code == 500
    here.client.request("POST", "/x", json={}, idempotent=idempotent)
    assert len(here.hubspot.asked) == 2


def test_three_attempts_are_all() -> None:
    here = world(refusal(500))
    with pytest.raises(errors.ServerFailed):
        here.client.request("GET", "/x")
    assert len(here.hubspot.asked) == 3
    assert here.time.slept == [0.125, 0.25]


def test_a_429_is_surfaced_at_once_with_its_time() -> None:
    here = world(refusal(429, "RATE_LIMITS", policyName="SECONDLY"))
    with pytest.raises(errors.RateLimited) as caught:
        here.client.request("GET", "/x")
    assert len(here.hubspot.asked) == 1
    assert caught.value.retry_at is not None
    assert (caught.value.retry_at - START).total_seconds() == 1


def test_no_pause_reaches_beyond_the_deadline() -> None:
    here = world(refusal(423))
    with pytest.raises(errors.Locked):
        here.client.request("GET", "/x", deadline=2.0)
    assert here.time.slept == []


def test_the_deadline_covers_all_attempts() -> None:
    time_left: list[float] = []

    def slow(request: httpx2.Request) -> httpx2.Response:
        time_left.append(request.extensions["timeout"]["read"])
        here.time.pass_(4)
        return refusal(500)

    here = world(slow)
    with pytest.raises(errors.DeadlineExceeded):
        here.client.request("GET", "/x", deadline=10)
    assert time_left == pytest.approx([10, 5.875, 1.625])


def test_a_dripping_body_ends_at_the_deadline() -> None:
    stream = Pieces([b" "] * 60)
    here = world(lambda _: httpx2.Response(200, stream=stream))
    stream._time = here.time
    with pytest.raises(errors.DeadlineExceeded):
        here.client.request("POST", "/x", deadline=10)
    assert here.time.seconds == pytest.approx(1010, abs=1)
    assert stream.closed


def test_an_earlier_attempt_that_may_have_happened_is_not_denied() -> None:
    here = world(LOST, UNSENT)
    with pytest.raises(errors.AnswerLost) as caught:
        here.client.request("PUT", "/x")
    assert isinstance(caught.value.__cause__, errors.NotSent)


def test_a_deletion_whose_answer_was_lost_is_done_when_nothing_is_found_any_more() -> None:
    here = world(LOST, refusal(404, "OBJECT_NOT_FOUND"))
    assert here.client.request("DELETE", "/x").status == 204
    assert [record.error for record in here.log.records] == [""]


@pytest.mark.parametrize(("method", "first"), [("DELETE", UNSENT), ("DELETE", refusal(423)), ("GET", LOST)])
def test_what_was_never_there_or_is_no_deletion_is_not_found(method: str, first: Reply) -> None:
    with pytest.raises(errors.NotFound):
        world(first, refusal(404)).client.request(method, "/x")


def test_a_deletion_that_is_not_repeated_says_that_its_answer_was_lost() -> None:
    with pytest.raises(errors.AnswerLost):
        world(LOST, refusal(404)).client.request("DELETE", "/x", idempotent=False)


def test_a_later_attempt_that_says_when_to_come_back_is_heard() -> None:
    with pytest.raises(errors.RateLimited):
        world(html(502), refusal(429)).client.request("GET", "/x")


# Tokens


def test_a_401_is_answered_with_one_newer_token() -> None:
    tokens = Renewing()
    here = world(EXPIRED, ok({"a": 1}), tokens=tokens)
    assert here.client.request("POST", "/x", json={}).json == {"a": 1}
    assert [request.headers["authorization"] for request in here.hubspot.asked] == ["Bearer t-1", "Bearer t-2"]
    assert tokens.rejections == [1]
    assert here.time.slept == []


@pytest.mark.parametrize("category", ["EXPIRED_AUTHENTICATION", "INVALID_AUTHENTICATION", "SOMETHING_NEW"])
def test_a_second_401_ends_the_call(category: str) -> None:
    tokens = Renewing()
    here = world(refusal(401, category), tokens=tokens)
    with pytest.raises(errors.Unauthorized):
        here.client.request("GET", "/x")
    assert len(here.hubspot.asked) == 2
    assert tokens.rejections == [1]


def test_without_a_newer_token_a_401_ends_the_call() -> None:
    here = world(EXPIRED, tokens=StaticToken("pat"))
    with pytest.raises(errors.TokenExpired):
        here.client.request("GET", "/x")
    assert len(here.hubspot.asked) == 1


def test_what_the_token_source_raises_ends_the_call() -> None:
    class Dead(Renewing):
        def rejected(self, token: AccessToken) -> AccessToken:
            raise errors.RefreshTokenInvalid(str(token.generation))

    here = world(EXPIRED, tokens=Dead())
    with pytest.raises(errors.RefreshTokenInvalid):
        here.client.request("GET", "/x")
    assert here.log.records[0].error == "RefreshTokenInvalid"


def test_time_spent_on_a_new_token_is_not_the_calls() -> None:
    class Slow(Renewing):
        def rejected(self, token: AccessToken) -> AccessToken:
            here.time.pass_(15)
            return super().rejected(token)

        def current(self) -> AccessToken:
            here.time.pass_(12)
            return super().current()

    here = world(EXPIRED, ok(), tokens=Slow())
    here.client.request("GET", "/x", deadline=10)
    assert here.log.records[0].waited == pytest.approx(12 + 15 + 12)
    assert here.log.records[0].took == 0


@pytest.mark.parametrize("text", ["", "line\nbreak canary", "can ary", "canáry", "canary\x00", "canary\ud800"])
def test_a_token_that_no_header_can_carry_is_named_without_being_shown(text: str) -> None:
    here = world(ok(), tokens=StaticToken(Secret(text)))
    with pytest.raises(errors.TokenUnreadable) as caught:
        here.client.request("GET", "/x")
    assert "canary" not in f"{caught.value} {caught.value!r}"
    assert caught.value.__cause__ is None
    assert here.hubspot.asked == []


# Data centres


def test_a_488_moves_the_call_to_the_right_host_and_tells() -> None:
    told: list[str] = []
    here = world(EU, ok({"a": 1}), moved=told.append)
    assert here.client.request("POST", "/x", json={"b": 2}).json == {"a": 1}
    assert [request.url.host for request in here.hubspot.asked] == ["api.hubapi.com", "api-eu1.hubapi.com"]
    assert here.hubspot.bodies() == [{"b": 2}, {"b": 2}]
    assert told == ["eu1"]
    here.client.request("GET", "/x")
    assert here.hubspot.asked[-1].url.host == "api-eu1.hubapi.com"


def test_the_token_says_where_the_account_lives() -> None:
    here = world(ok(), tokens=Renewing(hublet="eu1"))
    here.client.request("GET", "/x")
    assert here.hubspot.asked[0].url.host == "api-eu1.hubapi.com"


def test_an_account_that_moved_back_is_followed() -> None:
    back = refusal(488, correctHublet="na1")
    here = world(back, ok(), tokens=Renewing(hublet="eu1"))
    here.client.request("GET", "/x")
    assert [request.url.host for request in here.hubspot.asked] == ["api-eu1.hubapi.com", "api.hubapi.com"]


@pytest.mark.parametrize("named", ["na1", "", "evil.example/", None])
def test_a_488_that_names_no_other_place_ends_the_call(named: str | None) -> None:
    here = world(refusal(488, correctHublet=named))
    with pytest.raises(errors.WrongHublet):
        here.client.request("GET", "/x")
    assert len(here.hubspot.asked) == 1


def test_two_data_centres_that_point_at_each_other_end_the_call() -> None:
    here = world(EU, refusal(488, correctHublet="na1"))
    with pytest.raises(errors.WrongHublet):
        here.client.request("GET", "/x")
    assert len(here.hubspot.asked) == 2


def test_other_addresses_need_a_function_of_their_own() -> None:
    here = world(EU, api_url="http://localhost:8765")
    with pytest.raises(errors.WrongHublet):
        here.client.request("GET", "/x")
    ports = {"eu1": "http://localhost:8766"}
    here = world(EU, ok(), api_url="http://localhost:8765/", hosts=lambda _, hublet: ports.get(hublet))
    here.client.request("GET", "/x")
    assert [str(request.url) for request in here.hubspot.asked] == [
        "http://localhost:8765/x",
        "http://localhost:8766/x",
    ]


# The gate


@dataclass
class Counting:
    """Counts what it is told; `waits` is how long it keeps each caller."""

    time: Time
    waits: float = 0.0
    asked: list[tuple[Bucket, float]] = field(default_factory=list)
    heard: list[tuple[int, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def admit(self, bucket: Bucket, longest: float) -> Self:
        self.time.pass_(self.waits)
        self.asked.append((bucket, longest))
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.left.append(kind.__name__ if kind else "")

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        self.heard.append((status, headers.get("x-hubspot-ratelimit-remaining", "")))


def gated(*replies: Reply, waits: float = 0.0, tokens: Renewing | None = None) -> tuple[Client, Counting, Log]:
    time, log = Time(), Log()
    gate = Counting(time, waits)
    transport = httpx2.MockTransport(HubSpot(list(replies)))
    client = Client(tokens or Renewing(), surroundings=surroundings(time, log, gate=gate), transport=transport)
    return client, gate, log


def test_every_attempt_passes_the_gate_and_tells_it_the_answer() -> None:
    limited = {"X-HubSpot-RateLimit-Remaining": "7"}
    client, gate, _ = gated(UNSENT, LOST, ok(headers=limited))
    client.request("GET", "/x", bucket=Bucket.SEARCH)
    assert [bucket for bucket, _ in gate.asked] == [Bucket.SEARCH] * 3
    assert gate.heard == [(200, "7")]
    assert gate.left == ["NotSent", "AnswerLost", ""]


def test_the_gate_hears_of_refusals_and_of_retries_with_another_token() -> None:
    client, gate, _ = gated(EXPIRED, refusal(429))
    with pytest.raises(errors.RateLimited):
        client.request("GET", "/x")
    assert [status for status, _ in gate.heard] == [401, 429]


def test_the_gate_knows_how_long_an_attempt_can_last_and_its_own_time_does_not_count() -> None:
    client, gate, log = gated(ok(), waits=30)
    client.request("GET", "/x", deadline=7)
    assert gate.asked == [(Bucket.BURST, 7)]
    assert log.records[0].waited == 30
    assert log.records[0].took == 0


def test_what_the_gate_raises_ends_the_call_and_is_on_record() -> None:
    class Full(errors.HubSpotError):
        retryable = True
        certainly_not_done = True

    class Closed:
        def admit(self, bucket: Bucket, longest: float) -> Counting:
            raise Full(f"{bucket}, {longest}")

    here = world(ok(), gate=Closed())
    with pytest.raises(Full):
        here.client.request("GET", "/x")
    assert here.hubspot.asked == []
    assert here.log.records[0].error == "Full"
    assert here.log.records[0].attempts == 0


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
