"""What time starts: due timers fire."""
