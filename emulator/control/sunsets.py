"""Which old APIs are gone from when on."""

from __future__ import annotations

import falcon

from emulator.control.fields import Fields, Rejected
from emulator.control.resources import ControlResource, body_of
from emulator.legacy.sunsets import ANNOUNCED
from emulator.web.exchange import reply
from emulator.world import Emulator


class SunsetDates(ControlResource):
    """POST moves a date; null keeps the API alive."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        reply(resp, self.emulator.sunsets.as_json())

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        body = body_of(req)
        fields = Fields(body, ANNOUNCED)
        days = {name: fields.optional_text(name) for name in body}
        try:
            self.emulator.sunsets.move(days)
        except ValueError as invalid:
            raise Rejected(f"{invalid} is not a date") from None
        reply(resp, self.emulator.sunsets.as_json())


def routes(emulator: Emulator) -> list[tuple[str, ControlResource]]:
    return [("/_emulator/sunsets", SunsetDates(emulator))]
