"""The control API over HTTP. Every refusal is 400 `{"error"}`."""

from __future__ import annotations

import json
from typing import Any

import falcon

from emulator.control.apps import configure, read_fault
from emulator.control.changes import apply_changes
from emulator.control.fields import Fields, Rejected
from emulator.control.portals import add_marketing, issue_token, read_portal
from emulator.ids import id_of
from emulator.ledger import Delivery, Ledger, Request, Row
from emulator.oauth.apps import App
from emulator.portals import Portal
from emulator.state import record_counts
from emulator.web.exchange import no_content, raw_body, reply
from emulator.world import Emulator, UnknownApp


def body_of(req: falcon.Request) -> Any:
    """An empty body is an empty object."""
    text = raw_body(req)
    if not text.strip():
        return {}
    try:
        return json.loads(text)
    except ValueError as invalid:
        raise Rejected(f"the body is not JSON: {invalid}") from None
    except RecursionError:
        raise Rejected("the body is nested too deeply") from None


class ControlResource:
    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def portal(self, text: str) -> Portal:
        """Raises Rejected."""
        portal = self.emulator.portals.get(id_of(text) or 0)
        if portal is None:
            raise Rejected(f"there is no portal {text}")
        return portal


class Apps(ControlResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        reply(resp, _configured(configure(self.emulator, body_of(req))), 201)


def _configured(app: App) -> dict[str, Any]:
    subscriptions = [{"id": s.id, "event_type": s.event_type, "property": s.property_name} for s in app.subscriptions]
    return {
        "client_id": app.client_id,
        "app_id": app.app_id,
        "developer_api_key": app.developer_api_key,
        "subscriptions": subscriptions,
    }


class Portals(ControlResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = read_portal(self.emulator, body_of(req))
        self.emulator.add_portal(portal)
        counts = record_counts(portal.crm)
        reply(resp, {"hub_id": portal.hub_id, "hublet": portal.hublet, "records": counts}, 201)


class PortalItem(ControlResource):
    """DELETE: the account closes; its apps' refresh tokens answer BAD_HUB from then on."""

    def on_delete(self, _req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        self.emulator.remove_portal(self.portal(hub_id).hub_id)
        no_content(resp)


class Tokens(ControlResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        reply(resp, issue_token(self.emulator, self.portal(hub_id), body_of(req)))


class Changes(ControlResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        reply(resp, apply_changes(self.portal(hub_id), body_of(req)))


class MoreMarketing(ControlResource):
    """What happens meanwhile: forms are sent, e-mails opened, pages visited."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        reply(resp, {"added": add_marketing(self.portal(hub_id), body_of(req))})


class Uninstall(ControlResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response, hub_id: str) -> None:
        portal = self.portal(hub_id)
        fields = Fields(body_of(req), ("client_id", "tokens"))
        chosen = fields.choice("tokens", ("die", "until_expiry")) if "tokens" in fields else None
        app = self._app(portal, fields.optional_text("client_id"))
        live_on = None if chosen is None else chosen == "until_expiry"
        self.emulator.uninstall(app, portal.hub_id, tokens_live_on=live_on)
        reply(resp, {"hub_id": portal.hub_id, "client_id": app.client_id})

    def _app(self, portal: Portal, client_id: str | None) -> App:
        installed = [i.client_id for i in self.emulator.grants.installs.values() if i.hub_id == portal.hub_id]
        if client_id is None and len(installed) > 1:
            raise Rejected(f"portal {portal.hub_id} has several apps: name one by client_id")
        wanted = client_id or next(iter(installed), None)
        if wanted not in installed or wanted not in self.emulator.apps:
            raise Rejected(f"portal {portal.hub_id} has no such app installed")
        return self.emulator.apps[wanted]


class ClockResource(ControlResource):
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fields = Fields(body_of(req), ("advance_s",))
        self.emulator.advance(fields.amount("advance_s"))
        reply(resp, {"virtual_now": self.emulator.state()["virtual_now"]})


class Faults(ControlResource):
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        reply(resp, {"items": [fault.as_json() for fault in self.emulator.faults.all()]})

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        fault = read_fault(body_of(req), self.emulator.faults.next_id(), self.emulator.clock.now_ms())
        self.emulator.add_fault(fault)
        reply(resp, {"id": fault.id}, 201)

    def on_delete(self, _req: falcon.Request, resp: falcon.Response) -> None:
        self.emulator.faults.clear()
        no_content(resp)


class FaultItem(ControlResource):
    def on_get(self, _req: falcon.Request, resp: falcon.Response, fault_id: str) -> None:
        for fault in self.emulator.faults.all():
            if str(fault.id) == fault_id:
                reply(resp, fault.as_json())
                return
        raise Rejected(f"there is no fault {fault_id}")

    def on_delete(self, _req: falcon.Request, resp: falcon.Response, fault_id: str) -> None:
        if not self.emulator.faults.remove(id_of(fault_id) or 0):
            raise Rejected(f"there is no fault {fault_id}")
        no_content(resp)


def rows_since(req: falcon.Request, ledger: Ledger[Row]) -> tuple[list[Row], int]:
    """`since` is the number of the last row already seen, `next` what to pass then."""
    Fields(req.params, ("since", "limit", "hub_id"), "the query")
    hub_id = req.get_param("hub_id")
    return ledger.since(
        _query_number(req, "since", 0),
        min(_query_number(req, "limit", 1_000), 100_000),
        _query_number(req, "hub_id", 0) if hub_id else None,
    )


def _query_number(req: falcon.Request, name: str, default: int) -> int:
    text = req.get_param(name)
    if text is None or text == "":
        return default
    number = id_of(text)
    if number is None:
        raise Rejected(f"{name} must be a whole number")
    return number


class Requests(ControlResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        rows: list[Request]
        rows, following = rows_since(req, self.emulator.requests)
        reply(resp, {"items": [row._asdict() for row in rows], "next": following})


class DeliveriesResource(ControlResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        rows: list[Delivery]
        rows, following = rows_since(req, self.emulator.deliveries.ledger)
        reply(resp, {"items": [delivery_json(row) for row in rows], "next": following})


def delivery_json(row: Delivery) -> dict[str, Any]:
    shown = row._asdict()
    for left_out in ("body", "url", "headers", "answer", "error" if row.error is None else "status"):
        del shown[left_out]
    return shown | {"events": json.loads(row.body)}


class DeliveryItem(ControlResource):
    """GET: one delivery with what went out and what came back. POST: its events are sent again, now."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response, seq: str) -> None:
        row = self._row(seq)
        said = row.answer.decode("utf-8", "replace")
        reply(resp, delivery_json(row) | {"url": row.url, "headers": dict(row.headers), "answer": said})

    def on_post(self, _req: falcon.Request, resp: falcon.Response, seq: str) -> None:
        try:
            self.emulator.send_again(self._row(seq))
        except UnknownApp as unknown:
            raise Rejected(str(unknown)) from None
        no_content(resp)

    def _row(self, seq: str) -> Delivery:
        row = self.emulator.deliveries.ledger.find(id_of(seq) or 0)
        if row is None:
            raise Rejected(f"there is no delivery {seq}")
        return row


class State(ControlResource):
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        reply(resp, self.emulator.state())


class Reset(ControlResource):
    def on_post(self, _req: falcon.Request, resp: falcon.Response) -> None:
        self.emulator.reset()
        reply(resp, self.emulator.state())


class Snapshot(ControlResource):
    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        reply(resp, self.emulator.snapshot())

    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.emulator.load(body_of(req))
        reply(resp, self.emulator.state())


def routes(emulator: Emulator) -> list[tuple[str, ControlResource]]:
    portal = "/_emulator/portals/{hub_id}"
    return [
        ("/_emulator/apps", Apps(emulator)),
        ("/_emulator/portals", Portals(emulator)),
        (portal, PortalItem(emulator)),
        (f"{portal}/tokens", Tokens(emulator)),
        (f"{portal}/changes", Changes(emulator)),
        (f"{portal}/marketing", MoreMarketing(emulator)),
        (f"{portal}/uninstall", Uninstall(emulator)),
        ("/_emulator/clock", ClockResource(emulator)),
        ("/_emulator/faults", Faults(emulator)),
        ("/_emulator/faults/{fault_id}", FaultItem(emulator)),
        ("/_emulator/requests", Requests(emulator)),
        ("/_emulator/deliveries", DeliveriesResource(emulator)),
        ("/_emulator/deliveries/{seq}", DeliveryItem(emulator)),
        ("/_emulator/state", State(emulator)),
        ("/_emulator/reset", Reset(emulator)),
        ("/_emulator/snapshot", Snapshot(emulator)),
    ]


def refuse(_req: falcon.Request, resp: falcon.Response, error: Exception, _params: dict[str, Any]) -> None:
    reply(resp, {"error": str(error)}, 400)


def unknown_call(req: falcon.Request) -> str:
    return f"there is no control call {req.method} {req.path[:200]}; emulator/docs/control-api.md lists them"
