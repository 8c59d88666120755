"""Moves: what became of a subject's reviews, summed by the days on which figures showed it."""
