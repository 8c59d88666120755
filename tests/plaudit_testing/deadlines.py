"""How long tests wait for what must happen."""

DEADLINE_SECONDS = 120.0
"""Of every wait for a condition. It only ends a test that hangs: no test passes or fails by how fast the machine is."""
