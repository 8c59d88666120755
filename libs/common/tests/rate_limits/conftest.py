from plaudit_testing.runtime_fixtures import api_database, testing_url, worker_database

__all__ = ["api_database", "testing_url", "worker_database"]
