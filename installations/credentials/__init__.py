"""Tokens at rest and alive: sealed, renewed, refused, revoked; and who is told."""
