"""Promises: clocks, timers, alerts."""
