"""A linter for those who build on hubapp: what works on a laptop and fails, or leaks, with many portals."""
