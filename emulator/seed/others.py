"""Records of every other kind: activities about contacts, what is sold with deals, and the rest.

Values follow from the definitions of the properties, so that a new kind can be seeded without a word here.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping

from emulator.crm.catalog.library import USERS
from emulator.crm.object_types import COMPANY, CONTACT, CORE, DEAL, TICKET, ObjectType
from emulator.crm.properties import Property
from emulator.crm.records import Record, by_user
from emulator.instants import DAY_MS, date_of, iso
from emulator.portals import Portal
from emulator.seed.spread import IMPORT, PAST_MS, add_records
from emulator.seed.words import ACTIVITY_PHRASES

_PARTNERS = (CONTACT, COMPANY, DEAL, TICKET)
_LINKED = 0.7

Maker = Callable[[int], str]


def seedable(kind: ObjectType) -> bool:
    """Users are people, who come with the account."""
    return kind is not USERS.kind


def fill_others(portal: Portal, counts: Mapping[str, int], random_seed: int) -> None:
    with portal.crm.lock:
        filler = _Filler(portal, random.Random(f"{random_seed}/others"))
        for kind in portal.crm.types:
            if kind not in CORE and seedable(kind):
                filler.add(kind, counts.get(kind.plural, 0))


class _Filler:
    def __init__(self, portal: Portal, dice: random.Random) -> None:
        self._crm = portal.crm
        self._dice = dice
        self._now = portal.crm.clock.now_ms()
        self._owners = [str(owner_id) for owner_id in portal.crm.owners]
        self._authors = [*(by_user(user.user_id) for user in portal.users), IMPORT]

    def add(self, kind: ObjectType, count: int) -> None:
        if not count:
            return
        makers = self._makers(kind)
        records = add_records(
            self._crm.table(kind),
            count,
            lambda number: self._values(kind, makers, number),
            self._dice,
            self._authors,
            self._now,
        )
        for record in records:
            self._link(kind, record)

    def _values(self, kind: ObjectType, makers: Mapping[str, Maker], record_id: int) -> dict[str, str]:
        values = {name: make(record_id) for name, make in makers.items()}
        values |= self._stage(kind)
        if self._owners and self._dice.random() < 0.75:
            values["hubspot_owner_id"] = self._dice.choice(self._owners)
        return {name: value for name, value in values.items() if value}

    def _stage(self, kind: ObjectType) -> dict[str, str]:
        names = {each.values_from: each.name for each in self._crm.schema(kind).all() if each.values_from}
        pipelines = self._crm.pipelines.all(kind.type_id)
        if "pipeline" not in names or not pipelines:
            return {}
        pipeline = self._dice.choice(pipelines)
        return {names["pipeline"]: pipeline.id, names["stage"]: self._dice.choice(pipeline.stages).id}

    # -- values ----------------------------------------------------------------------------------------------------

    def _makers(self, kind: ObjectType) -> dict[str, Maker]:
        """How to make up each value that may be written."""
        writable = [each for each in self._crm.schema(kind).all() if not each.read_only and each.values_from is None]
        return {each.name: self._maker(each) for each in writable}

    def _maker(self, definition: Property) -> Maker:
        dice = self._dice
        if definition.name in _SPECIAL:
            make = _SPECIAL[definition.name]
            return lambda _: make(dice)
        if definition.options:
            values = [option.value for option in definition.options]
            return lambda _: dice.choice(values)
        if definition.type == "number":
            return lambda _: str(dice.randrange(1, 500))
        if definition.type == "date":
            return lambda _: date_of(self._time())
        if definition.type == "datetime":
            return lambda _: iso(self._time() // 1000 * 1000)
        if phrases := ACTIVITY_PHRASES.get(definition.name):
            return lambda _: dice.choice(phrases)
        return lambda number: f"{definition.label} {number}"

    def _time(self) -> int:
        return self._now - self._dice.randrange(PAST_MS) + 30 * DAY_MS

    # -- associations ----------------------------------------------------------------------------------------------

    def _link(self, kind: ObjectType, record: Record) -> None:
        """With a contact and whom that one works for, and with a deal or a ticket, where such a pair can be."""
        contact_id = self._any(CONTACT)
        if contact_id is not None:
            self._put(kind, record.id, CONTACT, contact_id)
            for company_id in list(self._crm.links.targets(CONTACT, contact_id, COMPANY))[:1]:
                self._put(kind, record.id, COMPANY, company_id)
        for partner in (DEAL, TICKET):
            number = self._any(partner)
            if number is not None and self._dice.random() < _LINKED:
                self._put(kind, record.id, partner, number)

    def _any(self, kind: ObjectType) -> int | None:
        live = self._crm.table(kind).live
        return live[self._dice.randrange(len(live))] if live else None

    def _put(self, kind: ObjectType, record_id: int, to_type: ObjectType, to_id: int) -> None:
        """The plain type; the one that a record of this kind cannot be without, too."""
        types = self._crm.association_types
        plain = types.default(kind, to_type)
        wanted = {plain.key} if plain is not None else set()
        wanted |= {key for key in kind.belongs_by if types[key].to_type is to_type}
        for key in sorted(wanted):
            self._crm.links.put_unchecked(types[key], record_id, to_id)


def _headers(dice: random.Random) -> str:
    """Who wrote to whom, as e-mails keep it."""
    sender, receiver = (f"person{dice.randrange(1_000)}@mail.example" for _ in range(2))
    return json.dumps({"from": {"email": sender}, "to": [{"email": receiver}], "cc": [], "bcc": []})


_SPECIAL: dict[str, Callable[[random.Random], str]] = {
    "hs_email_headers": _headers,
    # No files are kept.
    "hs_attachment_ids": lambda _: "",
    "hs_task_reminders": lambda _: "",
    "hs_call_duration": lambda dice: str(dice.randrange(5, 1_800) * 1_000),
    "hs_call_from_number": lambda dice: f"+1 617 {dice.randrange(200, 999)} {dice.randrange(1_000, 9_999)}",
    "hs_call_to_number": lambda dice: f"+1 512 {dice.randrange(200, 999)} {dice.randrange(1_000, 9_999)}",
    "hs_call_recording_url": lambda _: "",
}
