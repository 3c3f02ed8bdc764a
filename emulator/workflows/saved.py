"""Workflows and custom actions as a snapshot holds them."""

from __future__ import annotations

from typing import Any

from emulator.workflows.book import Book
from emulator.workflows.definitions import Definition, Definitions, Revision
from emulator.workflows.plans import Workflow
from emulator.workflows.reading import read_plan
from emulator.workflows.room import Workflows
from emulator.workflows.runs import Run, State

Json = dict[str, Any]


def save_workflows(room: Workflows) -> Json:
    """Requests under way count as not sent: after loading they are sent again."""
    with room.changed:
        book = room.book
        return {
            "definitions": [_definition(each) for each in room.definitions.by_id.values()],
            "workflows": [_workflow(each) for each in book.workflows.values()],
            "runs": [_run(each) for each in book.runs.values()],
            "settled": sorted(book.settled),
            "next": {
                "definition": room.definitions.next_id,
                "workflow": book.next_id,
                "legacy": book.next_legacy_id,
                "run": book.next_run,
            },
        }


def load_workflows(saved: Json | None) -> tuple[Book, Definitions]:
    """Snapshots from before there were workflows have none.

    Raises KeyError, TypeError, ValueError or Rejected when the snapshot is damaged.
    """
    book, definitions = Book(), Definitions()
    if saved is None:
        return book, definitions
    for each in saved["definitions"]:
        definitions.by_id[each["id"]] = _load_definition(each)
    for each in saved["workflows"]:
        book.add(_load_workflow(each))
    for each in saved["runs"]:
        run = _load_run(each)
        book.runs[run.id] = run
        book.workflows[run.workflow_id].active.add(run.record_id)
    book.settled.update(saved["settled"])
    following = saved["next"]
    definitions.next_id = int(following["definition"])
    book.next_id, book.next_legacy_id = int(following["workflow"]), int(following["legacy"])
    book.next_run = int(following["run"])
    return book, definitions


def _definition(definition: Definition) -> Json:
    return {
        "id": definition.id,
        "app_id": definition.app_id,
        "archived_at": definition.archived_at,
        "requires_object": definition.requires_object,
        "revisions": [vars(each) for each in definition.revisions],
        "functions": [[kind, name, source] for (kind, name), source in definition.functions.items()],
    }


def _load_definition(saved: Json) -> Definition:
    functions = {(kind, name): source for kind, name, source in saved["functions"]}
    revisions = [Revision(**each) for each in saved["revisions"]]
    return Definition(**{**saved, "revisions": revisions, "functions": functions})


def _workflow(workflow: Workflow) -> Json:
    saved = {**vars(workflow), "plan": workflow.plan.given, "enrolled": sorted(workflow.enrolled)}
    del saved["active"]
    return saved


def _load_workflow(saved: Json) -> Workflow:
    return Workflow(**{**saved, "plan": read_plan(saved["plan"]), "enrolled": set(saved["enrolled"])})


def _run(run: Run) -> Json:
    state = State.WAITING if run.state is State.UNDER_WAY else run.state
    outputs = {str(action): values for action, values in run.outputs.items()}
    return {**vars(run), "state": state.value, "outputs": outputs}


def _load_run(saved: Json) -> Run:
    outputs = {int(action): values for action, values in saved["outputs"].items()}
    return Run(**{**saved, "state": State(saved["state"]), "outputs": outputs})
