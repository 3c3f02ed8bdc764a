"""Apps, consent, codes, tokens, and which app is installed where."""

from __future__ import annotations
