"""Any order of consenting, exchanging, refreshing, revoking, uninstalling and waiting, against a small model of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx2
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.emulator.hub import ADMIN, CLIENT_ID, CRM_SCOPES, HUB, REDIRECT, SECRET, USER, Hub

OTHER_HUB = 5
ELSEWHERE = "http://localhost:8000/elsewhere"
CODE_LIFE, TOKEN_LIFE = 600, 1_800
NEEDED = "crm.objects.contacts.read"
SOME = ("crm.objects.deals.read", NEEDED)


@dataclass
class Code:
    hub_id: int
    user_id: int
    scopes: frozenset[str]
    dies_at: int


@dataclass(eq=False)
class Grant:
    hub_id: int
    user_id: int
    scopes: frozenset[str]


@dataclass
class Access:
    hub_id: int
    scopes: frozenset[str]
    dies_at: int


@dataclass
class Model:
    """What should be true, told in sets and dates and nothing else."""

    rotates: bool = False
    grace: int = 0
    now: int = 0
    configured: frozenset[str] = frozenset({"oauth", *CRM_SCOPES})
    approved: dict[int, frozenset[str]] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    # A refresh token, its grant, and when it dies; tokens stand in the order in which they were made.
    refreshes: dict[str, tuple[Grant, float]] = field(default_factory=dict)
    accesses: dict[str, Access] = field(default_factory=dict)

    def may_consent(self, hub_id: int, user_id: int, scopes: frozenset[str]) -> bool:
        return scopes <= self.configured and (user_id == ADMIN or scopes <= self.approved.get(hub_id, frozenset()))

    def grant_of(self, refresh: str) -> Grant | None:
        grant, dies_at = self.refreshes.get(refresh, (None, 0.0))
        return grant if self.now < dies_at else None

    def latest(self, hub_id: int, user_id: int) -> str | None:
        mine = (
            refresh
            for refresh, (grant, dies_at) in self.refreshes.items()
            if (grant.hub_id, grant.user_id, dies_at) == (hub_id, user_id, float("inf"))
        )
        return max(mine, key=list(self.refreshes).index, default=None)

    def alive(self, access: str) -> bool:
        return access in self.accesses and self.now < self.accesses[access].dies_at

    def uninstalled(self, hub_id: int, *, tokens_die: bool) -> None:
        self.approved.pop(hub_id)
        self.codes = {value: code for value, code in self.codes.items() if code.hub_id != hub_id}
        self.refreshes = {value: pair for value, pair in self.refreshes.items() if pair[0].hub_id != hub_id}
        if tokens_die:
            self.accesses = {value: token for value, token in self.accesses.items() if token.hub_id != hub_id}


# Mostly one user of one account, so that things meet.
hubs = st.sampled_from([HUB, HUB, HUB, OTHER_HUB])
users = st.sampled_from([ADMIN, ADMIN, ADMIN, USER])
subsets = st.frozensets(st.sampled_from(SOME), max_size=2).map(lambda some: frozenset({"oauth", *some}))
waits = st.sampled_from([1, 20, CODE_LIFE - 1, CODE_LIFE, TOKEN_LIFE - 1, TOKEN_LIFE, 100_000])


# Which of the values seen so far, counted from the newest: that is where mistakes would be.
recent = st.integers(0, 2)
a_code = precondition(lambda self: self.codes)
a_refresh = precondition(lambda self: self.refreshes)
an_access = precondition(lambda self: self.accesses)


class OAuth(RuleBasedStateMachine):
    """Every code and token that was ever seen may be used again, dead ones too."""

    @initialize(rotates=st.booleans(), grace=st.sampled_from([0, 30]))
    def begin(self, rotates: bool, grace: int) -> None:
        self.model = Model(rotates, grace)
        self.codes: list[str] = []
        self.refreshes: list[str] = []
        self.accesses: list[str] = []
        self.hub = Hub()
        self._configure()
        self.hub.portal()
        self.hub.portal(OTHER_HUB)
        # Stories begin where most of what can go wrong becomes possible.
        self.connect(HUB, ADMIN, frozenset({"oauth", NEEDED}))

    def _configure(self) -> None:
        self.hub.app(
            rotate_refresh_tokens=self.model.rotates,
            refresh_grace_s=self.model.grace,
            redirect_uris=[REDIRECT, ELSEWHERE],
            conditional_scopes=sorted(self.model.configured - {"oauth"}),
        )

    # -- what people do ------------------------------------------------------------------------------------------------

    @rule(hub_id=hubs, user_id=users, scopes=subsets)
    def consent(self, hub_id: int, user_id: int, scopes: frozenset[str]) -> None:
        self._consent(hub_id, user_id, scopes)

    @rule(hub_id=hubs, user_id=users, scopes=subsets)
    def connect(self, hub_id: int, user_id: int, scopes: frozenset[str]) -> None:
        if self._consent(hub_id, user_id, scopes):
            self.exchange(0, REDIRECT)

    def _consent(self, hub_id: int, user_id: int, scopes: frozenset[str]) -> bool:
        answer = self.hub.consent(hub_id, user_id, scope=" ".join(sorted(scopes)))
        if not self.model.may_consent(hub_id, user_id, scopes):
            assert answer.status_code == 400
            return False
        assert answer.status_code == 302
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        self.model.codes[code] = Code(hub_id, user_id, scopes, self.model.now + CODE_LIFE)
        self.codes.append(code)
        return True

    @rule(hub_id=hubs, live_on=st.booleans())
    def uninstall(self, hub_id: int, live_on: bool) -> None:
        body = {"tokens": "until_expiry" if live_on else "die"}
        answer = self.hub.http.post(f"/_emulator/portals/{hub_id}/uninstall", json=body)
        if hub_id not in self.model.approved:
            assert answer.status_code == 400
            return
        assert answer.status_code == 200
        self.model.uninstalled(hub_id, tokens_die=not live_on)

    @rule(seconds=waits)
    def wait(self, seconds: int) -> None:
        self.hub.advance(seconds)
        self.model.now += seconds

    @rule(scope=st.sampled_from(SOME), there=st.booleans(), reconnects=st.booleans())
    def configure(self, scope: str, there: bool, reconnects: bool) -> None:
        """The developer adds a scope, or takes one out. Tokens do not change before somebody connects again."""
        self.model.configured = self.model.configured | {scope} if there else self.model.configured - {scope}
        self._configure()
        if reconnects:
            self.connect(HUB, ADMIN, frozenset({"oauth"}))

    @rule(which=recent)
    @a_refresh
    def connect_again(self, which: int) -> None:
        """The app refreshes, and then the user connects it once more."""
        self.refresh(which, "2026-09")
        self.connect(HUB, ADMIN, frozenset({"oauth"}))

    @rule()
    def save_and_load(self) -> None:
        self.hub.control("PUT", "snapshot", self.hub.control("GET", "snapshot"))

    # -- what the app does ---------------------------------------------------------------------------------------------

    @a_code
    @rule(which=recent, redirect_uri=st.sampled_from([REDIRECT, REDIRECT, ELSEWHERE]))
    def exchange(self, which: int, redirect_uri: str) -> None:
        code = _recent(self.codes, which)
        answer = self.hub.exchange(code, redirect_uri=redirect_uri)
        known = self.model.codes.pop(code, None)
        if known is None:
            _refused(answer, "BAD_AUTH_CODE")
        elif self.model.now >= known.dies_at:
            _refused(answer, "EXPIRED_AUTH_CODE")
        elif redirect_uri != REDIRECT:
            _refused(answer, "BAD_REDIRECT_URI")
        else:
            self._exchanged(answer, known)

    def _exchanged(self, answer: httpx2.Response, code: Code) -> None:
        model, configured = self.model, self.model.configured
        approved = model.approved.get(code.hub_id, frozenset())
        model.approved[code.hub_id] = (approved | code.scopes) & configured
        latest = model.latest(code.hub_id, code.user_id)
        refresh: str = answer.json()["refresh_token"]
        if latest is None:
            assert refresh not in self.refreshes
            model.refreshes[refresh] = Grant(code.hub_id, code.user_id, code.scopes), float("inf")
            self.refreshes.append(refresh)
        else:
            assert refresh == latest
            grant = model.refreshes[latest][0]
            grant.scopes = (grant.scopes | code.scopes) & configured
        self._received(answer, model.refreshes[refresh][0])

    def _received(self, answer: httpx2.Response, grant: Grant) -> None:
        assert answer.status_code == 200
        body = answer.json()
        assert (body["hub_id"], body["expires_in"]) == (grant.hub_id, TOKEN_LIFE)
        assert body["scopes"] == sorted(grant.scopes)
        access: str = body["access_token"]
        assert access not in self.accesses
        self.accesses.append(access)
        self.model.accesses[access] = Access(grant.hub_id, grant.scopes, self.model.now + TOKEN_LIFE)

    @a_refresh
    @rule(which=recent, version=st.sampled_from(["v1", "v3", "2026-03", "2026-09"]))
    def refresh(self, which: int, version: str) -> None:
        model, refresh = self.model, _recent(self.refreshes, which)
        grant = model.grant_of(refresh)
        answer = self.hub.refresh(refresh, version)
        if grant is None:
            _refused(answer, "BAD_REFRESH_TOKEN")
            return
        self._received(answer, grant)
        fresh: str = answer.json()["refresh_token"]
        assert (fresh == refresh) == (not model.rotates)
        if model.rotates:
            assert fresh not in self.refreshes
            self.refreshes.append(fresh)
            model.refreshes[refresh] = grant, min(model.refreshes[refresh][1], model.now + model.grace)
            model.refreshes[fresh] = grant, float("inf")

    @a_refresh
    @rule(which=recent, refreshes_first=st.booleans())
    def revoke(self, which: int, refreshes_first: bool) -> None:
        if refreshes_first:
            self.refresh(which, "2026-09")
            which = 0
        refresh = _recent(self.refreshes, which)
        form = {"client_id": CLIENT_ID, "client_secret": SECRET, "token": refresh}
        assert self.hub.form("/oauth/2026-09/token/revoke", **form).status_code == 200
        grant = self.model.grant_of(refresh)
        if grant is not None:
            self.model.refreshes = {v: pair for v, pair in self.model.refreshes.items() if pair[0] is not grant}

    @an_access
    @rule(which=recent)
    def call(self, which: int) -> None:
        access = self.hub.token = _recent(self.accesses, which)
        answer = self.hub.get("/crm/objects/2026-09/contacts")
        if not self.model.alive(access):
            assert answer.status_code == 401
        elif NEEDED in self.model.accesses[access].scopes:
            assert answer.status_code == 200
        else:
            assert answer.status_code == 403
            assert answer.json()["category"] == "MISSING_SCOPES"

    @an_access
    @rule(which=recent)
    def leave(self, which: int) -> None:
        """The app uninstalls itself; so it may a second time, with a token that lives on."""
        access = self.hub.token = _recent(self.accesses, which)
        answer = self.hub.call("DELETE", "/appinstalls/2026-09/external-install")
        if not self.model.alive(access):
            assert answer.status_code == 401
            return
        assert answer.status_code == 204
        hub_id = self.model.accesses[access].hub_id
        self.model.approved.setdefault(hub_id, frozenset())
        self.model.uninstalled(hub_id, tokens_die=True)

    # -- always --------------------------------------------------------------------------------------------------------

    @invariant()
    def installs_are_what_the_model_says(self) -> None:
        state = self.hub.control("GET", "state")
        shown = {
            portal["hub_id"]: frozenset(install["scopes"])
            for portal in state["portals"]
            for install in portal["installs"]
        }
        assert shown == self.model.approved

    @invariant()
    def tokens_are_what_the_model_says(self) -> None:
        for refresh in self.refreshes[-3:]:
            grant = self.model.grant_of(refresh)
            shown = self.hub.introspect(refresh)
            assert shown["active"] == (grant is not None)
            if grant is not None:
                assert (shown["hub_id"], shown["user_id"]) == (grant.hub_id, grant.user_id)
                assert shown["scopes"] == sorted(grant.scopes)
        for access in self.accesses[-3:]:
            shown = self.hub.introspect(access)
            assert shown["active"] == self.model.alive(access)
            if shown["active"]:
                assert shown["scopes"] == sorted(self.model.accesses[access].scopes)
                assert shown["expires_in"] == self.model.accesses[access].dies_at - self.model.now


def _recent(seen: list[str], which: int) -> str:
    return seen[-1 - which % len(seen)]


def _refused(answer: httpx2.Response, status: str) -> None:
    assert answer.status_code == 400
    assert answer.json()["status"] == status


TestOAuth = OAuth.TestCase
TestOAuth.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
