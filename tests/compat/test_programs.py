"""Other people's programs, as they are published, take the emulator for HubSpot. `make compat` has the long form."""

from __future__ import annotations

from pathlib import Path

import pytest

from compat.__main__ import PROGRAMS
from compat.comparison import SHORT, Comparison, compare
from compat.environments import NotInstalled, installed

# Of what is compared, what a new account has none of: pipelines of its own, and owners who left.
NONE_YET = {"airbyte-source-hubspot": {"deal_pipelines", "ticket_pipelines", "owners_archived"}}
# New or changed on the working day, and gone; the latest of before may come again.
CONTACTS_OF_A_DAY = {"tap-hubspot": 7, "airbyte-source-hubspot": 7, "dlt": SHORT["contacts"] + 3}


def size(found: Comparison, sync: str, stream: str) -> int:
    [row] = [row for row in found.rows if (row.sync, row.stream) == (sync, stream)]
    return len(row.got)


@pytest.mark.compat
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_full_sync_and_an_incremental_one_bring_what_there_is(program: str, tmp_path: Path) -> None:
    found = compare(program, SHORT, tmp_path)
    assert [str(row) for row in found.rows if not row.ok] == []
    assert (found.strangers, found.refused) == ([], [])
    nothing = {row.stream for row in found.rows if row.sync == "full" and not row.wanted}
    assert nothing == NONE_YET.get(program, set())
    assert size(found, "full", "contacts") == SHORT["contacts"]
    assert size(found, "incremental", "contacts") == CONTACTS_OF_A_DAY[program]


@pytest.mark.compat
def test_a_registry_out_of_reach_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compat.environments.PLACE", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(NotInstalled, match="tap-hubspot could not be installed: is pip's package registry"):
        installed("tap-hubspot")
