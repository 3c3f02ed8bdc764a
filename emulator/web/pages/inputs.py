"""Properties as people enter them: one control each, and what it sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from emulator.crm.object_types import ObjectType
from emulator.crm.properties import Property
from emulator.crm.records import Record
from emulator.crm.store import Crm
from emulator.web.html import Child, Markup, el
from emulator.web.pages.forms import Form, checkbox, field, select, text
from emulator.web.pages.kinds import choices, columns_of

# A fixed-length beginning of an instant, which is what the browser's own control takes: 2026-03-01T09:30:00.
_TO_THE_SECOND = 19


def writable(crm: Crm, kind: ObjectType) -> list[Property]:
    return [each for each in crm.schema(kind).all() if not (each.read_only or each.hidden)]


def usual(crm: Crm, kind: ObjectType, values: Mapping[str, str], wanted: Iterable[str] = ()) -> list[Property]:
    """The properties that a form shows without being asked: those that have a value, and those a list shows."""
    named = {*kind.needs_all_of, *kind.needs_one_of, *kind.default_properties, *columns_of(crm, kind)}
    shown = named | set(values) | set(wanted)
    return [each for each in writable(crm, kind) if each.name in shown]


def control(crm: Crm, kind: ObjectType, definition: Property, value: str, *, focus: bool = False) -> Markup:
    """A property's control, in its label."""
    name = definition.name
    options = choices(crm, kind, definition)
    if definition.many:
        return _several(definition, options, value)
    entered: Markup
    if options or definition.type in ("enumeration", "bool"):
        entered = select(name, _with_current(options, value), value, autofocus=focus)
    elif definition.field_type in ("textarea", "html") or "\n" in value:
        entered = el("textarea", f"\n{shown_value(definition, value)}", name=name, rows=3, autofocus=focus)
    else:
        entered = text(name, shown_value(definition, value), autofocus=focus, **_kind_of_input(definition))
    return field(definition.label, entered, _hint(definition))


def _several(definition: Property, options: list[tuple[str, str]], value: str) -> Markup:
    """Boxes to tick. The empty field says that they were shown, should none be ticked."""
    chosen = [part for part in value.split(";") if part]
    known = {option for option, _ in options}
    rows = [*options, *((part, part) for part in chosen if part not in known)]
    boxes = [checkbox(definition.name, option, label, checked=option in chosen) for option, label in rows]
    shown = el("input", type="hidden", name=definition.name, value="")
    return el("fieldset", el("legend", definition.label), shown, el("div", boxes, class_="checks"), class_="field")


def _with_current(options: list[tuple[str, str]], value: str) -> list[tuple[str, str]]:
    """A value that is no option any more stays what it is until somebody chooses another."""
    odd = [(value, value)] if value and value not in dict(options) else []
    return [("", "–"), *options, *odd]


def _kind_of_input(definition: Property) -> dict[str, str]:
    match definition.type:
        case "date":
            return {"type": "date"}
        case "datetime":
            return {"type": "datetime-local", "step": "1"}
        case "number":
            return {"inputmode": "decimal"}
    if definition.field_type == "phonenumber":
        return {"inputmode": "tel"}
    return {"inputmode": "email"} if definition.name == "email" else {}


def _hint(definition: Property) -> Child:
    if definition.type == "datetime":
        return "In UTC"
    return "No two records may have the same" if definition.unique else None


def shown_value(definition: Property, value: str) -> str:
    """A value as a browser gives it back when nobody touched it."""
    if definition.type == "datetime":
        return value[:_TO_THE_SECOND].rstrip("Z").removesuffix(":00")
    lines = value.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    return lines.encode("utf-8", "replace").decode()


def _entered(definition: Property, form: Form) -> str:
    if definition.many:
        return ";".join(part for part in form.all(definition.name) if part)
    return (form.all(definition.name) or [""])[-1].replace("\r\n", "\n")


def entered_values(crm: Crm, kind: ObjectType, form: Form) -> dict[str, str]:
    """All that was entered into a form for a new record; what was left empty is left out."""
    definitions = {each.name: each for each in writable(crm, kind)}
    values = {name: _entered(definitions[name], form) for name in form.names() if name in definitions}
    return {name: value for name, value in values.items() if value.strip()}


def changed_values(crm: Crm, kind: ObjectType, before: Record, form: Form) -> dict[str, str]:
    """What differs from the record that the form showed: the rest was not touched, and may have changed meanwhile."""
    changed = {}
    for definition in writable(crm, kind):
        if definition.name not in form:
            continue
        value, old = _entered(definition, form), before.values.get(definition.name, "")
        same = (
            set(value.split(";")) == set(old.split(";")) if definition.many else value == shown_value(definition, old)
        )
        if not same:
            changed[definition.name] = value
    return changed
