"""The page of moderation on the console."""
