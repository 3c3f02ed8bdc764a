from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from installations.credentials.vault import parse_keys


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("make_encryption_key", *arguments, stdout=out)
    return out.getvalue().strip()


def test_a_new_key_can_be_put_in_front_of_the_old_ones() -> None:
    old, new = printed("--id", "old"), printed()
    ring = parse_keys(f"{new},{old}")
    assert ring.first == new.partition(":")[0] != "old"
    assert set(ring.keys) == {ring.first, "old"}


@pytest.mark.parametrize("key_id", ["a:b", "a,b", " ", "é!"])
def test_an_id_that_would_break_the_list_is_refused(key_id: str) -> None:
    with pytest.raises(CommandError):
        printed("--id", key_id)
