"""The fixtures of the runtime."""

from plaudit_testing.runtime_fixtures import database, make_topic, settings, testing_url

__all__ = ["database", "make_topic", "settings", "testing_url"]
