"""Who works in an account: users with their roles, and teams."""

from __future__ import annotations
