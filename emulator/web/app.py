"""The WSGI application of one region's host: routes, options, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import falcon

from emulator.control import cards, installs, limits, scenarios, sunsets, write_rules
from emulator.control import private_apps as private_app_control
from emulator.control import resources as control
from emulator.control import users as people
from emulator.control import webhooks as webhook_control
from emulator.control import workflows as workflow_control
from emulator.control.fields import Rejected
from emulator.errors import HubSpotError
from emulator.web import (
    account,
    allowances,
    associations,
    batches,
    custom_actions,
    enrollments,
    exports,
    files,
    flows,
    imports,
    labels,
    lists,
    pipelines,
    private_apps,
    properties,
    record_associations,
    records,
    schemas,
    search,
    teams,
    tokens,
    users,
    webhooks,
)
from emulator.web.exchange import dumps, reply
from emulator.web.gate import ApiResource, Gate, call_of
from emulator.web.journal import routes as journal
from emulator.web.legacy import routes as legacy
from emulator.web.marketing import routes as marketing
from emulator.web.pages import routes as pages
from emulator.web.routing import SharedRouter
from emulator.web.versions import DATED, EVERY, V3, V4, V2026_03, V2026_09, Version

if TYPE_CHECKING:
    from emulator.world import Emulator

Application = falcon.App[falcon.Request, falcon.Response]
Route = tuple[str, type[ApiResource]]


def application(emulator: Emulator, hublet: str) -> Application:
    app = falcon.App(middleware=[Gate(emulator, hublet)], router=SharedRouter(routes(emulator)))
    app.req_options.strip_url_path_trailing_slash = True
    app.req_options.auto_parse_qs_csv = False
    app.req_options.keep_blank_qs_values = True
    app.resp_options.xml_error_serialization = False
    app.add_error_handler(HubSpotError, _refuse)
    app.set_error_serializer(_serialize)
    app.add_error_handler(Rejected, control.refuse)
    for failure, shown in pages.REFUSALS:
        app.add_error_handler(failure, shown)
    return app


def routes(emulator: Emulator) -> list[tuple[str, object]]:
    return [
        *_api(emulator),
        *webhooks.routes(emulator),
        *journal.routes(emulator),
        *custom_actions.routes(emulator),
        *enrollments.routes(emulator),
        *flows.routes(emulator),
        *control.routes(emulator),
        *people.routes(emulator),
        *private_app_control.routes(emulator),
        *installs.routes(emulator),
        *cards.routes(emulator),
        *limits.routes(emulator),
        *scenarios.routes(emulator),
        *write_rules.routes(emulator),
        *webhook_control.routes(emulator),
        *workflow_control.routes(emulator),
        *pages.routes(emulator),
        *legacy.routes(emulator),
        *marketing.routes(emulator),
        *sunsets.routes(emulator),
    ]


def _refuse(req: falcon.Request, resp: falcon.Response, error: Exception, _params: dict[str, Any]) -> None:
    assert isinstance(error, HubSpotError)
    resp.status = (
        f"{error.status} {_REASONS.get(error.status, '')}".strip() if error.status in _REASONS else error.status
    )
    resp.content_type = error.content_type
    resp.data = error.payload(call_of(req).correlation_id)
    for name, value in error.headers.items():
        resp.set_header(name, value)


# Statuses that are HubSpot's own.
_REASONS = {477: "Migration in Progress", 488: "Wrong Hublet"}


def _serialize(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
    """What the framework refuses by itself: unknown paths and methods."""
    if error.status_code == 404 and not call_of(req).api and not req.path.startswith("/_emulator"):
        pages.missing(req, resp, pages.NoSuchPage("There is no page at this address."), {})
        return
    if req.path.startswith("/_emulator") and error.status_code in (404, 405):
        reply(resp, {"error": control.unknown_call(req)}, error.status_code)
        return
    message = "resource not found" if error.status_code == 404 else f"HTTP {error.status}"
    body = {"status": "error", "message": message, "correlationId": call_of(req).correlation_id}
    resp.content_type = "application/json;charset=utf-8"
    resp.data = dumps(body)


def _api(emulator: Emulator) -> list[tuple[str, ApiResource]]:
    routes: list[tuple[str, ApiResource]] = []
    for version in EVERY:
        for path, resource in [*_record_routes(version), *_association_routes(version), *_metadata_routes(version)]:
            routes.append((path, resource(emulator, version)))
    for version in (V3, *DATED):
        for path, resource in _account_routes(version.name):
            routes.append((path, resource(emulator, version)))
    for version in (_V1, V3, V2026_03, V2026_09):
        for path, resource in _token_routes(version):
            routes.append((path, resource(emulator, version)))
    routes += [*lists.routes(emulator), *allowances.routes(emulator)]
    routes += [*exports.routes(emulator), *imports.routes(emulator), *files.routes(emulator)]
    routes += [*users.routes(emulator), *teams.routes(emulator), *private_apps.routes(emulator)]
    return routes


_V1 = Version("v1")


def _record_routes(version: Version) -> list[Route]:
    base = version.path("objects") + "/{kind_name}"
    return [
        (base, records.RecordList),
        (f"{base}/{{record_id}}", records.RecordItem),
        (f"{base}/search", search.Search),
        (f"{base}/merge", records.Merge),
        (f"{base}/gdpr-delete", records.PrivacyDelete),
        (f"{base}/batch/read", batches.BatchRead),
        (f"{base}/batch/create", batches.BatchCreate),
        (f"{base}/batch/update", batches.BatchUpdate),
        (f"{base}/batch/upsert", batches.BatchUpsert),
        (f"{base}/batch/archive", batches.BatchArchive),
    ]


def _association_routes(version: Version) -> list[Route]:
    record = version.path("objects") + "/{kind_name}/{record_id}/associations"
    pair = version.path("associations") + "/{from_name}/{to_name}"
    routes: list[Route] = [
        (f"{pair}/batch/read", associations.BatchRead),
        (f"{pair}/batch/create", associations.BatchCreate),
        (f"{pair}/batch/archive", associations.BatchArchive),
    ]
    if version.association_page:
        routes.append((f"{record}/{{to_name}}", record_associations.AssociationPage))
    if version is V3:
        one = (f"{record}/{{to_name}}/{{to_id}}/{{type_name}}", record_associations.NamedAssociation)
        return [*routes, one, *labels.routes(version)]
    routes += [
        (f"{record}/default/{{to_name}}/{{to_id}}", record_associations.DefaultAssociation),
        (f"{record}/{{to_name}}/{{to_id}}", record_associations.AssociationPair),
        (f"{pair}/batch/associate/default", associations.BatchDefault),
        (f"{pair}/batch/labels/archive", associations.BatchLabelsArchive),
        *labels.routes(version),
    ]
    return routes


def _metadata_routes(version: Version) -> list[Route]:
    if version is V4:
        return []
    definitions = version.path("properties") + "/{kind_name}"
    owners = version.path("owners")
    return [
        (definitions, properties.PropertyList),
        (f"{definitions}/{{name}}", properties.PropertyItem),
        (f"{definitions}/batch/read", properties.PropertyBatchRead),
        (f"{definitions}/batch/create", properties.PropertyBatchCreate),
        (f"{definitions}/batch/archive", properties.PropertyBatchArchive),
        (f"{definitions}/groups", properties.GroupList),
        (f"{definitions}/groups/{{name}}", properties.GroupItem),
        *pipelines.routes(version),
        *schemas.routes(version),
        (owners, account.OwnerList),
        (f"{owners}/{{owner_id}}", account.OwnerItem),
    ]


def _account_routes(name: str) -> list[Route]:
    return [
        (f"/account-info/{name}/details", account.AccountDetails),
        (f"/account-info/{name}/api-usage/daily/private-apps", account.PrivateAppUsage),
        (f"/appinstalls/{name}/external-install", account.ExternalInstall),
    ]


def _token_routes(version: Version) -> list[Route]:
    base = f"/oauth/{version.name}"
    if version is _V1:
        return [
            (f"{base}/token", tokens.Token),
            (f"{base}/access-tokens/{{token}}", tokens.AccessTokenMetadata),
            (f"{base}/refresh-tokens/{{token}}", tokens.RefreshTokenMetadata),
        ]
    return [
        (f"{base}/token", tokens.Token),
        (f"{base}/token/introspect", tokens.Introspect),
        (f"{base}/token/revoke", tokens.Revoke),
    ]
