from hypothesis import HealthCheck, settings

pytest_plugins = ["plaudit_testing.fixtures"]

# Hypothesis times its own input generation; on a busy machine that would fail tests for their wall-clock.
settings.register_profile("plaudit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("plaudit")
