"""Alerting: clocks for reviews that have to be answered, timers, alerts and mails."""
