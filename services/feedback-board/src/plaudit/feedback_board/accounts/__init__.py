"""What a person on the public board has of their own: signing in, my feedback, and your data."""
