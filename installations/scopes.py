"""HubSpot's scopes in plain words, for people who decide about them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ScopeInWords:
    """What a scope lets us do, and what for."""

    scope: str
    allows: str
    purpose: str


_KNOWN = [
    ScopeInWords("oauth", "Know your account and who installed the app", "To connect and to sign you in"),
    ScopeInWords("crm.objects.contacts.read", "Read contacts", "To mirror contacts"),
    ScopeInWords("crm.objects.companies.read", "Read companies", "To mirror companies"),
    ScopeInWords("crm.objects.deals.read", "Read deals", "To mirror deals"),
    ScopeInWords(
        "tickets",
        "Read tickets",
        "To mirror tickets. HubSpot has one scope for reading and changing them; this app only reads",
    ),
    ScopeInWords("crm.objects.owners.read", "Read owners", "To show names of owners instead of numbers"),
]
_BY_SCOPE = {words.scope: words for words in _KNOWN}


def in_words(scopes: list[str]) -> list[ScopeInWords]:
    """Return each scope in plain words; one we have no words for speaks for itself."""
    return [_BY_SCOPE.get(scope) or ScopeInWords(scope, scope, "Configured for this app") for scope in scopes]
