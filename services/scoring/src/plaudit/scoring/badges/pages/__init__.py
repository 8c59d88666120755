"""The pages of badges: those that everybody sees, and the console's."""
