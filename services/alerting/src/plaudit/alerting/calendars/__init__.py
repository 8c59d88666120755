"""Calendars: when a company is open, and so when what it owes is due."""
