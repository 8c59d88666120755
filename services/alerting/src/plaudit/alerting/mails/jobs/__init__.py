"""What time starts: mails are sent."""
