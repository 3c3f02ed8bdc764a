"""HubSpot's own client manages settings and subscriptions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from hubspot import HubSpot
from hubspot.webhooks import (
    ApiException,
    BatchInputSubscriptionBatchUpdateRequest,
    SettingsChangeRequest,
    SubscriptionBatchUpdateRequest,
    SubscriptionCreateRequest,
    SubscriptionPatchRequest,
    ThrottlingSettings,
)

from tests.emulator.hub import APP_ID, CLIENT_ID, TARGET, Hub, created
from tests.emulator.webhook_management.developer import KEY, Developer


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        """Tests have no use for a server's log."""


@pytest.fixture
def client(developer: Developer) -> Iterator[Any]:
    """The official client, with its host set and nothing else."""
    with make_server("127.0.0.1", 0, developer.hub.emulator.wsgi("na1"), handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield HubSpot(api_key=KEY, host=f"http://127.0.0.1:{server.server_port}").webhooks
        server.shutdown()
        thread.join()


def test_the_official_client_manages_settings(client: Any, hub: Hub) -> None:
    wanted = SettingsChangeRequest(target_url=TARGET, throttling=ThrottlingSettings(max_concurrent_requests=20))
    made = client.settings_api.configure(APP_ID, wanted)
    assert (made.target_url, made.throttling.max_concurrent_requests) == (TARGET, 20)
    assert client.settings_api.get_all(APP_ID).created_at == made.created_at
    client.settings_api.clear(APP_ID)
    with pytest.raises(ApiException) as gone:
        client.settings_api.get_all(APP_ID)
    assert gone.value.status == 404
    assert hub.emulator.apps[CLIENT_ID].webhook is None


def test_the_official_client_manages_subscriptions(client: Any, hub: Hub) -> None:
    api = client.subscriptions_api
    made = api.create(
        APP_ID,
        SubscriptionCreateRequest(event_type="contact.propertyChange", property_name="email", active=True),
    )
    hub.change(created())
    assert [str(event["subscriptionId"]) for event in hub.events()] == [made.id]
    assert api.update(int(made.id), APP_ID, SubscriptionPatchRequest(active=False)).active is False
    assert api.get_by_id(int(made.id), APP_ID).property_name == "email"
    batch = BatchInputSubscriptionBatchUpdateRequest(
        inputs=[
            SubscriptionBatchUpdateRequest(id=int(made.id), active=True),
            SubscriptionBatchUpdateRequest(id=4567, active=True),
        ]
    )
    partial = api.update_batch(APP_ID, batch)
    assert partial.num_errors == 1
    assert partial.errors[0].category == "SUBSCRIPTION_ID_NOT_FOUND"
    assert [each.active for each in api.get_all(APP_ID).results] == [True]
    api.archive(int(made.id), APP_ID)
    assert api.get_all(APP_ID).results == []
