"""Everything that can go wrong between us and HubSpot.

    HubSpotError
    ├── NoAnswer                      nothing usable came back
    │   ├── NotSent                     no connection: certainly did not happen
    │   │   └── Suspended                 not tried, as HubSpot keeps failing
    │   ├── AnswerLost                  sent, then the connection broke: may have happened
    │   └── DeadlineExceeded            sent, then time ran out: may have happened
    ├── AnswerInvalid                 a success that we cannot use: probably happened
    │   ├── AnswerUnreadable            not JSON, cut short, HTML
    │   ├── AnswerTooLarge
    │   ├── ResponseInvalid             a field is missing or has another type
    │   └── UnexpectedStatus            a redirect, an informational status
    ├── Refused                       4xx: certainly did not happen
    │   ├── BadRequest                  400
    │   │   ├── ValidationFailed          names properties and codes
    │   │   └── TooManySubscriptions      beyond 1,000 webhook subscriptions of a legacy app
    │   ├── Unauthorized                401
    │   │   ├── TokenExpired
    │   │   ├── TokenUnreadable           HubSpot could not decode it
    │   │   └── TokenMissing              HubSpot saw no credentials at all
    │   ├── Forbidden                   403
    │   │   ├── MissingScopes
    │   │   └── AddressExpired            a file's signed address is too old, or damaged
    │   ├── NotFound                    404
    │   ├── Conflict                    409
    │   ├── UriTooLong                  414
    │   ├── TooManyIdentities           a merge beyond 250 identities (400 or 414)
    │   ├── Locked                      423
    │   ├── RateLimited                 429
    │   ├── Migrating                   477
    │   └── WrongHublet                 488
    ├── ServerFailed                  5xx: may have happened
    │   ├── Overloaded                  502, 503, 504, 521, 523, 524
    │   └── EdgeFailed                  520, 522, 525, 526, 530: Cloudflare's own
    ├── OAuthError                    the token endpoint refused: certainly did not happen
    │   ├── GrantInvalid                invalid_grant
    │   │   ├── RefreshTokenInvalid       unknown, revoked, uninstalled
    │   │   ├── AuthCodeInvalid           unknown or used before: HubSpot does not say which
    │   │   ├── AuthCodeExpired
    │   │   └── CodeVerifierInvalid       PKCE mismatch
    │   ├── HubGone                     BAD_HUB: the account is deleted or disconnected
    │   ├── ClientInvalid               our client id or secret is wrong: nobody's account is to blame
    │   └── OAuthRefused                any other 4xx: a mistake in configuration
    └── InvalidSignature              a request that claims to come from HubSpot does not carry its signature

Sources: HubSpot's pages "Error handling", "Manage OAuth tokens" and "API usage guidelines and limits".
"""

from __future__ import annotations

from .no_answer import (
    AnswerInvalid,
    AnswerLost,
    AnswerTooLarge,
    AnswerUnreadable,
    DeadlineExceeded,
    EdgeFailed,
    NoAnswer,
    NotSent,
    Overloaded,
    ResponseInvalid,
    ServerFailed,
    Suspended,
    UnexpectedStatus,
)
from .oauth import (
    AuthCodeExpired,
    AuthCodeInvalid,
    ClientInvalid,
    CodeVerifierInvalid,
    GrantInvalid,
    HubGone,
    OAuthError,
    OAuthRefused,
    RefreshTokenInvalid,
)
from .refused import (
    AddressExpired,
    BadRequest,
    Conflict,
    Forbidden,
    Locked,
    Migrating,
    MissingScopes,
    NotFound,
    RateLimited,
    RatePolicy,
    Refused,
    TokenExpired,
    TokenMissing,
    TokenUnreadable,
    TooManyIdentities,
    TooManySubscriptions,
    Unauthorized,
    UriTooLong,
    ValidationFailed,
    WrongHublet,
)
from .root import HubSpotError
from .signature import InvalidSignature, SignatureProblem

__all__ = [
    "AddressExpired",
    "AnswerInvalid",
    "AnswerLost",
    "AnswerTooLarge",
    "AnswerUnreadable",
    "AuthCodeExpired",
    "AuthCodeInvalid",
    "BadRequest",
    "ClientInvalid",
    "CodeVerifierInvalid",
    "Conflict",
    "DeadlineExceeded",
    "EdgeFailed",
    "Forbidden",
    "GrantInvalid",
    "HubGone",
    "HubSpotError",
    "InvalidSignature",
    "Locked",
    "Migrating",
    "MissingScopes",
    "NoAnswer",
    "NotFound",
    "NotSent",
    "OAuthError",
    "OAuthRefused",
    "Overloaded",
    "RateLimited",
    "RatePolicy",
    "RefreshTokenInvalid",
    "Refused",
    "ResponseInvalid",
    "ServerFailed",
    "SignatureProblem",
    "Suspended",
    "TokenExpired",
    "TokenMissing",
    "TokenUnreadable",
    "TooManyIdentities",
    "TooManySubscriptions",
    "Unauthorized",
    "UnexpectedStatus",
    "UriTooLong",
    "ValidationFailed",
    "WrongHublet",
]
