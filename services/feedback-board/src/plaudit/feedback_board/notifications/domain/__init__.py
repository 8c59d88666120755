"""The rules of who is told what; pure."""
