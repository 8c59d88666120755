"""Projection: where a score goes by itself and at a pace, and what it takes to reach a target."""
