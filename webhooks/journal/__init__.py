"""HubSpot's webhooks journal: read by one process at a time, from where the one before it stopped."""
