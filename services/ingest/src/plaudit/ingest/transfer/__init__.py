"""Transfer: the command `plaudit replay`, which posts a file of reviews."""
