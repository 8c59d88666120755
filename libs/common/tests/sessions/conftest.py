from plaudit_testing.runtime_fixtures import testing_url, worker_database

__all__ = ["testing_url", "worker_database"]
