"""What the desk is narrowed by, and the words and the month that it shows; pure."""
