"""What the demo asks of the app from inside: keep the staff login, say what to register at HubSpot.

Run by `manage.py shell`, in a process of its own: the demo itself loads neither Django nor the app.
"""

from __future__ import annotations

import json
import os
from io import StringIO

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command


def main() -> None:
    """Print one line of JSON: what `demo.app_setup` reads."""
    if os.environ.get("DEMO_BEGINS"):
        call_command("declare_hubspot_idle")
    keep_staff_login(os.environ["DEMO_STAFF_USERNAME"], os.environ["DEMO_STAFF_PASSWORD"])
    wanted = {
        "scopes": settings.HUBSPOT_SCOPES,
        "optional_scopes": settings.HUBSPOT_OPTIONAL_SCOPES,
        "subscriptions": subscriptions(),
    }
    print(json.dumps(wanted))


def keep_staff_login(username: str, password: str) -> None:
    """Make the login that was printed work: at the first start, and also after somebody changed it."""
    staff, _ = User.objects.get_or_create(username=username)
    staff.is_staff = staff.is_superuser = staff.is_active = True
    if not staff.check_password(password):
        staff.set_password(password)
    staff.save(update_fields=["password", "is_staff", "is_superuser", "is_active"])


def subscriptions() -> list[dict[str, str]]:
    listed = StringIO()
    call_command("hubspot_subscriptions", "--list", "--format", "json", stdout=listed)
    found: list[dict[str, str]] = json.loads(listed.getvalue())
    return found
