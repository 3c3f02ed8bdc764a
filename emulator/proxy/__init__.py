"""HubSpot's own host names on this machine, for programs that know no others."""

from __future__ import annotations
