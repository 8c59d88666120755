"""Transfer: the commands `plaudit import` and `plaudit replay`, which post a file of reviews."""
