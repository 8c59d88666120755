"""Search: the words of reviews, indexed apart from what writes reviews, so that no delivery waits for it."""
