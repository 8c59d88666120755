"""Google Business Profile."""
