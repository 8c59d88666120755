"""eKomi."""
