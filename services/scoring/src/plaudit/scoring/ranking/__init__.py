"""Ranking: the best and the worst of the subjects below one."""
