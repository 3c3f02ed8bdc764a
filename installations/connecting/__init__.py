"""From a click on "connect" to a stored credential: round trips, codes, installs, what can go wrong."""
