"""The console's pages of alerts, and of what is silenced."""

from plaudit.alerting.alerts.pages import alerts, silences

ROUTERS = (alerts.router, silences.router)

__all__ = ["ROUTERS"]
