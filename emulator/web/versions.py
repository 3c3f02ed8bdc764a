"""The generations of HubSpot's API, and where they differ.

Read from HubSpot's public OpenAPI collection (github.com/HubSpot/HubSpot-public-api-spec-collection).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Version:
    name: str
    # Partial failures answer 207; from 2026-09 on they hide in a 200.
    multi_status: bool = True
    # What creating associations in a batch answers.
    associations_created: int = 201
    # Archiving associations in a batch answers 204 without a body, or 200 with one.
    associations_archived: int = 200
    # The page of one record's associations under /associations/{to}.
    association_page: bool = True
    # Deleting for privacy was for contacts only.
    privacy_deletes_any: bool = False
    # Whether the rules of the account's admins hold for writes.
    enforces_rules: bool = False

    @property
    def dated(self) -> bool:
        return not self.name.startswith("v")

    def path(self, area: str) -> str:
        """For example /crm/v3/objects and /crm/objects/2026-03."""
        return f"/crm/{area}/{self.name}" if self.dated else f"/crm/{self.name}/{area}"


V3 = Version("v3", associations_archived=204)
V4 = Version("v4", associations_archived=204)
V2025_09 = Version("2025-09")
V2026_03 = Version("2026-03")
V2026_09 = Version(
    "2026-09",
    multi_status=False,
    associations_created=200,
    association_page=False,
    privacy_deletes_any=True,
    enforces_rules=True,
)

DATED = (V2025_09, V2026_03, V2026_09)
EVERY = (V3, V4, *DATED)
