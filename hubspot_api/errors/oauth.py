"""The token endpoint refused."""

from __future__ import annotations

from .root import HubSpotError


class OAuthError(HubSpotError):
    """The token endpoint refused."""

    certainly_not_done = True
    happened = "HubSpot's token endpoint refused"
    advice = "Compare the app's settings at HubSpot with ours."


class GrantInvalid(OAuthError):
    """invalid_grant: the code or refresh token is no longer good."""

    happened = "HubSpot does not accept the grant"
    advice = "The account has to connect again."


class RefreshTokenInvalid(GrantInvalid):
    """Unknown or revoked, the app uninstalled, or another app's credentials."""

    happened = "HubSpot does not accept the refresh token"
    advice = "Try once more a minute later; if it stays so, the account has to connect again."


class AuthCodeInvalid(GrantInvalid):
    """The code is unknown or was used before; HubSpot does not say which."""

    happened = "HubSpot does not know the authorization code, or it was used before"
    advice = "Start the connection again from the install page."


class AuthCodeExpired(GrantInvalid):
    """The code is too old."""

    happened = "the authorization code has expired"
    advice = "Start the connection again from the install page."


class CodeVerifierInvalid(GrantInvalid):
    """PKCE: the verifier does not match the challenge."""

    happened = "the code verifier does not match"
    advice = "Start the connection again, in the browser in which it was begun."


class HubGone(OAuthError):
    """BAD_HUB: the account is deleted or disconnected."""

    happened = "the account no longer exists or has disconnected the app"
    advice = "Stop working for this account until it connects again."


class ClientInvalid(OAuthError):
    """Our client id or secret is wrong. No account is to blame, so touch none."""

    happened = "HubSpot does not accept the app's client id or secret"
    advice = "Compare HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET with the app's Auth tab; leave the accounts alone."


class OAuthRefused(OAuthError):
    """Any other 4xx: a mistake in configuration, never a reason to disconnect an account."""
