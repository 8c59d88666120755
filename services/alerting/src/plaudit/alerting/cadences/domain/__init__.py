"""The rules of cadences: dates, plans, and what is decided when something is due."""
