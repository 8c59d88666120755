"""The job that asks sources for reviews."""
