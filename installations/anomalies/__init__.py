"""What looks like somebody else using our access to a portal: counted, compared with the portal's own hours, shown."""
