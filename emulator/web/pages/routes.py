"""Where the pages for people are. Records have the addresses that HubSpot's own web app gives them."""

from __future__ import annotations

from emulator.web.origin import ForeignOrigin
from emulator.web.pages.account import Account, CloseAccount, Uninstall
from emulator.web.pages.accounts import Accounts, NewAccount
from emulator.web.pages.app import AppPage
from emulator.web.pages.apps import Apps, EditApp, NewApp
from emulator.web.pages.card import CardPage
from emulator.web.pages.clock import ClockPage, Reset, Snapshot
from emulator.web.pages.consent import Consent
from emulator.web.pages.deliveries import Deliveries
from emulator.web.pages.delivery import DeliveryPage
from emulator.web.pages.executions import ExecutionPage, Executions
from emulator.web.pages.faults import Faults
from emulator.web.pages.history import History
from emulator.web.pages.layout import STATIC, StaticFile
from emulator.web.pages.lists import NewRecord, RecordList
from emulator.web.pages.marketplace import ListingPage, Marketplace, Return
from emulator.web.pages.page import NoSuchPage as NoSuchPage
from emulator.web.pages.page import foreign
from emulator.web.pages.page import missing as missing
from emulator.web.pages.partners import Partners
from emulator.web.pages.record import RecordPage
from emulator.web.pages.requests import Requests
from emulator.web.pages.scenarios import Scenarios
from emulator.web.pages.subscriptions import AppSubscriptions
from emulator.web.pages.users import Users
from emulator.world import Emulator

REFUSALS = ((NoSuchPage, missing), (ForeignOrigin, foreign))


def routes(emulator: Emulator) -> list[tuple[str, object]]:
    consent = Consent(emulator)
    history = History(emulator)
    record = "/contacts/{hub_id}/record/{type_id}/{record_id}"
    return [
        ("/", Accounts(emulator)),
        ("/oauth/authorize", consent),
        ("/oauth/{hub_id}/authorize", consent),
        ("/marketplace/apps", Marketplace(emulator)),
        ("/marketplace/apps/{app_id}", ListingPage(emulator)),
        ("/app-install/{hub_id}/{install_id}", Return(emulator)),
        ("/contacts/{hub_id}/objects/{type_id}/views/all/list", RecordList(emulator)),
        ("/contacts/{hub_id}/objects/{type_id}/new", NewRecord(emulator)),
        (record, RecordPage(emulator)),
        (f"{record}/cards/{{app_id}}", CardPage(emulator)),
        (f"{record}/history", history),
        (f"{record}/history/{{name}}", history),
        (f"{record}/associations/{{to_type_id}}", Partners(emulator)),
        ("/_ui/accounts/new", NewAccount(emulator)),
        ("/_ui/accounts/{hub_id}", Account(emulator)),
        ("/_ui/accounts/{hub_id}/close", CloseAccount(emulator)),
        ("/_ui/accounts/{hub_id}/uninstall", Uninstall(emulator)),
        ("/_ui/accounts/{hub_id}/users", Users(emulator)),
        ("/_ui/apps", Apps(emulator)),
        ("/_ui/apps/new", NewApp(emulator)),
        ("/_ui/apps/{app_id}", AppPage(emulator)),
        ("/_ui/apps/{app_id}/edit", EditApp(emulator)),
        ("/_ui/apps/{app_id}/subscriptions", AppSubscriptions(emulator)),
        ("/_ui/deliveries", Deliveries(emulator)),
        ("/_ui/deliveries/{seq}", DeliveryPage(emulator)),
        ("/_ui/executions", Executions(emulator)),
        ("/_ui/executions/{seq}", ExecutionPage(emulator)),
        ("/_ui/requests", Requests(emulator)),
        ("/_ui/faults", Faults(emulator)),
        ("/_ui/scenarios", Scenarios(emulator)),
        ("/_ui/clock", ClockPage(emulator)),
        ("/_ui/reset", Reset(emulator)),
        ("/_ui/snapshot", Snapshot(emulator)),
        *((f"/_ui/static/{name}", StaticFile(name)) for name in STATIC),
    ]
