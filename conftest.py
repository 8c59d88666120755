pytest_plugins = ["plaudit_testing.fixtures"]
