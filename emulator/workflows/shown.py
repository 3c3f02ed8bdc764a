"""Workflows as the API shows them: v4's flows, and the shape before.

Shapes: HubSpot's automationV4 specification; developers.hubspot.com/docs/methods/workflows/v3/get_workflow
"""

from __future__ import annotations

import uuid
from typing import Any

from emulator.instants import iso
from emulator.portals import Portal
from emulator.workflows.definitions import Definitions
from emulator.workflows.plans import (
    Action,
    ApiKey,
    CustomAction,
    Delay,
    FromEvent,
    FromOutput,
    FromProperty,
    PropertyTrigger,
    SendWebhook,
    SetProperty,
    Signature,
    Static,
    Value,
    WebhookTrigger,
    Workflow,
)

Json = dict[str, Any]

_CONTACT = "0-1"


def flow_listing(workflow: Workflow) -> Json:
    return {
        "id": str(workflow.id),
        "isEnabled": workflow.plan.enabled,
        "objectTypeId": workflow.type_id,
        "revisionId": str(workflow.revision),
        "flowType": "WORKFLOW",
        "name": workflow.plan.name,
        "createdAt": iso(workflow.created_at),
        "updatedAt": iso(workflow.updated_at),
        "uuid": str(uuid.UUID(int=workflow.id * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128), version=4)),
    }


def flow(workflow: Workflow, definitions: Definitions) -> Json:
    actions = workflow.plan.actions
    contact = workflow.type_id == _CONTACT
    shown = flow_listing(workflow) | {
        "type": "CONTACT_FLOW" if contact else "PLATFORM_FLOW",
        "startActionId": "1",
        "nextAvailableActionId": str(len(actions) + 1),
        "actions": [_action(each, place, len(actions), definitions) for place, each in enumerate(actions, 1)],
        "enrollmentCriteria": _criteria(workflow),
        "timeWindows": [],
        "blockedDates": [],
        "customProperties": {},
        "crmObjectCreationStatus": "COMPLETE",
        "dataSources": [],
    }
    return shown | ({"suppressionListIds": [], "canEnrollFromSalesforce": False} if contact else {})


def _action(action: Action, place: int, count: int, definitions: Definitions) -> Json:
    shown: Json = {"actionId": str(place)}
    if place < count:
        shown["connection"] = {"edgeType": "STANDARD", "nextActionId": str(place + 1)}
    match action:
        case SendWebhook():
            return shown | _webhook(action)
        case Delay(seconds=seconds):
            fields: Json = {"delta": f"{seconds / 60:g}", "time_unit": "MINUTES"}
            return shown | _single("0-1", 0, fields)
        case SetProperty(name=name, value=value):
            return shown | _single("0-5", 0, {"property_name": name, "value": _value(value)})
        case CustomAction(definition_id=number, input_fields=inputs):
            definition = definitions.by_id.get(number)
            version = definition.latest.number if definition else 1
            return shown | _single(f"1-{number}", version, {name: _value(each) for name, each in inputs.items()})


def _single(type_id: str, version: int, fields: Json) -> Json:
    return {
        "type": "SINGLE_CONNECTION",
        "actionTypeId": type_id,
        "actionTypeVersion": version,
        "fields": fields,
    }


def _webhook(action: SendWebhook) -> Json:
    """Secrets are shown by name only."""
    values = [{"name": name, "value": _value(each)} for name, each in (action.body or {}).items()]
    shown: Json = {"type": "WEBHOOK", "method": action.method, "webhookUrl": action.url, "queryParams": values}
    match action.auth:
        case Signature(app_id=app_id):
            shown["authSettings"] = {"type": "SIGNATURE", "appId": app_id}
        case ApiKey():
            shown["authSettings"] = {
                "type": "AUTH_KEY",
                "name": action.auth.name,
                "location": "HEADER" if action.auth.location == "header" else "QUERY_PARAM",
                "secretName": action.auth.secret_name,
            }
    return shown


def _value(value: Value) -> Json:
    match value:
        case Static(text=text):
            return {"type": "STATIC_VALUE", "staticValue": text}
        case FromProperty(name=name):
            return {"type": "OBJECT_PROPERTY", "propertyName": name}
        case FromOutput(action=action, field=field):
            return {"type": "FIELD_DATA", "actionId": str(action), "dataKey": field}
        case FromEvent(field=field):
            return {"type": "ENROLLMENT_EVENT_PROPERTY", "enrollmentEventPropertyToken": field}


def _criteria(workflow: Workflow) -> Json:
    plan = workflow.plan
    match plan.trigger:
        case PropertyTrigger(name=name, values=values):
            return _list_based(name, values, re_enroll=plan.re_enroll)
        case WebhookTrigger():
            return {
                "type": "EVENT_BASED",
                "shouldReEnroll": plan.re_enroll,
                "eventFilterBranches": [],
                "listMembershipFilterBranches": [],
            }
    return {"type": "MANUAL", "shouldReEnroll": plan.re_enroll}


