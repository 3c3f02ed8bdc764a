"""The users of a portal as records of their own kind, which hold availability and working hours.

developers.hubspot.com/docs/guides/api/crm/objects/users: they come and go with the users, never through the API.
"""

from __future__ import annotations

from emulator.crm.catalog.library import USERS
from emulator.crm.owners import User
from emulator.crm.records import Record, Source
from emulator.crm.store import Crm

_ORIGIN = Source("CRM_UI", "settings")


def add_user_record(crm: Crm, user: User, at: int) -> Record:
    table = crm.table(USERS.kind)
    values = {
        "hs_email": user.email,
        "hs_given_name": user.first_name,
        "hs_family_name": user.last_name,
        "hs_internal_user_id": str(user.user_id),
        "hs_availability_status": "available",
    }
    record = Record(table.next_id, {name: value for name, value in values.items() if value}, at, _ORIGIN)
    table.add(record)
    return record


def remove_user_record(crm: Crm, user_id: int) -> None:
    table = crm.table(USERS.kind)
    for record in [each for each in table.records.values() if each.values.get("hs_internal_user_id") == str(user_id)]:
        table.forget(record)


def rename_user_record(crm: Crm, user: User) -> None:
    for record in crm.table(USERS.kind).records.values():
        if record.values.get("hs_internal_user_id") != str(user.user_id):
            continue
        for name, value in (("hs_given_name", user.first_name), ("hs_family_name", user.last_name)):
            if record.values.get(name, "") != value:
                record.set(name, value, crm.stamp(), _ORIGIN)
