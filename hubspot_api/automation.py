"""Workflows: who is in them, and custom actions of ours that a workflow waits for.

Sources: HubSpot's pages "Custom workflow actions" and, for enrolment, "Enroll a contact into a workflow", whose v2
path no later one has replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hubspot_api.client import Client
from hubspot_api.errors import HubSpotError
from hubspot_api.parts import parts_of
from hubspot_api.records import BatchResult

MOST_COMPLETIONS = 100  # of one call

_ENROLLMENT = "/automation/v2/workflows/{workflow_id}/enrollments/contacts/{email}"
_CALLBACKS = "/automation/actions/callbacks/{version}"


class ExecutionState(StrEnum):
    """How a custom action ended. In an answer to HubSpot's request there is also BLOCK: wait for the callback."""

    SUCCESS = "SUCCESS"
    FAIL_CONTINUE = "FAIL_CONTINUE"  # failed, and the workflow goes on


@dataclass(frozen=True, slots=True)
class Completion:
    """What to tell the workflow that waits on a callback: outputs for its later actions, values as text."""

    callback_id: str
    outputs: Mapping[str, str] = field(default_factory=dict, repr=False)
    state: ExecutionState = ExecutionState.SUCCESS


def enroll(client: Client, workflow_id: int, email: str) -> None:
    """Put a contact into a contact workflow, by hand so to speak, by the id that the workflow had before version 4.

    Who is in it already stays where they are. Raises NotFound (workflow or contact), BadRequest (it is off). Not
    repeated when the answer is lost: a short workflow that lets them in again would run twice.
    """
    client.request("POST", _ENROLLMENT, path_params={"workflow_id": workflow_id, "email": email})


def unenroll(client: Client, workflow_id: int, email: str) -> None:
    """Take a contact out of a workflow. Raises NotFound, also when they are not in it."""
    client.request("DELETE", _ENROLLMENT, path_params={"workflow_id": workflow_id, "email": email})


def complete(client: Client, completion: Completion) -> None:
    """Let the workflow go on that waits on a callback.

    Raises NotFound for an unknown callback, BadRequest for one that was completed before or has expired. Not repeated
    when the answer is lost: BadRequest afterwards means done.
    """
    path = _CALLBACKS + "/{callback_id}/complete"
    client.request("POST", path, path_params={"callback_id": completion.callback_id}, json=_wire(completion))


def complete_many(client: Client, completions: Sequence[Completion]) -> None:
    """Let the workflows go on that wait on these callbacks, any number, in hundreds. Raises what `complete` raises.

    HubSpot answers without a word on each, and does not say whether one that it refuses keeps it from the others of
    its hundred. When a later hundred fails, the exception's `partial.answered` says how many were done before it.
    """
    answered = 0
    for part in parts_of(completions, MOST_COMPLETIONS):
        inputs = [{"callbackId": each.callback_id, **_wire(each)} for each in part]
        try:
            client.request("POST", _CALLBACKS + "/complete", json={"inputs": inputs})
        except HubSpotError as error:
            error.partial = BatchResult(answered=answered)
            raise
        answered += len(part)


def _wire(completion: Completion) -> dict[str, object]:
    outputs = {**completion.outputs, "hs_execution_state": completion.state.value}
    # Required by HubSpot's specification, unknown to its page.
    return {"outputFields": outputs, "typedOutputs": {}}
