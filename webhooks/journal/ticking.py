"""Have the journal read by every worker's process, whoever is first, also while beat is dead."""

from __future__ import annotations

from lanes import ticks

from . import reading

ticks.register(reading.read)
