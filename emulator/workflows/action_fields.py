"""What an app may write into the definition of a custom action.

Shapes: HubSpot's actionsV4 specification. Fields that it does not know are left out, as HubSpot's parser does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from emulator.errors import InvalidInput, InvalidJson
from emulator.web.exchange import member
from emulator.workflows.definitions import FUNCTION_TYPES
from emulator.workflows.wire import is_allowed_url

Json = dict[str, Any]

TYPES = (
    *("bool", "currency_number", "date", "datetime", "enumeration"),
    *("json", "number", "object_coordinates", "phone_number", "string"),
)
FIELD_TYPES = (
    *("booleancheckbox", "calculation_equation", "checkbox", "date", "file", "html"),
    *("number", "phonenumber", "radio", "select", "text", "textarea"),
)
VALUE_TYPES = ("STATIC_VALUE", "OBJECT_PROPERTY", "FIELD_DATA", "FETCHED_OBJECT_PROPERTY", "ENROLLMENT_EVENT_PROPERTY")

_LABEL_TEXTS = ("actionName", "actionDescription", "actionCardContent", "appDisplayName")
_LABEL_MAPS = ("inputFieldLabels", "inputFieldDescriptions", "outputFieldLabels", "executionRules")


def read_definition(body: Json) -> tuple[Json, dict[tuple[str, str], str]]:
    """A new definition, and its functions.

    Raises InvalidInput.
    """
    for name in ("actionUrl", "inputFields", "labels"):
        if body.get(name) is None:
            raise InvalidInput(f"Some required fields were not set: [{name}]", context={"properties": [name]})
    given = {
        "objectTypes": [],
        "published": False,
        **{name: value for name, value in body.items() if value is not None},
    }
    return _checked(_read(given)), functions_of(body)


def read_patch(before: Json, body: Json) -> Json:
    """A definition with what a PATCH changes.

    Raises InvalidInput.
    """
    return _checked(before | _read({name: value for name, value in body.items() if value is not None}))


def _read(body: Json) -> Json:
    return {name: read(body, name) for name, read in _FIELDS.items() if name in body}


def _checked(definition: Json) -> Json:
    """Names are unique, and whatever names a field names one that is there."""
    inputs = [each["typeDefinition"]["name"] for each in definition["inputFields"]]
    outputs = [each["typeDefinition"]["name"] for each in definition.get("outputFields", [])]
    for names in (inputs, outputs):
        for name in names:
            if names.count(name) > 1:
                raise InvalidInput(f"Field names must be unique, but there are several named {name}")
    for dependency in definition.get("inputFieldDependencies", []):
        for name in [dependency["controllingFieldName"], *dependency["dependentFieldNames"]]:
            if name not in inputs:
                raise InvalidInput(f"inputFieldDependencies refers to the unknown input field {name}")
    return definition


# -- plain fields ------------------------------------------------------------------------------------------------------


def _url(body: Json, name: str) -> str:
    url: str = member(body, name, str, "")
    if not is_allowed_url(url):
        raise InvalidInput(f"{name} must be a valid HTTPS URL")
    return url


def _flag(body: Json, name: str) -> bool:
    value: bool = member(body, name, bool, False)
    return value


def _texts(body: Json, name: str) -> list[str]:
    values: list[Any] = member(body, name, list, [])
    if not all(isinstance(value, str) for value in values):
        raise InvalidJson(f"Cannot deserialize value of type `java.lang.String` for field {name}")
    return values


def _required_text(body: Any, name: str) -> str:
    text: str = member(body, name, str, "")
    if not text:
        raise InvalidInput(f"Some required fields were not set: [{name}]", context={"properties": [name]})
    return text


def _one_of(body: Json, name: str, allowed: Iterable[str]) -> str:
    text = _required_text(body, name)
    options = list(allowed)
    if text not in options:
        raise InvalidInput(f"Invalid value for {name}: {text[:50]}. Must be one of {', '.join(options)}")
    return text


def _text_map(body: Json, name: str) -> Json:
    given: Json = member(body, name, dict, {})
    if not all(isinstance(value, str) for value in given.values()):
        raise InvalidJson(f"Cannot deserialize value of type `java.lang.String` for field {name}")
    return given


# -- inputs and outputs ------------------------------------------------------------------------------------------------


def _inputs(body: Json, name: str) -> list[Json]:
    return [_input(each) for each in member(body, name, list, [])]


def _input(given: Any) -> Json:
    values = _texts(given, "supportedValueTypes")
    for value in values:
        if value not in VALUE_TYPES:
            raise InvalidInput(f"Invalid value for supportedValueTypes: {value[:50]}")
    answer: Json = {
        "typeDefinition": _field_type(member(given, "typeDefinition", dict, {})),
        "isRequired": _flag(given, "isRequired"),
    }
    return answer | ({"supportedValueTypes": values} if values else {})


def _outputs(body: Json, name: str) -> list[Json]:
    given: list[Any] = member(body, name, list, [])
    return [{"typeDefinition": _field_type(member(each, "typeDefinition", dict, {}))} for each in given]


def _field_type(given: Json) -> Json:
    answer: Json = {"name": _required_text(given, "name"), "type": _one_of(given, "type", TYPES)}
    if "fieldType" in given and given["fieldType"] is not None:
        answer["fieldType"] = _one_of(given, "fieldType", FIELD_TYPES)
    for name in ("label", "description", "helpText", "referencedObjectType"):
        if given.get(name) is not None:
            answer[name] = member(given, name, str)
    answer["options"] = [_option(each, place) for place, each in enumerate(member(given, "options", list, []))]
    if given.get("optionsUrl") is not None:
        answer["optionsUrl"] = _url(given, "optionsUrl")
    # In every answer: the official clients refuse a definition without it.
    answer["externalOptions"] = "optionsUrl" in answer
    return answer


def _option(given: Any, place: int) -> Json:
    return {
        "value": _required_text(given, "value"),
        "label": _required_text(given, "label"),
        "description": member(given, "description", str, ""),
        "displayOrder": member(given, "displayOrder", int, place),
        "doubleData": 0.0,
        "hidden": False,
        "readOnly": False,
    }


def _dependencies(body: Json, name: str) -> list[Json]:
    return [_dependency(each) for each in member(body, name, list, [])]


def _dependency(given: Any) -> Json:
    kind = _one_of(given, "dependencyType", ("SINGLE_FIELD", "CONDITIONAL_SINGLE_FIELD"))
    answer: Json = {
        "dependencyType": kind,
        "controllingFieldName": _required_text(given, "controllingFieldName"),
        "dependentFieldNames": _texts(given, "dependentFieldNames"),
    }
    if kind == "CONDITIONAL_SINGLE_FIELD":
        answer["controllingFieldValue"] = _required_text(given, "controllingFieldValue")
    return answer


# -- what people see ---------------------------------------------------------------------------------------------------


def _labels(body: Json, name: str) -> Json:
    given: Json = member(body, name, dict, {})
    if "en" not in given:
        raise InvalidInput("English (en) labels are required")
    return {language: _label(given, language) for language in given}


def _label(body: Json, language: str) -> Json:
    given: Json = member(body, language, dict, {})
    _required_text(given, "actionName")
    answer: Json = {name: member(given, name, str) for name in _LABEL_TEXTS if given.get(name) is not None}
    answer |= {name: _text_map(given, name) for name in _LABEL_MAPS if given.get(name) is not None}
    options = member(given, "inputFieldOptionLabels", dict, {})
    if options:
        answer["inputFieldOptionLabels"] = {name: _text_map(options, name) for name in options}
    return answer


def _rules(body: Json, name: str) -> list[Json]:
    return [
        {"labelName": _required_text(each, "labelName"), "conditions": member(each, "conditions", dict, {})}
        for each in member(body, name, list, [])
    ]


def _request_options(body: Json, name: str) -> Json:
    return {"properties": _texts(member(body, name, dict, {}), "properties")}


_FIELDS: dict[str, Callable[[Json, str], Any]] = {
    "actionUrl": _url,
    "published": _flag,
    "objectTypes": _texts,
    "inputFields": _inputs,
    "inputFieldDependencies": _dependencies,
    "outputFields": _outputs,
    "objectRequestOptions": _request_options,
    "labels": _labels,
    "executionRules": _rules,
}


# -- functions ---------------------------------------------------------------------------------------------------------


def functions_of(body: Json) -> dict[tuple[str, str], str]:
    functions: dict[tuple[str, str], str] = {}
    for each in member(body, "functions", list, []):
        kind = function_type(member(each, "functionType", str, ""))
        functions[(kind, member(each, "id", str, ""))] = _required_text(each, "functionSource")
    return functions


def function_type(text: str) -> str:
    if text not in FUNCTION_TYPES:
        raise InvalidInput(f"Invalid value for functionType: {text[:50]}. Must be one of {', '.join(FUNCTION_TYPES)}")
    return text
