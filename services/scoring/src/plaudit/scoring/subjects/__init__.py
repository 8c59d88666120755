"""Subjects that no score is about yet: all that was said of them is of kinds that no profile counts."""
