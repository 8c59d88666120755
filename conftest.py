from datetime import timedelta

from hypothesis import settings

pytest_plugins = ["plaudit_testing.fixtures"]

# An example that hangs fails, and one that a busy machine interrupts for a moment does not: the default of 200 ms is a
# claim about the machine.
settings.register_profile("plaudit", deadline=timedelta(seconds=10))
settings.load_profile("plaudit")
