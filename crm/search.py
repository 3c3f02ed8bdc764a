"""Find records by words. The words of a record carry its portal and type, so that no search leaves either."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from installations.models import Portal

from .models import Record
from .object_types import BY_ID, ObjectType

if TYPE_CHECKING:
    from .readings import RecordRead

_MOST_WORDS = 60
_LONGEST_WORD = 60


def words_of(portal: Portal, read: RecordRead) -> list[str]:
    """Return what a record can be found by: the words of its names, whole addresses, its id."""
    object_type = BY_ID[read.object_type]
    values = [read.properties.get(name, "") for name in object_type.searched_properties]
    whole = [value.lower()[:_LONGEST_WORD] for value in values if "@" in value or "." in value]
    words = dict.fromkeys([str(read.record_id), *whole, *_split(" ".join(values))])
    return [_scoped(portal, object_type, word) for word in list(words)[:_MOST_WORDS]]


def matching(portal: Portal, object_type: ObjectType, text: str) -> QuerySet[Record]:
    """Return live records of a type whose words begin with every word of `text`; all of them when it has none."""
    records = Record.objects.filter(portal=portal, object_type=object_type.id, state=Record.State.LIVE)
    text = text.replace("\0", " ")
    address = text.strip().lower()
    words = [address] if "@" in address and " " not in address else _split(text)
    if not words:
        return records
    query = " & ".join(f"{_quoted(_scoped(portal, object_type, word[:_LONGEST_WORD]))}:*" for word in words[:10])
    return records.filter(pk__in=RawSQL("SELECT id FROM crm_record WHERE search @@ %s::tsquery", [query]))


def _split(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return [word[:_LONGEST_WORD] for word in re.findall(r"\w+", plain)]


def _scoped(portal: Portal, object_type: ObjectType, word: str) -> str:
    return f"{portal.pk}/{object_type.id}/{word}"


def _quoted(word: str) -> str:
    """Quote a word for a tsquery, where it may hold anything."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
