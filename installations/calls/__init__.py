"""What calls to HubSpot leave behind, and the switch that stops them."""
