from __future__ import annotations

import base64
import os
import uuid
from itertools import permutations

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from hubspot_api.secret import Secret
from installations.credentials import vault
from installations.credentials.vault import DataKeyDestroyed, KeyUnknown, SealBroken, Vault
from installations.models import DataKey, Portal
from tests.portals import make_portal


def key(name: str) -> str:
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


@pytest.fixture
def portal(db: None) -> Portal:
    return make_portal(connected=False)


def test_what_is_sealed_opens(portal: Portal) -> None:
    sealed = Vault(portal).seal("access_token", Secret("na1-secret"))
    assert "secret" not in sealed
    assert Vault(portal).open("access_token", sealed).reveal() == "na1-secret"


def test_the_same_secret_never_looks_the_same(portal: Portal) -> None:
    assert Vault(portal).seal("access_token", Secret("x")) != Vault(portal).seal("access_token", Secret("x"))


def test_a_ciphertext_opens_only_in_its_own_place(db: None) -> None:
    """Every swap of three portals and two columns is refused."""
    portals = [make_portal(connected=False) for _ in range(3)]
    places = [(portal, column) for portal in portals for column in ("access_token", "refresh_token")]
    sealed = {place: Vault(place[0]).seal(place[1], Secret("x")) for place in places}
    for here, there in permutations(places, 2):
        with pytest.raises(SealBroken):
            Vault(there[0]).open(there[1], sealed[here])


@pytest.mark.parametrize("broken", ["", "v1.", "v1.!!!", "v2.AAAA", "v1.AAAA", "nonsense"])
def test_garbage_is_refused(portal: Portal, broken: str) -> None:
    with pytest.raises(SealBroken, match="does not open"):
        Vault(portal).open("access_token", broken)


def test_a_flipped_bit_is_refused(portal: Portal) -> None:
    sealed = Vault(portal).seal("access_token", Secret("x"))
    raw = bytearray(base64.b64decode(sealed[3:]))
    raw[-1] ^= 1
    with pytest.raises(SealBroken):
        Vault(portal).open("access_token", "v1." + base64.b64encode(raw).decode())


def test_a_data_key_moved_to_another_portal_does_not_unwrap(db: None) -> None:
    one, other = make_portal(connected=False), make_portal(connected=False)
    DataKey.objects.filter(portal=other).update(wrapped=DataKey.objects.get(portal=one).wrapped)
    with pytest.raises(SealBroken):
        Vault(other)


def test_destroying_the_key_makes_everything_unreadable(portal: Portal) -> None:
    vault.destroy_data_key(portal)
    with pytest.raises(DataKeyDestroyed):
        Vault(portal)


def test_an_older_key_still_opens_and_rewrapping_lets_it_go(portal: Portal, settings: Settings) -> None:
    old = settings.ENCRYPTION_KEYS
    sealed = Vault(portal).seal("access_token", Secret("kept"))
    new = key("new")
    settings.ENCRYPTION_KEYS = f"{new},{old}"
    assert Vault(portal).open("access_token", sealed).reveal() == "kept"
    assert vault.rewrap(DataKey.objects.get(portal=portal))
    assert not vault.rewrap(DataKey.objects.get(portal=portal))
    settings.ENCRYPTION_KEYS = new
    assert Vault(portal).open("access_token", sealed).reveal() == "kept"


def test_a_missing_key_is_named(portal: Portal, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = key("other")
    with pytest.raises(KeyUnknown, match="test1"):
        Vault(portal)


@pytest.mark.parametrize(
    "text",
    ["", "nokey", "id:", "id:short", ":" + key("x").partition(":")[2], "id:AAAA", f"{key('a')},{key('a')}"],
    ids=["nothing", "nokey", "empty", "short", "no_id", "too_short", "twice"],
)
def test_wrong_keys_are_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        vault.parse_keys(text)
    assert "base64" in str(refused.value)
    assert text.partition(":")[2] not in str(refused.value) or not text.partition(":")[2]


def test_keys_do_not_show_in_a_repr() -> None:
    ring = vault.parse_keys(key("a"))
    assert repr(ring) == "KeyRing(a)"


def test_a_flow_secret_opens_only_for_its_row(db: None) -> None:
    row, other = uuid.uuid4(), uuid.uuid4()
    sealed = vault.seal_for_flow(row, Secret("x"))
    assert vault.open_for_flow(row, sealed).reveal() == "x"
    with pytest.raises(SealBroken):
        vault.open_for_flow(other, sealed)
