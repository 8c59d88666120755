"""Timers: the warnings and the breach that are still to come for each clock."""
