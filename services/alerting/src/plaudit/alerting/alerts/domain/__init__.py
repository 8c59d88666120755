"""Alerts: what a person should look at, who is told of one and when, and what silences it."""

from plaudit.alerting.alerts.domain.alert import (
    BREACH_KIND,
    BREACH_SEVERITY,
    UNCAUGHT_KIND,
    Alert,
    AlertResolvedError,
    AlertState,
    breach_alert,
    breach_alert_id,
    pause_alert,
    pause_alert_id,
    reason_to_resolve,
    review_thread,
    uncaught_alert,
    uncaught_alert_id,
)

__all__ = [
    "BREACH_KIND",
    "BREACH_SEVERITY",
    "UNCAUGHT_KIND",
    "Alert",
    "AlertResolvedError",
    "AlertState",
    "breach_alert",
    "breach_alert_id",
    "pause_alert",
    "pause_alert_id",
    "reason_to_resolve",
    "review_thread",
    "uncaught_alert",
    "uncaught_alert_id",
]
