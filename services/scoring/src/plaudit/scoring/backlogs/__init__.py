"""How far the jobs of scoring are behind, for alerts."""
