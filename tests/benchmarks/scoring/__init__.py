"""Scoring: topics full of events, read by the real consumer process of one group."""
