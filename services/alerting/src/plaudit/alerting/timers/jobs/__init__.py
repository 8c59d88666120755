"""What time starts: due timers fire."""

from plaudit.alerting.timers.jobs.timer_job import TimerJob

__all__ = ["TimerJob"]
