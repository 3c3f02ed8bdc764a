"""Who is at the browser, what they may see of a portal, and who owns its connection."""
