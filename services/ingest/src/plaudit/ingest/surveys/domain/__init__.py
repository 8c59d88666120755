"""What a survey asks, in which words; who is invited to it, and by which link; and what a response becomes."""
