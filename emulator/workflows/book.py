"""The workflows of all accounts, and who is on the way through them. Read and changed under the room's lock."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator

from emulator.crm.changes import PropertyChanged, Write
from emulator.workflows.plans import Plan, PropertyTrigger, WebhookTrigger, Workflow
from emulator.workflows.runs import Run, State

_TOKEN_LETTERS = string.ascii_letters + string.digits
_TOKEN_LENGTH = 7


class Book:
    def __init__(self) -> None:
        self.workflows: dict[int, Workflow] = {}
        self.runs: dict[int, Run] = {}
        self.next_id = 585_051_001
        self.next_legacy_id = 10_901
        self.next_run = 56_776_413_001
        # Callbacks that are over: completed or expired.
        self.settled: set[str] = set()
        self._by_token: dict[tuple[int, str], Workflow] = {}
        self._watched: dict[int, dict[tuple[str, str], list[Workflow]]] = {}
        self._dice = random.SystemRandom()

    # -- workflows -------------------------------------------------------------------------------------------------

    def define(self, hub_id: int, type_id: str, plan: Plan, now: int) -> Workflow:
        made = Workflow(self.next_id, hub_id, type_id, plan, now, now, self.next_legacy_id)
        self.next_id += 1
        self.next_legacy_id += 1
        self._mint_token(made)
        self.add(made)
        return made

    def redefine(self, workflow: Workflow, plan: Plan, now: int) -> None:
        """Records on the way go on at the number where they are."""
        workflow.plan = plan
        workflow.revision += 1
        workflow.updated_at = now
        self._mint_token(workflow)
        self._index()

    def add(self, workflow: Workflow) -> None:
        self.workflows[workflow.id] = workflow
        self._index()

    def remove(self, workflow: Workflow) -> None:
        del self.workflows[workflow.id]
        for run in [run for run in self.runs.values() if run.workflow_id == workflow.id]:
            self.end(run, completed=False)
        self._index()

    def of_portal(self, hub_id: int) -> list[Workflow]:
        return [each for each in self.workflows.values() if each.hub_id == hub_id]

    def _mint_token(self, workflow: Workflow) -> None:
        """An address stays when its workflow changes."""
        if isinstance(workflow.plan.trigger, WebhookTrigger) and workflow.token is None:
            workflow.token = "".join(self._dice.choices(_TOKEN_LETTERS, k=_TOKEN_LENGTH))

    def _index(self) -> None:
        """New dictionaries, so that whoever looks without the lock sees the old or the new."""
        watched: dict[int, dict[tuple[str, str], list[Workflow]]] = {}
        for each in self.workflows.values():
            if isinstance(each.plan.trigger, PropertyTrigger) and each.plan.enabled:
                of_portal = watched.setdefault(each.hub_id, {})
                of_portal.setdefault((each.type_id, each.plan.trigger.name), []).append(each)
        self._watched = watched
        self._by_token = {(each.hub_id, each.token): each for each in self.workflows.values() if each.token}

    def behind(self, hub_id: int, token: str) -> Workflow | None:
        """The workflow that an address for webhooks leads to."""
        found = self._by_token.get((hub_id, token))
        return found if found is not None and isinstance(found.plan.trigger, WebhookTrigger) else None

    def concerned(self, hub_id: int, write: Write) -> Iterator[tuple[Workflow, int]]:
        """Workflows that a write enrols records in."""
        watched = self._watched.get(hub_id)
        if not watched:
            return
        for change in write.changes:
            if isinstance(change, PropertyChanged):
                for workflow in watched.get((change.kind.type_id, change.name), ()):
                    if _triggers(workflow.plan, change.value):
                        yield workflow, change.record_id

    # -- runs ------------------------------------------------------------------------------------------------------

    def refusal(self, workflow: Workflow, record_id: int, *, manual: bool = False) -> str | None:
        """Why a record is not enrolled. By hand it may be again and again, but not twice at a time."""
        if not workflow.plan.enabled:
            return "the workflow is off"
        if record_id in workflow.active:
            return "on the way already"
        if record_id in workflow.enrolled and not (workflow.plan.re_enroll or manual):
            return "was enrolled before"
        return None

    def enroll(self, workflow: Workflow, record_id: int, now: int, event: dict[str, str]) -> Run:
        run = Run(self.next_run, workflow.hub_id, workflow.id, workflow.type_id, record_id, now, event=event)
        self.next_run += 1
        self.runs[run.id] = run
        workflow.enrolled.add(record_id)
        workflow.active.add(record_id)
        return run

    def end(self, run: Run, *, completed: bool) -> None:
        run.state = State.ENDED
        self.runs.pop(run.id, None)
        workflow = self.workflows.get(run.workflow_id)
        if workflow is not None:
            workflow.active.discard(run.record_id)
            workflow.completed += completed

    def blocked_on(self, callback_id: str) -> Run | None:
        """The run that waits for this callback; its number is in the callback's id."""
        parts = callback_id.split("-")
        run = self.runs.get(int(parts[2])) if len(parts) == 5 and parts[2].isdecimal() else None
        return run if run is not None and run.state is State.BLOCKED and run.callback_id == callback_id else None


def _triggers(plan: Plan, value: str) -> bool:
    assert isinstance(plan.trigger, PropertyTrigger)
    return value in plan.trigger.values if plan.trigger.values else bool(value)
