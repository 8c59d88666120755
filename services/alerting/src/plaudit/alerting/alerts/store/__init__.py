"""Every statement about alerts, and about silences."""
