"""The feed of revisions: every change of every review in the order of commits, for read models and live views."""
