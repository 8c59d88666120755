from plaudit_testing.common_fixtures import api_database, common_url, owner

__all__ = ["api_database", "common_url", "owner"]
