"""HubSpot's own client manages definitions and completes callbacks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from hubspot import HubSpot
from hubspot.automation.actions import (
    ApiException,
    BatchInputCallbackCompletionBatchRequest,
    CallbackCompletionBatchRequest,
    CallbackCompletionRequest,
    FieldTypeDefinition,
    InputFieldDefinition,
    Option,
    PublicActionDefinitionEgg,
    PublicActionDefinitionPatch,
    PublicActionFunction,
    PublicActionLabels,
)

from tests.emulator.custom_actions.developer import (
    ACTION_URL,
    KEY,
    Developer,
    answering,
)
from tests.emulator.hub import APP_ID


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        """Tests have no use for a server's log."""


@pytest.fixture
def address(developer: Developer) -> Iterator[str]:
    with make_server("127.0.0.1", 0, developer.hub.emulator.wsgi("na1"), handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _egg() -> PublicActionDefinitionEgg:
    red = Option(
        value="red", label="Red", description="", display_order=0, double_data=0.0, hidden=False, read_only=False
    )
    color = FieldTypeDefinition(
        name="color", type="enumeration", field_type="select", options=[red], external_options=False
    )
    return PublicActionDefinitionEgg(
        action_url=ACTION_URL,
        object_types=["CONTACT"],
        published=True,
        input_fields=[InputFieldDefinition(type_definition=color, is_required=True)],
        labels={"en": PublicActionLabels(action_name="Paint")},
        functions=[PublicActionFunction(function_type="POST_ACTION_EXECUTION", function_source="exports")],
    )


def test_the_official_client_manages_definitions(address: str) -> None:
    client = HubSpot(api_key=KEY, host=address).automation.actions
    made = client.definitions_api.create(APP_ID, _egg())
    assert (made.labels["en"].action_name, made.input_fields[0].type_definition.options[0].value) == ("Paint", "red")
    changed = client.definitions_api.update(made.id, APP_ID, PublicActionDefinitionPatch(published=False))
    assert (changed.published, changed.revision_id) == (False, "2")
    assert [each.id for each in client.definitions_api.get_page(APP_ID).results] == [made.id]
    revisions = client.revisions_api.get_page(made.id, APP_ID).results
    assert [each.definition.published for each in revisions] == [True, False]
    assert client.revisions_api.get_by_id(made.id, "2", APP_ID).created_at == revisions[1].created_at
    client.functions_api.create_or_replace(made.id, "PRE_FETCH_OPTIONS", "color", APP_ID, "exports.main")
    client.functions_api.create_or_replace_by_function_type(made.id, "POST_ACTION_EXECUTION", APP_ID, "new")
    kept = client.functions_api.get_by_id(made.id, "PRE_FETCH_OPTIONS", "color", APP_ID)
    assert (kept.function_source, kept.id) == ("exports.main", "color")
    assert client.functions_api.get_by_function_type(made.id, "POST_ACTION_EXECUTION", APP_ID).function_source == "new"
    assert len(client.functions_api.get_page(made.id, APP_ID).results) == 2
    client.functions_api.archive(made.id, "PRE_FETCH_OPTIONS", "color", APP_ID)
    client.functions_api.archive_by_function_type(made.id, "POST_ACTION_EXECUTION", APP_ID)
    assert client.functions_api.get_page(made.id, APP_ID).results == []
    client.definitions_api.archive(made.id, APP_ID)
    with pytest.raises(ApiException) as gone:
        client.definitions_api.get_by_id(made.id, APP_ID)
    assert gone.value.status == 404
    assert client.definitions_api.get_by_id(made.id, APP_ID, archived=True).archived_at is not None


def test_the_official_client_completes_callbacks(address: str, developer: Developer) -> None:
    developer.hub.actions.answer = answering(200, hs_execution_state="BLOCK")
    made = developer.create()
    first = developer.run(made)["callbackId"]
    second = developer.run(made)["callbackId"]
    client = HubSpot(access_token=developer.hub.token, host=address).automation.actions.callbacks_api
    outputs = {"hs_execution_state": "SUCCESS"}
    client.complete(first, CallbackCompletionRequest(output_fields=outputs))
    batch = [CallbackCompletionBatchRequest(callback_id=second, output_fields=outputs)]
    client.complete_batch(BatchInputCallbackCompletionBatchRequest(inputs=batch))
    assert developer.outcomes() == ["blocked", "blocked", "completed", "completed"]
    with pytest.raises(ApiException) as gone:
        client.complete("ap-1-2-3-4", CallbackCompletionRequest(output_fields=outputs))
    assert gone.value.status == 404
