"""The v1 and v2 paths over HTTP."""
