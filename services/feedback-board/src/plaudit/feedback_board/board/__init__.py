"""The board itself: the public pages, server-rendered, complete without a script."""
