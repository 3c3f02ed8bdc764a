from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from hubspot_api import errors
from hubspot_api.errors import HubSpotError, SignatureProblem
from hubspot_api.said import Call, ErrorDetail, Said
from tests.hubspot_api.fakes import START


def tree(root: type[HubSpotError] = HubSpotError) -> Iterator[type[HubSpotError]]:
    for kind in root.__subclasses__():
        if kind.__module__.startswith(f"{errors.__name__}."):
            yield kind
            yield from tree(kind)


KINDS = sorted(set(tree()), key=lambda kind: kind.__name__)


def example(kind: type[HubSpotError]) -> HubSpotError:
    if kind is errors.InvalidSignature:
        return errors.InvalidSignature(SignatureProblem.MISMATCH)
    said = Said(
        status=400,
        category="CATEGORY",
        sub_category="sub.CATEGORY",
        correlation_id="c-1",
        message="canary",
        details=(ErrorDetail("CODE", message="canary", context={"propertyName": ("email", "free text canary")}),),
        retry_at=START,
    )
    return kind("", Call("GET", "/a/{b}", 123), said)


@pytest.mark.parametrize("kind", KINDS)
def test_the_tree_that_the_package_draws_has_every_exception(kind: type[HubSpotError]) -> None:
    drawn = (errors.__doc__ or "").replace("─", " ").split()
    assert kind.__name__ in drawn


@pytest.mark.parametrize("kind", KINDS)
def test_each_says_what_happened_where_and_what_to_do(kind: type[HubSpotError]) -> None:
    text = str(example(kind))
    assert kind.happened in text
    assert text.endswith(f"{kind.advice}")
    if kind is not errors.InvalidSignature:
        assert text.startswith("GET /a/{b} (portal 123): ")
        assert "400, CATEGORY, sub.CATEGORY, correlation id c-1" in text


@pytest.mark.parametrize("kind", KINDS)
def test_none_shows_what_hubspot_quotes(kind: type[HubSpotError]) -> None:
    error = example(kind)
    assert "canary" not in f"{error} {error!r} {error.said} {error.args}"


@pytest.mark.parametrize("kind", KINDS)
def test_each_survives_pickling(kind: type[HubSpotError]) -> None:
    error = example(kind)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert copy.said == error.said
    assert copy.retry_at == error.retry_at


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_may_pass_by_itself_is_retryable(kind: type[HubSpotError]) -> None:
    passing = (
        errors.NoAnswer,
        errors.AnswerUnreadable,
        errors.Locked,
        errors.RateLimited,
        errors.Migrating,
        errors.ServerFailed,
    )
    assert kind.retryable == issubclass(kind, passing)


@pytest.mark.parametrize("kind", KINDS)
def test_only_refusals_and_unsent_calls_certainly_did_nothing(kind: type[HubSpotError]) -> None:
    harmless = (errors.NotSent, errors.Refused, errors.OAuthError, errors.InvalidSignature)
    assert kind.certainly_not_done == issubclass(kind, harmless)


def test_an_error_about_nothing_in_particular_still_reads() -> None:
    assert str(HubSpotError()) == "HubSpot: the call failed. Give HubSpot's support the correlation id."


def test_details_name_ids_and_trace_ids() -> None:
    detail = ErrorDetail(context={"ids": ("1", "2"), "id": ("3",), "objectWriteTraceId": ("t",)})
    assert detail.ids == ("1", "2", "3")
    assert detail.trace_ids == ("t",)
