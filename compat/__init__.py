"""Other people's programs, unmodified, run against the emulator: `make compat`.

Each has an environment of its own under `.compat/`, and reaches the emulator as it would reach HubSpot, through
HTTPS_PROXY.
"""

from __future__ import annotations
