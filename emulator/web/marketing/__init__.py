"""The marketing APIs over HTTP."""
