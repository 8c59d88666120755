"""Moderation: staff look at what is held, remove what does not belong on the board, and trust or block people."""
