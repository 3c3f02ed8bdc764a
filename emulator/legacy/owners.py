"""Owners as v2 showed them."""

from __future__ import annotations

from typing import Any

from emulator.crm.owners import Owner


def owner_v2(owner: Owner, hub_id: int) -> dict[str, Any]:
    user = owner.user
    return {
        "portalId": hub_id,
        "ownerId": owner.owner_id,
        "type": "PERSON",
        "firstName": user.first_name,
        "lastName": user.last_name,
        "email": user.email,
        "createdAt": owner.created_at,
        "updatedAt": owner.created_at,
        "remoteList": [
            {
                "id": owner.owner_id,
                "portalId": hub_id,
                "ownerId": owner.owner_id,
                "remoteId": str(user.user_id),
                "remoteType": "HUBSPOT",
                "active": not owner.archived,
            }
        ],
        "hasContactsAccess": True,
        "activeUserId": None if owner.archived else user.user_id,
        "userIdIncludingInactive": user.user_id,
        "isActive": not owner.archived,
    }
