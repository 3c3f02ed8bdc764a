"""The roles that users can have. HubSpot's are made in its settings; here every account has the same few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Role:
    role_id: str
    name: str
    paid: bool

    def as_json(self) -> dict[str, Any]:
        return {"id": self.role_id, "name": self.name, "requiresBillingWrite": self.paid}


ROLES = {
    role.role_id: role
    for role in (
        Role("30411", "Sales representative", True),
        Role("30412", "Service representative", True),
        Role("30413", "Marketing manager", False),
        Role("30414", "View only", False),
    )
}
