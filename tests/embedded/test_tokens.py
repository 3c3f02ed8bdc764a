"""The embedded view's tokens: good for one purpose, account and user, for minutes, and in no other form."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core import signing
from pytest_django import Settings

from embedded import tokens
from embedded.tokens import LIFE, Claims, Purpose, TokenRefused
from hubapp.scrubbing import scrub

NOW = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)
CLAIMS = Claims(uuid.UUID(int=7), 11, 22, NOW)
SECOND = timedelta(seconds=1)


def is_refused(purpose: Purpose, token: str, now: datetime = NOW) -> bool:
    try:
        tokens.verify(purpose, token, now)
    except TokenRefused:
        return True
    return False


@pytest.mark.parametrize("purpose", Purpose)
def test_a_token_says_what_it_was_given(purpose: Purpose) -> None:
    token = tokens.issue(purpose, CLAIMS)
    assert tokens.verify(purpose, token.reveal(), NOW) == CLAIMS
    assert tokens.issue(purpose, CLAIMS) == token
    assert token.reveal() not in f"{token} {token!r}"


def test_no_token_lives_longer_than_five_minutes() -> None:
    assert max(LIFE.values()) <= timedelta(minutes=5)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize(
    ("lives", "moved", "refused"),
    [
        (1, -SECOND, False),
        (1, 0 * SECOND, True),
        (1, timedelta(days=1), True),
        (0, -29 * SECOND, False),
        (0, -31 * SECOND, True),
        (0, -timedelta(days=1), True),
    ],
    ids=["at its end", "over", "long over", "a clock behind", "from the future", "from far in the future"],
)
def test_a_token_is_good_for_minutes(purpose: Purpose, lives: int, moved: timedelta, *, refused: bool) -> None:
    token = tokens.issue(purpose, CLAIMS).reveal()
    assert is_refused(purpose, token, NOW + lives * LIFE[purpose] + moved) == refused


@pytest.mark.parametrize(("given", "asked"), list(itertools.permutations(Purpose, 2)))
def test_a_token_for_one_purpose_is_none_for_another(given: Purpose, asked: Purpose) -> None:
    token = tokens.issue(given, CLAIMS).reveal()
    assert is_refused(asked, token)
    assert is_refused(asked, token.replace(f"_{given}_", f"_{asked}_")), "nor under its name"


@pytest.mark.parametrize("purpose", Purpose)
def test_every_byte_counts(purpose: Purpose) -> None:
    token = tokens.issue(purpose, CLAIMS).reveal()
    for at, char in enumerate(token):
        for other in ("A", "b", "_", "-", ".", "=", "é", "\0", ""):
            if other != char:
                assert is_refused(purpose, token[:at] + other + token[at + 1 :]), (at, other)
    for more in ("=", ".", "A", "\n", " ", token):
        assert is_refused(purpose, token + more), more
        assert is_refused(purpose, more + token), more
    assert not is_refused(purpose, token)


@pytest.mark.parametrize("token", ["", ".", "hubapp_open_", "hubapp_open_.", "hubapp_open_a.b", "x" * 1000, "\0", "é"])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert is_refused(Purpose.OPEN, token)


@pytest.mark.parametrize(
    "changed", [{"portal_id": 12}, {"user_id": 23}, {"visit_id": uuid.UUID(int=8)}, {"issued_at": NOW + SECOND}]
)
def test_other_claims_make_another_token(changed: dict[str, object]) -> None:
    mine = tokens.issue(Purpose.OPEN, CLAIMS).reveal()
    other = tokens.issue(Purpose.OPEN, replace(CLAIMS, **changed)).reveal()  # type: ignore[arg-type]
    head, signature = mine.rpartition(".")[0], other.rpartition(".")[2]
    assert mine != other
    assert is_refused(Purpose.OPEN, f"{head}.{signature}"), "a signature goes with its own claims only"


def test_what_others_sign_with_our_key_is_none(settings: Settings) -> None:
    payload = tokens.issue(Purpose.OPEN, CLAIMS).reveal().removeprefix("hubapp_open_").rpartition(".")[0]
    for salt in ("", "django.contrib.sessions", "embedded", "embedded.read"):
        signed = signing.Signer(sep=".", salt=salt).sign(payload)
        assert is_refused(Purpose.OPEN, f"hubapp_open_{signed}")


def test_another_key_makes_other_tokens(settings: Settings) -> None:
    token = tokens.issue(Purpose.OPEN, CLAIMS).reveal()
    settings.SECRET_KEY = "another"
    assert is_refused(Purpose.OPEN, token)


@pytest.mark.parametrize("purpose", Purpose)
def test_logs_know_one_when_they_see_it(purpose: Purpose) -> None:
    token = tokens.issue(purpose, CLAIMS).reveal()
    for text in (f"GET /embedded/view?token={token}", f"Bearer {token}", f"it was {token}, they said", f"({token})"):
        assert "hubapp_" not in scrub(text)
        assert token[-10:] not in scrub(text)
