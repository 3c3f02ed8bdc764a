"""What is known of a custom object beside its kind and properties."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.crm.object_types import ObjectType


@dataclass
class CustomObject:
    kind: ObjectType
    description: str
    # Properties shown beside the primary one.
    secondary: tuple[str, ...]
    created_at: int
    updated_at: int
    # None: in use.
    archived_at: int | None = None
