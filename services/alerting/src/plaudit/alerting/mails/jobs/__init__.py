"""What time starts: mails are sent."""

from plaudit.alerting.mails.jobs.mail_job import MailJob
from plaudit.alerting.mails.jobs.smtp import smtp_sender

__all__ = ["MailJob", "smtp_sender"]
