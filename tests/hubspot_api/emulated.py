"""An emulator in this process with two accounts and one app, driven as people drive it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from emulator import Emulator
from emulator.limits import Limits
from hubspot_api.attempts import Surroundings
from hubspot_api.client import Client
from hubspot_api.oauth import OAuth
from hubspot_api.ports import StaticToken
from hubspot_api.retrying import NO_RETRIES
from hubspot_api.secret import Secret
from tests.hubspot_api.fakes import Log

ORIGINS = {"na1": "http://na1.emulator.example", "eu1": "http://eu1.emulator.example"}
REDIRECT = "https://app.example.com/oauth/callback"
HUB, HUB_EU = 101, 202
USER = 7
SCOPES = [f"crm.objects.{kind}.{access}" for kind in ("contacts", "companies", "deals") for access in ("read", "write")]
SCOPES += ["tickets", "crm.objects.owners.read"]
SCOPES += [f"crm.schemas.{kind}.{access}" for kind in ("contacts", "deals", "custom") for access in ("read", "write")]
SCOPES += ["crm.objects.custom.read", "crm.objects.custom.write", "crm.lists.read", "crm.lists.write"]
SCOPES += [f"settings.users.{what}{access}" for what in ("", "teams.") for access in ("read", "write")]


class Regions(httpx2.BaseTransport):
    """Both regions' hosts, in this process. Counts what they answered with a success, and how long addresses were."""

    def __init__(self, emulator: Emulator) -> None:
        self.successes = 0
        self.longest_address = 0
        self._by_host = {
            urlsplit(origin).hostname: httpx2.WSGITransport(emulator.wsgi(hublet)) for hublet, origin in ORIGINS.items()
        }

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._by_host[request.url.host].handle_request(request)
        self.successes += response.is_success
        self.longest_address = max(self.longest_address, len(request.url.raw_path))
        return response


@dataclass
class Place:
    """An emulator with two accounts, one app, and what the tests need to act on it."""

    emulator: Emulator
    log: Log = field(default_factory=Log)

    def __post_init__(self) -> None:
        self.transport = Regions(self.emulator)
        self.web = httpx2.Client(transport=self.transport, base_url=ORIGINS["na1"])
        self.app()
        for hub_id, hublet in ((HUB, "na1"), (HUB_EU, "eu1")):
            self.control(
                "portals",
                hub_id=hub_id,
                hublet=hublet,
                name="Acme",
                tier="enterprise",  # what custom objects take
                users=[{"user_id": USER, "email": "ada@example.com", "super_admin": True}],
                seed={"contacts": 30, "companies": 8, "deals": 6, "tickets": 4},
            )

    def control(self, path: str, /, **body: Any) -> Any:
        answer = self.web.post(f"/_emulator/{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def app(self, **changes: Any) -> None:
        defaults = {
            "client_id": "client-1",
            "client_secret": "secret-1",
            "app_id": 9001,
            "redirect_uris": [REDIRECT],
            "required_scopes": ["oauth"],
            "conditional_scopes": SCOPES,
        }
        self.control("apps", **(defaults | changes))

    def fault(self, action: str, path: str, count: int = 1, **params: Any) -> None:
        self.control("faults", match={"path": path}, action=action, params=params, count=count)

    def tokens(self, hub_id: int = HUB, scopes: list[str] | None = None) -> dict[str, Any]:
        body: dict[str, Any] = {"client_id": "client-1", "user_id": USER, "scopes": ["oauth", *(scopes or SCOPES)]}
        answer: dict[str, Any] = self.control(f"portals/{hub_id}/tokens", **body)
        return answer

    def client(self, token: str | None = None, *, origin: str = "na1", **options: Any) -> Client:
        tokens = options.pop("tokens", None) or StaticToken(token or self.tokens()["access_token"])
        return Client(
            tokens,
            hub_id=HUB,
            surroundings=Surroundings(observer=self.log, retries=options.pop("retries", NO_RETRIES)),
            transport=self.transport,
            api_url=ORIGINS[origin],
            hosts=lambda _, hublet: ORIGINS.get(hublet),
            **options,
        )

    def oauth(self, secret: str = "secret-1", client_id: str = "client-1") -> OAuth:
        return OAuth(
            client_id=client_id,
            client_secret=Secret(secret),
            api_url=ORIGINS["na1"],
            app_url=ORIGINS["na1"],
            surroundings=Surroundings(observer=self.log),
            transport=self.transport,
        )

    def code(self, hub_id: int = HUB, **options: Any) -> Secret:
        """Grant on the consent page, as a user does, and come back with a code."""
        url = self.oauth().authorize_url(
            redirect_uri=REDIRECT, scopes=["oauth", *SCOPES], state="state-1", hub_id=hub_id, **options
        )
        answer = self.web.post(url, data={"user_id": str(USER), "decision": "grant"})
        assert answer.status_code == 302, answer.text
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        assert query["state"] == ["state-1"]
        return Secret(query["code"][0])


def never_limited() -> Limits:
    """Rate windows on a clock that is always far ahead."""
    ticks = itertools.count(step=100)
    return Limits(now=lambda: float(next(ticks)))
