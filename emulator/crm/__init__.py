"""What a portal holds: records, properties, associations, pipelines, owners; and how they may change."""

from __future__ import annotations
