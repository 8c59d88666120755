"""Publishing: every score is told on the bus when it has changed, and when its stars change by time alone."""
