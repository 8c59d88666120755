"""People: who answers for which subject, who is told when they do not, and when they want to be left alone."""
