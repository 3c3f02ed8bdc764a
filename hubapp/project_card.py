"""The app card as part of the app's HubSpot project: its configuration, its source, and the address it asks.

Shapes: HubSpot's page "App cards reference" and its template for 2026.03 (hubspot-project-components). The source uses
HubSpot's components only; what it asks and gets is in docs/architecture.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from crm.object_types import OBJECT_TYPES

Json = dict[str, Any]

FOLDER = "src/app/cards"
CARD = f"{FOLDER}/record-state-hsmeta.json"
PACKAGE = f"{FOLDER}/package.json"
SOURCE = f"{FOLDER}/RecordState.tsx"
ADDRESS = f"{FOLDER}/address.ts"
_SOURCE = Path(__file__).parent / "app_card" / "RecordState.tsx"


def files(earlier: Mapping[str, Any]) -> dict[str, Json | str]:
    """Return the card's files by path, none when it is switched off. What somebody wrote in its configuration stays."""
    if not settings.HUBSPOT_APP_CARD:
        return {}
    return {
        CARD: _card(earlier.get(CARD, {})),
        PACKAGE: _USUAL_PACKAGE | earlier.get(PACKAGE, {}),
        SOURCE: _SOURCE.read_text(),
        ADDRESS: f"// Written by `manage.py hubspot_project`.\n{_constant('ADDRESS', settings.PUBLIC_URL)}",
    }


def permitted(before: Json) -> Json:
    """Return the app's `permittedUrls`, with ours where the card needs it: HubSpot lets it call and frame no other."""
    if not settings.HUBSPOT_APP_CARD:
        return before
    ours = {name: list(dict.fromkeys([*before.get(name, []), settings.PUBLIC_URL])) for name in ("fetch", "iframe")}
    return before | ours


def _constant(name: str, value: str) -> str:
    return f"export const {name} = {json.dumps(value)};\n"


def _card(earlier: Json) -> Json:
    usual = {
        "name": "hubapp",
        "description": "Whether hubapp's copy of this record is in sync.",
        "location": "crm.record.sidebar",
        "entrypoint": "/app/cards/RecordState.tsx",
        "objectTypes": [object_type.plural for object_type in OBJECT_TYPES],
    }
    return {"uid": earlier.get("uid", "record-state"), "type": "card", "config": usual | earlier.get("config", {})}


_USUAL_PACKAGE: Json = {
    "name": "hubapp-cards",
    "version": "0.1.0",
    "private": True,
    "type": "module",
    "dependencies": {"@hubspot/ui-extensions": "latest", "react": "^18.2.0"},
    "devDependencies": {"@types/react": "^18", "typescript": "^5"},
}
