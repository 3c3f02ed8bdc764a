"""The examples of docs/client.md run, in order, against the emulator."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from emulator import Emulator, Options
from hubspot_api import automation, journal
from hubspot_api.app_tokens import AppTokens
from hubspot_api.app_webhooks import DeveloperKey
from hubspot_api.client import Client
from hubspot_api.ports import StaticToken
from tests.hubspot_api.emulated import HUB, ORIGINS, SCOPES, Place, never_limited
from tests.hubspot_api.test_automation import KEY, Actions, action, contacts, workflow

DOCUMENT = Path(__file__).parents[2] / "docs" / "client.md"


SCOPES_OF_EXAMPLES = [*SCOPES, "files", "content", "automation"]


@pytest.fixture
def actions() -> Actions:
    return Actions()


@pytest.fixture
def place(actions: Actions) -> Iterator[Place]:
    """An account that has what the examples read, whose journal is there at once."""
    options = Options(ORIGINS, journal_linger_ms=0)
    here = Place(Emulator(options, limits=never_limited(), fetcher=actions))
    here.app(conditional_scopes=SCOPES_OF_EXAMPLES, developer_api_key=KEY)
    here.control(f"portals/{HUB}/marketing", marketing_emails=6, web_events=50)
    yield here
    here.web.close()


def clients(place: Place) -> dict[str, Client]:
    """What the examples call `client`, `app` and `developer`, where they would call HubSpot."""
    key = DeveloperKey(place.transport)
    return {
        "client": place.client(place.tokens(scopes=SCOPES_OF_EXAMPLES)["access_token"]),
        "app": place.client(tokens=AppTokens(place.oauth(), journal.SCOPES)),
        "developer": Client(StaticToken(KEY), transport=key, api_url=ORIGINS["na1"]),
    }


def waiting(place: Place, actions: Actions) -> dict[str, Any]:
    """A workflow, and the callback of a contact who waits in it."""
    client = clients(place)["client"]
    workflow_id = workflow(place, client, action(place))
    automation.enroll(client, workflow_id, contacts(client, 2)[1][1])
    place.emulator.deliver()
    return {"workflow_id": workflow_id, "callback_id": actions.callbacks()[0]}


def examples(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)


def run_examples(place: Place, actions: Actions) -> dict[str, Any]:
    """Run them all in one namespace, and return it."""
    names: dict[str, Any] = waiting(place, actions)
    for number, example in enumerate(examples("python")):
        exec(compile(example, f"client.md, example {number + 1}", "exec"), names)  # noqa: S102 - our own page
        names |= clients(place)  # what an example made would call HubSpot
    return names


def test_the_examples_run(place: Place, actions: Actions, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(examples("python")) == 15
    names = run_examples(place, actions)
    printed = capsys.readouterr().out
    assert "('email',) ('INVALID_EMAIL',)" in printed
    assert "['hat'] ['OBJECT_ALREADY_EXISTS']" in printed
    assert f"{HUB} object SNAPSHOT" in printed
    assert names["stored"] is not None
    assert names["visits"].json["results"]


LISTS = {
    "/automation/sequences/2026-03": "userId=7",
    "/cms/pages/2026-03/landing-pages": "limit=100",
    "/conversations/v3/conversations/threads": "limit=100",
}


def stand_in(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """No emulator: it knows three addresses, and that HubSpot's lists have results."""
    authorized = environ.get("HTTP_AUTHORIZATION") == "Bearer t"
    known = authorized and LISTS.get(environ["PATH_INFO"]) == environ["QUERY_STRING"]
    start_response("200 OK" if known else "404 Not Found", [("Content-Type", "application/json")])
    return [json.dumps({"results": [{"id": "1"}]} if known else {"category": "OBJECT_NOT_FOUND"}).encode()]


def test_those_that_the_emulator_does_not_serve_run_against_a_stand_in(place: Place) -> None:
    (example,) = examples("python stand-in")
    client = Client(StaticToken("t"), transport=httpx2.WSGITransport(stand_in), api_url="http://stand-in.example")
    names: dict[str, Any] = {"client": client}
    exec(compile(example, "client.md", "exec"), names)  # noqa: S102 - our own page
    for listed in ("sequences", "landing_pages", "threads"):
        assert names[listed].json == {"results": [{"id": "1"}]}
    assert len(example.splitlines()) == len(LISTS)
    for path in LISTS:
        assert place.web.get(path).status_code == 404, "the emulator serves it now: run the example there"
