"""Filters that several lists of the staff console share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

_PERIODS = {
    "15m": ("Last 15 minutes", timedelta(minutes=15)),
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(days=1)),
    "7d": ("Last 7 days", timedelta(days=7)),
}
_NAMES = ("since", "from", "until")


class TimeFilter(admin.ListFilter):
    """A period up to now, or from one time until another, both in UTC. Subclasses say by which field."""

    title = "time"
    template = "admin/time_filter.html"
    field_name = "at"

    def __init__(self, request: HttpRequest, params: dict[str, list[str]], model: Any, page: Any) -> None:
        super().__init__(request, params, model, page)  # type: ignore[arg-type]  # the stubs know single values only
        for name in _NAMES:
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(_NAMES)

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        begin, end = self.begin, _time(self.used_parameters.get("until"))
        if begin is not None:
            queryset = queryset.filter(**{f"{self.field_name}__gte": begin})
        return queryset if end is None else queryset.filter(**{f"{self.field_name}__lt": end})

    @property
    def begin(self) -> datetime | None:
        """Where the chosen time begins; None: with the first row."""
        period = _PERIODS.get(str(self.used_parameters.get("since")))
        return timezone.now() - period[1] if period else _time(self.used_parameters.get("from"))

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:  # type: ignore[override]  # ours say more
        chosen = self.used_parameters.get("since")
        yield {
            "selected": not self.used_parameters,
            "query_string": changelist.get_query_string(remove=[*_NAMES]),
            "display": "All",
            "others": [(name, value) for name, value in changelist.params.items() if name not in _NAMES],
        }
        for name, (words, _) in _PERIODS.items():
            query = changelist.get_query_string({"since": name}, remove=["from", "until"])
            yield {"selected": chosen == name, "query_string": query, "display": words}


def _time(given: object) -> datetime | None:
    """Read what a browser's field for a time sends. Something else is no restriction."""
    try:
        time = parse_datetime(str(given)) if given else None
    except ValueError:
        return None
    return None if time is None else time if time.tzinfo else time.replace(tzinfo=UTC)
