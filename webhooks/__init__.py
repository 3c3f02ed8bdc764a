"""The inbox: verify, store, acknowledge; dispatch, retry, dead letters, replay."""

from __future__ import annotations
