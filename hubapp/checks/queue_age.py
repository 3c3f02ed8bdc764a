"""Whether what we aim at for waiting portals can be told by how it is sampled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as Caution

from lanes.queue_age import NOTED_S


@register()
def check_queue_age(**_: Any) -> list[CheckMessage]:
    """An aim below what is noted would be missed by portals of which nobody could say which they are."""
    return list(_found())


def _found() -> Iterator[CheckMessage]:
    for name, seconds in settings.QUEUE_AGE_SLO_S.items():
        if seconds < NOTED_S:
            hint = f"Set it to {NOTED_S:.0f} or more; default: 30 (urgent), 60 (events, routing), 900 (bulk)."
            yield Caution(f"QUEUE_AGE_{name}_S is {seconds}: shorter waits are not noted.", hint=hint, id="hubapp.W044")
