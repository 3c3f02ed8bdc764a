"""Text that must not be printed, logged, serialised or compared in variable time."""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """Wrap a token or a client secret. Only `reveal()` gives the text back.

    Deliberately no `str`: joining, formatting, `json.dumps` and `pickle` either mask the text or refuse.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """Return the text. Call it as late as possible and keep no copy."""
        return self.__text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self.__text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (text.encode("utf-8", "surrogatepass") for text in (self.__text, other.__text))
        return hmac.compare_digest(mine, theirs)

    def __hash__(self) -> int:
        return hash((Secret, self.__text))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: pass an id and look it up where it is needed")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret has no state to serialise")
