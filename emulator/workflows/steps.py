"""Performing one action for one record."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.clock import wall_ms
from emulator.crm import writes
from emulator.crm.records import Source
from emulator.errors import HubSpotError
from emulator.oauth.apps import App
from emulator.portals import Portal
from emulator.webhooks.sender import DeliveryFailed
from emulator.workflows.answers import judge_execution, judge_webhook, try_again
from emulator.workflows.plans import Action, CustomAction, Delay, SendWebhook, SetProperty, Signature
from emulator.workflows.records import enrolled_record
from emulator.workflows.requests import Sight, Timeouts, execution_request, webhook_request
from emulator.workflows.runs import Failed, Gone, Outcome, Run, Succeeded
from emulator.workflows.wire import Fetcher, Incoming, Outgoing

if TYPE_CHECKING:
    from emulator.world import Emulator


@dataclass
class Exchange:
    """One request and what came of it."""

    request: Outgoing
    answer: Incoming | None = None
    error: str | None = None
    sent_at_ms: int = field(default_factory=wall_ms)
    duration_ms: int = 0


def exchange(fetch: Fetcher, request: Outgoing) -> Exchange:
    done = Exchange(request)
    started = time.monotonic()
    try:
        done.answer = fetch(request)
    except DeliveryFailed as failure:
        done.error = str(failure)
    done.duration_ms = int((time.monotonic() - started) * 1000)
    return done


@dataclass
class Step:
    outcome: Outcome
    exchange: Exchange | None = None


class Steps:
    """Sends what an action sends. No lock is held meanwhile."""

    def __init__(self, emulator: Emulator, fetch: Fetcher, timeouts: Timeouts) -> None:
        self._emulator = emulator
        self._fetch = fetch
        self._timeouts = timeouts

    def perform(self, run: Run, action: Action) -> Step:
        portal = self._emulator.portals.get(run.hub_id)
        if portal is None or self._sight(portal, run) is None:
            return Step(Gone())
        match action:
            case Delay(seconds=seconds):
                return Step(Succeeded({}, wait_ms=int(seconds * 1000)))
            case SetProperty():
                return Step(self._set_property(portal, run, action))
            case SendWebhook():
                return self._send_webhook(portal, run, action)
            case CustomAction():
                return self._custom_action(portal, run, action)

    def _sight(self, portal: Portal, run: Run) -> Sight | None:
        with portal.crm.lock:
            found = enrolled_record(portal.crm, run.type_id, run.record_id)
            return None if found is None else Sight(portal.crm, *found, run)

    def _set_property(self, portal: Portal, run: Run, action: SetProperty) -> Outcome:
        source = Source("AUTOMATION_PLATFORM", f"enrollmentId:{run.id};actionExecutionIndex:{run.position}")
        with portal.crm.lock:
            sight = self._sight(portal, run)
            if sight is None:
                return Gone()
            try:
                writes.update(portal.crm, sight.kind, sight.record, {action.name: sight.resolve(action.value)}, source)
            except HubSpotError as refused:
                return Failed(refused.message)
        return Succeeded({})

    def _send_webhook(self, portal: Portal, run: Run, action: SendWebhook) -> Step:
        signer: App | None = None
        if isinstance(action.auth, Signature):
            signer = self.app(action.auth.app_id)
            if signer is None:
                return Step(Failed(f"there is no app {action.auth.app_id} to sign for"))
        with portal.crm.lock:
            sight = self._sight(portal, run)
            if sight is None:
                return Step(Gone())
            request = webhook_request(action, sight, signer, self._timeouts)
        done = exchange(self._fetch, request)
        return Step(self._judged(run, done) or judge_webhook(run, self._now(), _answer(done)), done)

    def _custom_action(self, portal: Portal, run: Run, action: CustomAction) -> Step:
        definition = self._emulator.workflows.definitions.by_id.get(action.definition_id)
        if definition is None or definition.archived_at is not None:
            return Step(Failed(f"custom action {action.definition_id} is gone"))
        app = self.app(definition.app_id)
        if app is None or self._emulator.grants.install(app.client_id, run.hub_id) is None:
            return Step(Failed(f"app {definition.app_id} is not installed"))
        with portal.crm.lock:
            sight = self._sight(portal, run)
            if sight is None:
                return Step(Gone())
            request = execution_request(definition, action.input_fields, sight, app, self._timeouts)
            inputs = resolved(action, sight)
        done = exchange(self._fetch, request)
        outcome = self._judged(run, done) or judge_execution(run, self._now(), _answer(done), definition, inputs)
        return Step(outcome, done)

    def _judged(self, run: Run, done: Exchange) -> Outcome | None:
        """When no answer came."""
        return try_again(run, self._now(), None, done.error or "") if done.answer is None else None

    def _now(self) -> int:
        return self._emulator.clock.now_ms()

    def app(self, app_id: int) -> App | None:
        return next((app for app in list(self._emulator.apps.values()) if app.app_id == app_id), None)

    def inputs_of(self, run: Run, action: CustomAction) -> Mapping[str, str]:
        """For the messages of a completion."""
        portal = self._emulator.portals.get(run.hub_id)
        if portal is None:
            return {}
        with portal.crm.lock:
            sight = self._sight(portal, run)
            return {} if sight is None else resolved(action, sight)


def resolved(action: CustomAction, sight: Sight) -> dict[str, str]:
    values = {name: sight.resolve(value) for name, value in action.input_fields.items()}
    return {name: value for name, value in values.items() if value is not None}


def _answer(done: Exchange) -> Incoming:
    assert done.answer is not None
    return done.answer
