"""The pages of incidents: those of the console, and those that everybody sees."""
