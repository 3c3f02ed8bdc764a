from __future__ import annotations

import json
from io import StringIO

from django.core.management import call_command


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("hubspot_subscriptions", "--list", *arguments, stdout=out)
    return out.getvalue()


def test_programs_read_json() -> None:
    wanted = json.loads(printed("--format", "json"))
    assert {"event_type": "contact.creation"} in wanted
    assert {"event_type": "contact.propertyChange", "property": "email"} in wanted


def test_people_read_a_line_each() -> None:
    lines = printed().splitlines()
    assert "deal.deletion" in lines
    assert "company.propertyChange name" in lines
