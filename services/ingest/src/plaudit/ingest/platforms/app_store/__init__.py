"""App Store Connect."""
