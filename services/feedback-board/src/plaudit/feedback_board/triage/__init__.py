"""What waits for the team: found, counted, and acted on where it stands."""
