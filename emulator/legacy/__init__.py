"""The shapes of HubSpot's v1 and v2 APIs, made of the same records that v3 serves. Nothing is stored here."""
