"""Work that time starts: timers that fire, and mails that leave."""

from plaudit.alerting.jobs.mails import MailLoop
from plaudit.alerting.jobs.timers import TimerLoop

__all__ = ["MailLoop", "TimerLoop"]