def _list_based(name: str, values: tuple[str, ...], *, re_enroll: bool) -> Json:
    if values:
        operation: Json = {"operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": list(values)}
    else:
        operation = {"operationType": "ALL_PROPERTY", "operator": "IS_KNOWN"}
    operation["includeObjectsWithNoValueSet"] = False
    filters = [{"filterType": "PROPERTY", "property": name, "operation": operation}]
    inner = {"filterBranchType": "AND", "filterBranchOperator": "AND", "filterBranches": [], "filters": filters}
    branch = {"filterBranchType": "OR", "filterBranchOperator": "OR", "filterBranches": [inner], "filters": []}
    return {
        "type": "LIST_BASED",
        "shouldReEnroll": re_enroll,
        "listFilterBranch": branch,
        "unEnrollObjectsNotMeetingCriteria": False,
        "reEnrollmentTriggersFilterBranches": [],
    }


# -- before version 4 --------------------------------------------------------------------------------------------------


def legacy_listing(portal: Portal, workflow: Workflow) -> Json:
    user = portal.users[0]
    by = {"userId": user.user_id, "userEmail": user.email}
    application = {"source": "DIRECT_API", "serviceName": "AutomationPlatformService-userweb"}
    return {
        "name": workflow.plan.name,
        "id": workflow.legacy_id,
        "type": "DRIP_DELAY",
        "enabled": workflow.plan.enabled,
        "portalId": portal.hub_id,
        "insertedAt": workflow.created_at,
        "updatedAt": workflow.updated_at,
        "personaTagIds": [],
        "contactListIds": _lists(workflow) | {"steps": []},
        "contactCounts": {"active": len(workflow.active), "enrolled": len(workflow.enrolled)},
        "originalAuthorUserId": user.user_id,
        "lastUpdatedByUserId": user.user_id,
        "creationSource": {
            "sourceApplication": application,
            "createdByUser": by,
            "createdAt": workflow.created_at,
            "clonedFromWorkflowId": None,
        },
        "updateSource": {
            "sourceApplication": application,
            "updatedByUser": by,
            "updatedAt": workflow.updated_at,
        },
        "migrationStatus": _migration(portal, workflow),
    }


def _lists(workflow: Workflow) -> Json:
    """Numbers of internal lists, which no call can read."""
    first = workflow.legacy_id * 10
    return {"enrolled": first, "active": first + 1, "completed": first + 2, "succeeded": first + 3}


def _migration(portal: Portal, workflow: Workflow) -> Json:
    return {
        "portalId": portal.hub_id,
        "workflowId": workflow.legacy_id,
        "flowId": workflow.id,
        "migrationStatus": "EXECUTION_MIGRATED",
        "enrollmentMigrationStatus": "PLATFORM_OWNED",
        "platformOwnsActions": True,
        "lastSuccessfulMigrationTimestamp": None,
        "enrollmentMigrationTimestamp": None,
    }


def legacy_detail(portal: Portal, workflow: Workflow) -> Json:
    plan = workflow.plan
    return {
        **{
            name: value
            for name, value in legacy_listing(portal, workflow).items()
            if name not in ("contactListIds", "personaTagIds")
        },
        "actions": [_legacy_action(each) for each in plan.actions],
        "internal": False,
        "onlyExecOnBizDays": False,
        "nurtureTimeRange": {"enabled": False, "startHour": 9, "stopHour": 10},
        "listening": False,
        "allowContactToTriggerMultipleTimes": plan.re_enroll,
        "unenrollmentSetting": {"type": "NONE", "excludedWorkflows": []},
        "recurringSetting": {"type": "NONE"},
        "enrollOnCriteriaUpdate": False,
        "onlyEnrollsManually": plan.trigger is None,
        "goalCriteria": [],
        "reEnrollmentTriggerSets": [],
        "suppressionListIds": [],
        "segmentCriteria": [],
        "lastUpdatedBy": portal.users[0].email,
        "metaData": {"triggeredByWorkflowIds": [], "contactListIds": _lists(workflow)},
    }


def _legacy_action(action: Action) -> Json:
    match action:
        case Delay(seconds=seconds):
            return {"type": "DELAY", "delayMillis": int(seconds * 1000)}
        case SetProperty(name=name, value=Static(text=text)):
            return {"type": "SET_CONTACT_PROPERTY", "propertyName": name, "newValue": text}
        case SendWebhook(method=method, url=url):
            return {"type": "WEBHOOK", "url": url, "method": method}
    return {"type": "UNSUPPORTED_ACTION"}
