"""The file of an export."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence

from emulator.crm.records import Record
from emulator.exports.columns import Column

# Larger files come zipped, and so do those with very many rows.
LARGEST_PLAIN = 2 * 1024 * 1024
MOST_ROWS = 1_000_000


def write(columns: Sequence[Column], records: Iterable[Record]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([column.header for column in columns])
    for record in records:
        writer.writerow([column.cell(record) for column in columns])
    # A lone surrogate cannot be written as UTF-8.
    return text.getvalue().encode(errors="replace")


def packed(name: str, content: bytes, rows: int) -> tuple[str, bytes]:
    """The name and content that are offered for download."""
    if len(content) <= LARGEST_PLAIN and rows <= MOST_ROWS:
        return name, content
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        # The date is that of the format's beginning, so that the same export gives the same bytes.
        zipped.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return name.removesuffix(".csv") + ".zip", archive.getvalue()


def file_name(export_name: str, day: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", export_name.lower()).strip("-") or "export"
    return f"hubspot-crm-exports-{slug[:80]}-{day}.csv"
