"""Each portal's streams of work: claim, slice, release; the worker loop and its doorbell."""

from __future__ import annotations
