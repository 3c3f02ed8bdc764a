"""What a portal's marketing leaves behind: forms, e-mails and what became of them, campaigns, visits."""
