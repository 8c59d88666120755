"""How alerts change: clocks raise and resolve them, people acknowledge, assign and silence them, time tells of them."""

from plaudit.alerting.alerts.commands.by_people import UnknownOwnerError, acknowledge, assign, silence, unsilence
from plaudit.alerting.alerts.commands.following import BreachAlerts
from plaudit.alerting.alerts.commands.pausing import PauseAlerts

__all__ = ["BreachAlerts", "PauseAlerts", "UnknownOwnerError", "acknowledge", "assign", "silence", "unsilence"]
