"""Files that apps put into an account, for example to attach them to notes."""

from __future__ import annotations
