"""/marketing/v3/forms, /forms/v2/forms and /form-integrations/v1/submissions"""

from __future__ import annotations

from bisect import bisect_right

import falcon

from emulator.errors import ResourceNotFound
from emulator.marketing.form_shapes import form_v2, form_v3, submission
from emulator.marketing.store import Marketing
from emulator.marketing.things import Form
from emulator.marketing.timeline import Place
from emulator.web.exchange import flag, names, number, reply
from emulator.web.gate import ApiResource, Caller
from emulator.web.legacy.parameters import count, position
from emulator.web.marketing.cursors import paged, read_place, write_place


class _FormResource(ApiResource):
    def permitted(self, req: falcon.Request) -> Caller:
        caller = self.caller(req)
        caller.require(["forms"])
        return caller


def _place(form: Form) -> Place:
    return form.created_at, form.id


def _form(marketing: Marketing, form_id: str) -> Form:
    form = marketing.forms.get(form_id)
    if form is None:
        raise ResourceNotFound(f"Form {form_id} does not exist")
    return form


class FormsV3(_FormResource):
    """Only HubSpot's own unless other types are asked for."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.permitted(req).portal
        after, most = read_place(req, "after"), number(req, "limit", 20, 1, 1_000)
        types = set(names(req, "formTypes")) or {"hubspot"}
        with portal.crm.lock:
            forms = sorted(portal.marketing.forms.values(), key=_place)
        wanted = [form for form in forms if "all" in types or form.type in types]
        if flag(req, "archived"):
            wanted = []
        start = bisect_right(wanted, after, key=_place) if after is not None else 0
        page, more = wanted[start : start + most], len(wanted) > start + most
        reply(resp, paged(req, [form_v3(form) for form in page], _place(page[-1]) if more else None))


class FormV3(_FormResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, form_id: str) -> None:
        portal = self.permitted(req).portal
        with portal.crm.lock:
            form = _form(portal.marketing, form_id)
        if flag(req, "archived"):
            raise ResourceNotFound(f"Form {form_id} does not exist")
        reply(resp, form_v3(form))


class FormsV2(_FormResource):
    """A bare array; all at once unless a limit is asked for. Of HubSpot's own unless other types are."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        portal = self.permitted(req).portal
        types = {each.lower() for each in names(req, "formTypes")} or {"hubspot"}
        start = position(req)
        most = count(req, "limit", 10_000, 10_000)
        with portal.crm.lock:
            forms = sorted(portal.marketing.forms.values(), key=_place)
        wanted = [form for form in forms if "all" in types or form.type in types]
        reply(resp, [form_v2(form, portal.hub_id) for form in wanted[start : start + most]])


class FormV2(_FormResource):
    def on_get(self, req: falcon.Request, resp: falcon.Response, form_id: str) -> None:
        portal = self.permitted(req).portal
        with portal.crm.lock:
            form = _form(portal.marketing, form_id)
        reply(resp, form_v2(form, portal.hub_id))


class Submissions(_FormResource):
    """Newest first, fifty at most. The link to the next page is its query only."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, form_id: str) -> None:
        portal = self.permitted(req).portal
        after, most = read_place(req, "after"), number(req, "limit", 20, 1, 50)
        with portal.crm.lock:
            form = _form(portal.marketing, form_id)
            found, following = portal.marketing.submissions(form.id).latest(behind=after, most=most)
        answer: dict[str, object] = {"results": [submission(sent) for sent in found]}
        if following is not None:
            token = write_place(following)
            answer["paging"] = {"next": {"after": token, "link": f"?after={token}"}}
        reply(resp, answer)
