"""Workflows as the rest of the emulator knows them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from emulator.clock import wall_ms
from emulator.crm.changes import Write
from emulator.errors import InvalidInput, ObjectNotFound
from emulator.ledger import Ledger
from emulator.oauth.apps import App
from emulator.portals import Portal
from emulator.workflows.answers import FINAL_STATES, STATE, finished, texts
from emulator.workflows.book import Book
from emulator.workflows.definitions import Definitions
from emulator.workflows.executions import Execution
from emulator.workflows.plans import Action, CustomAction, Delay, Plan, SendWebhook, SetProperty, Workflow
from emulator.workflows.requests import Timeouts
from emulator.workflows.runs import Blocked, Failed, Gone, Outcome, Run, State, Succeeded, TryAgain
from emulator.workflows.scheduler import Scheduler
from emulator.workflows.steps import Exchange, Step, Steps
from emulator.workflows.wire import Fetcher

if TYPE_CHECKING:
    from emulator.world import Emulator


class Workflows:
    """`changed` is the lock of all but the definitions, which are under the emulator's.

    It is taken after the emulator's and the portal's; under it only ledgers' locks may be taken.
    """

    def __init__(self, emulator: Emulator, fetch: Fetcher, timeouts: Timeouts) -> None:
        self.definitions = Definitions()
        self.book = Book()
        self.changed = threading.Condition(threading.RLock())
        self.ledger: Ledger[Execution] = Ledger(100_000, lambda row: row.weight)
        self.fetch = fetch
        self.timeouts = timeouts
        self._clock = emulator.clock
        self._steps = Steps(emulator, fetch, timeouts)
        self.scheduler = Scheduler(emulator.clock, self.changed, self)

    # -- workflows and who is in them ------------------------------------------------------------------------------

    def define(self, portal: Portal, plan: Plan, before: Workflow | None = None) -> Workflow:
        """A new workflow, or another plan for one. Its kind of record stays.

        Raises UnknownObjectType.
        """
        with portal.crm.lock:
            kind = portal.crm.object_type(plan.object_type)
        with self.changed:
            now = self._clock.now_ms()
            if before is None:
                return self.book.define(portal.hub_id, kind.type_id, plan, now)
            self.book.redefine(before, plan, now)
            return before

    def remove(self, workflow: Workflow) -> None:
        with self.changed:
            self.book.remove(workflow)

    def drop(self, hub_id: int) -> None:
        """The account is gone."""
        with self.changed:
            for workflow in self.book.of_portal(hub_id):
                self.book.remove(workflow)

    def enroll(
        self, workflow: Workflow, record_id: int, event: Mapping[str, str] | None = None, *, manual: bool = False
    ) -> str | None:
        """Why not, or None when the record is enrolled."""
        with self.changed:
            if workflow.id not in self.book.workflows:
                return "the workflow is gone"
            refusal = self.book.refusal(workflow, record_id, manual=manual)
            if refusal is None:
                self.scheduler.put(self.book.enroll(workflow, record_id, self._clock.now_ms(), dict(event or {})))
            return refusal

    def unenroll(self, workflow: Workflow, record_id: int) -> bool:
        """Take a record out; what is under way for it is not called back. Whether it was on the way."""
        with self.changed:
            found = [
                run for run in self.book.runs.values() if (run.workflow_id, run.record_id) == (workflow.id, record_id)
            ]
            for run in found:
                self.book.end(run, completed=False)
            return bool(found)

    def note(self, hub_id: int, write: Write) -> None:
        """Enrol whom a write concerns. Runs under the portal's lock."""
        for workflow, record_id in self.book.concerned(hub_id, write):
            self.enroll(workflow, record_id)

    # -- performing ------------------------------------------------------------------------------------------------

    def _action(self, run: Run) -> tuple[Workflow | None, Action | None]:
        workflow = self.book.workflows.get(run.workflow_id)
        actions = workflow.plan.actions if workflow is not None else ()
        return workflow, actions[run.position] if run.position < len(actions) else None

    def is_paced(self, run: Run) -> bool:
        return isinstance(self._action(run)[1], SendWebhook)

    def perform(self, run: Run) -> bool:
        _, action = self._action(run)
        if action is None:
            with self.changed:
                self.book.end(run, completed=True)
            return False
        if run.first_tried_at is None:
            run.first_tried_at = self._clock.now_ms()
        run.attempts += 1
        step = Step(Failed("the emulator failed"))
        try:
            step = self._steps.perform(run, action)
        finally:
            # Before anybody can see that the record went on.
            self._record(run, action, step)
            self._settle(run, step.outcome)
        return step.exchange is not None

    def _settle(self, run: Run, outcome: Outcome) -> None:
        with self.changed:
            if run.state is State.ENDED:
                return
            now = self._clock.now_ms()
            match outcome:
                case Gone():
                    self.book.end(run, completed=False)
                    return
                case TryAgain(wait_ms=wait_ms):
                    run.state, run.due = State.WAITING, now + wait_ms
                case Blocked(for_ms=for_ms):
                    run.state, run.due = State.BLOCKED, now + for_ms
                case Succeeded(outputs=outputs, wait_ms=wait_ms):
                    run.move_on(now + wait_ms, outputs)
                case Failed(outputs=outputs):
                    run.move_on(now, outputs)
            self._go_on(run)

    def _go_on(self, run: Run) -> None:
        """A record is through when its last action is done, however long the next one could wait."""
        if run.state is State.WAITING and self._action(run)[1] is None:
            self.book.end(run, completed=True)
        else:
            self.scheduler.put(run)

    # -- callbacks -------------------------------------------------------------------------------------------------

    def expire(self, run: Run) -> None:
        """The workflow goes on as if the action had succeeded without outputs."""
        self._close(run, "expired", Succeeded({}))

    def check_callback(self, app_id: int, hub_id: int, callback_id: str) -> tuple[Run, CustomAction]:
        """What a callback belongs to. Under the room's lock.

        Raises ObjectNotFound for what is not this app's in this account, InvalidInput for what is over.
        """
        run = self.book.blocked_on(callback_id)
        action = self._action(run)[1] if run is not None else None
        if run is None or not isinstance(action, CustomAction):
            if callback_id in self.book.settled and callback_id.startswith(f"ap-{hub_id}-"):
                raise InvalidInput(f"The callback {callback_id} was completed or has expired")
            raise ObjectNotFound(f"No callback with id {callback_id[:100]} is waiting")
        definition = self.definitions.by_id.get(action.definition_id)
        if definition is None or definition.app_id != app_id or run.hub_id != hub_id:
            raise ObjectNotFound(f"No callback with id {callback_id[:100]} is waiting")
        return run, action

    def complete(self, app_id: int, hub_id: int, completions: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Let blocked records go on: all of them, or none when one cannot.

        Raises ObjectNotFound or InvalidInput.
        """
        with self.changed:
            found = [(self.check_callback(app_id, hub_id, each), texts(given)) for each, given in completions]
            for _, outputs in found:
                if outputs.get(STATE, "SUCCESS") not in FINAL_STATES:
                    raise InvalidInput(f"{STATE} must be one of {', '.join(FINAL_STATES)}")
        for (run, action), outputs in found:
            inputs = self._steps.inputs_of(run, action)
            definition = self.definitions.by_id[action.definition_id]
            outcome = finished(definition, outputs.get(STATE, "SUCCESS"), outputs, inputs)
            with self.changed:
                if run.state is State.BLOCKED:
                    self._close(run, "completed", outcome)

    def _close(self, run: Run, word: str, outcome: Succeeded | Failed) -> None:
        self.book.settled.add(run.callback_id)
        self._add_row(run, "custom_action", word, outcome)
        run.move_on(self._clock.now_ms(), outcome.outputs)
        self._go_on(run)

    # -- the ledger ------------------------------------------------------------------------------------------------

    def _record(self, run: Run, action: Action, step: Step) -> None:
        self._add_row(run, _KINDS[type(action)], _WORDS[type(step.outcome)], step.outcome, step.exchange)

    def _add_row(self, run: Run, kind: str, word: str, outcome: Outcome, done: Exchange | None = None) -> None:
        attempt, position = run.attempts, run.position + 1
        message = getattr(outcome, "message", None)
        outputs = dict(getattr(outcome, "outputs", {}))
        occurred_at = self._clock.now_ms()
        whose = (run.hub_id, run.workflow_id, run.id, position, kind, run.type_id, run.record_id, attempt)
        self.ledger.add(
            lambda seq: with_exchange(Execution(seq, wall_ms(), occurred_at, *whose, word, message, outputs), done)
        )

    # -- the rest of the emulator ----------------------------------------------------------------------------------

    def app(self, app_id: int) -> App | None:
        return self._steps.app(app_id)

    def clear(self) -> None:
        self.replace(Book(), Definitions())
        self.ledger.clear()

    def replace(self, book: Book, definitions: Definitions) -> None:
        """What a snapshot held; who is on the way goes on."""
        with self.changed:
            for run in self.book.runs.values():
                run.state = State.ENDED
            self.scheduler.clear()
            self.book, self.definitions = book, definitions
            for run in book.runs.values():
                self.scheduler.put(run)


def with_exchange(row: Execution, done: Exchange | None) -> Execution:
    if done is None:
        return row
    answer = done.answer
    return row._replace(
        sent_at_ms=done.sent_at_ms,
        method=done.request.method,
        url=done.request.url,
        headers=done.request.headers,
        body=done.request.body,
        status=answer.status if answer else None,
        error=done.error,
        answer=answer.body[:2_048] if answer else b"",
        duration_ms=done.duration_ms,
    )


_KINDS: dict[type, str] = {
    SendWebhook: "send_webhook",
    CustomAction: "custom_action",
    SetProperty: "set_property",
    Delay: "delay",
}
_WORDS: dict[type, str] = {
    Succeeded: "succeeded",
    Failed: "failed",
    TryAgain: "retrying",
    Blocked: "blocked",
    Gone: "unenrolled",
}
