"""Read settings from the environment, each checked at the door: a wrong one names itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


class Environment:
    """The variables we were started with. Every reader raises ImproperlyConfigured with the variable's name."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self._variables = variables

    def text(self, name: str, default: str = "") -> str:
        return self._variables.get(name, default).strip()

    def flag(self, name: str, *, default: bool = False) -> bool:
        given = self.text(name).lower() or str(int(default))
        if given not in _TRUE | _FALSE:
            raise ImproperlyConfigured(f"{name} is {given!r}; use 1 or 0.")
        return given in _TRUE

    def words(self, name: str, default: str = "") -> list[str]:
        """Return a list given with commas or white space between its items."""
        return self.text(name, default).replace(",", " ").split()

    def whole_number(self, name: str, default: int) -> int:
        given = self.text(name)
        if given and not given.isdecimal():
            raise ImproperlyConfigured(f"{name} is {given!r}; it must be a whole number.")
        return int(given) if given else default

    def share(self, name: str, default: float) -> float:
        """Return a part of one that is given in percent, as 99 or 99.9."""
        given = self.text(name)
        try:
            share = float(given) / 100 if given else default
        except ValueError:
            share = 0.0
        if not 0 < share < 1:
            raise ImproperlyConfigured(f"{name} is {given!r}; it must be a percentage between 0 and 100, as 99.5.")
        return share

    def required(self, name: str, why: str) -> str:
        """Return a variable that production cannot do without."""
        given = self.text(name)
        if not given:
            raise ImproperlyConfigured(
                f"{name} is not set: {why} (With DEBUG=1, for development only, it may be left out.)"
            )
        return given

    def text_or_file(self, name: str, file_name: str) -> str:
        """Return a secret from its variable, or from the file another variable names; the file must be ours alone."""
        given = self.text(name)
        path_given = self.text(file_name)
        if given or not path_given:
            return given
        path = Path(path_given)
        try:
            mode = path.stat().st_mode
            content = path.read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{file_name} names {path}, which cannot be read: {error}") from error
        if mode & 0o077:
            raise ImproperlyConfigured(f"{file_name} names {path}, which others may read. Run: chmod 600 {path}")
        return content
