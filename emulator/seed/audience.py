"""Whom seeded marketing reaches, and when: the portal's contacts, or people whom the account does not know."""

from __future__ import annotations

import random
import uuid

from emulator.crm.object_types import CONTACT
from emulator.crm.records import Record
from emulator.portals import Portal
from emulator.seed.words import PLACES


class Audience:
    def __init__(self, portal: Portal, dice: random.Random, past_ms: int) -> None:
        self.portal = portal
        self.dice = dice
        self.now = portal.crm.clock.now_ms()
        self.past_ms = past_ms
        self.site = f"https://www.portal-{portal.hub_id}.example"
        self.places = PLACES.get(portal.hublet, PLACES["na1"])
        self._contacts = portal.crm.table(CONTACT)

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    def times(self, count: int) -> list[int]:
        """One after the other over the time before now."""
        step = self.past_ms / max(1, count)
        begin = self.now - self.past_ms
        return [begin + int(step * (place + self.dice.random())) for place in range(count)]

    def since(self, at: int) -> int:
        """Some time between then and now."""
        return at + int(self.dice.random() * max(0, self.now - at))

    def contact(self) -> Record | None:
        live = self._contacts.live
        return self._contacts.records[live[self.dice.randrange(len(live))]] if live else None

    def person(self) -> dict[str, str]:
        contact = self.contact()
        if contact is not None and contact.values.get("email"):
            return contact.values
        return {"email": f"visitor{self.dice.randrange(10**6)}@mail.example", "firstname": "A.", "lastname": "Visitor"}
