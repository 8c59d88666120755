"""WebwinkelKeur."""
