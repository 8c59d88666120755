"""Export: all reviews that a list would hold, as one stream of lines."""
