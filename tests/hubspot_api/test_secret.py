from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import traceback

import pytest

from hubspot_api.secret import Secret

CANARY = "na1-canary-token"


@dataclasses.dataclass(frozen=True)
class Holder:
    token: Secret


def test_only_reveal_gives_the_text_back() -> None:
    assert Secret(CANARY).reveal() == CANARY


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{!r:>40}".format,
        lambda secret: f"{secret}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the way log messages are made
        lambda secret: repr([secret, {"k": secret}, Holder(secret)]),
        lambda secret: repr(dataclasses.asdict(Holder(secret))),
        lambda secret: json.dumps({"k": secret}, default=str),
        lambda secret: repr(dir(secret)),
    ],
)
def test_no_way_of_showing_it_shows_the_text(show: object) -> None:
    assert callable(show)
    assert CANARY not in show(Secret(CANARY))


def test_it_does_not_join_other_text() -> None:
    with pytest.raises(TypeError):
        "Bearer " + Secret(CANARY)  # type: ignore[operator]
    with pytest.raises(TypeError):
        "".join([Secret(CANARY)])  # type: ignore[list-item]


@pytest.mark.parametrize("dump", [json.dumps, pickle.dumps, Secret.__getstate__])
def test_it_refuses_to_be_serialised(dump: object) -> None:
    assert callable(dump)
    with pytest.raises(TypeError):
        dump(Secret(CANARY))


def test_a_copy_is_the_secret_itself() -> None:
    secret = Secret(CANARY)
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"k": secret})["k"] is secret


def test_a_traceback_with_locals_does_not_show_it() -> None:
    secret = Secret(CANARY)
    try:
        raise ValueError(f"about {secret}")
    except ValueError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "secret = Secret(***)" in shown
    assert CANARY not in shown


def test_equality_and_truth_are_those_of_the_text() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("é")}) == 2
    assert Secret("\ud800é") == Secret("\ud800é")
    assert not Secret("")
    assert Secret(" ")
