"""How alerts change: clocks raise and resolve them, people see to them, time tells of them."""

from plaudit.alerting.alerts.commands.by_people import (
    NoReasonError,
    UnknownOwnerError,
    acknowledge,
    assign,
    resolve,
    silence,
    unsilence,
)
from plaudit.alerting.alerts.commands.following import BreachAlerts
from plaudit.alerting.alerts.commands.pausing import PauseAlerts

__all__ = [
    "BreachAlerts",
    "NoReasonError",
    "PauseAlerts",
    "UnknownOwnerError",
    "acknowledge",
    "assign",
    "resolve",
    "silence",
    "unsilence",
]
