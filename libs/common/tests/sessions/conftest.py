"""Staff on an application of the tests' own, as `plaudit_testing.staff_site` has it."""

from plaudit_testing.staff_site import browser, mailbox, more_settings, site, testing_url, worker_database

__all__ = ["browser", "mailbox", "more_settings", "site", "testing_url", "worker_database"]
