"""What is held about a portal: every table that points at it or names its account, found in the models.

So a table that is added is part of what an erasure must leave empty from the day on that it is written. One thing is
no data of the portal's: that staff stopped all calls to its account, which must outlive it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from django.apps import apps
from django.db.models import Model, Q, QuerySet
from django.db.models.fields.related import ForeignKey

from ..models import Portal, Stop

_NOT_ABOUT_PORTALS: dict[type[Model], dict[str, None]] = {Stop: {"ended_at": None}}


def rows_held(portal: Portal) -> dict[str, int]:
    """Count the rows held about an installation, by table ("crm.Record"); tables without any are left out."""
    counted = {rows.model._meta.label: rows.order_by().count() for rows in tables(portal)}
    return {table: count for table, count in counted.items() if count}


def tables(portal: Portal) -> Iterator[QuerySet[Model]]:
    """Yield each table's rows about an installation, or about its account if no other stands for that."""
    with_account = is_latest(portal)
    for model, by_portal, by_account in _found():
        about = Q(pk__in=[])
        for path in by_portal:
            about |= Q(**{path: portal.pk})
        if by_account and with_account:
            about |= Q(hub_id=portal.hub_id, **dict.fromkeys(by_portal))
        yield model._base_manager.filter(about).exclude(**_NOT_ABOUT_PORTALS.get(model, {"pk__in": []}))


def is_latest(portal: Portal) -> bool:
    """Whether what only names the account is about this installation: there is no later one, or it is erased."""
    later = Portal.objects.filter(hub_id=portal.hub_id, pk__gt=portal.pk)
    return not later.exclude(state=Portal.State.ERASED).exists()


@cache
def _found() -> list[tuple[type[Model], tuple[str, ...], bool]]:
    """Return models with how they lead to a portal, and whether they name an account."""
    found = [(model, _shortest(model), _names_account(model)) for model in apps.get_models() if model is not Portal]
    return [each for each in found if each[1] or each[2]]


def _shortest(model: type[Model]) -> tuple[str, ...]:
    """A row that points at its portal need not be asked for what else it hangs on."""
    paths = list(_paths(model))
    return tuple(path for path in paths if "__" not in path) or tuple(paths)


def _paths(model: type[Model], seen: tuple[type[Model], ...] = ()) -> Iterator[str]:
    """Yield the ways from a model to a portal; none through a model that was passed already."""
    for field in model._meta.concrete_fields:
        target = field.related_model if isinstance(field, ForeignKey) else None
        if target is Portal:
            yield field.name
        elif isinstance(target, type) and target not in (*seen, model):
            yield from (f"{field.name}__{path}" for path in _paths(target, (*seen, model)))


def _names_account(model: type[Model]) -> bool:
    return any(field.name == "hub_id" for field in model._meta.concrete_fields)
