"""Where the pages for people are. Records have the addresses that HubSpot's own web app gives them."""

from __future__ import annotations

from emulator.web.pages.accounts import Accounts, Uninstall
from emulator.web.pages.consent import Consent
from emulator.web.pages.controls import Controls
from emulator.web.pages.layout import StaticFile
from emulator.web.pages.lists import NewRecord, RecordList
from emulator.web.pages.marketplace import ListingPage, Marketplace, Return
from emulator.web.pages.record import RecordPage
from emulator.web.pages.wire import Deliveries, Requests
from emulator.world import Emulator


def routes(emulator: Emulator) -> list[tuple[str, object]]:
    consent = Consent(emulator)
    return [
        ("/", Accounts(emulator)),
        ("/oauth/authorize", consent),
        ("/oauth/{hub_id}/authorize", consent),
        ("/marketplace/apps", Marketplace(emulator)),
        ("/marketplace/apps/{app_id}", ListingPage(emulator)),
        ("/app-install/{hub_id}/{install_id}", Return(emulator)),
        ("/contacts/{hub_id}/objects/{type_id}/views/all/list", RecordList(emulator)),
        ("/contacts/{hub_id}/objects/{type_id}/new", NewRecord(emulator)),
        ("/contacts/{hub_id}/record/{type_id}/{record_id}", RecordPage(emulator)),
        ("/_ui/accounts/{hub_id}/uninstall", Uninstall(emulator)),
        ("/_ui/deliveries", Deliveries(emulator)),
        ("/_ui/requests", Requests(emulator)),
        ("/_ui/controls", Controls(emulator)),
        ("/_ui/style.css", StaticFile("style.css", "text/css; charset=utf-8")),
        ("/_ui/icon.svg", StaticFile("icon.svg", "image/svg+xml")),
    ]
