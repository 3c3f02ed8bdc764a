"""The token endpoint's generations, and what it refuses with, word by word."""

from __future__ import annotations

VERSIONS = ["v1", "v3", "2026-03", "2026-09"]


def refusal(error: str, status: str, message: str) -> dict[str, str]:
    return {"error": error, "error_description": message, "status": status, "message": message}


BAD_CODE = refusal("invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code")
BAD_REFRESH = refusal("invalid_grant", "BAD_REFRESH_TOKEN", "refresh token is invalid, expired or revoked")
